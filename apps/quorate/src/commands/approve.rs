//! `quorate approve`: read what others propose, say yes, and stay until it is signed.

use std::collections::{BTreeSet, VecDeque};

use quorate_wallet::{Command, RequestView, View};
use tokio::time::Instant;

use super::requests::{check_undecided, find, known};
use super::waiting::{ends, until_signed};
use crate::cli::{ApproveArgs, show_duration};
use crate::error::{CliError, Kind};
use crate::runner::now;
use crate::session::{Answer, Session, Shell, after};
use crate::show;

/// How much of an id stands for a request that nobody reads.
const UNREAD_DIGITS: usize = 32;

/// Approves one request, or everything that is pending, one after the other.
///
/// # Errors
/// Nothing to approve, a person's no, or a request that failed.
pub async fn run(shell: &Shell, args: &ApproveArgs) -> Result<(), CliError> {
    if let Some(id) = args.request.as_ref().filter(|id| args.yes && id.len() < UNREAD_DIGITS) {
        return Err(too_short(id));
    }
    shell
        .work(async |session| {
            session.go_online();
            let deadline = after(args.wait);
            match &args.request {
                Some(id) => {
                    session.resume_with(format!("quorate approve {id}"));
                    let request = find(session, id, deadline).await?;
                    decide(session, &request, args.yes).await
                }
                None => {
                    session.resume_with("quorate approve");
                    session.screen.note(&format!("looking for requests, for {}", show_duration(args.wait)));
                    everything(session, deadline).await
                }
            }
        })
        .await
}

/// Goes through what is pending. The first failure is what the command ends with; the others are shown.
async fn everything(session: &mut Session<'_>, mut deadline: Instant) -> Result<(), CliError> {
    let mut waiting: VecDeque<RequestView> = known(session)?.into();
    let mut seen = BTreeSet::new();
    let mut outcome = Ok(());
    loop {
        let request = match waiting.pop_front() {
            Some(request) => request,
            None => match next_request(session, deadline).await? {
                Some(request) => request,
                None if seen.is_empty() => return Err(nothing_came()),
                None => return outcome,
            },
        };
        let pending = request.undecided && request.state == "open" && request.expires > now();
        if !pending || !seen.insert(request.id.clone()) {
            continue;
        }
        let decided = decide(session, &request, false).await;
        match (decided, &outcome) {
            (Err(error), Ok(())) => outcome = Err(error),
            (Err(error), Err(_)) => session.screen.error(&error),
            (Ok(()), _) => {}
        }
        deadline = Instant::now();
    }
}

async fn next_request(session: &mut Session<'_>, deadline: Instant) -> Result<Option<RequestView>, CliError> {
    loop {
        match session.next(Some(deadline)).await? {
            None => return Ok(None),
            Some(View::Request { request }) => return Ok(Some(request)),
            Some(_) => {}
        }
    }
}

/// Shows a request, asks, and waits for its signature.
async fn decide(session: &mut Session<'_>, request: &RequestView, yes: bool) -> Result<(), CliError> {
    check_undecided(request)?;
    let screen = session.screen;
    screen.show(&show::request(request, now(), screen.err()));
    let id = show::short(&request.id);
    let answer =
        if yes { Answer::Yes } else { session.ask("Approve this?", |view| ends(view, &request.id)).await? };
    match answer {
        Answer::No => {
            let error = CliError::new(Kind::Refused, format!("request {id} is not approved; it stays open"));
            return Err(error.hint(format!("`quorate refuse {id} --reason …` tells the others")));
        }
        Answer::Yes => {
            let views = session.command(Command::Approve { request: request.id.clone() })?;
            session.put_back(views);
            screen.note(&format!("approved; waiting for the signature of request {id}"));
        }
        Answer::Settled => {}
    }
    let signed = until_signed(session, request).await?;
    screen.result(&show::signed(&signed, screen.out()))
}

/// Whoever proposes can search for a request whose id begins as another's.
fn too_short(id: &str) -> CliError {
    let text = format!("with --yes nobody reads the request: name at least {UNREAD_DIGITS} digits of its id");
    CliError::new(Kind::Invalid, text)
        .hint(format!("`quorate requests --json` shows all 64 digits of {}", show::plain(id)))
}

fn nothing_came() -> CliError {
    CliError::timed_out("nothing is waiting for an approval").hint("--wait says for how long to look")
}
