//! THE table of topics (NOTIF-2): which exist, and who may subscribe to them.
//!
//! Any topic can be subscribed to, also one that no server has (NOTIF-2.16), and nobody hears of
//! others through one (NOTIF-2.11). The table says which exist without a subscriber, so that clients
//! may unsubscribe from them (BAYEUX-5.4), and which are not for everybody.

use bayeux::{ChannelName, Pattern};

use crate::config::User;
use crate::roster::is_supervisor;

/// A topic, and whether it is for supervisors and administrators only.
const TOPICS: &[(&str, bool)] = &[
    ("/v2/me/chats", false),            // NOTIF-2.1
    ("/v2/me/channels", false),         // NOTIF-2.2
    ("/v2/me/devices", false),          // NOTIF-2.3
    ("/v2/me/calls", false),            // NOTIF-2.4
    ("/v2/me/workbins", false),         // NOTIF-2.5
    ("/v2/me", false),                  // NOTIF-2.6
    ("/v2/users", true),                // NOTIF-2.7
    ("/notifications/services", false), // NOTIF-2.8
    ("/v2/me/emails", false),           // NOTIF-2.9
    ("/v2/me/workitems", false),        // NOTIF-2.9
];

/// What is denied to whom.
#[derive(Debug)]
pub(super) struct Topics {
    supervisors_only: Vec<Pattern>,
}

impl Topics {
    pub(super) fn new() -> Self {
        let names = TOPICS.iter().filter(|(_, supervisors_only)| *supervisors_only);
        let patterns = names.map(|(name, _)| Pattern::new(name).expect("the table has channels"));
        Self { supervisors_only: patterns.collect() }
    }

    /// The subscriptions that `user` may not have (NOTIF-2.17).
    pub(super) fn denied_to(&self, user: &User) -> &[Pattern] {
        if is_supervisor(user) { &[] } else { &self.supervisors_only }
    }
}

/// The topics that exist although nobody has subscribed to them.
pub(super) fn known() -> Vec<ChannelName> {
    let names = TOPICS.iter().map(|(name, _)| name);
    names.map(|name| ChannelName::new(name).expect("the table has channels")).collect()
}
