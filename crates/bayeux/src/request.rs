//! A request as the host hands it over: whose it is, and what it says.
//!
//! It is read before it reaches the server, for two reasons: parsing needs no lock, and a host
//! that keeps sessions elsewhere must know the client id before the server would answer 402.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::advice::Reconnect;
use crate::channel::Pattern;
use crate::config::Limits;
use crate::framing::{Callback, CloseCode, Response, Via};
use crate::id::{BrowserId, ConnectionId, ExchangeId, Owner};
use crate::message::{self, Message, Unreadable};

/// One readable request of an authenticated user.
#[derive(Debug)]
pub struct Request<'a> {
    pub(crate) via: Via,
    pub(crate) owner: Owner,
    pub(crate) browser: Option<BrowserId>,
    pub(crate) cursor: u64,
    pub(crate) start: Option<u64>,
    pub(crate) denied: Option<Reconnect>,
    pub(crate) denied_subscriptions: &'a [Pattern],
    pub(crate) messages: Vec<Message<'a>>,
}

impl<'a> Request<'a> {
    /// Reads a body: a JSON array of messages or a single message (BAYEUX-1.2).
    ///
    /// # Errors
    /// The response to send instead, with an empty body: HTTP 400 for what is not a batch of
    /// messages (BAYEUX-1.14 to -1.16), HTTP 413 for more bytes or messages than `limits` allow.
    pub fn read(
        exchange: ExchangeId,
        owner: &Owner,
        body: &'a [u8],
        limits: &Limits,
    ) -> Result<Self, Response> {
        let messages = message::read(body, limits.body_bytes, limits).map_err(|unreadable| {
            Response::empty(match unreadable {
                Unreadable::Malformed => 400,
                Unreadable::TooLarge => 413,
            })
        })?;
        Ok(Self::new(Via::LongPolling(exchange), owner, messages))
    }

    /// Reads a text frame of a websocket, as [`Request::read`] reads a body (BAYEUX-12.2-1).
    ///
    /// # Errors
    /// The code with which to [close the connection](crate::Server::close_connection): 1011 for
    /// what is not a batch of messages (BAYEUX-12.2-4), 1009 for more than `limits` allow.
    pub fn read_frame(
        connection: ConnectionId,
        owner: &Owner,
        text: &'a [u8],
        limits: &Limits,
    ) -> Result<Self, CloseCode> {
        let messages =
            message::read(text, limits.frame_bytes, limits).map_err(
                |unreadable| match unreadable {
                    Unreadable::Malformed => CloseCode::Unreadable,
                    Unreadable::TooLarge => CloseCode::TooLarge,
                },
            )?;
        Ok(Self::new(Via::WebSocket(connection), owner, messages))
    }

    fn new(via: Via, owner: &Owner, messages: Vec<Message<'a>>) -> Self {
        Self {
            via,
            owner: owner.clone(),
            browser: None,
            cursor: 0,
            start: None,
            denied: None,
            denied_subscriptions: &[],
            messages,
        }
    }

    /// Says which browser cookie came with the request (BAYEUX-2.2). Without one, a handshake
    /// sets one and the multiple-clients rule does not apply.
    #[must_use]
    pub fn with_browser(self, browser: Option<BrowserId>) -> Self {
        Self { browser, ..self }
    }

    /// Says where the owner's feed stands, for a handshake: the session gets what comes after
    /// (DEC-44).
    #[must_use]
    pub fn with_cursor(self, cursor: u64) -> Self {
        Self { cursor, ..self }
    }

    /// The checkpoint of an earlier session from which a handshake wants to go on (DEC-71).
    pub fn checkpoint(&self) -> Option<u64> {
        self.handshake().and_then(Message::checkpoint)
    }

    /// Up to where the client of this connect has what the feed told, if it acknowledges: it may know
    /// better than the row of a session that is restored for it (DEC-44).
    pub fn acknowledged(&self) -> Option<u64> {
        let connect = self.messages.iter().find(|message| message.is_on("/meta/connect"));
        connect.and_then(Message::acknowledged)
    }

    /// Lets the session start at [`Request::checkpoint`], because the feed still has everything
    /// after it. What the session missed is asked for with [`crate::Output::SessionBehind`].
    #[must_use]
    pub fn with_start(self, start: u64) -> Self {
        Self { start: Some(start), ..self }
    }

    /// Says that the request came over callback-polling (BAYEUX-12.1): the answer is a script that
    /// calls `callback`.
    #[must_use]
    pub fn with_callback(self, callback: Callback) -> Self {
        let via = match self.via {
            Via::LongPolling(exchange) | Via::CallbackPolling(exchange, _) => {
                Via::CallbackPolling(exchange, callback)
            }
            via @ Via::WebSocket(_) => via,
        };
        Self { via, ..self }
    }

    /// Refuses the handshake, if there is one, with `403::handshake_denied` and this advice: none
    /// to stop the client, handshake to let it authenticate and try again (BAYEUX-3.4).
    #[must_use]
    pub fn with_handshake_denied(self, reconnect: Reconnect) -> Self {
        Self { denied: Some(reconnect), ..self }
    }

    /// Refuses these subscriptions to the owner with `subscribe_denied`, besides
    /// [those that nobody may have](crate::Config::denied).
    #[must_use]
    pub fn with_denied_subscriptions(self, denied_subscriptions: &'a [Pattern]) -> Self {
        Self { denied_subscriptions, ..self }
    }

    /// The exchange that this request opened; `None` for a frame of a websocket.
    pub fn exchange(&self) -> Option<ExchangeId> {
        self.via.exchange()
    }

    /// The client id that decides whose session the whole batch is: the first message's
    /// (BAYEUX-1.11). `None` in a handshake, which ignores it.
    pub fn client_id(&self) -> Option<Cow<'a, str>> {
        if self.is_handshake() {
            return None;
        }
        self.messages.first().and_then(Message::client_id)
    }

    /// Whether the batch shakes hands, and so needs [`Request::with_cursor`].
    pub fn is_handshake(&self) -> bool {
        self.handshake().is_some()
    }

    /// The one message that counts in a batch with a handshake (BAYEUX-1.22).
    pub(crate) fn handshake(&self) -> Option<&Message<'a>> {
        self.messages.iter().find(|message| message.is_on("/meta/handshake"))
    }
}
