//! The reply to one message: which members it has, in the order in which CometD prints them.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::Serialize;

use crate::advice::Advice;
use crate::error::Fault;
use crate::id::ClientId;
use crate::message::Subscription;

/// One reply; absent members are not printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ext: Option<Ext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minimum_version: Option<&'static str>,
    /// Only in handshake replies (BAYEUX-1.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supported_connection_types: Option<&'a [String]>,
    /// Only in handshake and connect replies (BAYEUX-7.13).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<Advice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<Cow<'a, str>>,
    /// As in the request, absent if it was absent there (BAYEUX-1.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subscription: Option<Subscription<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    pub(crate) successful: bool,
}

/// What the ack extension says in a reply (BAYEUX-9.2, DEC-44).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Ext {
    pub(crate) ack: Ack,
}

/// The meanings of `ext.ack`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Ack {
    /// In a handshake reply: acknowledgement is on.
    On(bool),
    /// In a handshake reply: it is on, and the session goes on from this cursor (DEC-71).
    From { enabled: bool, batch: u64 },
    /// In a connect reply: everything up to this cursor has been sent.
    Upto(u64),
}

impl<'a> Reply<'a> {
    /// A successful reply to a message on `channel`.
    pub(crate) fn success(channel: impl Into<Cow<'a, str>>, id: Option<Cow<'a, str>>) -> Self {
        Self {
            ext: None,
            minimum_version: None,
            client_id: None,
            supported_connection_types: None,
            advice: None,
            channel: Some(channel.into()),
            id,
            version: None,
            subscription: None,
            error: None,
            successful: true,
        }
    }

    /// Makes the reply unsuccessful.
    #[must_use]
    pub(crate) fn fault(self, fault: Fault) -> Self {
        Self { error: Some(fault.text()), successful: false, ..self }
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn advise(self, advice: Option<Advice>) -> Self {
        Self { advice, ..self }
    }
}
