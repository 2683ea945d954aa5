//! `quorate requests` and `quorate refuse`.

use quorate_primitives::Millis;
use quorate_wallet::{Command, RequestView, View};
use tokio::time::Instant;

use super::block_on;
use crate::cli::RefuseArgs;
use crate::error::{CliError, Kind};
use crate::runner::now;
use crate::session::{Session, Shell, after};
use crate::show;

/// Lists requests, after looking for new ones.
///
/// # Errors
/// Why the device can not be asked. A relay that can not be reached is only worth a warning.
pub fn list(shell: &Shell, wait: Millis) -> Result<(), CliError> {
    if wait == 0 {
        let views = shell.offline(Command::Requests)?;
        return show_all(shell, views);
    }
    block_on(shell.work(async |session| {
        session.go_online();
        look(session, after(wait)).await?;
        let views = session.command(Command::Requests)?;
        show_all(shell, views)
    }))
}

/// Takes what the relay holds. What it brings is remembered by the device.
async fn look(session: &mut Session<'_>, deadline: Instant) -> Result<(), CliError> {
    loop {
        match session.next(Some(deadline)).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(error) if error.kind() == Kind::Relay => {
                session.screen.warn("the relay can not be reached; this is what was known before");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

fn show_all(shell: &Shell, views: Vec<View>) -> Result<(), CliError> {
    for view in views {
        if let View::Requests { requests } = view {
            shell.screen.result(&show::requests(&requests, now()))?;
        }
    }
    Ok(())
}

/// Refuses a request.
///
/// # Errors
/// No such request, decided before, or nothing can be sent.
pub async fn refuse(shell: &Shell, args: &RefuseArgs) -> Result<(), CliError> {
    shell
        .work(async |session| {
            session.go_online();
            let request = find(session, &args.request, after(args.wait)).await?;
            check_undecided(&request)?;
            session.command(Command::Refuse { request: request.id.clone(), reason: args.reason.clone() })?;
            session.screen.note("refused; telling the others");
            session.entered(after(args.wait)).await?;
            let id = show::short(&request.id);
            let text = format!("{} request {id} is refused", session.screen.out().green("[ok]"));
            session.screen.result(&text)
        })
        .await
}

/// Refuses to decide twice.
///
/// # Errors
/// This device has approved or refused the request, or it has ended.
pub fn check_undecided(request: &RequestView) -> Result<(), CliError> {
    if request.undecided {
        return Ok(());
    }
    let how = match request.state.as_str() {
        "failed" => "has ended",
        "signed" => "is signed already",
        _ => "was decided already",
    };
    let error = ended(&request.id, how);
    Err(match &request.reason {
        Some(reason) => error.because_text(show::plain(reason)),
        None => error,
    })
}

/// Returns the requests that are known here.
///
/// # Errors
/// A failing vault.
pub fn known(session: &mut Session<'_>) -> Result<Vec<RequestView>, CliError> {
    let views = session.command(Command::Requests)?;
    let requests = views.into_iter().filter_map(|view| match view {
        View::Requests { requests } => Some(requests),
        _ => None,
    });
    Ok(requests.flatten().collect())
}

/// Finds a request by the beginning of its id, here or among those that arrive before the deadline.
///
/// # Errors
/// Nothing of that name came, or as [`Session::next`].
pub async fn find(session: &mut Session<'_>, id: &str, deadline: Instant) -> Result<RequestView, CliError> {
    check_length(id)?;
    let here = |session: &mut Session<'_>| -> Result<Option<RequestView>, CliError> {
        Ok(known(session)?.into_iter().find(|request| request.id.starts_with(id)))
    };
    if let Some(request) = here(session)? {
        return Ok(request);
    }
    session.screen.note(&format!("looking for request {}", show::plain(id)));
    loop {
        match session.next(Some(deadline)).await? {
            Some(View::Request { request }) if request.id.starts_with(id) => return Ok(request),
            Some(View::RequestFailed { request, reason, .. } | View::Rejected { request, reason, .. })
                if request.starts_with(id) =>
            {
                return Err(ended(&request, "has ended").because_text(show::plain(&reason)));
            }
            Some(View::Signed { signed }) if signed.request.starts_with(id) => {
                return Err(ended(&signed.request, "is signed already"));
            }
            Some(_) => {}
            None => break,
        }
    }
    if let Some(request) = here(session)? {
        return Ok(request);
    }
    let text = format!("no request {:?} came in time", show::plain(id));
    Err(CliError::timed_out(&text).hint("`quorate requests` shows what is known here"))
}

/// The fewest digits that stand for an id.
const FEWEST_DIGITS: usize = 4;

/// Refuses a beginning of an id that is too short for anything to be found by it.
///
/// # Errors
/// Fewer than four digits.
pub fn check_length(id: &str) -> Result<(), CliError> {
    if id.len() >= FEWEST_DIGITS {
        return Ok(());
    }
    let text = format!("{:?} is too short for the beginning of an id", show::plain(id));
    Err(CliError::new(Kind::Invalid, text).hint(format!("give at least {FEWEST_DIGITS} of its digits")))
}

fn ended(id: &str, how: &str) -> CliError {
    CliError::new(Kind::Invalid, format!("request {} {how}", show::short(id)))
        .hint("`quorate requests` shows what was decided")
}
