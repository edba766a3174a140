//! How the program ends: the exit codes that scripts read, and the failures behind them.

use std::fmt;

/// The exit codes; `chat --help` documents them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what it was asked.
    Done = 0,
    /// What was asked is not so: something differs, is not valid, or did not come about.
    No = 1,
    /// The arguments do not fit.
    Usage = 2,
    /// A file cannot be read or written, or does not hold what it should.
    Unreadable = 3,
    /// The chat or the server refuses; the reply says why.
    Refused = 4,
    /// The server, the network or the database cannot be reached, or time is up.
    Unreachable = 5,
    /// The server failed.
    Fault = 6,
    /// This program is wrong.
    Bug = 70,
    /// Somebody interrupted it.
    Interrupted = 130,
}

/// Why a command could not do its work, in words for the person who called it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// The code to end with.
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    /// The command ends so.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// A file cannot be read or written, or does not hold what it should.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreadable, message)
    }

    /// A server, a database or an address cannot be had.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// The machine does not give what it takes.
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self::new(Exit::Fault, message)
    }

    /// The arguments do not fit.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
