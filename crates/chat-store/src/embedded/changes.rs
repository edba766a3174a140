//! Every change a caller can ask for, as what it does to the tables of one transaction.
//!
//! Each carries its own copy of what it needs, because it waits in a queue while its caller may
//! have gone.

mod append;
mod expire;
mod import;
mod lease;

pub(super) use append::{AppendOne, Conflict, PutSnapshot};
pub(super) use expire::Expire;
pub(super) use import::{ImportChat, ImportFeed};
pub(super) use lease::{DeleteLease, PutLease, Sweep};

use redb::ReadTransaction;

use super::Broken;
use super::tables::Tables;

/// A change that waits for its turn.
pub(super) trait Change: Send + 'static {
    /// What the caller is told once the commit is durable.
    type Outcome: Send + 'static;

    /// How much it is likely to write, in bytes.
    fn weight(&self) -> usize {
        256
    }

    /// Changes the tables. An error undoes the whole transaction.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken>;

    /// What became of it, after its commit failed and the file was opened anew.
    fn found(&self, _: &ReadTransaction) -> Result<Found<Self::Outcome>, Broken> {
        Ok(Found::Unknown)
    }
}

/// How far a change has come.
pub(super) enum Step<T> {
    Done(T),
    /// There is more to do, in another transaction, so that nobody waits for all of it.
    More,
}

/// What the file says of a change whose commit failed.
pub(super) enum Found<T> {
    Applied(T),
    Absent,
    Unknown,
}
