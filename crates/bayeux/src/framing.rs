//! How answers are laid out and which way they go, apart from what is in them.
//!
//! Sessions decide which events and replies go out; this file turns them into bytes. Transports
//! differ in three things only, and they are all here: where an answer goes, what surrounds it, and
//! whether events may travel without a connect reply.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::ack::Event;
use crate::id::{BrowserId, ConnectionId, ExchangeId};
use crate::reply::Reply;

/// The way a request came and its answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// HTTP POST of a JSON array, answered by a JSON array (BAYEUX-1.1, BAYEUX-1.4).
    LongPolling(ExchangeId),
    /// HTTP GET, answered by a script that calls a function with the array (BAYEUX-12.1).
    CallbackPolling(ExchangeId, Callback),
    /// A text frame of a websocket (BAYEUX-12.2).
    WebSocket(ConnectionId),
}

impl Via {
    /// The exchange that waits for one answer.
    pub(crate) fn exchange(&self) -> Option<ExchangeId> {
        match self {
            Self::LongPolling(exchange) | Self::CallbackPolling(exchange, _) => Some(*exchange),
            Self::WebSocket(_) => None,
        }
    }

    /// The connection that takes any number of frames.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::WebSocket(connection) => Some(*connection),
            Self::LongPolling(_) | Self::CallbackPolling(..) => None,
        }
    }
}

/// The function that a script of the callback-polling transport calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback(Arc<str>);

impl Callback {
    /// At most this many characters (BAYEUX-12.1-2).
    const LONGEST: usize = 64;

    /// The name in a request's `jsonp` parameter; `None` if it is no name. Only letters, digits and
    /// `. _ -` are taken: anything else would let a foreign page choose what the script does
    /// (BAYEUX-12.1-2).
    pub fn new(name: &str) -> Option<Self> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let fits = !name.is_empty() && name.len() <= Self::LONGEST;
        (fits && name.bytes().all(is_allowed)).then(|| Self(name.into()))
    }
}

impl Default for Callback {
    /// The name of a client that gives none (BAYEUX-12.1-1).
    fn default() -> Self {
        Self("jsonpcallback".into())
    }
}

/// What to write to a client over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status: 200 whenever the body is Bayeux (BAYEUX-1.4).
    pub status: u16,
    /// The body: with status 200 an array as `application/json;charset=utf-8`, or for a request with
    /// a [`Callback`] a script as `text/javascript;charset=UTF-8`; else empty.
    pub body: Bytes,
    /// The value of a `BAYEUX_BROWSER` cookie to set (BAYEUX-2.2).
    pub set_browser_cookie: Option<BrowserId>,
}

impl Response {
    /// A status that says everything.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Bytes::new(), set_browser_cookie: None }
    }
}

/// One thing to do on a websocket; see [`crate::Server::next_frame`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// Write this text frame: a JSON array in UTF-8.
    Text(Bytes),
    /// Write a close frame and hang up; the server has forgotten the connection.
    Close(CloseCode),
}

/// Why a websocket is closed: the code of its close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCode {
    /// 1000: its sessions are over, or nothing was heard for too long (BAYEUX-12.2-4).
    Normal,
    /// 1001: the server goes away, or another node goes on with the session.
    GoingAway,
    /// 1003: a frame that is not text.
    NotText,
    /// 1009: a frame beyond the bounds.
    TooLarge,
    /// 1011: a frame that is no batch of messages (BAYEUX-12.2-4).
    Unreadable,
    /// 1013: the host cannot answer now.
    TryAgainLater,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn get(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::NotText => 1003,
            Self::TooLarge => 1009,
            Self::Unreadable => 1011,
            Self::TryAgainLater => 1013,
        }
    }
}

/// Events, oldest first, then the replies in the order of the request (BAYEUX-1.8).
pub(crate) fn body<'e>(
    via: &Via,
    events: impl Iterator<Item = &'e Event> + Clone,
    replies: &[Reply<'_>],
) -> Bytes {
    const REPLY: usize = 160; // a guess that spares most replies a second allocation
    let room = events.clone().map(|event| event.framed_len() + 1).sum::<usize>();
    let mut body = Vec::with_capacity(room + replies.len() * REPLY + 2);
    if let Via::CallbackPolling(_, Callback(name)) = via {
        // The comment keeps the body from being taken for anything but a script (BAYEUX-12.1-2).
        body.extend_from_slice(b"/**/");
        body.extend_from_slice(name.as_bytes());
        body.push(b'(');
        array(&mut body, events, replies);
        body.push(b')');
    } else {
        array(&mut body, events, replies);
    }
    body.into()
}

fn array<'e>(body: &mut Vec<u8>, events: impl Iterator<Item = &'e Event>, replies: &[Reply<'_>]) {
    body.push(b'[');
    let first = body.len();
    for event in events {
        separate(body, first);
        event.write(body);
    }
    for reply in replies {
        separate(body, first);
        // A reply holds strings, numbers and booleans, which always have a JSON form.
        body.extend_from_slice(&serde_json::to_vec(reply).unwrap_or_default());
    }
    body.push(b']');
}

fn separate(body: &mut Vec<u8>, first: usize) {
    if body.len() > first {
        body.push(b',');
    }
}
