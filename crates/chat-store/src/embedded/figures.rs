//! What the engine tells about itself: whether it can write, and how it has been doing.
//!
//! Plain numbers, so that whoever serves turns them into whatever metrics it has, and this crate
//! depends on no metrics library.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::buckets::{Buckets, Histogram};

/// Whether the store can do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Reads and writes.
    Ready,
    /// Reads and writes what is whole, and something was found that is damaged; the text says what.
    /// It stays so until the file is opened anew.
    Damaged(String),
    /// Reads, and refuses to write; the text says why. It tries again by itself.
    ReadOnly(String),
    /// Neither reads nor writes; the text says why, and what has to be done.
    Gone(String),
}

impl Health {
    /// Whether the store does all that it is there for.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

/// What the engine has counted since it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Figures {
    /// The size of the file in bytes.
    pub file_bytes: u64,
    /// Commits that went through.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Appends that went through.
    pub appends: u64,
    /// Appends that did not fit the chat's head.
    pub conflicts: u64,
    /// How many writes wait for a commit at this moment.
    pub waiting: u64,
    /// How many writes the commits held, one each.
    pub group_size: Buckets,
    /// How long the commits took, in microseconds; empty without a stopwatch.
    pub commit_micros: Buckets,
    /// How long appends took from being handed over to being durable, in microseconds; empty
    /// without a stopwatch.
    pub append_micros: Buckets,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) failed_commits: AtomicU64,
    pub(super) appends: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) group_size: Histogram,
    pub(super) commit_micros: Histogram,
    pub(super) append_micros: Histogram,
}

impl Counters {
    pub(super) fn read(&self, file_bytes: u64, waiting: u64) -> Figures {
        Figures {
            file_bytes,
            commits: self.commits.load(Relaxed),
            failed_commits: self.failed_commits.load(Relaxed),
            appends: self.appends.load(Relaxed),
            conflicts: self.conflicts.load(Relaxed),
            waiting,
            group_size: self.group_size.read(),
            commit_micros: self.commit_micros.read(),
            append_micros: self.append_micros.read(),
        }
    }
}
