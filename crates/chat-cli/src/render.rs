//! Everything the program writes goes through here, because a reader may close its pipe at any
//! time (`chat apply … | head -c 1`), and that is no reason to panic.

use std::ffi::OsStr;
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

/// The same for a line that has in it what somebody else wrote: it stays one line, and does nothing to a
/// terminal.
pub(crate) fn quoting_line(text: impl Display) -> Result<Reader, Failure> {
    read_line(legible(&text.to_string(), &[]))
}

/// `text` with its control characters spelt out, but for those in `kept`.
fn legible(text: &str, kept: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_control() && !kept.contains(&sign) {
            out.extend(sign.escape_default());
        } else {
            out.push(sign);
        }
    }
    out
}

/// Ready when nobody reads standard output any more, which otherwise is noticed only by writing to it.
///
/// Of what is no pipe, socket or terminal, such as a file, nobody can say; then it is never ready.
#[cfg(unix)]
pub(crate) async fn reader_gone() {
    use std::os::fd::AsFd as _;
    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;
    // Left blocking, which those who share it expect, as nothing is written through it.
    let out = io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    match out {
        Ok(out) if out.ready(Interest::ERROR).await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

/// Where nobody can say, the next line that is written does.
#[cfg(not(unix))]
pub(crate) async fn reader_gone() {
    std::future::pending().await
}

/// Whether lines for people may have colours: on a terminal, unless `NO_COLOR` is set to anything.
pub(crate) fn has_color(is_terminal: bool) -> bool {
    may_have_color(is_terminal, std::env::var_os("NO_COLOR").as_deref())
}

fn may_have_color(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// Asks the person at the terminal for a line; standard output is kept for the result.
pub(crate) fn ask(question: &str) {
    let mut err = io::stderr().lock();
    // Who does not see the question may answer it all the same.
    let _ = err.write_all(question.as_bytes()).and_then(|()| err.flush());
}

/// Tells the person at the terminal what went wrong.
pub(crate) fn complain(what: &impl Display) {
    // It may have in it what a server said. There is nowhere else to complain to.
    let what = legible(&what.to_string(), &['\n', '\t']);
    let _ = writeln!(io::stderr().lock(), "chat: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_does_nothing_to_a_terminal() {
        let said = "Eve \u{1b}]0;title\u{7}\r\n0000: forged \u{9b}2J é";
        let told = r"Eve \u{1b}]0;title\u{7}\r\n0000: forged \u{9b}2J é";
        assert_eq!(legible(said, &[]), told);
        assert_eq!(legible("one\n\ttwo\u{1b}", &['\n', '\t']), "one\n\ttwo\\u{1b}");
    }

    #[test]
    fn colours_are_for_terminals_of_those_who_want_them() {
        for (is_terminal, no_color, expected) in [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (true, Some("0"), false),
            (false, None, false),
        ] {
            let found = may_have_color(is_terminal, no_color.map(OsStr::new));
            assert_eq!(found, expected, "{is_terminal} {no_color:?}");
        }
    }
}
