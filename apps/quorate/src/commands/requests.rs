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
    let text = format!("request {} was decided already", show::short(&request.id));
    Err(CliError::new(Kind::Invalid, text).hint("`quorate requests` shows what was decided"))
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
    if let Some(request) = known(session)?.into_iter().find(|request| request.id.starts_with(id)) {
        return Ok(request);
    }
    loop {
        match session.next(Some(deadline)).await? {
            Some(View::Request { request }) if request.id.starts_with(id) => return Ok(request),
            Some(_) => {}
            None => {
                let text = format!("no request {:?} came in time", show::plain(id));
                return Err(CliError::timed_out(&text).hint("`quorate requests` shows what is known here"));
            }
        }
    }
}
