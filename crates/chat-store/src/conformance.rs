//! The promises as a suite that judges any engine through two handles, as two nodes would use it.
//!
//! It is part of the crate, behind the feature `conformance`, because the promises belong to the
//! seam and not to one engine: whoever writes an engine runs these cases, and adds only what is its
//! own (kills, full disks, clusters). That the suite can fail is proven in this crate's tests by
//! stores with one flaw each.
//!
//! ```no_run
//! # async fn example(bench: impl chat_store::conformance::Bench) {
//! let report = chat_store::conformance::run(&bench).await;
//! assert!(report.passed(), "{report}");
//! # }
//! ```

use std::fmt;
use std::future::{Future, ready};
use std::time::Duration;

use crate::{Leases, Store};
use kit::Verdict;

mod feeds;
mod journal;
mod kit;
mod leases;
mod lists;
mod outcome;
mod retention;

/// What the suite needs of an engine's test bench.
///
/// Cases spawn tasks, so they run inside a tokio runtime with its timers switched on; one with
/// several threads finds more.
pub trait Bench: Sync {
    /// The engine under test.
    type Store: Store + Leases;

    /// Two handles, as two nodes, to one store that is empty.
    fn open(&self) -> impl Future<Output = (Self::Store, Self::Store)> + Send;

    /// Takes both handles away and gives two new ones to the same data, as after a restart.
    ///
    /// An engine without a disk, whose data lives as long as a handle, gives the handles back.
    fn reopen(
        &self,
        nodes: (Self::Store, Self::Store),
    ) -> impl Future<Output = (Self::Store, Self::Store)> + Send {
        ready(nodes)
    }

    /// Returns when the clock by which the engine's leases lapse has gone on by `span` or more.
    fn pass(&self, span: Duration) -> impl Future<Output = ()> + Send;

    /// The replay window the stores are opened with (see [`Store::expire`]), an hour or less.
    fn replay_window(&self) -> Duration;
}

/// One promise, or one side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Case {
    /// Versions are dense, only the present head appends, and what was written is read back.
    Basics,
    /// Many tasks append to one chat: every version has exactly one winner.
    Race,
    /// Record, feeds and lists change at one moment or not at all.
    Atomic,
    /// Eight writers and two readers: nothing appears at or below a seen cursor, nothing is lost.
    ClosedFeed,
    /// Lists keep the order of listing.
    Listed,
    /// Over a store that lies, every acknowledged append is there exactly once.
    UnknownOutcome,
    /// Hints arrive, on either node, and never before what they hint at.
    Wakes,
    /// The newest snapshot counts, with every record after it.
    Snapshot,
    /// Chats go when they are due and not before, and leave nothing behind.
    Expiry,
    /// Feed entries go when they are due, and a reader who missed some is told.
    Trimming,
    /// Leases compare revisions, lapse by the engine's clock and are scanned in order.
    Leases,
    /// What was acknowledged is there after the store was opened anew.
    Reopen,
}

impl Case {
    /// Every case, in the order they run in.
    pub const ALL: [Self; 12] = [
        Self::Basics,
        Self::Race,
        Self::Atomic,
        Self::ClosedFeed,
        Self::Listed,
        Self::UnknownOutcome,
        Self::Wakes,
        Self::Snapshot,
        Self::Expiry,
        Self::Trimming,
        Self::Leases,
        Self::Reopen,
    ];

    /// Judges an engine by this case alone, on a store of its own.
    ///
    /// # Errors
    /// Says what was expected and what came.
    pub async fn check<B: Bench>(self, bench: &B) -> Result<(), String> {
        let judged = async {
            match self {
                Self::Basics => journal::basics(bench).await,
                Self::Race => journal::race(bench).await,
                Self::Atomic => journal::atomic(bench).await,
                Self::ClosedFeed => feeds::closed(bench).await,
                Self::Listed => lists::order(bench).await,
                Self::UnknownOutcome => outcome::unknown(bench).await,
                Self::Wakes => feeds::wakes(bench).await,
                Self::Snapshot => journal::snapshot(bench).await,
                Self::Expiry => retention::expiry(bench).await,
                Self::Trimming => retention::trimming(bench).await,
                Self::Leases => leases::leases(bench).await,
                Self::Reopen => retention::reopen(bench).await,
            }
        };
        let verdict: Verdict = tokio::time::timeout(AT_MOST, judged)
            .await
            .unwrap_or_else(|_| Err(kit::failure(format!("expected an end within {AT_MOST:?}"))));
        verdict.map_err(String::from)
    }
}

/// An engine that hangs has failed; no working one comes near this.
const AT_MOST: Duration = Duration::from_secs(300);

/// Judges an engine by every case, each on a store of its own.
pub async fn run<B: Bench>(bench: &B) -> Report {
    let mut verdicts = Vec::new();
    for case in Case::ALL {
        verdicts.push((case, case.check(bench).await));
    }
    Report { verdicts }
}

/// What became of every case. Its `Display` names each with its verdict, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Report {
    verdicts: Vec<(Case, Result<(), String>)>,
}

impl Report {
    /// Whether no case failed.
    pub fn passed(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict)| verdict.is_ok())
    }

    /// The cases that failed, each with what was expected and what came.
    pub fn failures(&self) -> impl Iterator<Item = (Case, &str)> {
        self.verdicts
            .iter()
            .filter_map(|(case, verdict)| Some((*case, verdict.as_ref().err()?.as_str())))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdicts.iter().try_for_each(|(case, verdict)| match verdict {
            Ok(()) => writeln!(f, "{case:?}: kept"),
            Err(why) => writeln!(f, "{case:?}: BROKEN: {why}"),
        })
    }
}
