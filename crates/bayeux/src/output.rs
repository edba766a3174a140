//! What a server asks its host to do, in order.

use alloc::vec::Vec;

use crate::channel::Pattern;
use crate::framing::Response;
use crate::id::{ClientId, ConnectionId, ExchangeId, Owner};

/// One thing for the host to do; see [`crate::Server::poll_output`].
///
/// What a request changed comes out before its response, so a host can store it first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Answer an exchange. Every exchange handed in is answered once, unless it was lost.
    Respond {
        /// Which one.
        exchange: ExchangeId,
        /// With what.
        response: Response,
    },
    /// Something is to be written on a websocket: call [`crate::Server::next_frame`] until there is
    /// nothing more. Said once until then.
    FramesReady {
        /// Which one.
        connection: ConnectionId,
    },
    /// A handshake made a session.
    SessionOpened {
        /// Its secret name.
        client_id: ClientId,
        /// Whose it is.
        owner: Owner,
        /// The feed cursor it starts after (DEC-44).
        cursor: u64,
    },
    /// A session that started at an old checkpoint has subscribed: publish again what its owner's
    /// feed has after `cursor`. Others ignore what they have seen (DEC-71).
    SessionBehind {
        /// Whose it is.
        owner: Owner,
        /// The checkpoint.
        cursor: u64,
    },
    /// The subscriptions of a session changed.
    SessionChanged {
        /// Its secret name.
        client_id: ClientId,
        /// All its subscriptions now, sorted.
        subscriptions: Vec<Pattern>,
    },
    /// A session needs nothing at or below `cursor` any more: acknowledged, or written to a client
    /// that does not acknowledge. The checkpoint from which another node may go on (DEC-44).
    SessionAcknowledged {
        /// Its secret name.
        client_id: ClientId,
        /// The new checkpoint.
        cursor: u64,
    },
    /// A session is gone (BAYEUX-10.3).
    SessionClosed {
        /// The name it had.
        client_id: ClientId,
        /// Whose it was.
        owner: Owner,
        /// Why.
        reason: CloseReason,
        /// Whether the owner has no other session in this server (DEC-42).
        last_of_owner: bool,
    },
}

/// Why a session is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client said `/meta/disconnect`.
    Disconnected,
    /// No connect came in time (BAYEUX-10.1).
    TimedOut,
    /// Its queue was full (BAYEUX-10.4).
    Overflow,
    /// The host ended it.
    Ended,
    /// Another node may go on with it (DEC-45).
    Released,
}
