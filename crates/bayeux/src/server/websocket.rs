//! What happens on websockets (BAYEUX-12.2).
//!
//! Nothing is written from here. The host asks for the next frame when it can write one, so that
//! events wait in the bounded queues of their sessions until that very moment: what a broken
//! connection did not take is there for the next one, and a client that does not read fills its
//! session's queue and nothing else.

use core::fmt;

use bytes::Bytes;

use super::connections::Outgoing;
use super::delivery::Parting;
use super::registry::Key;
use super::{Link, Server};
use crate::advice::Reconnect;
use crate::framing::{CloseCode, Frame};
use crate::id::{ConnectionId, Instant, Owner};
use crate::output::Output;

/// Why a websocket is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionRefused {
    /// The owner has as many as allowed.
    TooManyOfOwner,
    /// The server has as many as allowed.
    TooMany,
    /// The server is shut down.
    Closed,
}

impl Server {
    /// Takes a websocket of an authenticated owner.
    ///
    /// # Errors
    /// [`ConnectionRefused`]; see [`Server::admits_connection`].
    pub fn open_connection(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        owner: &Owner,
    ) -> Result<(), ConnectionRefused> {
        self.admits_connection(owner)?;
        let deadline = now.after(self.connection_lives_ms());
        self.connections.insert(connection, owner, now, deadline);
        Ok(())
    }

    /// Whether [`Server::open_connection`] would take one more, to be asked before a request is
    /// upgraded: refused with a plain HTTP error the client falls back to long-polling
    /// (BAYEUX-12.2-5).
    ///
    /// # Errors
    /// Why it would not.
    pub fn admits_connection(&self, owner: &Owner) -> Result<(), ConnectionRefused> {
        let limits = &self.config.limits;
        if self.closed {
            Err(ConnectionRefused::Closed)
        } else if self.connections.len() >= limits.connections {
            Err(ConnectionRefused::TooMany)
        } else if self.connections.count_of(owner) >= limits.connections_per_owner {
            Err(ConnectionRefused::TooManyOfOwner)
        } else {
            Ok(())
        }
    }

    /// How many websockets are open.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// The next frame to write on a websocket.
    ///
    /// Ask after [`Output::FramesReady`] and whenever the frame before was written, until there is
    /// none, and read nothing from the client meanwhile: so a client that does not read is not
    /// answered without bound. An event that came out here counts as sent.
    pub fn next_frame(&mut self, connection: ConnectionId) -> Option<Frame> {
        loop {
            let open = self.connections.get_mut(connection)?;
            let key = match (open.out.pop_front(), open.closing) {
                (Some(Outgoing::Reply(reply)), _) => return Some(Frame::Text(reply)),
                (Some(Outgoing::Event(key)), _) => key,
                (None, Some(code)) => {
                    self.connections.remove(connection);
                    return Some(Frame::Close(code));
                }
                (None, None) => {
                    open.announced = false;
                    return None;
                }
            };
            let listens = Some(Link { connection, pushes: true });
            let Some(session) = self.registry.get_mut(key).filter(|s| s.link == listens) else {
                continue;
            };
            let Some(frame) = session.outbox.pop() else { continue };
            self.report_checkpoint(key);
            return Some(Frame::Text(frame));
        }
    }

    /// Closes a websocket whose client broke the rules, after what is to be written. Its sessions
    /// wait for their client as after [`Server::connection_lost`].
    pub fn close_connection(&mut self, now: Instant, connection: ConnectionId, code: CloseCode) {
        self.leave_connection(now, connection);
        self.begin_close(connection, code);
    }

    /// Removes every session of a websocket as [`Server::drop_session`] does, and closes it: its
    /// client may not act for the owner any more (DEC-45).
    pub fn drop_connection(&mut self, connection: ConnectionId, how: Reconnect) {
        for key in self.connections.detach_all(connection) {
            self.close_as(key, how);
        }
        self.begin_close(connection, CloseCode::Normal);
    }

    /// Takes note that a websocket broke, or that its client closed it. Its sessions keep what was
    /// not written and wait for their client to connect anew, over whatever transport
    /// (BAYEUX-12.2-2).
    pub fn connection_lost(&mut self, now: Instant, connection: ConnectionId) {
        self.leave_connection(now, connection);
        self.connections.remove(connection);
    }

    fn leave_connection(&mut self, now: Instant, connection: ConnectionId) {
        for key in self.connections.detach_all(connection) {
            let Some(session) = self.registry.get_mut(key) else { continue };
            session.link = None;
            if session.held.is_some() {
                self.abandon(key);
                self.expect_connect(now, key, self.config.interval_ms);
            }
        }
    }

    /// From its connect on a session listens on the connection that it came over, if it is one, and
    /// on no other (BAYEUX-12.2-2).
    pub(super) fn link(&mut self, key: Key, connection: Option<ConnectionId>) {
        let Some(session) = self.registry.get_mut(key) else { return };
        // BAYEUX-9.2-1.
        let pushes = !session.outbox.is_acknowledged();
        let link = connection.map(|connection| Link { connection, pushes });
        let before = core::mem::replace(&mut session.link, link);
        if before == link {
            return;
        }
        let queued = session.outbox.queued_len();
        let left = before.map(|link| link.connection);
        if left != connection {
            if let Some(left) = left.filter(|&left| self.connections.detach(left, key)) {
                // The client has another one now; this one is half-open, mostly.
                self.begin_close(left, CloseCode::Normal);
            }
            if let Some(connection) = connection {
                self.connections.attach(connection, key);
            }
        }
        if let Some(connection) = connection.filter(|_| pushes) {
            self.announce_events(connection, key, queued);
        }
    }

    /// A session that shook hands over a connection depends on it, and hears nothing before its
    /// connect.
    pub(super) fn bind(&mut self, key: Key, connection: ConnectionId) {
        let Some(session) = self.registry.get_mut(key) else { return };
        session.link = Some(Link { connection, pushes: false });
        self.connections.attach(connection, key);
    }

    /// A session is over: without another one its connection is closed (BAYEUX-12.2-4), unless the
    /// client said so itself, which closes it, too, or shakes hands again.
    pub(super) fn unbind(&mut self, key: Key, connection: ConnectionId, parting: Parting) {
        let is_last = self.connections.detach(connection, key);
        match parting {
            Parting::Disconnected => {}
            Parting::Moved if is_last => self.begin_close(connection, CloseCode::GoingAway),
            Parting::Ended | Parting::Forgotten if is_last => {
                self.begin_close(connection, CloseCode::Normal);
            }
            Parting::Moved | Parting::Ended | Parting::Forgotten => {}
        }
    }

    /// Tells the host of events that a session has queued.
    pub(super) fn announce_events(&mut self, connection: ConnectionId, key: Key, count: usize) {
        let Some(open) = self.connections.get_mut(connection).filter(|_| count > 0) else { return };
        open.out.extend((0..count).map(|_| Outgoing::Event(key)));
        self.announce(connection);
    }

    /// Tells the host of replies.
    pub(super) fn announce_reply(&mut self, connection: ConnectionId, replies: Bytes) {
        let Some(open) = self.connections.get_mut(connection) else { return };
        open.out.push_back(Outgoing::Reply(replies));
        self.announce(connection);
    }

    /// Whether frames of a connection are taken; then this one shows that it is alive.
    pub(super) fn hears(&mut self, now: Instant, connection: ConnectionId) -> bool {
        let open = self.connections.get_mut(connection).filter(|open| open.closing.is_none());
        open.map(|open| open.heard = now).is_some()
    }

    /// Closes connections on which nothing was heard for too long (BAYEUX-12.2-4).
    pub(super) fn close_silent_connections(&mut self, now: Instant) {
        let lives = self.connection_lives_ms();
        while let Some(connection) = self.connections.due(now) {
            let heard = self.connections.get_mut(connection).map_or(now, |open| open.heard);
            if heard.after(lives) > now {
                self.connections.look_at(connection, Some(heard.after(lives)));
            } else {
                self.connections.look_at(connection, None);
                self.close_connection(now, connection, CloseCode::Normal);
            }
        }
    }

    pub(super) fn begin_close(&mut self, connection: ConnectionId, code: CloseCode) {
        let Some(open) = self.connections.get_mut(connection) else { return };
        open.closing.get_or_insert(code);
        self.announce(connection);
    }

    fn announce(&mut self, connection: ConnectionId) {
        let Some(open) = self.connections.get_mut(connection) else { return };
        if !core::mem::replace(&mut open.announced, true) {
            self.outputs.push_back(Output::FramesReady { connection });
        }
    }

    /// Never shorter than a client may be silent whose connect is held.
    fn connection_lives_ms(&self) -> u64 {
        let config = &self.config;
        config
            .connection_idle_ms
            .max(config.timeout_ms.saturating_add(config.grace_ms(config.interval_ms)))
    }
}

impl fmt::Display for ConnectionRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyOfOwner => "expected room for a websocket of this owner, found none",
            Self::TooMany => "expected room for a websocket, found none",
            Self::Closed => "expected a server that takes websockets, found one that is shut down",
        })
    }
}

impl core::error::Error for ConnectionRefused {}
