//! The one thread that writes: whatever waits when a commit begins goes into that commit, and every
//! caller is answered when it is on the disk.
//!
//! While the disk is busy with one commit, callers gather for the next, so one sync serves as many
//! as there are. After a failure this thread finds out what is true before it answers anybody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use redb::{Durability, ReadTransaction};
use tokio::sync::{mpsc, oneshot};

use super::changes::{Change, Found, Step};
use super::slot::{Opening, let_go};
use super::tables::Tables;
use super::{Broken, Health, Shared, format};

/// At most so many changes in one commit, so that none waits for a commit without end.
const GROUP: usize = 1_024;
/// About so many bytes in one commit, for the same reason.
const GROUP_BYTES: usize = 4 << 20;
/// How long writes are refused after a failure before the disk is tried again, at first and at most.
const PAUSE_MS: i64 = 1_000;
const LONGEST_PAUSE_MS: i64 = 30_000;

/// What the thread is told.
pub(super) enum Message {
    Change(Box<dyn Task>),
    /// Look whether the disk takes writes again.
    TryAgain,
    /// End, after everything that was sent before.
    Close(oneshot::Sender<()>),
}

/// Why a change was not answered with its outcome.
pub(super) enum Failure {
    /// Surely nothing was written.
    Refused(String),
    /// Nobody can tell.
    Unknown(String),
}

/// A change together with its caller.
pub(super) trait Task: Send {
    fn weight(&self) -> usize;
    /// Whether the caller has gone before its turn came; then it is as if it had never called.
    fn is_abandoned(&self) -> bool;
    /// Applies it; answers whether it is done.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<bool, Broken>;
    /// Tells the caller what it came to, once it is durable.
    fn done(self: Box<Self>);
    /// Tells the caller that it was refused.
    fn refused(self: Box<Self>, why: &str);
    /// Tells the caller what the file says about it, after its commit failed.
    fn look(self: Box<Self>, txn: Option<&ReadTransaction>, why: &str);
}

pub(super) struct Pending<C: Change> {
    change: C,
    outcome: Option<C::Outcome>,
    reply: oneshot::Sender<Result<C::Outcome, Failure>>,
}

pub(super) type Answer<C> = oneshot::Receiver<Result<<C as Change>::Outcome, Failure>>;

impl<C: Change> Pending<C> {
    /// The change as the writer takes it, and where its caller waits.
    pub(super) fn task(change: C) -> (Box<dyn Task>, Answer<C>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Self { change, outcome: None, reply }), answer)
    }
}

// A caller that has gone is not told; that is its own choice.
impl<C: Change> Task for Pending<C> {
    fn weight(&self) -> usize {
        self.change.weight()
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<bool, Broken> {
        match self.change.apply(tables)? {
            Step::Done(outcome) => self.outcome = Some(outcome),
            Step::More => self.outcome = None,
        }
        Ok(self.outcome.is_some())
    }

    fn done(self: Box<Self>) {
        let unfinished = || Failure::Unknown("the change did not come to its end".to_owned());
        let _ = self.reply.send(self.outcome.ok_or_else(unfinished));
    }

    fn refused(self: Box<Self>, why: &str) {
        let _ = self.reply.send(Err(Failure::Refused(why.to_owned())));
    }

    fn look(self: Box<Self>, txn: Option<&ReadTransaction>, why: &str) {
        let found = txn.map_or(Ok(Found::Unknown), |txn| self.change.found(txn));
        let _ = self.reply.send(match found {
            Ok(Found::Applied(outcome)) => Ok(outcome),
            Ok(Found::Absent) => Err(Failure::Refused(why.to_owned())),
            Ok(Found::Unknown) | Err(_) => Err(Failure::Unknown(why.to_owned())),
        });
    }
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) messages: mpsc::Receiver<Message>,
    pub(super) opening: Opening,
    pub(super) refusing: Option<Refusing>,
}

/// The disk has failed; writes are refused until it is tried again.
pub(super) struct Refusing {
    why: String,
    again_at_ms: i64,
    pause_ms: i64,
    /// Whether nothing but a restart can help.
    for_good: bool,
}

/// How a group failed.
enum Failed {
    /// Before its commit began: surely nothing was written.
    Before(Broken),
    /// In its commit.
    During(Broken),
}

impl Writer {
    /// Runs until the last handle is gone or the store is closed.
    pub(super) fn run(mut self) {
        let mut unfinished: Vec<Box<dyn Task>> = Vec::new();
        let mut closing = Vec::new();
        loop {
            let mut group = std::mem::take(&mut unfinished);
            let mut bytes = 0;
            if group.is_empty() && closing.is_empty() {
                match self.messages.blocking_recv() {
                    Some(message) => self.take(message, &mut group, &mut bytes, &mut closing),
                    None => break,
                }
            }
            while group.len() < GROUP
                && bytes < GROUP_BYTES
                && let Ok(message) = self.messages.try_recv()
            {
                self.take(message, &mut group, &mut bytes, &mut closing);
            }
            if group.is_empty() && !closing.is_empty() {
                break;
            }
            unfinished = self.group(group);
        }
        let_go(&mut self.shared.slot.alone(), "the store is closed");
        *self.shared.health() = Health::Gone("the store is closed".to_owned());
        closing.into_iter().for_each(|told: oneshot::Sender<()>| {
            let _ = told.send(());
        });
    }

    fn take(
        &mut self,
        message: Message,
        group: &mut Vec<Box<dyn Task>>,
        bytes: &mut usize,
        closing: &mut Vec<oneshot::Sender<()>>,
    ) {
        match message {
            Message::Change(task) => {
                *bytes += task.weight();
                group.push(task);
            }
            Message::TryAgain => self.try_again(),
            Message::Close(told) => {
                // Whoever calls from now on is refused; whoever had called is served.
                self.messages.close();
                closing.push(told);
            }
        }
    }

    /// Carries out a group, and answers what has to go on in another transaction.
    fn group(&mut self, mut group: Vec<Box<dyn Task>>) -> Vec<Box<dyn Task>> {
        group.retain(|task| !task.is_abandoned());
        self.try_again();
        if let Some(Refusing { why, .. }) = &self.refusing {
            group.into_iter().for_each(|task| task.refused(why));
            return Vec::new();
        }
        match self.commit(&mut group) {
            Ok(done) => {
                let mut unfinished = Vec::new();
                for (task, done) in group.into_iter().zip(done) {
                    if done { task.done() } else { unfinished.push(task) }
                }
                return unfinished;
            }
            Err(failed) => {
                self.shared.counters.failed_commits.fetch_add(1, Relaxed);
                let Some(failure) = self.opening.watch.take_failure() else {
                    return self.one_by_one(failed, group);
                };
                let why = failure.to_string();
                self.lose(&why);
                match failed {
                    Failed::Before(_) => group.into_iter().for_each(|task| task.refused(&why)),
                    Failed::During(_) => self.look(group, &why),
                }
            }
        }
        Vec::new()
    }

    /// The disk is well, so one of the changes met damage: the others must not suffer from it.
    fn one_by_one(&mut self, failed: Failed, group: Vec<Box<dyn Task>>) -> Vec<Box<dyn Task>> {
        let (Failed::Before(broken) | Failed::During(broken)) = &failed;
        self.shared.met(broken);
        let mut unfinished = Vec::new();
        let only_one = group.len() == 1;
        for task in group {
            match &failed {
                Failed::Before(broken) if only_one => task.refused(broken.why()),
                Failed::Before(_) => unfinished.extend(self.group(vec![task])),
                Failed::During(broken) => self.look(vec![task], broken.why()),
            }
        }
        unfinished
    }

    fn commit(&self, group: &mut [Box<dyn Task>]) -> Result<Vec<bool>, Failed> {
        let shared = &self.shared;
        let started = shared.stopwatch();
        let mut during = false;
        let committed = catch_unwind(AssertUnwindSafe(|| {
            let slot = shared.slot.shared();
            let db = slot.as_ref().map_err(|why| Broken::new(why.as_str()))?;
            let mut txn = db.begin_write()?;
            txn.set_durability(Durability::Immediate)?;
            let (window_ms, now_ms) = (shared.window_ms, shared.now_ms());
            let mut tables = Tables::open(&txn, window_ms, now_ms)?;
            let done: Result<Vec<bool>, Broken> =
                group.iter_mut().map(|task| task.apply(&mut tables)).collect();
            let done = done.and_then(|done| tables.finish().map(|()| done));
            let (changed, wakes) = (tables.changed, std::mem::take(&mut tables.wakes));
            drop(tables);
            let done = done?;
            if changed {
                during = true;
                txn.commit()?;
            } else {
                txn.abort()?;
            }
            Ok((done, changed, wakes))
        }));
        let committed = committed.unwrap_or_else(|panic| Err(Broken::panicked(&*panic)));
        let (done, changed, wakes) = committed.map_err(|broken| match during {
            true => Failed::During(broken),
            false => Failed::Before(broken),
        })?;
        if changed {
            shared.counters.commits.fetch_add(1, Relaxed);
            shared.counters.group_size.add(group.len() as u64);
            if let (Some(started), Some(ended)) = (started, shared.stopwatch()) {
                shared.counters.commit_micros.add_micros(ended.saturating_sub(started));
            }
        }
        for wake in wakes {
            // Without a receiver there is nobody to wake.
            let _ = shared.wakes.send(wake);
        }
        Ok(done)
    }

    /// Answers the callers of a commit that failed by what the file says.
    fn look(&self, group: Vec<Box<dyn Task>>, why: &str) {
        let slot = self.shared.slot.shared();
        let readable = !self.opening.watch.sync_failed();
        let txn = slot.as_ref().ok().filter(|_| readable).and_then(|db| {
            catch_unwind(AssertUnwindSafe(|| redb::ReadableDatabase::begin_read(db).ok())).ok()?
        });
        for task in group {
            task.look(txn.as_ref(), why);
        }
    }

    /// The disk has failed: nothing is written until it was tried again, and reads go on if the
    /// file still tells the truth.
    fn lose(&mut self, why: &str) {
        let pause_ms = PAUSE_MS;
        let mut slot = self.shared.slot.alone();
        let_go(&mut slot, why);
        let for_good = self.opening.watch.sync_failed();
        let gone = if for_good {
            Some(format!("{why}; nobody knows what the disk has: restart once it is well"))
        } else {
            match self.opening.open_read_only() {
                Ok(db) => {
                    *slot = Ok(db);
                    None
                }
                // Making the last commit durable failed as well.
                Err(error) => Some(format!("{why}; {error}")),
            }
        };
        let for_good = self.opening.watch.sync_failed();
        let refused = gone.clone().unwrap_or_else(|| why.to_owned());
        if let Some(gone) = &gone {
            *slot = Err(gone.clone());
        }
        drop(slot);
        *self.shared.health() = gone.map_or_else(|| Health::ReadOnly(why.to_owned()), Health::Gone);
        let again_at_ms = self.shared.now_ms().saturating_add(pause_ms);
        self.refusing = Some(Refusing { why: refused, again_at_ms, pause_ms, for_good });
    }

    /// Opens the file for writing again when it is time to, and proves that it takes a write.
    fn try_again(&mut self) {
        let now_ms = self.shared.now_ms();
        let Some(refusing) = &self.refusing else { return };
        if refusing.for_good || now_ms < refusing.again_at_ms {
            return;
        }
        let pause_ms = (refusing.pause_ms * 2).min(LONGEST_PAUSE_MS);
        let mut slot = self.shared.slot.alone();
        let_go(&mut slot, "the file is being opened anew");
        let opened = self.opening.open().map_err(|error| error.to_string()).and_then(|db| {
            let touched = catch_unwind(AssertUnwindSafe(|| format::touch(&db)));
            let touched = touched.unwrap_or_else(|panic| Err(Broken::panicked(&*panic)));
            touched.map_or_else(|broken| Err(broken.why().to_owned()), |()| Ok(db))
        });
        match opened {
            Ok(db) => {
                *slot = Ok(db);
                drop(slot);
                self.refusing = None;
                *self.shared.health() = Health::Ready;
            }
            Err(why) => {
                drop(slot);
                self.lose(&why);
                if let Some(refusing) = &mut self.refusing {
                    refusing.pause_ms = pause_ms;
                    refusing.again_at_ms = now_ms.saturating_add(pause_ms);
                }
            }
        }
        // What happened while it was being tried is told; the next failure is another one.
        let _ = self.opening.watch.take_failure();
    }
}
