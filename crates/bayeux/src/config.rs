//! What a host may turn, with defaults that fit a GWS server on the open internet.
//!
//! Timers follow CometD and what was recorded from a Genesys server; bounds exist because clients
//! may be hostile and CometD has none (BAYEUX-10.4, BAYEUX-13).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::channel::{ChannelName, Pattern};

/// How a [`crate::Server`] behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How long a connect is held, ms. Default 20,000, as recorded from Genesys (NOTIF-1.8).
    pub timeout_ms: u64,
    /// How long clients shall wait between connects, ms. Default 0 (BAYEUX-13.2).
    pub interval_ms: u64,
    /// How long after `interval_ms` a session without a connect lives, ms. Default 10,000
    /// (BAYEUX-10.1).
    pub max_interval_ms: u64,
    /// Sessions of one owner and browser that may hold a connect at the same time; `None` for any
    /// number, as for HTTP/2. Default 1 (BAYEUX-13.8). Requests without the browser cookie are
    /// never counted.
    pub max_sessions_per_browser: Option<u32>,
    /// How slowly a session beyond `max_sessions_per_browser` shall poll, ms; `None` tells it to
    /// stop. Default 2,000 (BAYEUX-13.10).
    pub multi_session_interval_ms: Option<u64>,
    /// How long a websocket on which the client says nothing stays open, ms; at least as long as a
    /// client may be silent while its connect is held. Default 300,000 (BAYEUX-12.2-4).
    pub connection_idle_ms: u64,
    /// Connection types listed in handshake replies. Default `["long-polling"]`.
    pub connection_types: Vec<String>,
    /// Whether clients may switch the ack extension on (BAYEUX-9.2). Default true.
    pub ack: bool,
    /// Channels that exist although nobody subscribed, so that unsubscribing from them succeeds
    /// (BAYEUX-5.4). Default none.
    pub channels: Vec<ChannelName>,
    /// Subscriptions to refuse with `subscribe_denied`, besides `/meta/…`. Default none. It keeps
    /// names out, it does not filter events: those are addressed by owner.
    pub denied: Vec<Pattern>,
    /// What a client may take.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout_ms: 20_000,
            interval_ms: 0,
            max_interval_ms: 10_000,
            max_sessions_per_browser: Some(1),
            multi_session_interval_ms: Some(2_000),
            connection_idle_ms: 300_000,
            connection_types: vec!["long-polling".to_owned()],
            ack: true,
            channels: Vec::new(),
            denied: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// How long a session lives after a connect reply that told it to wait `interval_ms`
    /// (BAYEUX-10.1).
    pub(crate) fn grace_ms(&self, interval_ms: u64) -> u64 {
        interval_ms.saturating_add(self.max_interval_ms)
    }
}

/// What a client may take before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request body; more is HTTP 413. Default 1 MiB.
    pub body_bytes: usize,
    /// Bytes of a text frame; more closes the websocket with 1009. Default 64 KiB.
    pub frame_bytes: usize,
    /// Messages in one body; more is HTTP 413. Default 100.
    pub messages: usize,
    /// Nesting of a body; deeper is HTTP 400. Default 128.
    pub depth: usize,
    /// Bytes of a channel name, a subscription or a message id. Default 256.
    pub name_bytes: usize,
    /// Subscriptions of one session. Default 128.
    pub subscriptions: usize,
    /// Sessions of one owner. Default 32.
    pub sessions_per_owner: usize,
    /// Sessions of the server. Default 100,000.
    pub sessions: usize,
    /// Open websockets of one owner. Default 32.
    pub connections_per_owner: usize,
    /// Open websockets of the server. Default 100,000.
    pub connections: usize,
    /// Events kept for one session, sent and unacknowledged ones included; with one more the
    /// session is removed (BAYEUX-10.4). Default 1,000.
    pub queue_events: usize,
    /// Bytes of the events kept for one session. Default 16 MiB.
    pub queue_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            frame_bytes: 64 << 10,
            messages: 100,
            depth: 128,
            name_bytes: 256,
            subscriptions: 128,
            sessions_per_owner: 32,
            sessions: 100_000,
            connections_per_owner: 32,
            connections: 100_000,
            queue_events: 1_000,
            queue_bytes: 16 << 20,
        }
    }
}
