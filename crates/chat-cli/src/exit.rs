//! How the program ends: the exit codes that scripts read, and the failures behind them.

use std::fmt;

/// The exit codes; `chat --help` documents them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what it was asked.
    Done = 0,
    /// A file or socket failed, or a file does not hold what it should.
    Failed = 1,
    /// The arguments do not fit.
    Usage = 2,
    /// The chat refuses the operation; the reply says why.
    Refused = 4,
}

/// Why a command could not do its work, in words for the person who called it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// The code to end with.
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    /// A file or socket failed, or a file does not hold what it should.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    /// The arguments do not fit.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
