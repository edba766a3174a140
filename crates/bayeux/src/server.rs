//! The server half: every session of this node, its clock and its answers.
//!
//! The methods are what can happen in the world (a request, an event, a time-out, a broken
//! connection); consequences come out of [`Server::poll_output`]. Messages are answered in
//! `server/answer.rs`, `server/delivery.rs` knows how events and endings reach clients,
//! `server/websocket.rs` what is different on websockets, and `server/registry.rs` keeps the indexes
//! that make every step independent of how many sessions others have.

mod answer;
mod connections;
mod delivery;
mod farewell;
mod registry;
mod websocket;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;

use self::connections::Connections;
use self::delivery::Parting;
use self::farewell::Farewells;
use self::registry::Registry;
pub use self::websocket::ConnectionRefused;
use crate::ack::Event;
use crate::advice::Reconnect;
use crate::config::{Config, Limits};
use crate::framing::{CloseCode, Response};
use crate::id::{ExchangeId, Instant, NewClientIds, Owner};
use crate::output::{CloseReason, Output};
use crate::request::Request;
use crate::session::{Link, Session, SessionRow};

/// Bayeux sessions and what is owed to them.
///
/// After each call take everything from [`Server::poll_output`] and arm one timer for
/// [`Server::poll_timeout`].
#[derive(Debug)]
#[must_use]
pub struct Server {
    config: Config,
    registry: Registry,
    connections: Connections,
    farewells: Farewells,
    outputs: VecDeque<Output>,
    closed: bool,
}

impl Server {
    /// A server without sessions.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            registry: Registry::default(),
            connections: Connections::default(),
            farewells: Farewells::default(),
            outputs: VecDeque::new(),
            closed: false,
        }
    }

    /// The limits for [`Request::read`], to be copied out of a lock.
    pub fn limits(&self) -> Limits {
        self.config.limits
    }

    /// Whether a session of this name lives here. If not, a host that stores sessions restores it
    /// before [`Server::handle`], which would answer 402 (BAYEUX-2.5).
    ///
    /// That its owner is the one who asks is checked by `handle`, not here.
    pub fn knows(&self, client_id: &str) -> bool {
        self.registry.find(client_id).is_some()
    }

    /// Takes a request. Its response comes out now, or later if it is a connect that is held.
    ///
    /// A frame of a websocket that is being closed is dropped; its client has to come again.
    pub fn handle(&mut self, now: Instant, request: Request<'_>, ids: &mut dyn NewClientIds) {
        if let Some(connection) = request.via.connection() {
            if !self.hears(now, connection) {
                return;
            }
        } else if let Some(exchange) = request.via.exchange().filter(|_| self.closed) {
            // Clients take a status other than 200 as a failure and come again (BAYEUX-14.1).
            return self.respond(exchange, Response::empty(503));
        }
        if request.is_handshake() {
            self.shake_hands(now, &request, ids);
        } else {
            self.converse(now, &request);
        }
    }

    /// Delivers what happened at `cursor` of the owner's feed to every session of the owner that
    /// subscribed to it (NOTIF-2.11 to -2.14).
    ///
    /// Events of one cursor are one unit: they are sent, acknowledged and sent again together, in
    /// this order. A session ignores a cursor that it has seen, so publishing again is safe.
    pub fn publish(
        &mut self,
        now: Instant,
        owner: &Owner,
        cursor: u64,
        events: impl Into<Arc<[Event]>>,
    ) {
        self.publish_all(now, owner, &[(cursor, events.into())]);
    }

    /// As [`Server::publish`] of one unit after the other, the oldest first; a connect that is held is
    /// answered with all of them.
    pub fn publish_all(&mut self, now: Instant, owner: &Owner, units: &[(u64, Arc<[Event]>)]) {
        for key in self.registry.of_owner(owner) {
            for (cursor, events) in units {
                self.offer(now, key, Some(*cursor), events);
            }
            self.tell(now, key);
        }
    }

    /// Delivers what happened beside the owner's feed to every session of the owner that subscribed
    /// to it, in order with the rest.
    ///
    /// Such events have no cursor, so that nobody can confirm them: with acknowledgement, too, they
    /// are sent once, and lost with the response that carries them (BAYEUX-4.7).
    pub fn publish_aside(&mut self, now: Instant, owner: &Owner, events: impl Into<Arc<[Event]>>) {
        let keys = self.registry.of_owner(owner);
        if keys.is_empty() {
            return;
        }
        let events = events.into();
        for key in keys {
            self.offer(now, key, None, &events);
            self.tell(now, key);
        }
    }

    /// Takes back a session from storage or from another node. The host then publishes again what
    /// its owner's feed has after [`SessionRow::checkpoint`], before or after it hands over the
    /// client's request: what the client has already is left out.
    ///
    /// # Errors
    /// [`RestoreError`] if the session is here already or there is no room for it.
    pub fn restore(&mut self, now: Instant, row: SessionRow) -> Result<(), RestoreError> {
        if self.knows(row.client_id.as_str()) {
            return Err(RestoreError::Present);
        }
        if self.closed || !self.has_room(&row.owner) {
            return Err(RestoreError::NoRoom);
        }
        let lives = self.config.grace_ms(self.config.interval_ms);
        self.registry.insert(Session::restored(row), now.after(lives));
        Ok(())
    }

    /// What another node would need to go on with a session.
    pub fn export(&self, client_id: &str) -> Option<SessionRow> {
        self.registry.get(self.registry.find(client_id)?).map(Session::row)
    }

    /// Every session, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = SessionRow> {
        self.registry.iter().map(Session::row)
    }

    /// How many sessions live here.
    pub fn session_count(&self) -> usize {
        self.registry.len()
    }

    /// How many sessions of `owner` live here.
    pub fn session_count_of(&self, owner: &Owner) -> usize {
        self.registry.count_of(owner)
    }

    /// Ends every session of an owner, who logged out: clients are told to stop (NOTIF-5.5, DEC-45), with
    /// the connect that is held or the next one, and their websockets are closed.
    pub fn end_owner(&mut self, now: Instant, owner: &Owner) {
        self.drop_owner(now, owner, Reconnect::None);
        for connection in self.connections.of_owner(owner) {
            self.begin_close(connection, CloseCode::Normal);
        }
    }

    /// Removes every session of an owner as [`Server::drop_session`] does.
    pub fn drop_owner(&mut self, _now: Instant, owner: &Owner, how: Reconnect) {
        for key in self.registry.of_owner(owner) {
            self.close_as(key, how);
        }
    }

    /// Removes one session. A held connect is answered at once (DEC-45): with `Handshake`, 402; with
    /// `Retry`, as if nothing had happened, because another node goes on with the session; with
    /// `None`, the client is told to stop. False if there is no such session.
    pub fn drop_session(&mut self, _now: Instant, client_id: &str, how: Reconnect) -> bool {
        let Some(key) = self.registry.find(client_id) else { return false };
        self.close_as(key, how);
        true
    }

    /// Removes every session as [`Server::drop_session`] does and answers everything from now on
    /// with HTTP 503; websockets are closed. `Retry` where another node can resume the sessions, else
    /// `Handshake` (DEC-45).
    ///
    /// Take [`Server::rows`] before, to store the last checkpoints.
    pub fn shutdown(&mut self, _now: Instant, how: Reconnect) {
        self.closed = true;
        // Before their sessions end, which would say why for each of them.
        for connection in self.connections.ids() {
            self.begin_close(connection, CloseCode::GoingAway);
        }
        for key in self.registry.keys() {
            self.close_as(key, how);
        }
    }

    /// Takes note that the connection under an exchange broke before it was answered
    /// (BAYEUX-4.7). Nothing will be said on it; the session waits for its client's next connect.
    pub fn exchange_lost(&mut self, now: Instant, exchange: ExchangeId) {
        let Some(key) = self.registry.holder(exchange) else { return };
        self.abandon(key);
        self.expect_connect(now, key, self.config.interval_ms);
    }

    /// Does what is due: answers held connects, removes silent sessions (BAYEUX-4.3, BAYEUX-10).
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(key) = self.registry.due(now) {
            if self.registry.get(key).is_some_and(|session| session.held.is_some()) {
                self.wake(now, key);
            } else {
                self.close(key, CloseReason::TimedOut, Parting::Forgotten);
            }
        }
        self.close_silent_connections(now);
        self.farewells.forget(now);
    }

    /// When [`Server::handle_timeout`] is due; it may turn out then that nothing is, and this says when to
    /// look again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let idle = self.connections.next_due();
        self.registry.next_due().into_iter().chain(idle).min()
    }

    /// The next thing for the host to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn has_room(&self, owner: &Owner) -> bool {
        let limits = &self.config.limits;
        self.registry.len() < limits.sessions
            && self.registry.count_of(owner) < limits.sessions_per_owner
    }
}

/// Why a session was not restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// It lives here already.
    Present,
    /// The owner or the server has as many sessions as allowed, or the server is shut down.
    NoRoom,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "expected a session that is not here, found it here",
            Self::NoRoom => "expected room for a session, found none",
        })
    }
}

impl core::error::Error for RestoreError {}
