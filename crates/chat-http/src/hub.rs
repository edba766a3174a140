//! The hub: notification sessions over HTTP, and what they are told.
//!
//! The protocol is the `bayeux` crate's, a state machine without IO; here are the parts it lacks: a
//! lock, a timer, channels to the requests that wait, and rows in the leases, so that another node
//! can go on with a session. What sessions are told is read from the journal by [`follow`].
//!
//! The lock is never held across an await, and everything that a call makes due is carried out
//! before it is released, except the rows, which are written by whoever asked for the change.

mod failing;
mod figures;
mod follow;
mod rows;
mod socket;
mod topics;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bayeux::{
    BrowserId, Callback, ClientId, CloseReason, ConnectionId, ExchangeId, Instant, NewClientIds,
    Output, Owner, Reconnect, Request, Response, Server,
};
use bytes::Bytes;
use chat_model::UserId;
use chat_store::{FeedId, Store as _, Unavailable};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use tokio::sync::{Notify, oneshot};

use crate::agenda::Agenda;
use crate::chance::{Chance, Names};
use crate::clock::Clock;
use crate::config::{Limits, Notifications, User};
use crate::desk::Desk;
use crate::faults::Faults;
use crate::metrics::Metrics;
use crate::storage::AnyStore;
use figures::Figures;
use follow::Followed;
use rows::{Change, Rows, TRIES};
use topics::Topics;

pub(crate) use socket::{NoSocket, Socket};
pub use topics::{Topic, topics};

/// Every notification session of this node.
pub(crate) struct Hub {
    state: Mutex<State>,
    store: AnyStore,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    desk: Arc<Desk>,
    agenda: Arc<Agenda>,
    /// Numbers for exchanges and connections.
    numbers: AtomicU64,
    topics: Topics,
    /// What a client may send, readable without the lock.
    bounds: bayeux::Limits,
    most_held: usize,
    /// Whether other processes work with the store, too.
    is_shared: bool,
    /// The next time-out is earlier than the one that is waited for.
    earlier: Notify,
    /// A feed may have news for somebody who listens here.
    news: Notify,
    /// The last websocket is gone.
    sockets_gone: Notify,
    /// Websockets that are still there must go now.
    cut: Notify,
    figures: Figures,
    faults: Option<Faults>,
}

struct State {
    server: Server,
    waiting: IndexMap<ExchangeId, oneshot::Sender<Response>, RandomState>,
    /// Those who write on websockets, to be woken when there is something to write.
    sockets: IndexMap<ConnectionId, Arc<Notify>>,
    followed: IndexMap<FeedId, Followed, RandomState>,
    /// Those of them that may hold more, each once.
    fresh: VecDeque<FeedId>,
    rows: Rows,
    /// The time-out that is waited for.
    armed: Option<Instant>,
}

/// What the hub works with.
pub(crate) struct Tools<'a> {
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) agenda: Arc<Agenda>,
    pub(crate) metrics: &'a Metrics,
    pub(crate) faults: Option<Faults>,
    /// Whether other processes work with the store, too.
    pub(crate) is_shared: bool,
}

/// Why the hub has no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// More polls are held than allowed.
    Crowded,
    /// The store does not answer.
    Unavailable(Unavailable),
    /// The server stops, or dropped the exchange.
    Gone,
}

impl Hub {
    pub(crate) fn new(tools: Tools<'_>, limits: &Limits, notifications: &Notifications) -> Self {
        let Tools { store, clock, chance, desk, agenda, metrics, faults, is_shared } = tools;
        let config = bayeux_config(limits, notifications);
        let bounds = config.limits;
        let state = State {
            rows: Rows::new(&config),
            server: Server::new(config),
            waiting: IndexMap::default(),
            sockets: IndexMap::new(),
            followed: IndexMap::default(),
            fresh: VecDeque::new(),
            armed: None,
        };
        Self {
            state: Mutex::new(state),
            store,
            clock,
            chance,
            desk,
            agenda,
            numbers: AtomicU64::new(1),
            topics: Topics::new(),
            bounds,
            most_held: limits.max_held_polls,
            is_shared,
            earlier: Notify::new(),
            news: Notify::new(),
            sockets_gone: Notify::new(),
            cut: Notify::new(),
            faults,
            figures: Figures::new(metrics),
        }
    }

    /// Answers one request of `user`; a poll is answered when there is news or its time is up. With
    /// a callback the answer is a script.
    ///
    /// Dropped before that, it takes note that the connection broke (BAYEUX-4.7).
    pub(crate) async fn handle(
        &self,
        user: &User,
        browser: Option<BrowserId>,
        callback: Option<Callback>,
        body: Bytes,
    ) -> Result<Response, NoAnswer> {
        // Boxed, and gone by the time that a poll is held, with all that it took to open the exchange.
        let (answered, mut lost) = match Box::pin(self.open(user, browser, callback, body)).await? {
            Opened::Unreadable(response) => return Ok(response),
            Opened::Waiting(answered, lost) => (answered, lost),
        };
        let response = answered.await.map_err(|_| NoAnswer::Gone)?;
        lost.exchange = None;
        Ok(response)
    }

    async fn open(
        &self,
        user: &User,
        browser: Option<BrowserId>,
        callback: Option<Callback>,
        body: Bytes,
    ) -> Result<Opened<'_>, NoAnswer> {
        let owner = Owner::new(user.id.as_str());
        for _ in 0..TRIES {
            let exchange = ExchangeId::new(self.next_number());
            let request = match Request::read(exchange, &owner, &body, &self.bounds) {
                Ok(request) => request.with_browser(browser.clone()),
                Err(response) => return Ok(Opened::Unreadable(response)),
            };
            let request = match &callback {
                Some(callback) => request.with_callback(callback.clone()),
                None => request,
            };
            let request = request.with_denied_subscriptions(self.topics.denied_to(user));
            let request = self.prepare(&user.id, &owner, request).await?;

            let (answer, answered) = oneshot::channel();
            let changes = {
                let mut state = self.state();
                if state.waiting.len() >= self.most_held {
                    return Err(NoAnswer::Crowded);
                }
                state.waiting.insert(exchange, answer);
                let mut ids = ClientIds(&*self.chance);
                state.server.handle(self.now(), request, &mut ids);
                self.carry_out(state)
            };
            // A session is stored before its client hears of it.
            let lost = OnLoss { hub: self, exchange: Some(exchange) };
            if changes.is_empty() || self.keep(changes).await {
                return Ok(Opened::Waiting(answered, lost));
            }
            // Another request took the session to another node before it was stored. Whatever was to be
            // answered is not true there: again, on what that node has (decision 26).
        }
        Err(Unavailable::new("other nodes took the session each time").into())
    }

    /// Brings along what the server cannot know: where the feed stands, and sessions of other nodes.
    async fn prepare<'a>(
        &self,
        user: &UserId,
        owner: &Owner,
        request: Request<'a>,
    ) -> Result<Request<'a>, Unavailable> {
        if request.is_handshake() {
            // DEC-44: the session gets what comes after.
            let feed = FeedId::user(user);
            let request = request.with_cursor(self.store.feed_head(&feed).await?);
            if let Some(checkpoint) = request.checkpoint()
                && let page = self.store.feed(&feed, checkpoint, 1).await
                && follow::unless_damaged(page)?.is_some_and(|page| !page.gap_after(checkpoint))
            {
                // DEC-71: what the feed has lost cannot be told again.
                return Ok(request.with_start(checkpoint));
            }
            return Ok(request);
        }
        let Some(client_id) = request.client_id() else { return Ok(request) };
        if self.is_shared && self.state().server.knows(&client_id) {
            // Requests of one client may come to many nodes, each of which remembers the session as it
            // was when it had it.
            Box::pin(self.see_who_has(&client_id)).await?;
        }
        if !self.state().server.knows(&client_id) {
            // Boxed because it is rare, and every held poll would have room for it.
            Box::pin(self.adopt(owner, &client_id, request.acknowledged())).await?;
            // What it has missed goes into this answer, not into the next one.
            Box::pin(self.tell_now(user)).await?;
        }
        Ok(request)
    }

    /// Ends the user's sessions: clients are told to stop (DEC-45, NOTIF-5.5).
    pub(crate) fn end(&self, user: &UserId) {
        let mut state = self.state();
        state.server.end_owner(self.now(), &Owner::new(user.as_str()));
        self.carry_out(state);
    }

    /// Answers every poll and takes no more (DEC-45).
    pub(crate) fn stop(&self, how: Reconnect) {
        let mut state = self.state();
        state.server.shutdown(self.now(), how);
        self.carry_out(state);
    }

    /// Does what time makes due, as it becomes due, for as long as it is polled.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.arm();
            let pause = next.map(|next| {
                Duration::from_millis(next.as_millis().saturating_sub(self.clock.monotonic_ms()))
            });
            tokio::select! {
                // Without a session a look now and then does no harm.
                () = tokio::time::sleep(pause.unwrap_or(Duration::from_secs(60))) => self.tick(),
                () = self.earlier.notified() => {}
            }
        }
    }

    /// Does what is due by now: answers polls, removes silent sessions (BAYEUX-4.3, BAYEUX-10).
    pub(crate) fn tick(&self) {
        let mut state = self.state();
        state.server.handle_timeout(self.now());
        self.carry_out(state);
    }

    fn arm(&self) -> Option<Instant> {
        let mut state = self.state();
        state.armed = state.server.poll_timeout();
        state.armed
    }

    /// Takes everything that the server wants done, and names the sessions that changed.
    fn carry_out(&self, mut state: MutexGuard<'_, State>) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut has_news = false;
        while let Some(output) = state.server.poll_output() {
            match output {
                Output::Respond { exchange, response } => {
                    if let Some(waiting) = state.waiting.swap_remove(&exchange) {
                        // The request may have gone at this very moment; its drop says so, too.
                        let _ = waiting.send(response);
                    }
                }
                Output::FramesReady { connection } => {
                    if let Some(socket) = state.sockets.get(&connection) {
                        socket.notify_one();
                    }
                }
                Output::SessionOpened { client_id, owner, cursor } => {
                    state.follow(&owner, cursor, self.clock.now_ms());
                    self.agenda.agent_found(&user_of(&owner));
                    has_news = true;
                    changes.push(state.rows.changed(client_id));
                }
                Output::SessionChanged { client_id, .. } => {
                    changes.push(state.rows.changed(client_id));
                }
                Output::SessionBehind { owner, cursor } => {
                    state.follow(&owner, cursor, self.clock.now_ms());
                    has_news = true;
                }
                Output::SessionAcknowledged { client_id, .. } => {
                    state.rows.moved(&client_id);
                }
                Output::SessionClosed { client_id, owner, reason, last_of_owner } => {
                    self.figures.closed(reason);
                    state.rows.closed(client_id, reason);
                    if last_of_owner {
                        let user = user_of(&owner);
                        state.followed.swap_remove(&FeedId::user(&user));
                        // Who went on elsewhere or logged out is not lost.
                        if !matches!(reason, CloseReason::Released | CloseReason::Ended) {
                            self.agenda.agent_lost(&user);
                        }
                    }
                    has_news = true;
                }
                _ => {}
            }
        }
        let next = state.server.poll_timeout();
        let is_earlier = next.is_some_and(|next| state.armed.is_none_or(|armed| next < armed));
        if is_earlier {
            state.armed = next;
        }
        self.figures.polls.set(state.waiting.len() as f64);
        if has_news {
            self.figures.sessions.set(state.server.session_count() as f64);
        }
        drop(state);
        if is_earlier {
            self.earlier.notify_one();
        }
        if has_news {
            self.news.notify_one();
        }
        changes
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.clock.monotonic_ms())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The server's state is whole between two calls, whatever became of the caller.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has become of a request: the answer comes, now or later, unless it is no batch of messages.
enum Opened<'a> {
    Unreadable(Response),
    Waiting(oneshot::Receiver<Response>, OnLoss<'a>),
}

/// A request whose answer nobody waits for any more.
struct OnLoss<'a> {
    hub: &'a Hub,
    exchange: Option<ExchangeId>,
}

impl Drop for OnLoss<'_> {
    fn drop(&mut self) {
        let Some(exchange) = self.exchange else { return };
        let mut state = self.hub.state();
        state.waiting.swap_remove(&exchange);
        state.server.exchange_lost(self.hub.now(), exchange);
        self.hub.carry_out(state);
    }
}

/// BAYEUX-2.1: letters and digits only, 26 of them are 154 bits of chance.
struct ClientIds<'a>(&'a dyn Chance);

impl NewClientIds for ClientIds<'_> {
    fn client_id(&mut self, _: &Owner) -> ClientId {
        ClientId::new(Names(self.0).alphanumeric(26))
    }

    fn browser_id(&mut self) -> BrowserId {
        BrowserId::new(Names(self.0).alphanumeric(22))
    }
}

fn user_of(owner: &Owner) -> UserId {
    UserId::new(owner.as_str())
}

fn bayeux_config(limits: &Limits, notifications: &Notifications) -> bayeux::Config {
    let mut config = bayeux::Config::default();
    config.timeout_ms = notifications.timeout_ms.into();
    config.interval_ms = notifications.interval_ms.into();
    config.max_interval_ms = notifications.max_interval_ms.into();
    config.limits.body_bytes = limits.max_body_bytes;
    config.limits.queue_events = notifications.max_queued_events;
    config.limits.queue_bytes = notifications.max_queued_bytes;
    config.limits.sessions_per_owner = notifications.max_sessions_per_user;
    config.limits.sessions = notifications.max_sessions;
    config.limits.connections = notifications.max_websockets;
    config.limits.connections_per_owner = notifications.max_websockets_per_user;
    config.max_sessions_per_browser = Some(notifications.max_sessions_per_browser);
    config.channels = topics::known();
    if notifications.callback_polling {
        config.connection_types.push("callback-polling".to_owned());
    }
    if notifications.websocket {
        config.connection_types.push("websocket".to_owned());
    }
    config
}

impl From<Unavailable> for NoAnswer {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Hub")
            .field("sessions", &state.server.session_count())
            .field("held", &state.waiting.len())
            .finish_non_exhaustive()
    }
}
