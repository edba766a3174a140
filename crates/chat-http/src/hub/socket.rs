//! Websockets of the hub: a place for each, woken when there is something to write.
//!
//! The protocol's server keeps what is to be said; whoever writes takes it when it can be written.
//! So nothing is queued here, and a client that does not read costs its own session only
//! (BAYEUX-10.4).

use std::sync::Arc;

use bayeux::{CloseCode, ConnectionId, ConnectionRefused, Frame, Owner, Reconnect, Request};
use chat_model::UserId;
use chat_store::Unavailable;
use tokio::sync::Notify;

use super::rows::TRIES;
use super::{ClientIds, Hub};
use crate::config::User;

/// Frames that are taken at one time, and bytes after which no more are: what a connection that
/// breaks at this moment may lose.
const FRAMES: usize = 8;
const BYTES: usize = 16 * 1024;

/// The place of an open websocket. Dropped, it takes note that the connection is gone.
pub(crate) struct Socket {
    hub: Arc<Hub>,
    user: Arc<User>,
    owner: Owner,
    connection: ConnectionId,
    ready: Arc<Notify>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSocket {
    /// The user has as many as allowed.
    TooManyOfUser,
    /// The server has as many as allowed, or it stops.
    NoRoom,
}

impl Hub {
    /// Whether [`Self::open_socket`] would give one more place.
    pub(crate) fn admits_socket(&self, user: &UserId) -> Result<(), NoSocket> {
        Ok(self.state().server.admits_connection(&Owner::new(user.as_str()))?)
    }

    /// A place for a websocket of `user`.
    pub(crate) fn open_socket(self: &Arc<Self>, user: &Arc<User>) -> Result<Socket, NoSocket> {
        let owner = Owner::new(user.id.as_str());
        let connection = ConnectionId::new(self.next_number());
        let ready = Arc::new(Notify::new());
        let mut state = self.state();
        state.server.open_connection(self.now(), connection, &owner)?;
        state.sockets.insert(connection, ready.clone());
        self.figures.sockets.set(state.sockets.len() as f64);
        self.carry_out(state);
        Ok(Socket { hub: self.clone(), user: user.clone(), owner, connection, ready })
    }

    /// Waits until no websocket is open.
    pub(crate) async fn sockets_gone(&self) {
        loop {
            let gone = self.sockets_gone.notified();
            if self.state().sockets.is_empty() {
                return;
            }
            gone.await;
        }
    }

    /// How many websockets are open.
    pub(crate) fn sockets(&self) -> usize {
        self.state().sockets.len()
    }

    /// Ends [`Socket::cut`] of every place.
    pub(crate) fn cut_sockets(&self) {
        self.cut.notify_waiters();
    }
}

impl Socket {
    /// Takes a text frame of the client. What it is answered comes out of [`Self::frames`].
    pub(crate) async fn hear(&self, text: &[u8]) -> Result<(), Unavailable> {
        let hub = &*self.hub;
        for _ in 0..TRIES {
            let request = match Request::read_frame(self.connection, &self.owner, text, &hub.bounds)
            {
                Ok(request) => request,
                Err(code) => {
                    self.close(code);
                    return Ok(());
                }
            };
            let request = request.with_denied_subscriptions(hub.topics.denied_to(&self.user));
            let request = hub.prepare(&self.user.id, &self.owner, request).await?;
            let changes = {
                let mut state = hub.state();
                let mut ids = ClientIds(&*hub.chance);
                state.server.handle(hub.now(), request, &mut ids);
                hub.carry_out(state)
            };
            // A session is stored before its client hears of it; once more if it went to another node
            // before that.
            if hub.keep(changes).await {
                return Ok(());
            }
        }
        Err(Unavailable::new("other nodes took the session each time"))
    }

    /// What is to be written now, in order; nothing if there is nothing.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut bytes = 0;
        let mut state = self.hub.state();
        while frames.len() < FRAMES
            && bytes < BYTES
            && let Some(frame) = state.server.next_frame(self.connection)
        {
            bytes += if let Frame::Text(text) = &frame { text.len() } else { 0 };
            frames.push(frame);
        }
        self.hub.carry_out(state);
        frames
    }

    /// Waits until there may be something to write.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Waits until the server will not wait any longer.
    pub(crate) async fn cut(&self) {
        self.hub.cut.notified().await;
    }

    /// Closes the connection after what is to be written; its sessions wait for their client.
    pub(crate) fn close(&self, code: CloseCode) {
        let mut state = self.hub.state();
        state.server.close_connection(self.hub.now(), self.connection, code);
        self.hub.carry_out(state);
    }

    /// Ends its sessions and closes the connection: the client may not act for the user any more
    /// (DEC-45).
    pub(crate) fn expel(&self) {
        let mut state = self.hub.state();
        state.server.drop_connection(self.connection, Reconnect::Handshake);
        self.hub.carry_out(state);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        state.sockets.swap_remove(&self.connection);
        state.server.connection_lost(self.hub.now(), self.connection);
        self.hub.figures.sockets.set(state.sockets.len() as f64);
        let is_last = state.sockets.is_empty();
        self.hub.carry_out(state);
        if is_last {
            self.hub.sockets_gone.notify_waiters();
        }
    }
}

impl From<ConnectionRefused> for NoSocket {
    fn from(refused: ConnectionRefused) -> Self {
        match refused {
            ConnectionRefused::TooManyOfOwner => Self::TooManyOfUser,
            _ => Self::NoRoom,
        }
    }
}
