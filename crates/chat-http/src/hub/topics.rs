//! THE table of topics (NOTIF-2): which exist, what they are for, and who may subscribe to them.
//!
//! Any topic can be subscribed to, also one that no server has (NOTIF-2.16), and nobody hears of
//! others through one (NOTIF-2.11). The table says which exist without a subscriber, so that clients
//! may unsubscribe from them (BAYEUX-5.4), and which are not for everybody.

use bayeux::{ChannelName, Pattern};

use crate::config::User;
use crate::roster::is_supervisor;

/// A topic: its channel, what it is for, and who may subscribe to it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Topic {
    channel: &'static str,
    summary: &'static str,
    rule: &'static str,
    supervisors_only: bool,
    is_told: bool,
}

impl Topic {
    /// The channel, such as `/v2/me/chats`.
    pub fn channel(&self) -> &'static str {
        self.channel
    }

    /// What is told on it, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// The id of the rule in docs/protocol that introduces it.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// Whether only users with a role above agents may subscribe to it (NOTIF-2.17).
    pub fn is_for_supervisors(&self) -> bool {
        self.supervisors_only
    }

    /// Whether this server ever tells something on it. The others exist for clients that subscribe
    /// to all topics that they know.
    pub fn is_told(&self) -> bool {
        self.is_told
    }
}

macro_rules! topics {
    ($($(#[$attribute:ident])* $rule:literal $channel:literal $summary:literal;)+) => {
        const TOPICS: &[Topic] = &[$(Topic {
            channel: $channel,
            summary: $summary,
            rule: $rule,
            supervisors_only: topics!(@ supervisors_only $($attribute)*),
            is_told: topics!(@ told $($attribute)*),
        },)+];
    };
    (@ $wanted:ident) => { false };
    (@ supervisors_only supervisors_only) => { true };
    (@ told told) => { true };
    (@ $wanted:ident $other:ident) => { false };
}

topics! {
    #[told]
    "NOTIF-2.1" "/v2/me/chats" "The user's chats: state, participants, attached data and transcript.";
    #[told]
    "NOTIF-2.2" "/v2/me/channels" "The user's readiness on each medium.";
    "NOTIF-2.3" "/v2/me/devices" "The user's telephones.";
    "NOTIF-2.4" "/v2/me/calls" "The user's telephone calls.";
    "NOTIF-2.5" "/v2/me/workbins" "The user's workbins.";
    "NOTIF-2.6" "/v2/me" "The user's own password.";
    #[supervisors_only]
    "NOTIF-2.7" "/v2/users" "The passwords of others.";
    "NOTIF-2.8" "/notifications/services" "The parts of the server and their state.";
    "NOTIF-2.9" "/v2/me/emails" "The user's e-mails.";
    "NOTIF-2.9" "/v2/me/workitems" "The user's work items.";
}

/// Every topic that exists although nobody has subscribed to it, in the order of the documents; for
/// what is generated from them.
pub fn topics() -> impl Iterator<Item = &'static Topic> {
    TOPICS.iter()
}

/// What is denied to whom.
#[derive(Debug)]
pub(super) struct Topics {
    supervisors_only: Vec<Pattern>,
}

impl Topics {
    pub(super) fn new() -> Self {
        let names = TOPICS.iter().filter(|topic| topic.supervisors_only);
        let pattern = |topic: &Topic| Pattern::new(topic.channel).expect("the table has channels");
        Self { supervisors_only: names.map(pattern).collect() }
    }

    /// The subscriptions that `user` may not have (NOTIF-2.17).
    pub(super) fn denied_to(&self, user: &User) -> &[Pattern] {
        if is_supervisor(user) { &[] } else { &self.supervisors_only }
    }
}

/// The topics that exist although nobody has subscribed to them.
pub(super) fn known() -> Vec<ChannelName> {
    let name = |topic: &Topic| ChannelName::new(topic.channel).expect("the table has channels");
    TOPICS.iter().map(name).collect()
}
