//! What one session listens to.
//!
//! Names are looked up, wildcards are tried in turn; a client may name many channels but hardly
//! uses more than one or two wildcards, and the number of both is bounded.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::channel::{ChannelName, Pattern};

/// The subscriptions of one session.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    names: BTreeSet<Pattern>,
    wild: BTreeSet<Pattern>,
    /// Once unsubscribed ones: the channel goes on to exist, so unsubscribing again succeeds
    /// (BAYEUX-5.4). Never more than there may be subscriptions.
    former: BTreeSet<Pattern>,
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.names.len() + self.wild.len()
    }

    pub(crate) fn contains(&self, pattern: &Pattern) -> bool {
        self.names.contains(pattern) || self.wild.contains(pattern)
    }

    /// True if it is new.
    pub(crate) fn insert(&mut self, pattern: Pattern) -> bool {
        if pattern.is_wild() { self.wild.insert(pattern) } else { self.names.insert(pattern) }
    }

    /// True if it was there. At most `remembered` removed ones are remembered.
    pub(crate) fn remove(&mut self, pattern: &Pattern, remembered: usize) -> bool {
        let was_there = self.names.remove(pattern) || self.wild.remove(pattern);
        if was_there {
            if self.former.len() >= remembered {
                self.former.clear();
            }
            self.former.insert(pattern.clone());
        }
        was_there
    }

    /// Whether this session was ever subscribed, as far as it is remembered.
    pub(crate) fn knows(&self, pattern: &Pattern) -> bool {
        self.contains(pattern) || self.former.contains(pattern)
    }

    /// Whether an event on `channel` is wanted, by however many patterns (BAYEUX-5.8).
    pub(crate) fn select(&self, channel: &ChannelName) -> bool {
        self.names.contains(channel.as_str())
            || self.wild.iter().any(|pattern| pattern.matches(channel))
    }

    /// All of them, sorted.
    pub(crate) fn snapshot(&self) -> Vec<Pattern> {
        let all: BTreeMap<&Pattern, ()> =
            self.names.iter().chain(&self.wild).map(|pattern| (pattern, ())).collect();
        all.into_keys().cloned().collect()
    }
}
