//! What the server tells clients to do next (BAYEUX-8).
//!
//! A client that misses or misreads advice stays silent for ever or loops on handshakes, so every
//! combination that may leave this server has a constructor here and there are no others.

use serde::Serialize;

use crate::config::Config;

/// What to do after this reply (BAYEUX-8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Reconnect {
    /// Connect again after the interval.
    Retry,
    /// The session is gone: shake hands again.
    Handshake,
    /// Stop.
    None,
}

/// The `advice` member of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Advice {
    /// Whether other sessions of the same browser are in the way (BAYEUX-8.4); absent when false.
    #[serde(rename = "multiple-clients", skip_serializing_if = "core::ops::Not::not")]
    pub multiple_clients: bool,
    /// Milliseconds to wait before the next connect or handshake (BAYEUX-8.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Milliseconds that the server holds a connect (BAYEUX-8.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// What to do.
    pub reconnect: Reconnect,
}

impl Advice {
    /// Everything is well: in handshake replies, first connect replies and whenever it may have
    /// been forgotten (BAYEUX-8.8).
    pub(crate) fn regular(config: &Config) -> Self {
        Self {
            multiple_clients: false,
            interval: Some(config.interval_ms),
            timeout: Some(config.timeout_ms),
            reconnect: Reconnect::Retry,
        }
    }

    /// The session is gone; start over at once (BAYEUX-4.8).
    pub(crate) fn handshake() -> Self {
        Self::only(Reconnect::Handshake).wait(0)
    }

    /// There is no room now; shake hands again later.
    pub(crate) fn handshake_later(interval_ms: u64) -> Self {
        Self::only(Reconnect::Handshake).wait(interval_ms)
    }

    /// Only what to do, as a refused handshake or the end says it (BAYEUX-3.4, BAYEUX-4.9).
    pub(crate) fn only(reconnect: Reconnect) -> Self {
        Self { multiple_clients: false, interval: None, timeout: None, reconnect }
    }

    /// Another tab of the browser holds its connect: poll slowly, or stop (BAYEUX-4.6).
    pub(crate) fn crowded(interval_ms: Option<u64>) -> Self {
        Self {
            multiple_clients: true,
            interval: interval_ms,
            timeout: None,
            reconnect: if interval_ms.is_some() { Reconnect::Retry } else { Reconnect::None },
        }
    }

    fn wait(self, interval_ms: u64) -> Self {
        Self { interval: Some(interval_ms), ..self }
    }
}
