//! `[limits]` and `[notifications]`: how much the server takes and how long it waits.

use serde::Deserialize;

use super::Problem;

macro_rules! settings {
    ($(#[$doc:meta])* $name:ident: $section:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr, $least:literal ..= $most:expr;)+
    } $(switches { $($(#[$switch_doc:meta])* $switch:ident = $initially:literal;)+ })?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[doc = concat!("\n\nDefault ", stringify!($default), ".")]
                #[serde(deserialize_with = "super::number::whole")]
                #[cfg_attr(feature = "schema", schemars(range(min = $least, max = $most)))]
                pub $field: $type,
            )+
            $($(
                $(#[$switch_doc])*
                #[doc = concat!("\n\nDefault ", stringify!($initially), ".")]
                pub $switch: bool,
            )+)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ $($($switch: $initially,)+)? }
            }
        }

        impl $name {
            pub(super) fn validate(&self, problems: &mut Vec<Problem>) {
                $(
                    if !($least..=$most).contains(&self.$field) {
                        problems.push(Problem::new(
                            concat!($section, ".", stringify!($field)),
                            &format!("a number from {} to {}", $least, $most),
                            self.$field,
                        ));
                    }
                )+
            }
        }
    };
}

settings! {
    /// How much the server takes and how long it waits.
    Limits: "limits" {
        /// Bytes of a request body (DEC-7); more is HTTP 413.
        max_body_bytes: usize = 1_048_576, 1_024..=67_108_864;
        /// Containers inside each other in a body (DEC-7).
        max_depth: usize = 64, 8..=128;
        /// Keys in the user data of one chat (DEC-7).
        max_keys: usize = 10_000, 1..=1_000_000;
        /// Bytes of one key of user data (DEC-7).
        max_key_bytes: usize = 1_024, 1..=65_536;

        /// Bytes of the user data of one chat (DEC-72).
        max_user_data_bytes: usize = 1_048_576, 1_024..=67_108_864;
        /// Bytes of the transcript of one chat (DEC-72).
        max_transcript_bytes: usize = 4_194_304, 65_536..=1_073_741_824;

        /// Connections at one time; those beyond it are answered 503.
        max_connections: usize = 16_384, 16..=1_000_000;
        /// Connections at one time of one address (of IPv6: one /64) that is no trusted proxy; those
        /// beyond it are answered 429.
        max_connections_per_address: usize = 16_384, 1..=1_000_000;
        /// Bytes of replies of 64 KiB and more that are made and not taken by their clients yet; a
        /// read that would take more is answered 503.
        max_reply_bytes: usize = 268_435_456, 1_048_576..=2_000_000_000;
        /// Long polls held at one time.
        max_held_polls: usize = 16_384, 1..=1_000_000;
        /// HTTP sessions one user keeps; the oldest ends when there is one more.
        max_http_sessions_per_user: usize = 64, 1..=10_000;
        /// Passwords that wait for their (costly) check; more are answered 503.
        max_waiting_logins: usize = 256, 1..=100_000;
        /// Failed logins of one user from one address until further ones are refused unseen with
        /// HTTP 429.
        max_failed_logins: usize = 10, 1..=100_000;
        /// Failed logins of all users from one address (of IPv6: one /64).
        max_failed_logins_per_address: usize = 100, 1..=1_000_000;
        /// Failed logins of one user from all addresses from which they did not log in before.
        max_failed_logins_per_user: usize = 100, 1..=1_000_000;
        /// Seconds after which that many failed logins are forgotten; some are sooner, in proportion.
        failed_login_seconds: u32 = 300, 1..=86_400;
        /// Chats that visitors, who need no login, have open at one time; a request for one more is
        /// answered 503.
        max_visitor_chats: usize = 100_000, 1..=10_000_000;

        /// Seconds a connection may be idle, take for the head of a request (PLAT-1.1-2), or take
        /// nothing of a reply.
        idle_seconds: u32 = 30, 1..=3_600;
        /// Seconds the handshake of an encrypted connection may take.
        handshake_seconds: u32 = 10, 1..=3_600;
        /// Seconds the body of a request may take.
        body_seconds: u32 = 30, 1..=3_600;
        /// Seconds after which what the store has not taken is not sent to it again, and is answered
        /// 503. What has been sent is waited for.
        store_seconds: u32 = 3, 0..=3_600;
        /// Seconds that requests under way are given when the server stops.
        shutdown_seconds: u32 = 10, 0..=3_600;

        /// Seconds an agent has to answer an invitation (DEC-17).
        invitation_seconds: u32 = 30, 1..=86_400;
        /// Seconds after which a visitor who does not poll has left (DEC-43).
        visitor_silence_seconds: u32 = 300, 10..=86_400;
        /// Seconds an agent stays as they were after their last notification session was lost
        /// (DEC-42).
        agent_grace_seconds: u32 = 60, 0..=86_400;
        /// Seconds after which such an agent is logged out (DEC-42).
        agent_logout_seconds: u32 = 1_800, 1..=604_800;
        /// Seconds an HTTP session lives without a request (PLAT-2.1-3).
        http_session_seconds: u32 = 1_800, 60..=604_800;
        /// Seconds an ended chat stays readable (DEC-23).
        retention_seconds: u32 = 86_400, 60..=315_360_000;
    }
}

settings! {
    /// The timers and queues of the notification sessions.
    Notifications: "notifications" {
        /// Milliseconds a poll is held without an event (NOTIF-1.8).
        timeout_ms: u32 = 20_000, 0..=600_000;
        /// Milliseconds a client waits between two polls (NOTIF-1.8).
        interval_ms: u32 = 0, 0..=600_000;
        /// Milliseconds without a poll after which a session is removed (NOTIF-5.3).
        max_interval_ms: u32 = 10_000, 1_000..=3_600_000;
        /// Events that wait for one session; with one more the session is removed (DEC-45).
        max_queued_events: usize = 1_000, 1..=1_000_000;
        /// Bytes of the events that wait for one session.
        max_queued_bytes: usize = 16_777_216, 65_536..=1_073_741_824;
        /// Sessions of one user.
        max_sessions_per_user: usize = 32, 1..=10_000;
        /// Sessions of the server.
        max_sessions: usize = 100_000, 1..=10_000_000;
        /// Sessions of one browser that hold a poll at one time; one more polls slowly (BAYEUX-4.6).
        max_sessions_per_browser: u32 = 1, 1..=10_000;
        /// Open websockets of one user; the upgrade of one more is refused.
        max_websockets_per_user: usize = 32, 1..=10_000;
        /// Open websockets of the server. They are counted as connections, too.
        max_websockets: usize = 16_384, 1..=1_000_000;
    } switches {
        /// Whether sessions over websockets are offered beside long-polling (BAYEUX-12.2).
        websocket = true;
        /// Whether polls by GET are offered whose answer is a script (BAYEUX-12.1). For pages that
        /// can do nothing else; the messages stand in the address, which proxies write down.
        callback_polling = false;
    }
}

impl Notifications {
    /// A poll that is not held and a client that does not wait would make a busy loop of both.
    pub(super) fn validate_pace(&self, problems: &mut Vec<Problem>) {
        if self.timeout_ms == 0 && self.interval_ms == 0 {
            problems.push(Problem::new(
                "notifications.interval_ms",
                "a pause between two polls, because timeout_ms is 0 and polls are not held",
                0,
            ));
        }
    }
}
