//! The connections: so many and no more, made anew with growing pauses when the server is gone, and
//! thrown away when a call left one in the middle of a statement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool as Managed, PoolError, RecycleError, RecycleResult, TimeoutType,
};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::Row;

use super::session::{Session, Values};
use super::sql::Query;
use super::{Access, Fault, OpenError, Weakness};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How much longer than the server itself a call waits for its answer.
const GRACE: Duration = Duration::from_secs(2);

/// Connections to one database.
pub(super) struct Pool {
    managed: Managed<Maker>,
    access: Arc<Access>,
}

/// How many connections there are, and how many calls wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) open: usize,
    pub(super) idle: usize,
    pub(super) waiting: usize,
}

impl Pool {
    pub(super) fn new(access: Arc<Access>) -> Result<Self, OpenError> {
        let within = Some(access.options.connect_within);
        let maker = Maker::new(Arc::clone(&access));
        let managed = Managed::builder(maker)
            .max_size(access.options.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(within)
            .create_timeout(within)
            .recycle_timeout(within)
            .build()
            .map_err(|error| OpenError::Refused(error.to_string()))?;
        Ok(Self { managed, access })
    }

    /// Runs one statement, which is one transaction.
    pub(super) async fn run(&self, query: Query, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        self.ready(query).await?.run(query, values).await
    }

    /// Runs one statement that may be repeated without harm: over another connection when the one
    /// at hand turns out to be dead.
    pub(super) async fn ask(&self, query: Query, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        match self.run(query, values).await {
            Err(Fault::Unknown(_)) => self.run(query, values).await,
            answer => answer,
        }
    }

    /// A connection on which the statement is prepared. Finding out that the one at hand is dead
    /// costs nothing as long as nothing was sent.
    pub(super) async fn ready(&self, query: Query) -> Result<Lent, Fault> {
        for _ in 0..2 {
            let mut lent = self.lend().await?;
            match lent.prepare(query).await {
                Err(Fault::NotSent(_)) => {}
                prepared => return prepared.map(|()| lent),
            }
        }
        let mut lent = self.lend().await?;
        lent.prepare(query).await.map(|()| lent)
    }

    async fn lend(&self) -> Result<Lent, Fault> {
        let within = self.access.options.connect_within;
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let why = match timeout(left, self.managed.get()).await {
                Ok(Ok(object)) => {
                    let limit = self.access.options.answer_within + GRACE;
                    return Ok(Lent { object: Some(object), busy: false, limit });
                }
                Ok(Err(PoolError::Backend(error))) => {
                    if error.may_pass() && Instant::now() < until {
                        continue;
                    }
                    error.to_string()
                }
                Err(_) | Ok(Err(PoolError::Timeout(TimeoutType::Wait))) => self.too_late(within),
                Ok(Err(other)) => other.to_string(),
            };
            return Err(Fault::NotSent(why));
        }
    }

    fn too_late(&self, within: Duration) -> String {
        if let Some(why) = self.managed.manager().last_failure() {
            return format!("no connection within {within:?}: {why}");
        }
        let most = self.access.options.connections;
        format!("no connection within {within:?}: all {most} are in use")
    }

    /// What the last connection that was made turned out to be weaker in.
    pub(super) fn weaknesses(&self) -> Vec<Weakness> {
        self.managed.manager().weaknesses().clone()
    }

    /// Finds out whether connections are still weaker than they have to be, for as long as they are.
    pub(super) async fn look_again(&self) {
        if !self.weaknesses().is_empty() {
            // What it comes to is remembered, and the connection is not needed.
            let _ = self.managed.manager().make().await;
        }
    }

    pub(super) fn status(&self) -> Status {
        let status = self.managed.status();
        let idle = status.available;
        Status { open: status.size, idle, waiting: status.waiting }
    }

    pub(super) fn close(&self) {
        self.managed.close();
    }
}

/// A connection for one call. One that is dropped in the middle of a statement is closed.
pub(super) struct Lent {
    object: Option<Object<Maker>>,
    busy: bool,
    limit: Duration,
}

impl Lent {
    pub(super) fn session(&self) -> &Session {
        self.object.as_ref().expect("it is taken only by drop")
    }

    async fn prepare(&mut self, query: Query) -> Result<(), Fault> {
        self.busy = true;
        let limit = self.limit;
        match timeout(limit, self.session().prepare(query)).await {
            Ok(Ok(_)) => {
                self.busy = false;
                Ok(())
            }
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::NotSent(format!("no answer within {limit:?}"))),
        }
    }

    /// Runs a statement, for as long as one may take.
    pub(super) async fn run(
        &mut self,
        query: Query,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Fault> {
        self.busy = true;
        let limit = self.limit;
        let answer = match timeout(limit, self.session().run(query, values)).await {
            Ok(answer) => answer,
            Err(_) => return Err(Fault::Unknown(format!("no answer within {limit:?}"))),
        };
        self.busy = matches!(answer, Err(Fault::Unknown(_)));
        answer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.busy
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}

/// Makes connections, and remembers how it went.
pub(super) struct Maker {
    access: Arc<Access>,
    pause: Mutex<Option<Pause>>,
    /// Of the last connection: what a user or a database has been set to meanwhile holds for new ones.
    weaknesses: Mutex<Vec<Weakness>>,
}

/// What came of the last try, and when the next one is due.
#[derive(Clone)]
struct Pause {
    length: Duration,
    until: Instant,
    why: OpenError,
}

impl Maker {
    fn new(access: Arc<Access>) -> Self {
        Self { access, pause: Mutex::default(), weaknesses: Mutex::default() }
    }

    async fn make(&self) -> Result<Session, OpenError> {
        let (session, _) = Session::connect(&self.access, Box::new(|_| ())).await?;
        self.weaknesses().clone_from(&session.weaknesses);
        Ok(session)
    }

    fn weaknesses(&self) -> MutexGuard<'_, Vec<Weakness>> {
        self.weaknesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> Option<Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last_failure(&self) -> Option<OpenError> {
        self.pause().map(|pause| pause.why)
    }
}

impl Manager for Maker {
    type Type = Session;
    type Error = OpenError;

    async fn create(&self) -> Result<Session, OpenError> {
        if let Some(pause) = self.pause() {
            sleep_until(pause.until).await;
        }
        let made = self.make().await;
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        match made {
            Ok(session) => {
                *pause = None;
                Ok(session)
            }
            Err(why) => {
                // Many try at once; the pause grows only once it is over.
                let now = Instant::now();
                if pause.as_ref().is_none_or(|pause| pause.until <= now) {
                    let was = pause.as_ref().map(|pause| pause.length);
                    let length = was.map_or(FIRST_PAUSE, |was| LONGEST_PAUSE.min(was * 2));
                    *pause = Some(Pause { length, until: now + length, why: why.clone() });
                }
                Err(why)
            }
        }
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<OpenError> {
        if session.is_closed() {
            Err(RecycleError::message("closed"))
        } else if !session.weaknesses.is_empty() && !self.access.options.accept_weaker {
            // Another one may do.
            Err(RecycleError::message("weaker"))
        } else {
            Ok(())
        }
    }
}
