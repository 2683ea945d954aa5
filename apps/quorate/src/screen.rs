//! What a person or a program sees and answers: results on standard output, everything else on standard error.

use std::env;
use std::io::{self, IsTerminal, Write};

use quorate_wallet::View;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::CliError;

/// Where a command writes to.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    json: bool,
    quiet: bool,
    out: Ink,
    err: Ink,
}

/// Whether words are coloured. They say the same without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(bool);

impl Screen {
    /// Colours what goes to a terminal, unless `NO_COLOR` is set.
    pub fn new(json: bool, quiet: bool) -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|value| value != "dumb");
        Self {
            json,
            quiet,
            out: Ink(wanted && io::stdout().is_terminal()),
            err: Ink(wanted && io::stderr().is_terminal()),
        }
    }

    /// Returns the ink of standard output.
    pub const fn out(&self) -> Ink {
        self.out
    }

    /// Returns the ink of standard error.
    pub const fn err(&self) -> Ink {
        self.err
    }

    /// Prints a result for a person; a program has seen the view.
    ///
    /// # Errors
    /// If standard output can not be written.
    pub fn result(&self, text: &str) -> Result<(), CliError> {
        if self.json { Ok(()) } else { write_out(text) }
    }

    /// Prints a view for a program; a person sees what the command makes of it.
    ///
    /// # Errors
    /// If standard output can not be written.
    pub fn view(&self, view: &View) -> Result<(), CliError> {
        self.value(view)
    }

    /// Prints anything for a program.
    ///
    /// # Errors
    /// If standard output can not be written.
    pub fn value(&self, value: &impl Serialize) -> Result<(), CliError> {
        if !self.json {
            return Ok(());
        }
        write_out(&serde_json::to_string(value).map_err(|error| CliError::internal(&error))?)
    }

    /// Says what is going on.
    pub fn note(&self, text: &str) {
        if !self.json && !self.quiet {
            write_err(text);
        }
    }

    /// Shows what a question is about.
    pub fn show(&self, text: &str) {
        if !self.json {
            write_err(text);
        }
    }

    /// Says that something deserves attention.
    pub fn warn(&self, text: &str) {
        if !self.json {
            write_err(&format!("{} {text}", self.err.yellow("[!]")));
        }
    }

    /// Says why the command failed.
    pub fn error(&self, error: &CliError) {
        if self.json {
            return write_err(&serde_json::to_string(error).unwrap_or_default());
        }
        for (heading, text) in error.lines() {
            let heading = match heading {
                "error: " => self.err.red(heading),
                heading => self.err.bold(heading),
            };
            write_err(&format!("{heading}{text}"));
        }
    }

    fn prompt(&self, question: &str) {
        if !self.json {
            let mut err = io::stderr().lock();
            // Without a standard error nobody reads the question, and the answer is awaited all the same.
            let _ = write!(err, "{question} [yes/no] ").and_then(|()| err.flush());
        }
    }
}

impl Ink {
    /// No colour at all.
    #[cfg(test)]
    pub const NONE: Self = Self(false);

    /// Marks a heading.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Marks what went wrong.
    pub fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Marks what deserves attention.
    pub fn yellow(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// Marks what is done.
    pub fn green(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Lines that a person types, read by a thread of its own, so that the device goes on while they think.
#[derive(Debug, Default)]
pub struct Answers {
    lines: Option<UnboundedReceiver<String>>,
}

impl Answers {
    /// Asks until the answer is yes or no. `None`: there is nobody to answer.
    ///
    /// May be dropped and called again at any time; what was typed is not lost.
    pub async fn yes_or_no(&mut self, screen: &Screen, question: &str) -> Option<bool> {
        let lines = self.lines.get_or_insert_with(read_lines);
        loop {
            screen.prompt(question);
            let line = lines.recv().await;
            if !io::stdin().is_terminal() {
                // At a terminal the person's own typing ends the line of the question.
                screen.show(line.as_deref().unwrap_or_default());
            }
            match line.as_deref().map(str::trim) {
                None => return None,
                Some("y" | "yes" | "Y" | "Yes" | "YES") => return Some(true),
                Some("n" | "no" | "N" | "No" | "NO") => return Some(false),
                Some(_) => screen.show("Please answer yes or no."),
            }
        }
    }
}

fn read_lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    // A thread and not a task: a task that waits for a person would keep the process from ending.
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn write_out(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| CliError::output(&error)),
    }
}

fn write_err(text: &str) {
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
