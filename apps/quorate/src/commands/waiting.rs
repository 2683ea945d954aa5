//! Waiting for a signature, whoever proposed it.

use quorate_wallet::{RequestView, SignedView, View};

use crate::error::{CliError, Kind};
use crate::runner::now;
use crate::session::{Session, after};
use crate::show;

/// How long signing may take once approvals have ended.
const AFTER_APPROVALS: u64 = 90_000;

/// Waits until a request is signed.
///
/// # Errors
/// The request failed: refused, not in time, or misbehaviour; and as [`Session::next`].
pub async fn until_signed(session: &mut Session<'_>, request: &RequestView) -> Result<SignedView, CliError> {
    let deadline = after(request.expires.since(now()).saturating_add(AFTER_APPROVALS));
    let mut last = request.clone();
    loop {
        match session.next(Some(deadline)).await? {
            Some(View::Request { request: view }) if view.id == request.id => {
                tell_decisions(session, &last, &view);
                last = view;
            }
            Some(View::Signed { signed }) if signed.request == request.id => return Ok(signed),
            Some(View::RequestFailed { request: id, reason, culprits }) if id == request.id => {
                return Err(failed(&last, &reason, &culprits));
            }
            Some(_) => {}
            None => return Err(CliError::timed_out("the signature did not come in time")),
        }
    }
}

/// Returns whether a view ends a request.
pub fn ends(view: &View, id: &str) -> bool {
    match view {
        View::Signed { signed } => signed.request == id,
        View::RequestFailed { request, .. } => request == id,
        _ => false,
    }
}

/// Says who else decided. That the proposer approves is understood, and so is this device's own decision.
fn tell_decisions(session: &Session<'_>, before: &RequestView, after: &RequestView) {
    let me = session.runner.device_name();
    let new = |old: &[String], all: &[String]| -> Vec<String> {
        let told = |name: &&String| !old.contains(name) && name.as_str() != me && **name != after.proposer;
        all.iter().filter(told).cloned().collect()
    };
    let approved = new(&before.approved, &after.approved);
    if !approved.is_empty() {
        let count = format!("{} of {}", after.approved.len(), after.needed);
        session.screen.note(&format!("approved by {} ({count})", show::names(&approved)));
    }
    let refused = new(&before.refused, &after.refused);
    if !refused.is_empty() {
        session.screen.note(&format!("refused by {}", show::names(&refused)));
    }
}

fn failed(request: &RequestView, reason: &str, culprits: &[String]) -> CliError {
    let id = show::short(&request.id);
    let kind = if now() >= request.expires {
        Kind::TimedOut
    } else if reason.starts_with("refused") {
        Kind::Refused
    } else {
        Kind::Failed
    };
    let reason = match kind {
        Kind::Refused if !request.refused.is_empty() => {
            format!("refused by {}", show::names(&request.refused))
        }
        _ => show::plain(reason),
    };
    let error = CliError::new(kind, format!("request {id} was not signed")).because_text(reason);
    if culprits.is_empty() {
        return error.hint(format!(
            "`quorate sign resume {id}` on the device of {} proposes it again",
            show::plain(&request.proposer)
        ));
    }
    error.hint(format!("{} is to blame, provably", show::names(culprits)))
}
