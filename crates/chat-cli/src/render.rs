//! Everything the program writes goes through here, because a reader may close its pipe at any
//! time (`chat apply … | head -c 1`), and that is no reason to panic.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

use crate::exit::Failure;

/// Writes `text` and a line break to standard output.
///
/// A closed pipe ends the output and is no failure: the reader has what it wanted.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    read_line(text).map(drop)
}

/// Whether somebody still reads what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// The same, for who goes on writing: nobody writes on for a reader who is gone.
pub(crate) fn read_line(text: impl Display) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::failed(format!("standard output: {error}"))),
    }
}

/// Asks the person at the terminal for a line; standard output is kept for the result.
pub(crate) fn ask(question: &str) {
    let mut err = io::stderr().lock();
    // Who does not see the question may answer it all the same.
    let _ = err.write_all(question.as_bytes()).and_then(|()| err.flush());
}

/// Tells the person at the terminal what went wrong.
pub(crate) fn complain(what: &impl Display) {
    // There is nowhere else to complain to.
    let _ = writeln!(io::stderr().lock(), "chat: {what}");
}
