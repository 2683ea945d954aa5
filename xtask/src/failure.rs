//! Why a command did not succeed.

use std::fmt;
use std::io;

/// The result of every step here.
pub type Result<T> = std::result::Result<T, Failure>;

/// One failed step, ready to be shown to a developer.
#[derive(Debug)]
pub enum Failure {
    /// The command line was not understood; holds what would be.
    Usage(String),
    /// A file or a process could not be used.
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and said no.
    Program {
        /// The command line.
        command: String,
    },
    /// A file is not what it should be.
    Unreadable {
        /// The file.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A check found something.
    Findings {
        /// Which check.
        check: &'static str,
        /// How many findings it printed.
        count: usize,
    },
}

impl Failure {
    /// The command line was wrong; `usage` says how it should be.
    pub fn usage(usage: impl Into<String>) -> Self {
        Self::Usage(usage.into())
    }

    /// An operating-system call failed while `doing` something.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// `what` could not be understood.
    pub fn unreadable(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Unreadable { what: what.into(), why: why.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage) => write!(formatter, "{usage}"),
            Self::Io { doing, source } => write!(formatter, "{doing}: {source}"),
            Self::Program { command } => write!(formatter, "`{command}` failed"),
            Self::Unreadable { what, why } => write!(formatter, "{what}: {why}"),
            Self::Findings { check, count } => write!(formatter, "{check}: {count} finding(s), listed above"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Usage(_) | Self::Program { .. } | Self::Unreadable { .. } | Self::Findings { .. } => None,
        }
    }
}
