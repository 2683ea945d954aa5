//! A device at work for one command: its views go to the screen, its person is asked, its relay is watched.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use quorate_primitives::{Millis, Timestamp};
use quorate_wallet::{Command, View};
use tokio::time::Instant;

use crate::error::{CliError, Kind};
use crate::home::Home;
use crate::password::PasswordSource;
use crate::runner::{Runner, now};
use crate::screen::{Answers, Screen};
use crate::show;

/// How many attempts a relay gets that never answered.
const ATTEMPTS: u32 = 3;

/// What every command is given.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Where the device lives.
    pub home: Home,
    /// Where its password comes from.
    pub password: PasswordSource,
    /// Where to write to.
    pub screen: Screen,
}

impl Shell {
    /// Opens this home's device.
    ///
    /// # Errors
    /// No vault, no password, or whatever the vault reports.
    pub fn open(&self) -> Result<Runner, CliError> {
        self.home.check_vault()?;
        let password = self.password.existing(&self.screen)?;
        let runner = Runner::open(&self.home, &password)?;
        if let Some(bytes) = runner.recovered() {
            let text = "the vault ended with a write that was cut short; nothing that was confirmed is lost";
            self.screen.warn(&format!("{text} ({bytes} bytes removed)"));
        }
        Ok(runner)
    }

    /// Carries out a command that needs no relay, and returns its views.
    ///
    /// # Errors
    /// The vault's, or the command's own.
    pub fn offline(&self, command: Command) -> Result<Vec<View>, CliError> {
        let mut runner = self.open()?;
        runner.command(command)?;
        let views = runner.pending_views()?;
        views.iter().try_for_each(|view| self.screen.view(view))?;
        Ok(views)
    }

    /// Works with this home's device. However that ends, everything sent is handed to the relay.
    ///
    /// # Errors
    /// What `work` returns, an interruption, or a failing vault.
    pub async fn work(
        &self,
        work: impl AsyncFnOnce(&mut Session<'_>) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let interruption = interruption();
        let mut session = Session::new(self.open()?, &self.screen);
        let outcome = tokio::select! {
            biased;
            outcome = work(&mut session) => outcome,
            () = interruption => Err(CliError::new(Kind::Interrupted, "interrupted; nothing is lost")),
        };
        let outcome = match outcome {
            Err(error) if error.kind() == Kind::Interrupted => {
                if session.asking {
                    self.screen.show("");
                }
                Err(session.with_resume_hint(error))
            }
            outcome => outcome,
        };
        let closed = session.runner.close().await;
        outcome.and(closed)
    }
}

/// An open device, and what was said to it and by it.
pub struct Session<'a> {
    /// The device.
    pub runner: Runner,
    /// Where to write to.
    pub screen: &'a Screen,
    answers: Answers,
    backlog: VecDeque<View>,
    link: Link,
    resume: Option<String>,
    /// Whether the cursor stands behind a question.
    asking: bool,
    /// Requests that this device refused by itself, and has told about.
    rejected: BTreeSet<String>,
}

/// What is known about the way to the relays.
#[derive(Debug, Default)]
struct Link {
    was_up: bool,
    is_down: bool,
    attempts: u32,
}

/// How a question ended.
pub enum Answer {
    /// The person said yes.
    Yes,
    /// The person said no.
    No,
    /// Meanwhile it was settled otherwise; the views are next.
    Settled,
}

impl<'a> Session<'a> {
    fn new(runner: Runner, screen: &'a Screen) -> Self {
        Self {
            runner,
            screen,
            answers: Answers::default(),
            backlog: VecDeque::new(),
            link: Link::default(),
            resume: None,
            asking: false,
            rejected: BTreeSet::new(),
        }
    }

    /// Enters the rooms of everything that this device takes part in.
    pub fn go_online(&mut self) {
        self.runner.go_online();
    }

    /// Says how to go on after an interruption.
    pub fn resume_with(&mut self, command: impl Into<String>) {
        self.resume = Some(command.into());
    }

    /// Adds to an error how to go on, unless it says what to do already.
    pub fn with_resume_hint(&self, error: CliError) -> CliError {
        match &self.resume {
            Some(command) if !error.has_hint() => error.hint(format!("`{command}` goes on")),
            Some(_) | None => error,
        }
    }

    /// Gives the device a command and returns the views that it answers with at once.
    ///
    /// # Errors
    /// The command's own.
    pub fn command(&mut self, command: Command) -> Result<Vec<View>, CliError> {
        let before = self.runner.pending_views()?;
        before.iter().try_for_each(|view| self.screen.view(view))?;
        self.backlog.extend(before);
        self.runner.command(command)?;
        let views = self.runner.pending_views()?;
        views.iter().try_for_each(|view| self.screen.view(view))?;
        Ok(views)
    }

    /// Takes views that were answered at once as if they came now.
    pub fn put_back(&mut self, views: Vec<View>) {
        self.backlog.extend(views);
    }

    /// Waits until a relay has taken this device in, so that what is said reaches the others.
    ///
    /// # Errors
    /// No relay answers in time.
    pub async fn entered(&mut self, deadline: Instant) -> Result<(), CliError> {
        while !self.link.was_up {
            let Some(view) = self.fetch(Some(deadline)).await? else {
                return Err(
                    CliError::timed_out("no relay answered in time").hint("the others were not told yet")
                );
            };
            match view {
                View::Relay { relay, connected, reason } => self.watch_relay(&relay, connected, reason)?,
                view => self.backlog.push_back(view),
            }
        }
        Ok(())
    }

    /// Waits for the next view. `None` at the deadline.
    ///
    /// # Errors
    /// A failing vault, or a relay that never answered.
    pub async fn next(&mut self, deadline: Option<Instant>) -> Result<Option<View>, CliError> {
        loop {
            let view = match self.backlog.pop_front() {
                Some(view) => Some(view),
                None => self.fetch(deadline).await?,
            };
            match view {
                Some(View::Relay { relay, connected, reason }) => {
                    self.watch_relay(&relay, connected, reason)?;
                }
                Some(View::Rejected { request, proposer, reason, expired }) => {
                    if !expired {
                        self.tell_rejected(&request, &proposer, &reason);
                    }
                    return Ok(Some(View::Rejected { request, proposer, reason, expired }));
                }
                view => return Ok(view),
            }
        }
    }

    /// Asks, while the device goes on. When a view `settles` the matter first, there is nothing left to answer.
    ///
    /// # Errors
    /// Nobody to answer, or as [`Session::next`].
    pub async fn ask(&mut self, question: &str, settles: impl Fn(&View) -> bool) -> Result<Answer, CliError> {
        if self.backlog.iter().any(&settles) {
            return Ok(Answer::Settled);
        }
        let mut answers = core::mem::take(&mut self.answers);
        self.asking = true;
        let answer = self.await_answer(&mut answers, question, settles).await;
        self.asking = false;
        self.answers = answers;
        answer
    }

    async fn await_answer(
        &mut self,
        answers: &mut Answers,
        question: &str,
        settles: impl Fn(&View) -> bool,
    ) -> Result<Answer, CliError> {
        let screen = self.screen;
        let answer = answers.yes_or_no(screen, question);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return match answer {
                    Some(true) => Ok(Answer::Yes),
                    Some(false) => Ok(Answer::No),
                    None => Err(nobody_answers()),
                },
                view = self.fetch(None) => {
                    let Some(view) = view? else { continue };
                    let settled = settles(&view);
                    self.backlog.push_back(view);
                    if settled {
                        screen.show("");
                        return Ok(Answer::Settled);
                    }
                }
            }
        }
    }

    async fn fetch(&mut self, deadline: Option<Instant>) -> Result<Option<View>, CliError> {
        let view = self.runner.next_view(deadline).await?;
        if let Some(view) = &view {
            self.screen.view(view)?;
        }
        Ok(view)
    }

    /// Says once that this device will not even ask about a request.
    fn tell_rejected(&mut self, request: &str, proposer: &str, reason: &str) {
        if self.rejected.insert(request.to_owned()) {
            let (id, proposer, reason) = (show::short(request), show::plain(proposer), show::plain(reason));
            self.screen.warn(&format!("request {id} of {proposer} was refused by this device: {reason}"));
        }
    }

    fn watch_relay(&mut self, relay: &str, connected: bool, reason: Option<String>) -> Result<(), CliError> {
        if connected {
            if self.link.is_down && self.link.was_up {
                self.screen.note(&format!("{}: the relay is there again", show::plain(relay)));
            }
            self.link = Link { was_up: true, is_down: false, attempts: 0 };
            return Ok(());
        }
        let reason = reason.unwrap_or_else(|| "the relay is gone".to_owned());
        let reason = format!("{relay}: {reason}");
        self.link.attempts = self.link.attempts.saturating_add(1);
        if !self.link.was_up && self.link.attempts >= ATTEMPTS {
            let hint = match &self.resume {
                Some(command) => {
                    format!("is it running, and is its address right? `{command}` goes on later")
                }
                None => "is it running, and is its address right?".to_owned(),
            };
            return Err(CliError::new(Kind::Relay, show::plain(&reason)).hint(hint));
        }
        if !self.link.is_down {
            self.link.is_down = true;
            if self.link.was_up {
                self.screen.warn(&format!("{}; trying again", show::plain(&reason)));
            }
        }
        Ok(())
    }
}

/// Returns the instant at which the wall clock shows `at`.
pub fn instant_of(at: Timestamp) -> Instant {
    after(at.since(now()))
}

/// Returns the instant after some time.
pub fn after(time: Millis) -> Instant {
    Instant::now() + Duration::from_millis(time)
}

fn nobody_answers() -> CliError {
    CliError::new(Kind::Interrupted, "there is nobody to answer: standard input has ended")
        .hint("run it at a terminal, or with --yes once somebody has read what it is about")
}

/// Listens from now on, and waits until a person or the system wants the process to end.
#[cfg(unix)]
fn interruption() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let signals =
        signal(SignalKind::interrupt()).and_then(|first| Ok((first, signal(SignalKind::terminate())?)));
    async move {
        match signals {
            Ok((mut interrupt, mut terminate)) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            // A system that reports no signals ends the process itself.
            Err(_) => core::future::pending().await,
        }
    }
}

/// Waits until a person wants the process to end.
#[cfg(not(unix))]
async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        core::future::pending::<()>().await;
    }
}
