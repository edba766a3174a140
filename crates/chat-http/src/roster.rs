//! The people and queues of the configuration, by the names that requests use.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat_model::UserId;
use chat_store::FeedId;
use foldhash::fast::RandomState;
use indexmap::IndexMap;

use crate::config::{Config, Queue, User};
use crate::reply::Refusal;

/// The media channel whose readiness decides about chats (PLAT-3.5).
pub(crate) const CHAT_CHANNEL: &str = "chat";

/// The features of a user (PLAT-2.4-2).
pub(crate) const CHAT_FEATURES: [&str; 2] = ["api-multimedia", "api-multimedia-chat"];

/// The feature for supervising the chats of other agents (CHAT-7.0-28).
pub(crate) const MONITORING: &str = "api-supervisor-monitoring";

/// The feature for changing the readiness of other agents (PLAT-3.5-3).
pub(crate) const AGENT_CONTROL: &str = "api-supervisor-agent-control";

/// Who works here and where chats wait; fixed while the server runs.
#[derive(Debug)]
pub(crate) struct Roster {
    /// In the order of the configuration.
    users: IndexMap<UserId, Arc<User>, RandomState>,
    /// The feed of each, in the same places.
    feeds: Vec<FeedId>,
    by_name: BTreeMap<String, Arc<User>>,
    queues: Vec<Queue>,
}

impl Roster {
    pub(crate) fn new(config: &Config) -> Self {
        let users: IndexMap<_, _, _> =
            config.users.iter().map(|u| (u.id.clone(), Arc::new(u.clone()))).collect();
        let enabled = users.values().filter(|user| !user.disabled);
        let by_name = enabled.map(|u| (u.name.clone(), u.clone())).collect();
        let feeds = users.keys().map(FeedId::user).collect();
        Self { users, feeds, by_name, queues: config.queues.clone() }
    }

    /// The user with this id.
    pub(crate) fn user(&self, id: &UserId) -> Option<&Arc<User>> {
        self.users.get(id)
    }

    /// The feed of this user; those of the configuration have theirs at hand.
    pub(crate) fn feed(&self, id: &UserId) -> FeedId {
        let place = self.users.get_index_of(id);
        place.map_or_else(|| FeedId::user(id), |place| self.feeds[place].clone())
    }

    /// The user with this id, who works here now: what was kept of others is out of date.
    pub(crate) fn employed(&self, id: &UserId) -> Option<&Arc<User>> {
        self.user(id).filter(|user| !user.disabled)
    }

    /// Whether the user works here and has to do with chats (PLAT-2.4-3).
    pub(crate) fn takes_chats(&self, id: &UserId) -> bool {
        self.employed(id).is_some_and(|user| has_chat_feature(user))
    }

    /// The user who logs in with this name; nobody who is disabled does.
    pub(crate) fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        self.by_name.get(name)
    }

    /// Everybody, in the order of the configuration.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// The queue with this name or id (DEC-12, DEC-46).
    pub(crate) fn queue(&self, name_or_id: &str) -> Option<&Queue> {
        self.queues.iter().find(|q| q.name.as_str() == name_or_id || q.id == name_or_id)
    }

    /// Every queue, in the order of the configuration.
    pub(crate) fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// Where chats go that name no queue (DEC-46): the one marked as default.
    pub(crate) fn default_queue(&self) -> Option<&Queue> {
        self.queues.iter().find(|q| q.default)
    }
}

/// To a user without the chat features there are no chats to read (PLAT-2.4-4, DEC-61).
///
/// # Errors
/// Code 6.
pub(crate) fn check_chats_exist(user: &User) -> Result<(), Refusal> {
    match has_chat_feature(user) {
        true => Ok(()),
        false => Err(Refusal::no_such_route()),
    }
}

/// Whether the user may use chats at all (PLAT-2.4-3); operations of others are code 3 (DEC-14).
pub(crate) fn has_chat_feature(user: &User) -> bool {
    CHAT_FEATURES.iter().any(|id| user.has_feature(id))
}

/// Whether the user has what supervising chats takes: its own feature (CHAT-7.0-28), and one of those
/// without which there are no chats (CHAT-1.1, DEC-61).
pub(crate) fn may_monitor(user: &User) -> bool {
    user.has_feature(MONITORING) && has_chat_feature(user)
}

/// Whether the user has a role that may act on other users (PLAT-2.3-1); others are refused with
/// code 5 (DEC-19).
pub(crate) fn is_supervisor(user: &User) -> bool {
    ["ROLE_SUPERVISOR", "ROLE_ADMIN", "ROLE_APIUSER"].into_iter().any(|role| user.has_role(role))
}
