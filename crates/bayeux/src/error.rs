//! THE table of what a Bayeux reply can say went wrong (BAYEUX-7).
//!
//! Clients act on `successful`, on the advice and some on the number in front; the words are for
//! people (BAYEUX-7.12). That is why the number and the words stand in one row.

use core::fmt;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// A reason for `"successful":false`, in the form `code:args:message` (BAYEUX-7.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $name,)+
        }

        impl Fault {
            /// Every row of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The text of the `error` member.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

faults! {
    /// No such session, or not this owner's (BAYEUX-7.2; the text recorded from Genesys, BAYEUX-7.12).
    UnknownClient = "402::Unknown client";
    /// The host refused the handshake (BAYEUX-7.3).
    HandshakeDenied = "403::handshake_denied";
    /// No connection type in common (BAYEUX-3.3).
    HandshakeFailed = "403::handshake_failed";
    /// The owner, or the server, has as many sessions as it may have.
    TooManySessions = "403:too_many_sessions:handshake_denied";
    /// A `/meta/…` channel that does not exist (BAYEUX-7.4).
    ChannelCreateDenied = "403:denied_by_security_policy:channel_create_denied";
    /// Clients do not publish (BAYEUX-7.5, NOTIF-2.15).
    PublishDenied = "403:denied_by_security_policy:publish_denied";
    /// `/meta/…`, or a channel that the host denies (BAYEUX-7.6).
    SubscribeDenied = "403:denied_by_security_policy:subscribe_denied";
    /// The session has as many subscriptions as it may have.
    TooManySubscriptions = "403:too_many_subscriptions:subscribe_denied";
    /// No `subscription`, or an empty array (BAYEUX-7.7).
    SubscriptionMissing = "403::subscription_missing";
    /// `subscription` is not a channel, too long a one, or neither string nor strings (BAYEUX-7.7).
    SubscriptionInvalid = "403::subscription_invalid";
    /// No `channel`, or an unsubscribe from one that nobody has seen (BAYEUX-7.8).
    ChannelMissing = "400::channel_missing";
    /// `channel` is not a channel (BAYEUX-7.9).
    ChannelInvalid = "405::channel_invalid";
    /// `id` is neither string nor number, or too long (BAYEUX-7.9).
    MessageIdInvalid = "405::message_id_invalid";
}

impl Fault {
    /// The number in front of an error text, if there is one.
    ///
    /// ```
    /// assert_eq!(bayeux::Fault::code_of("402::session_unknown"), Some(402));
    /// assert_eq!(bayeux::Fault::code_of("nothing"), None);
    /// ```
    pub fn code_of(error: &str) -> Option<u16> {
        error.split(':').next()?.parse().ok()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
