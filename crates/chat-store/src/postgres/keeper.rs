//! The one task behind a store: it listens to other nodes, tells them what grew here, looks every
//! second whether a hint was lost, and whether the server still is what it was.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::figures::count;
use super::session::{Session, Values};
use super::sql::{Query, quoted};
use super::{Access, Fault, Health, Hints, OpenError, Settings, Shared, rows, wake};
use crate::{FeedId, Wake};

/// How often it looks, and how long a hint that was lost is late at most.
const BEAT: Duration = Duration::from_secs(1);

const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What other nodes have not been told yet. Many appends become one notification.
#[derive(Default)]
pub(super) struct Outbox {
    pending: Mutex<BTreeMap<FeedId, u64>>,
    ring: Notify,
    closed: AtomicBool,
}

impl Outbox {
    pub(super) fn put(&self, wakes: &[Wake]) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for wake in wakes {
            let cursor = pending.entry(wake.feed.clone()).or_default();
            *cursor = wake.cursor.max(*cursor);
        }
        drop(pending);
        self.ring.notify_one();
    }

    fn take(&self) -> BTreeMap<FeedId, u64> {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn close(&self) {
        self.closed.store(true, SeqCst);
        self.ring.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }
}

/// Connects and listens to what other nodes tell.
pub(super) async fn listen(
    access: &Access,
    hints: &Arc<Hints>,
) -> Result<(Session, Settings), OpenError> {
    let own = Arc::new(AtomicI32::new(0));
    let (to, from) = (Arc::clone(hints), Arc::clone(&own));
    let hear = move |notification: &tokio_postgres::Notification| {
        // What this store tells was sent to its own listeners at once.
        if notification.process_id() == from.load(SeqCst) {
            return;
        }
        for wake in wake::read(notification.payload()) {
            count(&to.counters.hints_heard);
            to.send(wake);
        }
    };
    let (session, settings) = Session::connect(access, Box::new(hear)).await?;
    own.store(settings.process, SeqCst);
    session.listen(&quoted(&access.options.schema)).await?;
    Ok((session, settings))
}

impl Hints {
    /// Hands a hint to whoever listens here.
    pub(super) fn send(&self, wake: Wake) {
        self.watched.is_news(&wake.feed, wake.cursor);
        // Without a receiver there is nobody to wake.
        let _ = self.wakes.send(wake);
    }
}

pub(super) struct Keeper {
    /// It does not keep the store alive.
    shared: Weak<Shared>,
    outbox: Arc<Outbox>,
}

/// How a connection of the keeper ended.
enum End {
    Closed,
    Lost(String),
}

impl Keeper {
    pub(super) const fn new(shared: Weak<Shared>, outbox: Arc<Outbox>) -> Self {
        Self { shared, outbox }
    }

    /// Runs until the store is closed or its last handle is gone.
    pub(super) async fn run(self, first: Session) {
        let mut session = first;
        while let End::Lost(why) = self.stay(session).await {
            if let Some(shared) = self.shared.upgrade() {
                count(&shared.hints.counters.listener_losses);
                *shared.health() = Health::Gone(why);
            }
            match self.come_back().await {
                Some(back) => session = back,
                None => return,
            }
        }
    }

    /// Connects anew, for as long as that takes; `None` when the store was closed meanwhile.
    async fn come_back(&self) -> Option<Session> {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.outbox.is_closed() {
                return None;
            }
            let shared = self.shared.upgrade()?;
            let (access, hints) = (Arc::clone(&shared.access), Arc::clone(&shared.hints));
            drop(shared);
            let made = listen(&access, &hints).await;
            let shared = self.shared.upgrade()?;
            match made {
                Ok((session, settings)) => {
                    shared.judge(&settings, None);
                    return Some(session);
                }
                Err(OpenError::Standby) => *shared.health() = Health::Standby,
                Err(why) => *shared.health() = Health::Gone(why.to_string()),
            }
            drop(shared);
            // Hints that nobody can be told grow stale; the others look for themselves.
            self.outbox.take();
            sleep(pause).await;
            pause = BEAT.min(pause * 2);
        }
    }

    /// Uses one connection until it is lost.
    async fn stay(&self, mut session: Session) -> End {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut rung = pin!(self.outbox.ring.notified());
            let look = tokio::select! {
                () = &mut rung => false,
                _ = beat.tick() => true,
                // At once, so that readiness is false before the next client comes.
                () = session.ended() => {
                    return End::Lost("the database has closed the connection".to_owned());
                }
            };
            let told = self.tell(&session).await;
            let looked = match told {
                Ok(()) if look => self.look(&session).await,
                told => told,
            };
            if self.outbox.is_closed() {
                return End::Closed;
            }
            if let Err(fault) = looked {
                return End::Lost(fault.why().to_owned());
            }
        }
    }

    /// Tells other nodes what grew here since it last did.
    async fn tell(&self, session: &Session) -> Result<(), Fault> {
        let pending = self.outbox.take();
        if pending.is_empty() {
            return Ok(());
        }
        // Of a store that is gone as well: its last hints are sent all the same.
        let shared = self.shared.upgrade();
        let Some(access) = shared.as_ref().map(|shared| Arc::clone(&shared.access)) else {
            return Ok(());
        };
        let said = wake::write(&pending);
        let told = run(session, &access, Query::Tell, &[&access.options.schema, &said]).await;
        match (told, shared) {
            (Ok(_), Some(shared)) => {
                let sent = pending.len() as u64;
                shared.hints.counters.hints_sent.fetch_add(sent, SeqCst);
                Ok(())
            }
            // A database that takes no writes sends no notifications either; they are only hints.
            (Err(Fault::Unknown(why)), _) => Err(Fault::Unknown(why)),
            _ => Ok(()),
        }
    }

    /// Looks at the server, and at the feeds somebody here reads.
    async fn look(&self, session: &Session) -> Result<(), Fault> {
        let Some(shared) = self.shared.upgrade() else { return Ok(()) };
        let limit = shared.access.options.answer_within;
        let settings = timeout(limit, session.settings()).await;
        let settings = settings
            .map_err(|_| Fault::Unknown(format!("no answer within {limit:?}")))?
            .map_err(|error| Fault::Unknown(super::error::told(&error)))?;
        let mut refused = None;
        if shared.doubted.load(SeqCst) && !settings.read_only {
            match run(session, &shared.access, Query::MakeRoom, &[]).await {
                Ok(_) => shared.doubted.store(false, SeqCst),
                Err(Fault::Unknown(why)) => return Err(Fault::Unknown(why)),
                Err(fault) => refused = Some(fault.why().to_owned()),
            }
        }
        shared.pool.look_again().await;
        shared.judge(&settings, refused);
        if shared.hints.wakes.receiver_count() == 0 {
            return Ok(());
        }
        let feeds = shared.hints.watched.look();
        let names: Vec<_> = feeds.iter().map(|feed| rows::kept(feed.as_str())).collect();
        if names.is_empty() {
            return Ok(());
        }
        for row in run(session, &shared.access, Query::Heads, &[&names]).await? {
            let feed = rows::feed(rows::column(&row, 0)?)?;
            let head = rows::count(&row, 1)?;
            if shared.hints.watched.is_news(&feed, head) {
                count(&shared.hints.counters.hints_late);
                let _ = shared.hints.wakes.send(Wake::new(feed, head));
            }
        }
        Ok(())
    }
}

async fn run(
    session: &Session,
    access: &Access,
    query: Query,
    values: Values<'_>,
) -> Result<Vec<tokio_postgres::Row>, Fault> {
    let limit = access.options.answer_within;
    match timeout(limit, session.run(query, values)).await {
        Ok(Err(Fault::NotSent(why))) => Err(Fault::Unknown(why)),
        Ok(answer) => answer,
        Err(_) => Err(Fault::Unknown(format!("no answer within {limit:?}"))),
    }
}
