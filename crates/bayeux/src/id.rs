//! Names that the two halves and their hosts exchange, and the virtual clock.
//!
//! They are newtypes so that an owner can never be taken for a client id: the one is who somebody
//! is, the other is a secret that anybody could send.

use alloc::borrow::Borrow;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment on the host's clock, in milliseconds since a beginning that the host chooses.
///
/// The library never reads a clock. A host keeps its moments non-decreasing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment `millis` after the host's beginning.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the host's beginning.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `millis` later; it stops at the end of time instead of wrapping.
    #[must_use]
    pub const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// One request and the answer owed to it, numbered by the host.
///
/// A host gives every request its own number for as long as it is unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(u64);

impl ExchangeId {
    /// The exchange that the host calls `number`.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The host's number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// One websocket, numbered by the host; a number is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The connection that the host calls `number`.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The host's number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Where new ids come from; chance is the host's.
pub trait NewClientIds {
    /// A new client id for a session of `owner`: unique, at least 128 random bits, letters and
    /// digits only (BAYEUX-2.1).
    fn client_id(&mut self, owner: &Owner) -> ClientId;

    /// A new value for the browser cookie, letters and digits only (BAYEUX-2.2).
    fn browser_id(&mut self) -> BrowserId;
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident $shown:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Keeps `text` as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The text as it travels on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let show: fn(&str) -> &str = $shown;
                write!(f, "{}({:?})", stringify!($name), show(&self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    )+};
}

names! {
    /// Whom a session belongs to: the authenticated user, named as the host likes.
    ///
    /// Events are addressed to owners, and a client id is never accepted under another one
    /// (BAYEUX-2.4, NOTIF-2.11).
    Owner |text| text;
    /// The secret name of one session (BAYEUX-2.1).
    ///
    /// `Debug` shows its first characters only, so that logs do not hand out sessions.
    ClientId |text| text.get(..4).unwrap_or_default();
    /// The value of the `BAYEUX_BROWSER` cookie, shared by the tabs of one browser (BAYEUX-2.2).
    BrowserId |text| text;
}
