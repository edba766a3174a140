//! What the server promises about what it acknowledges, compared with what was asked for.
//!
//! A server's settings change while it runs, by one line in a file and a reload, so they are read
//! again every second and not only when the store is opened.

use std::fmt;

/// What an acknowledged append outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Durability {
    /// The server's crash and its machine's loss of power: the append is on the server's disk.
    #[default]
    Local,
    /// Also the loss of the server with its disk: the append is on the disk of a standby as well.
    Replicated,
}

/// A setting of the server that is weaker than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weakness {
    /// The name of the setting, such as `fsync`.
    pub setting: &'static str,
    /// Its value.
    pub found: String,
    /// What it has to be.
    pub expected: &'static str,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?}, expected {}", self.setting, self.found, self.expected)
    }
}

/// Whether the store can do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Reads and writes, as durably as was asked for.
    Ready,
    /// Reads and writes what is whole, and something was found that this program did not write; the text
    /// says what. It stays so until the store is opened anew.
    Damaged(String),
    /// Reads and may write, but less durably than was asked for.
    Weaker(Vec<Weakness>),
    /// Reads, and the database refuses to write; the text says why. It is tried again by itself.
    ReadOnly(String),
    /// The server is a standby: reads there may be behind, so neither reads nor writes.
    Standby,
    /// The database cannot be reached; the text says why. It is tried again by itself.
    Gone(String),
}

impl Health {
    /// Whether the store takes writes and keeps them as was asked for.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Damaged(why) => f.write_str(why),
            Self::Weaker(weaknesses) => {
                f.write_str("the database may lose what it has acknowledged")?;
                weaknesses.iter().try_for_each(|weakness| write!(f, "; {weakness}"))
            }
            Self::ReadOnly(why) => write!(f, "the database takes no writes: {why}"),
            Self::Standby => f.write_str("the database is a standby"),
            Self::Gone(why) => write!(f, "the database cannot be reached: {why}"),
        }
    }
}

/// What the server says of itself, read by [`SETTINGS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Such as 150018 for 15.18.
    pub(super) version: u32,
    pub(super) encoding: String,
    pub(super) standby: bool,
    pub(super) read_only: bool,
    pub(super) fsync: String,
    pub(super) full_page_writes: String,
    pub(super) synchronous_commit: String,
    pub(super) synchronous_standby_names: String,
    /// The server's process for this connection.
    pub(super) process: i32,
}

/// One row with the fields of [`Settings`], in their order.
pub(super) const SETTINGS: &str = "SELECT current_setting('server_version_num'), \
     current_setting('server_encoding'), pg_is_in_recovery(), \
     current_setting('transaction_read_only'), current_setting('fsync'), \
     current_setting('full_page_writes'), current_setting('synchronous_commit'), \
     current_setting('synchronous_standby_names'), pg_backend_pid()";

impl Settings {
    /// Reads the row of [`SETTINGS`] as text, as the simple protocol gives it.
    pub(super) fn read<'a>(column: impl Fn(usize) -> Option<&'a str>) -> Self {
        let text = |nth| column(nth).unwrap_or_default().to_owned();
        Self {
            version: text(0).parse().unwrap_or(0),
            encoding: text(1),
            standby: text(2) == "t",
            read_only: text(3) == "on",
            fsync: text(4),
            full_page_writes: text(5),
            synchronous_commit: text(6),
            synchronous_standby_names: text(7),
            process: text(8).parse().unwrap_or(0),
        }
    }

    /// Everything that is weaker than `asked`.
    pub(super) fn weaknesses(&self, asked: Durability) -> Vec<Weakness> {
        let mut found = Vec::new();
        let mut look = |setting, value: &str, expected, fits: bool| {
            if !fits {
                found.push(Weakness { setting, found: value.to_owned(), expected });
            }
        };
        look("fsync", &self.fsync, "on", self.fsync == "on");
        // Off is sound only on a file system that never tears a page.
        look("full_page_writes", &self.full_page_writes, "on", self.full_page_writes == "on");
        let commit = self.synchronous_commit.as_str();
        match asked {
            Durability::Local => {
                look("synchronous_commit", commit, "local or stronger", commit != "off");
            }
            Durability::Replicated => {
                let flushed = matches!(commit, "on" | "remote_apply");
                look("synchronous_commit", commit, "on or remote_apply", flushed);
                let names = self.synchronous_standby_names.as_str();
                let named = !names.trim().is_empty();
                look("synchronous_standby_names", names, "the names of standbys", named);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Durability, Settings};

    #[test]
    fn whatever_may_lose_an_acknowledged_append_is_a_weakness() {
        let sound = ["150018", "UTF8", "f", "off", "on", "on", "on", "ANY 1 (a, b)", "7"];
        // Which setting has which value, and what is weaker then: locally, and with a standby.
        for (nth, value, local, replicated) in [
            (4, "on", "", ""),
            (4, "off", "fsync", "fsync"),
            (5, "off", "full_page_writes", "full_page_writes"),
            (6, "off", "synchronous_commit", "synchronous_commit"),
            (6, "local", "", "synchronous_commit"),
            (6, "remote_write", "", "synchronous_commit"),
            (6, "remote_apply", "", ""),
            (7, " ", "", "synchronous_standby_names"),
        ] {
            let column = |at: usize| Some(if at == nth { value } else { sound[at] });
            let settings = Settings::read(column);
            for (asked, want) in [(Durability::Local, local), (Durability::Replicated, replicated)]
            {
                let found = settings.weaknesses(asked);
                let names: Vec<_> = found.iter().map(|weakness| weakness.setting).collect();
                assert_eq!(names.join(","), want, "{value:?} at {nth}, {asked:?}");
            }
        }
    }
}
