//! The store in PostgreSQL: where one machine is outgrown, and many nodes are one system.
//!
//! One append is one call of one function: one round trip, one transaction. The cursor of a feed is
//! a counter whose row stays locked until the commit, so cursors become visible in their order; a
//! sequence would give them out before. Rows are locked in one order everywhere, so nothing ever
//! waits in a circle.
//!
//! Durability is the server's: what it has to promise is an option, and its settings are compared
//! with that when the store is opened and every second from then on.
//!
//! Behind PgBouncer use the session mode. In transaction mode nothing is lost either, provided that
//! it keeps prepared statements (`max_prepared_statements`, version 1.21) and lets `options` pass;
//! but notifications do not arrive, and hints come with the look that is taken every second.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Wake;
use crate::memory::{WAKES, millis};
use durability::Settings;
pub use durability::{Durability, Health, Weakness};
use error::Fault;
pub use error::OpenError;
use figures::Counters;
pub use figures::Figures;
use keeper::{Keeper, Outbox};
pub use options::PostgresOptions;
use pool::Pool;
use sql::Texts;
use wake::Watched;

mod durability;
mod error;
mod figures;
mod keeper;
mod options;
mod pool;
mod rows;
mod schema;
mod session;
mod sql;
mod store;
mod tls;
mod wake;
mod walk;

/// A [`Store`](crate::Store) and [`Leases`](crate::Leases) in a schema of a PostgreSQL database.
/// Clones are handles to the same connections; other nodes open their own.
///
/// `Ok` means what [`PostgresOptions::durability`] says. Its futures run in the tokio runtime it
/// was opened in.
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

/// How the database is reached.
struct Access {
    options: PostgresOptions,
    config: Config,
    tls: MakeRustlsConnect,
    texts: Arc<Texts>,
}

/// What handles and the keeper share.
struct Shared {
    access: Arc<Access>,
    pool: Pool,
    hints: Arc<Hints>,
    outbox: Arc<Outbox>,
    health: Mutex<Health>,
    /// What was met that this program cannot have written.
    damage: OnceLock<String>,
    /// The database has refused to write, and has not been asked again yet.
    doubted: AtomicBool,
    window_ms: i64,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// Where hints go, wherever they come from.
struct Hints {
    wakes: broadcast::Sender<Wake>,
    watched: Watched,
    counters: Counters,
}

impl PostgresOptions {
    /// Connects, compares what the server promises with what was asked for, brings the schema up to
    /// date, and keeps listening to other nodes from then on.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing was changed then but, at most, the schema brought up to date.
    pub async fn open(&self) -> Result<PostgresStore, OpenError> {
        let access = Arc::new(Access {
            options: self.clone(),
            config: self.connecting(),
            tls: tls::connector(&self.trust)?,
            texts: Arc::new(Texts::new(&self.schema)),
        });
        let hints = Arc::new(Hints {
            wakes: broadcast::Sender::new(WAKES),
            watched: Watched::default(),
            counters: Counters::default(),
        });
        let listening = keeper::listen(&access, &hints);
        let (mut session, settings) = listening.await?;
        let weaknesses = settings.weaknesses(self.durability);
        if !weaknesses.is_empty() && !self.accept_weaker {
            return Err(OpenError::Weaker(weaknesses));
        }
        schema::prepare(session.client(), &self.schema, self.must_exist).await?;
        let outbox = Arc::new(Outbox::default());
        let shared = Arc::new(Shared {
            pool: Pool::new(Arc::clone(&access))?,
            access,
            hints,
            outbox: Arc::clone(&outbox),
            health: Mutex::new(Health::Ready),
            damage: OnceLock::new(),
            doubted: AtomicBool::new(false),
            window_ms: millis(self.window),
            keeper: Mutex::new(None),
        });
        shared.judge(&settings, None);
        let keeper = Keeper::new(Arc::downgrade(&shared), outbox);
        *shared.keeper() = Some(tokio::spawn(keeper.run(session)));
        Ok(PostgresStore { shared })
    }
}

impl PostgresStore {
    /// Whether the store can do its work, as of the last second, and has met no damage.
    pub fn health(&self) -> Health {
        let health = self.shared.health().clone();
        match self.shared.damage.get() {
            Some(why) if health.is_ready() => Health::Damaged(why.clone()),
            _ => health,
        }
    }

    /// What the store has counted, and its connections.
    pub fn figures(&self) -> Figures {
        self.shared.hints.counters.read(self.shared.pool.status())
    }

    /// Sends the hints that wait and closes the connections. Handles refuse what they are asked
    /// from now on. Calls that are under way end as they may.
    pub async fn close(&self) {
        self.shared.outbox.close();
        let keeper = self.shared.keeper().take();
        if let Some(keeper) = keeper {
            // It panics never, and is never aborted.
            let _ = keeper.await;
        }
        self.shared.pool.close();
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("options", &self.shared.access.options)
            .field("health", &*self.shared.health())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keeper(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing must be written now, if so.
    fn refusal(&self) -> Option<String> {
        match &*self.health() {
            weaker @ Health::Weaker(_) if !self.access.options.accept_weaker => {
                Some(weaker.to_string())
            }
            _ => None,
        }
    }

    /// Draws the conclusion from what the server says and, where it was tried, why nothing could
    /// be written.
    fn judge(&self, settings: &Settings, refused: Option<String>) {
        let mut weaknesses = settings.weaknesses(self.access.options.durability);
        for weakness in self.pool.weaknesses() {
            if !weaknesses.contains(&weakness) {
                weaknesses.push(weakness);
            }
        }
        *self.health() = if settings.standby {
            Health::Standby
        } else if settings.read_only {
            Health::ReadOnly("transaction_read_only is on".to_owned())
        } else if let Some(why) = refused {
            Health::ReadOnly(why)
        } else if weaknesses.is_empty() {
            Health::Ready
        } else {
            Health::Weaker(weaknesses)
        };
    }

    /// The database has refused to write for a reason that is not this write's own.
    fn doubt(&self) {
        self.doubted.store(true, SeqCst);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.outbox.close();
    }
}
