//! What the tests of the embedded store share: a file of their own, and names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chat_model::{ChatId, UserId};
use chat_store::{Clock, CommandId, FeedId, RedbOptions};
use tempfile::TempDir;

pub(crate) const WINDOW: Duration = Duration::from_secs(60 * 60);

/// A clock that goes on when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn clock(&self) -> Clock {
        let now_ms = Arc::clone(&self.0);
        Arc::new(move || now_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).expect("a test passes less than an age");
        self.0.fetch_add(span, Ordering::SeqCst);
    }

    pub(crate) fn options(&self) -> RedbOptions {
        RedbOptions::new(self.clock()).replay_window(WINDOW).cache_bytes(4 << 20)
    }
}

/// A place for files that goes with the test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a directory for temporary files"))
    }

    /// One whose syncs cost nothing where there is such a place, for tests that make thousands and
    /// do their own damage.
    pub(crate) fn in_memory() -> Self {
        let place = tempfile::tempdir_in("/dev/shm").or_else(|_| TempDir::new());
        Self(place.expect("a directory for temporary files"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("chats.redb")
    }
}

pub(crate) fn chat(name: impl std::fmt::Display) -> ChatId {
    ChatId::new(name.to_string())
}

pub(crate) fn user(name: impl std::fmt::Display) -> FeedId {
    FeedId::user(&UserId::new(name.to_string()))
}

pub(crate) fn command(writer: u64, nth: u64) -> CommandId {
    CommandId::new(((u128::from(writer) << 64) | u128::from(nth)).to_be_bytes())
}
