//! The store in one file: what `serve` keeps its chats in where nothing else is asked for.
//!
//! One thread writes, and everything that waits when a commit begins shares that commit's sync
//! (group commit). Readers see the last commit and neither wait for the writer nor hold it up. A
//! write is answered when it is on the disk.
//!
//! The engine below is redb: one file of copy-on-write B-trees, pure Rust. A file serves one
//! process; another one that opens it is told so.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use redb::ReadTransaction;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use crate::buckets::{Buckets, Stopwatch};
use crate::memory::{REPLAY_WINDOW, WAKES, millis};
use crate::{Clock, Unavailable, Wake};
use changes::Change;
use disk::Watch;
pub use disk::{DiskAccess, DiskFaults};
use error::Broken;
pub use error::OpenError;
use figures::Counters;
pub use figures::{Figures, Health};
use slot::{Opening, Slot};
use writer::{Failure, Message, Pending, Writer};

mod changes;
mod disk;
mod error;
mod figures;
mod format;
mod places;
mod reads;
mod rows;
mod slot;
mod store;
mod tables;
mod writer;

/// How a file is opened; see [`RedbOptions::open`].
#[derive(Clone)]
#[must_use]
pub struct RedbOptions {
    clock: Clock,
    window: Duration,
    cache_bytes: usize,
    must_exist: bool,
    verify: bool,
    stopwatch: Option<Stopwatch>,
    faults: Option<disk::DiskFaults>,
}

/// How much of the file is kept in memory where nothing else is asked for.
const CACHE_BYTES: usize = 64 << 20;

/// How many writes may wait for a commit; whoever comes then waits for a place.
const QUEUE: usize = 4_096;

impl RedbOptions {
    /// A replay window of one hour, a cache of 64 MiB, and a file that is made if it is not there;
    /// `clock` tells when leases lapse, and when a disk that has failed is tried again.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            window: REPLAY_WINDOW,
            cache_bytes: CACHE_BYTES,
            must_exist: false,
            verify: false,
            stopwatch: None,
            faults: None,
        }
    }

    /// Keeps feed entries for `window` (see [`Store::expire`](crate::Store::expire)). It may differ
    /// from opening to opening.
    pub const fn replay_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Keeps at most about so many bytes of the file in memory.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Opens a file that is there, and makes none.
    pub const fn must_exist(mut self) -> Self {
        self.must_exist = true;
        self
    }

    /// Compares every page with its checksum before anything else, which reads the whole file.
    pub const fn verify(mut self) -> Self {
        self.verify = true;
        self
    }

    /// Measures commits and appends for [`RedbStore::figures`].
    pub fn stopwatch(mut self, stopwatch: Stopwatch) -> Self {
        self.stopwatch = Some(stopwatch);
        self
    }

    /// Asks `faults` before every access to the file: for tests of what disks do.
    pub fn faults(mut self, faults: DiskFaults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Opens the file, which reads all of it when the last process to write to it was killed, and
    /// starts the thread that writes. Blocks until that is done.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that cannot be opened is left as it is.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<RedbStore, OpenError> {
        let path = path.as_ref().to_owned();
        let mut opening = Opening {
            path: path.clone(),
            cache_bytes: self.cache_bytes,
            must_exist: self.must_exist,
            verify: self.verify,
            faults: self.faults.clone(),
            watch: Arc::new(Watch::default()),
        };
        let db = opening.open()?;
        // From now on the file is there, and what was verified is.
        (opening.must_exist, opening.verify) = (true, false);
        let shared = Arc::new(Shared {
            slot: Slot::new(db),
            health: Mutex::new(Health::Ready),
            damage: OnceLock::new(),
            counters: Counters::default(),
            watch: Arc::clone(&opening.watch),
            wakes: broadcast::Sender::new(WAKES),
            clock: Arc::clone(&self.clock),
            stopwatch: self.stopwatch.clone(),
            window_ms: millis(self.window),
        });
        let (sender, messages) = mpsc::channel(QUEUE);
        let writer = Writer { shared: Arc::clone(&shared), messages, opening, refusing: None };
        thread::Builder::new()
            .name("chat-store".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Io(path, error))?;
        Ok(RedbStore { shared, sender })
    }
}

impl fmt::Debug for RedbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbOptions")
            .field("window", &self.window)
            .field("cache_bytes", &self.cache_bytes)
            .field("must_exist", &self.must_exist)
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}

/// A [`Store`](crate::Store) and [`Leases`](crate::Leases) in one file. Clones are handles to the
/// same data; the file is closed some time after the last one is gone, or by [`RedbStore::close`].
///
/// `Ok` means that the disk has acknowledged it.
///
/// Its futures run in a tokio runtime, and reads go to the runtime's blocking threads: a disk may
/// take its time.
#[derive(Clone)]
pub struct RedbStore {
    shared: Arc<Shared>,
    sender: mpsc::Sender<Message>,
}

/// What handles and the writer share.
struct Shared {
    slot: Slot,
    health: Mutex<Health>,
    /// The first damage that was met.
    damage: OnceLock<String>,
    counters: Counters,
    watch: Arc<Watch>,
    wakes: broadcast::Sender<Wake>,
    clock: Clock,
    stopwatch: Option<Stopwatch>,
    window_ms: i64,
}

impl Shared {
    fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    fn stopwatch(&self) -> Option<Duration> {
        self.stopwatch.as_ref().map(|stopwatch| stopwatch())
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of damage, unless it is the disk that has failed: the engine takes one for the other.
    fn met(&self, broken: &Broken) {
        if broken.is_damage() && !self.watch.has_failed() && self.health().is_ready() {
            self.damage.get_or_init(|| broken.why().to_owned());
        }
    }

    /// Answers a question, and takes note of damage that it meets.
    fn ask<T>(
        &self,
        question: impl FnOnce(&ReadTransaction) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        self.slot.read(question).inspect_err(|broken| self.met(broken))
    }
}

impl RedbStore {
    /// Carries out every write that was asked for, closes the file and returns when that is done:
    /// the file may then be opened again at once, and opens fast. All handles are closed with it;
    /// what they are asked from now on is refused.
    pub async fn close(&self) {
        let (told, closed) = oneshot::channel();
        if self.sender.send(Message::Close(told)).await.is_ok() {
            // An error means that another handle's close came first and is done.
            let _ = closed.await;
        }
    }

    /// Whether the store takes writes at this moment, and has met no damage; for readiness.
    ///
    /// While the disk has failed, asking is also what makes the store try it again.
    pub fn health(&self) -> Health {
        let health = self.shared.health().clone();
        if !health.is_ready() {
            // A full queue means that somebody else makes it try.
            let _ = self.sender.try_send(Message::TryAgain);
            return health;
        }
        self.shared.damage.get().cloned().map_or(health, Health::Damaged)
    }

    /// What the engine has counted since it was opened.
    pub fn figures(&self) -> Figures {
        let waiting = self.sender.max_capacity() - self.sender.capacity();
        self.shared.counters.read(self.shared.watch.file_bytes(), waiting as u64)
    }

    /// Hands a change to the writer and waits until it is durable.
    async fn change<C: Change>(&self, change: C) -> Result<C::Outcome, Failure> {
        let (task, answer) = Pending::task(change);
        if self.sender.send(Message::Change(task)).await.is_err() {
            return Err(Failure::Refused("the store is closed".to_owned()));
        }
        let ended = || Failure::Unknown("the writer ended".to_owned());
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Answers a question on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&ReadTransaction) -> Result<T, Broken> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let shared = Arc::clone(&self.shared);
        let asked = tokio::task::spawn_blocking(move || shared.ask(question)).await;
        match asked {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Unavailable::new("the runtime is shutting down")),
        }
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore")
            .field("health", &*self.shared.health())
            .field("file_bytes", &self.shared.watch.file_bytes())
            .finish_non_exhaustive()
    }
}

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(why) | Failure::Unknown(why) => Self::new(why),
        }
    }
}
