//! `quorate wallet`: groups, key ceremonies, addresses.

use quorate_wallet::{Command, CommandError, Invite, RelayUrl, View, WalletView};

use tokio::time::Instant;

use super::block_on;
use crate::cli::{AbandonArgs, CreateArgs, JoinArgs, PairArgs, ShowArgs, WalletCommand};
use crate::error::{CliError, Kind, PLAINTEXT};
use crate::runner::now;
use crate::screen::Screen;
use crate::session::{Answer, Session, Shell, after, instant_of};
use crate::show;

const RESUME: &str = "quorate wallet resume";

/// How a reason ends when another device's person saw other words.
const WORDS_DIFFER: &str = "says the safety words differ";

const SOMEBODY_BETWEEN: &str =
    "somebody may be between the devices: talk to the others, and send a new invite another way";

/// Carries out a command on wallets.
///
/// # Errors
/// Why it was not carried out.
pub fn run(shell: &Shell, command: WalletCommand) -> Result<(), CliError> {
    match command {
        WalletCommand::Create(args) => block_on(create(shell, args)),
        WalletCommand::Join(args) => block_on(join(shell, args)),
        WalletCommand::Resume => block_on(resume(shell)),
        WalletCommand::List => list(shell),
        WalletCommand::Show(args) => show_one(shell, args),
        WalletCommand::Addresses(args) => super::addresses::run(shell, args),
        WalletCommand::Abandon(args) => block_on(abandon(shell, args)),
        WalletCommand::Pair(args) => block_on(pair(shell, args)),
    }
}

async fn create(shell: &Shell, args: CreateArgs) -> Result<(), CliError> {
    check_relay(&args.relay.parse().map_err(CommandError::Relay)?)?;
    let command = Command::Create {
        name: args.name,
        threshold: args.threshold,
        members: args.members,
        relay: args.relay,
        invite_ttl: args.expires,
        accept_words: args.yes,
    };
    begin(shell, command, None).await
}

async fn join(shell: &Shell, args: JoinArgs) -> Result<(), CliError> {
    let invite = Invite::parse(&args.invite).map_err(CommandError::Invite)?;
    check_relay(&invite.relay)?;
    let deadline = instant_of(invite.expires);
    begin(shell, Command::Join { invite: args.invite, accept_words: args.yes }, Some(deadline)).await
}

/// Refuses a relay that could not be used safely, before anything is remembered about it.
fn check_relay(relay: &RelayUrl) -> Result<(), CliError> {
    if relay.is_secure() || relay.is_loopback() {
        return Ok(());
    }
    let text = format!("relay {} is on another machine and its address is not wss://", relay.host());
    Err(CliError::new(Kind::Invalid, text).hint(PLAINTEXT))
}

/// Opens or joins a group, and stays until it has keys.
async fn begin(shell: &Shell, command: Command, deadline: Option<Instant>) -> Result<(), CliError> {
    shell
        .work(async |session| {
            session.go_online();
            session.resume_with(RESUME);
            let views = session.command(command)?;
            make_keys(session, views, deadline).await
        })
        .await
}

async fn resume(shell: &Shell) -> Result<(), CliError> {
    shell
        .work(async |session| {
            session.go_online();
            session.resume_with(RESUME);
            match unfinished(session)? {
                Some(told) => {
                    session.screen.note(&told);
                    make_keys(session, Vec::new(), None).await
                }
                None => all_ready(session),
            }
        })
        .await
}

/// Says what goes on, if anything does: a group that is awaited, or keys in the making.
fn unfinished(session: &mut Session<'_>) -> Result<Option<String>, CliError> {
    for view in session.command(Command::List)? {
        let View::Wallets { wallets, invites } = view else { continue };
        if let Some(wallet) = wallets.iter().find(|wallet| wallet.state == "making") {
            return Ok(Some(format!("going on with the keys of {}", show::plain(&wallet.name))));
        }
        if let Some(invite) = invites.first() {
            let name = invite.wallet.as_deref().map_or_else(|| "the group".to_owned(), show::plain);
            let total = invite.threshold.max_signers();
            let state = if invite.complete {
                "the words are to be compared".to_owned()
            } else {
                format!("waiting until {total} devices are here")
            };
            return Ok(Some(format!("going on with {name}: {state}")));
        }
    }
    Ok(None)
}

/// Says that wallets are ready: one may have become so in a command that did not live to say it.
fn all_ready(session: &mut Session<'_>) -> Result<(), CliError> {
    let mut ready = Vec::new();
    for view in session.command(Command::List)? {
        let View::Wallets { wallets, .. } = view else { continue };
        for wallet in wallets {
            if wallet.state == "failed" {
                return Err(ceremony_failed(
                    &wallet.name,
                    wallet.reason.as_deref().unwrap_or_default(),
                    None,
                ));
            }
            ready.push(wallet);
        }
    }
    if ready.is_empty() {
        let error = CliError::new(Kind::NotFound, "no group and no key ceremony is unfinished here");
        return Err(error.hint("`quorate wallet list` shows the wallets"));
    }
    ready.iter().try_for_each(|wallet| is_ready(session.screen, wallet))
}

/// Follows a group from its invite to its keys. The deadline is that of the invite.
async fn make_keys(
    session: &mut Session<'_>,
    views: Vec<View>,
    mut deadline: Option<Instant>,
) -> Result<(), CliError> {
    let mut views = views.into_iter();
    loop {
        let view = match views.next() {
            Some(view) => Some(view),
            None => session.next(deadline).await?,
        };
        match view {
            None => return Err(nobody_came()),
            Some(View::Invite { invite, expires }) => {
                deadline = Some(instant_of(expires));
                let time = show::until(expires, now());
                session.screen.note(&format!(
                    "Invite, ends {time}. On each other device: quorate wallet join <invite>"
                ));
                session.screen.result(&invite)?;
            }
            Some(View::SafetyWords { wallet, words, members, confirm }) => {
                deadline = None;
                compare_words(session, &wallet, &words, &members, confirm).await?;
            }
            Some(View::Ready { wallet }) => {
                ready(session.screen, &wallet)?;
                return set_up_pairs(session, views, &wallet).await;
            }
            Some(view) => follow(session.screen, view)?,
        }
    }
}

/// Shows a step of the ceremony, or ends with it.
fn follow(screen: &Screen, view: View) -> Result<(), CliError> {
    match view {
        View::Arrived { name, present, total } => {
            screen.note(&format!("{} is here ({present} of {total})", show::plain(&name)));
        }
        View::Present { present, total } => {
            screen.note(&format!("joined: {present} of {total} are here"));
        }
        View::Progress { done, of, phase, awaiting, .. } => {
            screen.note(&show::progress(done, of, &phase, &awaiting));
        }
        View::Pending { awaiting, reason, .. } => {
            let waiting = show::names(&awaiting);
            let reason = reason.map(|reason| format!(" ({})", show::plain(&reason))).unwrap_or_default();
            screen.warn(&format!("the keys wait for the confirmation of {waiting}{reason}"));
        }
        View::NotAdmitted { reason } => {
            let error = CliError::new(Kind::Refused, "this device is not in the group");
            let error = error.because_text(show::plain(&reason));
            return Err(if reason.ends_with(WORDS_DIFFER) { error.hint(SOMEBODY_BETWEEN) } else { error });
        }
        View::CeremonyFailed { wallet, reason, culprit } => {
            return Err(ceremony_failed(&wallet, &reason, culprit.as_deref()));
        }
        _ => {}
    }
    Ok(())
}

async fn compare_words(
    session: &mut Session<'_>,
    wallet: &str,
    words: &[String],
    members: &[String],
    confirm: bool,
) -> Result<(), CliError> {
    let screen = session.screen;
    let text = format!(
        "\nSafety words of {} ({}):\n\n{}\n",
        show::plain(wallet),
        show::names(members),
        show::safety_words(words, screen.err())
    );
    if !confirm {
        screen.note(&text);
        return Ok(());
    }
    screen.show(&text);
    let question = "Do all devices show these words, in this order?";
    let over = |view: &View| matches!(view, View::NotAdmitted { .. } | View::CeremonyFailed { .. });
    let same = match session.ask(question, over).await? {
        Answer::Settled => return Ok(()),
        Answer::Yes => true,
        Answer::No => false,
    };
    let views = session.command(Command::ConfirmWords { wallet: Some(wallet.to_owned()), same })?;
    session.put_back(views);
    if same {
        screen.note("waiting until everybody has compared the words");
    }
    Ok(())
}

/// How long a command stays for pairs whose other members may have gone.
const PAIRS: u64 = 15_000;

/// Stays until ECDSA signatures are possible with every other member, or somebody has gone.
async fn set_up_pairs(
    session: &mut Session<'_>,
    mut views: impl Iterator<Item = View>,
    wallet: &WalletView,
) -> Result<(), CliError> {
    let (_, of) = wallet.pairs;
    let deadline = Some(after(PAIRS));
    let mut done = wallet.pairs.0;
    while done < of {
        let view = match views.next() {
            Some(view) => Some(view),
            None => session.next(deadline).await?,
        };
        match view {
            None => {
                let left = of - done;
                session.screen.warn(&format!(
                    "{left} of {of} pairs for ECDSA are not set up yet; they will be when both devices are online"
                ));
                return Ok(());
            }
            Some(View::Pairs { ready, .. }) => {
                done = ready;
                session.screen.note(&format!("pair {ready} of {of} is set up for ECDSA"));
            }
            Some(View::PairFailed { member, reason, .. }) => {
                session.screen.warn(&pair_failed(&member, &reason));
                return Ok(());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn pair_failed(member: &str, reason: &str) -> String {
    let (member, reason) = (show::plain(member), show::plain(reason));
    format!("the pair with {member} failed ({reason}); `quorate wallet pair {member}` makes a new one")
}

/// Makes the pair with one member anew: the explicit act after a failure.
async fn pair(shell: &Shell, args: PairArgs) -> Result<(), CliError> {
    shell
        .work(async |session| {
            session.go_online();
            let command = Command::Pair { wallet: args.wallet.clone(), member: args.member.clone() };
            let views = session.command(command)?;
            session.put_back(views);
            let deadline = Some(after(args.wait));
            loop {
                match session.next(deadline).await? {
                    None => {
                        let error =
                            CliError::timed_out(&format!("{} did not answer", show::plain(&args.member)));
                        return Err(
                            error.hint("it goes on when both devices are online; nothing has to be repeated")
                        );
                    }
                    Some(View::Pairs { ready, of, .. }) => {
                        let ok = session.screen.out().green("[ok]");
                        let text = format!("{ok} {ready} of {of} pairs are set up for ECDSA");
                        return session.screen.result(&text);
                    }
                    Some(View::PairFailed { member, reason, .. }) => {
                        return Err(CliError::new(Kind::Failed, pair_failed(&member, &reason)));
                    }
                    Some(_) => {}
                }
            }
        })
        .await
}

fn is_ready(screen: &Screen, wallet: &WalletView) -> Result<(), CliError> {
    screen.result(&format!(
        "{} {} is ready: {} of {} sign",
        screen.out().green("[ok]"),
        show::plain(&wallet.name),
        wallet.threshold.min_signers(),
        wallet.threshold.max_signers()
    ))
}

fn ready(screen: &Screen, wallet: &WalletView) -> Result<(), CliError> {
    screen.note("");
    is_ready(screen, wallet)?;
    screen.result(&show::addresses(&wallet.addresses))
}

fn list(shell: &Shell) -> Result<(), CliError> {
    for view in shell.offline(Command::List)? {
        if let View::Wallets { wallets, invites } = view {
            shell.screen.result(&show::wallets(&wallets, &invites, now()))?;
        }
    }
    Ok(())
}

fn show_one(shell: &Shell, args: ShowArgs) -> Result<(), CliError> {
    for view in shell.offline(Command::Show { wallet: args.wallet })? {
        if let View::Wallet { wallet } = view {
            shell.screen.result(&show::wallet(&wallet, shell.screen.out()))?;
        }
    }
    Ok(())
}

/// How long an end of a ceremony may take to be written and sent.
const END: u64 = 5000;

async fn abandon(shell: &Shell, args: AbandonArgs) -> Result<(), CliError> {
    let AbandonArgs { wallet, yes } = args;
    shell
        .work(async |session| {
            let unfinished = find_unfinished(session, &wallet)?;
            if !yes {
                let name = show::plain(&wallet);
                let question = match unfinished {
                    Unfinished::Invite => format!("Leave the group of {name}, on this device?"),
                    Unfinished::Making | Unfinished::Failed => {
                        format!("Give up making the keys of {name}, for all members?")
                    }
                };
                match session.ask(&question, |_| false).await? {
                    Answer::Yes | Answer::Settled => {}
                    Answer::No => return Err(CliError::new(Kind::Refused, "nothing was given up")),
                }
            }
            session.go_online();
            let views = session.command(Command::Abandon { wallet: wallet.clone() })?;
            session.put_back(views);
            if matches!(unfinished, Unfinished::Making) {
                given_up(session).await?;
            }
            let text = format!("{} {} is given up", session.screen.out().green("[ok]"), show::plain(&wallet));
            session.screen.result(&text)
        })
        .await
}

/// What can be given up.
#[derive(Clone, Copy)]
enum Unfinished {
    /// A lobby.
    Invite,
    /// A ceremony.
    Making,
    /// A ceremony that has failed.
    Failed,
}

/// Finds what has no keys under that name, or under an id that begins so.
fn find_unfinished(session: &mut Session<'_>, name: &str) -> Result<Unfinished, CliError> {
    let of_lobby = |view: &View| match view {
        View::Wallets { invites, .. } => invites.iter().any(|invite| {
            invite.wallet.as_deref() == Some(name) || (name.len() >= 4 && invite.id.starts_with(name))
        }),
        _ => false,
    };
    if session.command(Command::List)?.iter().any(of_lobby) {
        return Ok(Unfinished::Invite);
    }
    for view in session.command(Command::Show { wallet: Some(name.to_owned()) })? {
        match view {
            View::Wallet { wallet } if wallet.state == "ready" => {
                let text = format!("{} has its keys: there is nothing to give up", show::plain(&wallet.name));
                return Err(CliError::new(Kind::Invalid, text));
            }
            View::Wallet { wallet } if wallet.state == "failed" => return Ok(Unfinished::Failed),
            View::Wallet { .. } => return Ok(Unfinished::Making),
            _ => {}
        }
    }
    Err(CliError::internal_message("the device did not show the wallet"))
}

/// Waits until the end of the ceremony is certain here.
async fn given_up(session: &mut Session<'_>) -> Result<(), CliError> {
    let deadline = Some(after(END));
    while let Some(view) = session.next(deadline).await? {
        match view {
            View::CeremonyFailed { .. } => return Ok(()),
            View::Pending { awaiting, .. } => {
                let error = CliError::new(Kind::Failed, "too late: this device has certified the keys");
                let names = show::names(&awaiting);
                return Err(error.hint(format!("`{RESUME}` waits for {names}")));
            }
            _ => {}
        }
    }
    Err(CliError::timed_out("the ceremony did not end"))
}

fn nobody_came() -> CliError {
    CliError::timed_out("the invite ended before everybody was here")
        .hint("`quorate wallet create` makes a new one; --expires says for how long")
}

fn ceremony_failed(wallet: &str, reason: &str, culprit: Option<&str>) -> CliError {
    let wallet = show::plain(wallet);
    let words_differ = reason.ends_with(WORDS_DIFFER);
    let kind = if words_differ { Kind::Refused } else { Kind::Failed };
    let error = CliError::new(kind, format!("no keys were made for {wallet}"));
    let error = error.because_text(show::plain(reason));
    match culprit {
        _ if words_differ => error.hint(SOMEBODY_BETWEEN),
        Some(culprit) => {
            let culprit = show::plain(culprit);
            error.hint(format!("{culprit} is to blame, provably; make the wallet anew, without that device"))
        }
        None => error.hint("make the wallet anew with `quorate wallet create`; nothing else is affected"),
    }
}
