//! `quorate sign`: build, review, propose, and stay until it is signed.

mod content;

use std::path::Path;

use quorate_primitives::Millis;
use quorate_wallet::chains::Context;
use quorate_wallet::{Command, Content, Request, RequestView, SignedView, View};

use super::requests::{check_length, known};
use super::waiting::until_signed;
use super::{block_on, files};
use crate::cli::{ResumeArgs, SignArgs, SignCommand, WaitArgs};
use crate::error::{CliError, Kind};
use crate::runner::now;
use crate::session::{Answer, Session, Shell};
use crate::show;

/// Carries out a command that signs.
///
/// # Errors
/// What can not be built, a person's no, or a request that failed.
pub fn run(shell: &Shell, command: SignCommand) -> Result<(), CliError> {
    let (sign, request) = match command {
        SignCommand::Resume(args) => return block_on(resume(shell, &args)),
        SignCommand::Ethereum(args) => content::ethereum(args)?,
        SignCommand::Bitcoin(args) => content::bitcoin(args)?,
        SignCommand::BitcoinSegwit(args) => content::bitcoin_segwit(args)?,
        SignCommand::Solana(args) => content::solana(args)?,
        SignCommand::Near(args) => content::near(args)?,
        SignCommand::Cosmos(args) => content::cosmos(args)?,
        SignCommand::Xrp(args) => content::xrp(args)?,
        SignCommand::Dogecoin(args) => content::dogecoin(args)?,
        SignCommand::NearCall(args) => content::near_call(args)?,
        SignCommand::Message(args) => content::message(args)?,
        SignCommand::TypedData(args) => content::typed_data(args)?,
        SignCommand::Psbt(args) => content::psbt(args)?,
        SignCommand::RawTx(args) => content::raw_tx(args)?,
    };
    block_on(propose(shell, sign, request))
}

async fn propose(shell: &Shell, sign: SignArgs, request: Request) -> Result<(), CliError> {
    let SignArgs { wallet, note, wait, .. } = sign;
    check_output(wait.output.as_deref())?;
    shell
        .work(async |session| {
            let preview = Command::Preview { wallet: wallet.clone(), request: request.clone() };
            for view in session.command(preview)? {
                if let View::Preview { review } = view {
                    session.screen.show(&show::review(&review, session.screen.err()));
                }
            }
            if outlives_its_block_hash(&request, wait.expires) {
                let text = "a recent block hash is good for about a minute: the signature has to be there and sent by \
                            then, however long the others may take; with --nonce-account it never expires";
                session.screen.warn(text);
            }
            confirm(session, &wait).await?;
            session.go_online();
            let propose = Command::Propose { wallet, request, note, ttl: wait.expires };
            let views = session.command(propose)?;
            let signed = wait_for(session, views).await?;
            finish(session, &signed, wait.output.as_deref())
        })
        .await
}

/// Proposes an earlier request again: what an interrupted session had made is never used.
async fn resume(shell: &Shell, args: &ResumeArgs) -> Result<(), CliError> {
    check_output(args.wait.output.as_deref())?;
    shell
        .work(async |session| {
            check_length(&args.request)?;
            let earlier = known(session)?.into_iter().find(|request| request.id.starts_with(&args.request));
            if let Some(mut earlier) = earlier {
                check_unsigned(&earlier)?;
                earlier.expires = now().after(args.wait.expires);
                session.screen.show(&show::request(&earlier, now(), session.screen.err()));
                confirm(session, &args.wait).await?;
            }
            session.go_online();
            let command = Command::Resume { request: args.request.clone(), ttl: args.wait.expires };
            let views = session.command(command)?;
            let signed = wait_for(session, views).await?;
            finish(session, &signed, args.wait.output.as_deref())
        })
        .await
}

/// Solana takes a transaction for 150 slots after its block.
const BLOCK_HASH: Millis = 60_000;

/// Returns whether the others may take longer than the transaction can be sent.
fn outlives_its_block_hash(request: &Request, expires: Millis) -> bool {
    match &request.content {
        Content::Build { context: Context::Solana(facts), .. } => {
            facts.nonce_account.is_none() && expires > BLOCK_HASH
        }
        Content::Build { .. } | Content::Import { .. } => false,
    }
}

/// Refuses to pay twice.
fn check_unsigned(request: &RequestView) -> Result<(), CliError> {
    if request.state != "signed" {
        return Ok(());
    }
    let text = format!("request {} is signed already", show::short(&request.id));
    Err(CliError::new(Kind::Invalid, text).hint("to sign the same once more, propose it anew"))
}

async fn confirm(session: &mut Session<'_>, wait: &WaitArgs) -> Result<(), CliError> {
    if wait.yes {
        return Ok(());
    }
    match session.ask("Propose this to the others, and approve it here?", |_| false).await? {
        Answer::Yes | Answer::Settled => Ok(()),
        Answer::No => Err(CliError::new(Kind::Refused, "nothing was proposed")),
    }
}

/// Waits for the signature of what the device has just opened.
async fn wait_for(session: &mut Session<'_>, views: Vec<View>) -> Result<SignedView, CliError> {
    let mut opened: Option<RequestView> = None;
    let mut rest = Vec::new();
    for view in views {
        match view {
            View::Signed { signed } if opened.is_none() => return Ok(signed),
            View::Request { request } if opened.is_none() => opened = Some(request),
            view => rest.push(view),
        }
    }
    let request = opened.ok_or_else(|| CliError::internal_message("the device did not open the request"))?;
    session.put_back(rest);
    let id = show::short(&request.id).to_owned();
    session.resume_with(format!("quorate sign resume {id}"));
    let ends = show::until(request.expires, now());
    session.screen.note(&format!("Request {id}, ends {ends}. On another device: quorate approve {id}"));
    until_signed(session, &request).await
}

fn finish(session: &Session<'_>, signed: &SignedView, output: Option<&Path>) -> Result<(), CliError> {
    session.screen.result(&show::signed(signed, session.screen.out()))?;
    let Some(path) = output else { return Ok(()) };
    let bytes = hex::decode(&signed.signed).map_err(|error| CliError::internal(&error))?;
    files::write_new(path, &bytes)?;
    session.screen.note(&format!("written to {}", path.display()));
    Ok(())
}

/// Refuses to begin what could not be written at the end.
fn check_output(path: Option<&Path>) -> Result<(), CliError> {
    match path {
        Some(path) if path.exists() => {
            let error = CliError::new(Kind::File, format!("{} exists already", path.display()));
            Err(error.hint("name a new file with --output; nothing was proposed"))
        }
        _ => Ok(()),
    }
}
