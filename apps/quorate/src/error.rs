//! What a command says when it fails: a kind for programs, a sentence for people, and what to do about it.

mod from;

pub use from::PLAINTEXT;

use core::error::Error;
use core::fmt::Display;
use std::io;
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CliError {
    #[serde(rename = "error")]
    kind: Kind,
    message: String,
    #[serde(rename = "because")]
    causes: Vec<String>,
    hint: Option<String>,
}

/// The kinds of failures. Programs match on their names, which do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line can not be read.
    Usage,
    /// What was asked for can not be done as asked.
    Invalid,
    /// What was named does not exist here.
    NotFound,
    /// A chain's rules forbid it.
    Chain,
    /// A signature does not verify.
    Signature,
    /// An invite can not be read or is over.
    Invite,
    /// A key ceremony or a signature failed.
    Failed,
    /// A file can not be read or written.
    File,
    /// A program could not be started or talked to.
    Process,
    /// A defect of this program.
    Internal,
    /// A person said no, here or at another device.
    Refused,
    /// What was waited for did not come in time.
    TimedOut,
    /// There is no device in the home.
    NoDevice,
    /// The password is wrong, or there is none.
    Password,
    /// The vault is damaged, in use or full.
    Vault,
    /// The disk is full.
    DiskFull,
    /// The relay can not be reached or does not do its part.
    Relay,
    /// The person interrupted.
    Interrupted,
}

impl Kind {
    /// Returns the name that programs match on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Chain => "chain",
            Self::Signature => "signature",
            Self::Invite => "invite",
            Self::Failed => "failed",
            Self::File => "file",
            Self::Process => "process",
            Self::Internal => "internal",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::NoDevice => "no-device",
            Self::Password => "password",
            Self::Vault => "vault",
            Self::DiskFull => "disk-full",
            Self::Relay => "relay",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the exit code, as `quorate --help` documents it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Invalid
            | Self::NotFound
            | Self::Chain
            | Self::Signature
            | Self::Invite
            | Self::Failed
            | Self::File
            | Self::Process
            | Self::Internal => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::TimedOut => 4,
            Self::NoDevice | Self::Password | Self::Vault | Self::DiskFull => 5,
            Self::Relay => 6,
            Self::Interrupted => 130,
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl CliError {
    /// Makes an error of one sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hint: None }
    }

    /// Makes an error from another, whose sources become the causes.
    pub fn of(kind: Kind, error: &dyn Error) -> Self {
        Self::new(kind, error.to_string()).because(error.source())
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a cause and the causes of that. One that only repeats the sentence before it is left out.
    #[must_use]
    pub fn because(mut self, mut cause: Option<&dyn Error>) -> Self {
        while let Some(error) = cause {
            let text = error.to_string();
            if self.causes.last().unwrap_or(&self.message) != &text {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }

    /// Adds a cause that somebody else put into words.
    #[must_use]
    pub fn because_text(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// A defect of this program.
    pub fn internal(error: &dyn Display) -> Self {
        Self::internal_message(&error.to_string())
    }

    /// A defect of this program, in words.
    pub fn internal_message(message: &str) -> Self {
        let hint = "this is a defect of quorate: please report it with the command that led to it";
        Self::new(Kind::Internal, message).hint(hint)
    }

    /// What was waited for did not come.
    pub fn timed_out(message: &str) -> Self {
        Self::new(Kind::TimedOut, message)
    }

    /// A process of ours can not be started or talked to.
    pub fn process(name: &str, error: &io::Error) -> Self {
        Self::new(Kind::Process, format!("the process {name} can not be run")).because(Some(error))
    }

    /// Standard output can not be written.
    pub fn output(error: &io::Error) -> Self {
        Self::new(Kind::File, "the result can not be written to standard output").because(Some(error))
    }

    /// A file can not be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let kind =
            if matches!(error.kind(), io::ErrorKind::StorageFull) { Kind::DiskFull } else { Kind::File };
        Self::new(kind, format!("cannot use {}", path.display())).because(Some(error))
    }

    /// Returns what kind of failure it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns whether it says what to do about it.
    pub const fn has_hint(&self) -> bool {
        self.hint.is_some()
    }

    /// Returns the form that `--json` prints.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Returns the sentence, its causes and the hint, each with its heading, in the order in which they are read.
    pub fn lines(&self) -> Vec<(&'static str, &str)> {
        let causes = self.causes.iter().map(|cause| ("  because: ", cause.as_str()));
        let hint = self.hint.iter().map(|hint| ("hint: ", hint.as_str()));
        [("error: ", self.message.as_str())].into_iter().chain(causes).chain(hint).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_repeats_the_sentence_is_left_out() {
        #[derive(Debug, thiserror::Error)]
        #[error("no entry")]
        struct Same(#[source] io::Error);
        let error = CliError::new(Kind::File, "no entry").because(Some(&Same(io::Error::other("gone"))));
        assert_eq!(error.causes, ["gone"]);
    }

    #[test]
    fn json_has_the_kind_the_sentence_and_the_hint() {
        let error = CliError::timed_out("nobody answered").hint("ask again");
        let expected = r#"{"error":"timed-out","message":"nobody answered","because":[],"hint":"ask again"}"#;
        assert_eq!(serde_json::to_string(&error).unwrap(), expected);
        assert_eq!(error.to_json(), serde_json::from_str::<Value>(expected).unwrap());
    }
}
