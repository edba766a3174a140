//! Leases: small values that belong to someone for a while, such as sessions and live nodes.
//!
//! They stand apart from the journal because they are no truth about chats: a lease may lapse, is
//! overwritten in place and is told by the engine's clock, so that no node's clock decides who is
//! alive.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::Unavailable;

/// Values under keys, each with a revision to compare and an optional time to live.
///
/// A lease whose time has passed by the engine's clock is invisible at once: to `get` and `scan`
/// it is not there, and `put` and `delete` treat its key as free. `sweep` gives its room back.
pub trait Leases: Clone + Send + Sync + 'static {
    /// The lease under `key`, if there is one that has not lapsed.
    fn get(
        &self,
        key: &LeaseKey,
    ) -> impl Future<Output = Result<Option<Lease>, Unavailable>> + Send;

    /// Writes `value` under `key` if its revision is `expect_rev`, where `None` means that there
    /// must be no lease, and answers the new revision.
    ///
    /// `ttl` counts from this put by the engine's clock; `None` lives until it is deleted. A key's
    /// revision never comes back, not even after the lease was deleted or has lapsed.
    fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<u64, LeaseError>> + Send;

    /// Removes the lease under `key` if its revision is `expect_rev`; a lease that is not there
    /// (any more) is a [`LeaseError::Conflict`].
    fn delete(
        &self,
        key: &LeaseKey,
        expect_rev: u64,
    ) -> impl Future<Output = Result<(), LeaseError>> + Send;

    /// Every lease whose key starts with `prefix`, in the order of the keys' bytes.
    fn scan(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<(LeaseKey, Lease)>, Unavailable>> + Send;

    /// Of `leases`, each with a revision, the keys of those that have another one by now or are not there
    /// (any more), in the order given.
    fn outdated(
        &self,
        leases: &[(LeaseKey, u64)],
    ) -> impl Future<Output = Result<Vec<LeaseKey>, Unavailable>> + Send {
        async move {
            let mut outdated = Vec::new();
            for (key, rev) in leases {
                if self.get(key).await?.map(|lease| lease.rev) != Some(*rev) {
                    outdated.push(key.clone());
                }
            }
            Ok(outdated)
        }
    }

    /// Forgets at most `limit` lapsed leases and says how many it forgot; fewer than `limit` means
    /// that none is left.
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, Unavailable>> + Send;
}

/// The name of a lease, such as `session/…` or `node/…`. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseKey(Arc<str>);

impl LeaseKey {
    /// Names a lease; the text is kept as it is.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The name as an engine keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LeaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseKey({:?})", self.as_str())
    }
}

/// A value somebody holds. Cloning shares the value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// What the next put or delete expects.
    pub rev: u64,
    /// The value in the caller's own format.
    pub value: Arc<[u8]>,
}

impl Lease {
    /// Puts a lease together; for engines.
    pub fn new(rev: u64, value: impl Into<Arc<[u8]>>) -> Self {
        Self { rev, value: value.into() }
    }
}

/// Why a lease was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller must have an answer to every outcome; a third one has to break its build"
)]
pub enum LeaseError {
    /// Nothing was written: the revision is not the expected one, or the lease is (not) there.
    Conflict,
    /// It may or may not have been written; read the lease to find out.
    Unavailable(Unavailable),
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the lease's revision is not the expected one"),
            Self::Unavailable(why) => why.fmt(f),
        }
    }
}

impl Error for LeaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Conflict => None,
            Self::Unavailable(why) => Some(why),
        }
    }
}

impl From<Unavailable> for LeaseError {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}
