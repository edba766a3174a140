//! What all handlers share, and the router that carries it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use chat_model::{ChatFile, Rules};
use chat_store::{Leases, Store, Unavailable};
use tower::util::option_layer;

use crate::agents::Agents;
use crate::chance::{Chance, SystemChance};
use crate::chats::{Chats, Parts};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, User};
use crate::cors::{self, Origins};
use crate::dispatch::{Distributor, LongestWaiting};
use crate::docs::Documents;
use crate::faults::Faults;
use crate::hooks::Hooked;
use crate::identity::{self, Flights, Passwords, Tag, Throttle};
use crate::metrics::Metrics;
use crate::observe::{CatchPanic, Observe, RequestIds};
use crate::recording::Recorder;
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::routes::{self, Route};
use crate::session::Sessions;
use crate::storage::AnyStore;
use crate::tls::{self, TlsAcceptor};
use crate::vitals::{Complaint, NoVitals, Vitals};
use crate::weigh::{Scales, Weigh};

/// The contact centre as one HTTP service: everything but the socket.
///
/// Cloning is cheap; clones are the same server.
#[derive(Clone)]
pub struct App {
    pub(crate) server: Shared,
}

/// The state of the router.
pub(crate) type Shared = Arc<Server>;

/// What all handlers share. The parts know each other as little as possible; whoever needs several
/// finds them here.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) config: Config,
    /// What the model is told of the configuration.
    pub(crate) rules: Rules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: AnyStore,
    pub(crate) roster: Arc<Roster>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    /// The logins that are being checked.
    pub(crate) logins: Flights<Tag, Option<Arc<User>>>,
    pub(crate) origins: Origins,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) sessions: Sessions,
    pub(crate) agents: Arc<Agents>,
    pub(crate) chats: Arc<Chats>,
    pub(crate) hooks: Hooked,
    pub(crate) metrics: Metrics,
    pub(crate) request_ids: RequestIds,
    scales: Arc<Scales>,
    pub(crate) vitals: Box<dyn Vitals>,
    pub(crate) documents: Documents,
    pub(crate) faults: Option<Faults>,
    pub(crate) recorder: Option<Recorder>,
    stopping: AtomicBool,
    /// Whether operators were told that the store is not ready.
    complained: AtomicBool,
}

/// Parts of a server that somebody may want to bring along.
#[derive(Debug)]
#[non_exhaustive]
pub struct Extras {
    /// Where new names come from; the system by default.
    pub chance: Arc<dyn Chance>,
    /// Who is offered a waiting chat; the longest waiting agent by default (DEC-40).
    pub distributor: Box<dyn Distributor>,
    /// What the store tells of itself; nothing by default.
    pub vitals: Box<dyn Vitals>,
    /// What `/docs` shows; nothing by default.
    pub documents: Documents,
    /// What fails on demand; nothing by default, and then nothing asks.
    pub faults: Option<Faults>,
    /// Who writes down what crosses the wire; nobody by default, and then nothing asks.
    pub recorder: Option<Recorder>,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            chance: Arc::new(SystemChance),
            distributor: Box::new(LongestWaiting),
            vitals: Box::new(NoVitals::new()),
            documents: Documents::new(),
            faults: None,
            recorder: None,
        }
    }
}

impl App {
    /// Puts a server together.
    ///
    /// Reads random bytes from the system and panics if it has none.
    ///
    /// # Errors
    /// What [`Config::validate`] finds, and a certificate or key that cannot be used.
    pub fn new(
        config: Config,
        store: impl Store + Leases,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        Self::with(config, store, clock, Extras::default())
    }

    /// Puts a server together from parts that are not the usual ones.
    ///
    /// # Errors
    /// What [`Config::validate`] finds, and a certificate or key that cannot be used.
    pub fn with(
        config: Config,
        store: impl Store + Leases,
        clock: Arc<dyn Clock>,
        extras: Extras,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let tls = tls::acceptor(&config.server)?;
        let store = AnyStore::new(store);
        let roster = Arc::new(Roster::new(&config));
        let chance = extras.chance;
        let hooks = Hooked::default();
        let rules = config.rules();
        let metrics = Metrics::new(routes::all());
        if let Some(faults) = &extras.faults {
            faults.install(&roster);
        }
        let agents = Arc::new(Agents::new(
            store.clone(),
            clock.clone(),
            hooks.clone(),
            config.agent_states.clone(),
            &roster,
        ));
        let chats = Arc::new(Chats::new(Parts {
            config: &config,
            rules: rules.clone(),
            store: store.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            roster: roster.clone(),
            agents: agents.clone(),
            distributor: extras.distributor,
            metrics: &metrics,
            is_durable: extras.vitals.is_durable(),
            is_shared: extras.vitals.is_shared(),
            faults: extras.faults.clone(),
        }));
        hooks.install(Arc::new(Arc::downgrade(&chats)));
        let server = Server {
            rules,
            passwords: Passwords::new(&config, clock.clone()),
            throttle: Throttle::new(&config.limits, clock.clone(), &metrics),
            logins: Flights::default(),
            origins: Origins::new(&config.server),
            tls,
            sessions: Sessions::new(
                store.clone(),
                clock.clone(),
                chance.clone(),
                roster.clone(),
                &config,
            ),
            agents,
            chats,
            scales: Arc::new(Scales::new(
                config.limits.max_reply_bytes,
                metrics.gauge(
                    "chat_http_reply_bytes",
                    "Bytes of long replies that clients have not taken yet.",
                ),
            )),
            metrics,
            request_ids: RequestIds::new(&*chance),
            vitals: extras.vitals,
            documents: extras.documents,
            faults: extras.faults,
            recorder: extras.recorder,
            stopping: AtomicBool::new(false),
            complained: AtomicBool::new(false),
            config,
            clock,
            store,
            roster,
            hooks,
        };
        Ok(Self { server: Arc::new(server) })
    }

    /// Does what happens although nobody asks for it, for as long as it is polled: tells sessions
    /// their news, answers polls whose time is up, lets invitations lapse, offers waiting chats.
    ///
    /// [`serve`](crate::serve) does it; whoever calls the router by other means polls this beside.
    pub async fn work(&self) {
        self.server.chats.work().await;
    }

    /// The address that clients know it by: what stands before `/chats/{id}` in whatever it prints.
    pub fn address(&self) -> &str {
        self.server.rules.base()
    }

    /// Whether the server itself speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        self.server.tls.is_some()
    }

    /// Reads the certificate and its key again; new connections are shown them from then on. Nothing
    /// happens without TLS.
    ///
    /// # Errors
    /// The files cannot be used. Then those that were are used further.
    pub fn read_certificate_again(&self) -> Result<(), ConfigError> {
        self.server.tls.as_ref().map_or(Ok(()), TlsAcceptor::read_again)
    }

    /// Does at once everything that is due by the clock: for trials whose clock is moved by hand.
    pub async fn catch_up(&self) {
        self.server.chats.hub.forget_in_time();
        self.server.chats.catch_up().await;
    }

    /// Brings chats into the contact centre and says how many were not there yet. A chat that is
    /// there stays as it is.
    ///
    /// # Errors
    /// The store does not take them. Those before may have been taken.
    pub async fn import(&self, chats: Vec<ChatFile>) -> Result<usize, Unavailable> {
        self.server.chats.import(chats).await
    }

    /// The router with every route; [`serve`](crate::serve) puts it on a socket.
    pub fn router(&self) -> Router {
        self.router_of(routes::all())
    }

    fn router_of(&self, routes: impl Iterator<Item = &'static Route>) -> Router {
        let mut router = Router::new();
        for route in routes {
            router = router.route(route.path(), route.handler());
            // PLAT-1.1-7
            if !route.path().contains("{*") {
                router = router.route(&format!("{}/", route.path()), route.handler());
            }
        }
        let server = self.server.clone();
        let (origins, csrf) = (&self.server.origins, self.server.config.server.csrf_protection);
        router
            .fallback(async || Refusal::no_such_route())
            .method_not_allowed_fallback(async || Refusal::method_not_allowed())
            // In one layer, because each is one more box around every request. The innermost last: a
            // panic is an answer like any other to those around it.
            .layer((
                Observe(self.server.clone()),
                option_layer(origins.allow_any().then(|| from_fn_with_state(server, cors::permit))),
                option_layer(csrf.then(|| from_fn(identity::tell_csrf_token))),
                CatchPanic,
                Weigh(self.server.scales.clone()),
            ))
            .with_state(self.server.clone())
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("config", &self.server.config).finish_non_exhaustive()
    }
}

impl Server {
    /// Whether the store can do all that it is there for. Why not goes to the log, when it begins.
    ///
    /// # Errors
    /// What it cannot do, for whoever asks.
    pub(crate) fn store_is_sound(&self) -> Result<(), &'static str> {
        let complaint = self.vitals.complaint();
        let complained = self.complained.swap(complaint.is_some(), Ordering::Relaxed);
        match &complaint {
            Some(Complaint { what, why }) if !complained => {
                tracing::error!(what, why, "the store is not ready");
            }
            None if complained => tracing::info!("the store is ready again"),
            _ => {}
        }
        complaint.map_or(Ok(()), |complaint| Err(complaint.what))
    }

    /// Writes down how far the sessions have come, where another process can go on with them.
    pub(crate) async fn save_sessions(&self) {
        if self.vitals.is_durable() {
            self.chats.hub.save_all().await;
        }
    }

    /// The server is about to stop: it is not ready any more, and held polls are answered.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.hooks.stopping();
    }

    /// Whether something stands around the router: faults, or who writes down.
    pub(crate) fn is_watched(&self) -> bool {
        self.faults.is_some() || self.recorder.is_some()
    }

    /// Whether it is about to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
