//! What one session listens to.
//!
//! Names are looked up, wildcards are tried in turn; a client may name many channels but hardly
//! uses more than one or two wildcards, and the number of both is bounded.

use alloc::vec::Vec;
use core::iter;

use crate::channel::{ChannelName, Pattern};

/// The subscriptions of one session.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    names: Patterns,
    wild: Patterns,
    /// Once unsubscribed ones: the channel goes on to exist, so unsubscribing again succeeds
    /// (BAYEUX-5.4). Never more than there may be subscriptions.
    former: Patterns,
}

/// Patterns, sorted: most sessions have one, for which a tree would have room for eleven.
#[derive(Debug, Default)]
struct Patterns(Vec<Pattern>);

impl Patterns {
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|pattern| pattern.as_str().cmp(name))
    }

    fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// True if it is new.
    fn insert(&mut self, pattern: Pattern) -> bool {
        let Err(place) = self.find(pattern.as_str()) else { return false };
        if self.0.len() == self.0.capacity() {
            // By one or by half; by default the first one would come with room for three more.
            self.0.reserve_exact(1 + self.0.len() / 2);
        }
        self.0.insert(place, pattern);
        true
    }

    /// True if it was there.
    fn remove(&mut self, name: &str) -> bool {
        self.find(name).map(|place| self.0.remove(place)).is_ok()
    }
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.names.0.len() + self.wild.0.len()
    }

    pub(crate) fn contains(&self, pattern: &Pattern) -> bool {
        self.names.contains(pattern.as_str()) || self.wild.contains(pattern.as_str())
    }

    /// True if it is new.
    pub(crate) fn insert(&mut self, pattern: Pattern) -> bool {
        if pattern.is_wild() { self.wild.insert(pattern) } else { self.names.insert(pattern) }
    }

    /// True if it was there. At most `remembered` removed ones are remembered.
    pub(crate) fn remove(&mut self, pattern: &Pattern, remembered: usize) -> bool {
        let name = pattern.as_str();
        let was_there = self.names.remove(name) || self.wild.remove(name);
        if was_there {
            if self.former.0.len() >= remembered {
                self.former.0.clear();
            }
            self.former.insert(pattern.clone());
        }
        was_there
    }

    /// Whether this session was ever subscribed, as far as it is remembered.
    pub(crate) fn knows(&self, pattern: &Pattern) -> bool {
        self.contains(pattern) || self.former.contains(pattern.as_str())
    }

    /// Whether an event on `channel` is wanted, by however many patterns (BAYEUX-5.8).
    pub(crate) fn select(&self, channel: &ChannelName) -> bool {
        self.names.contains(channel.as_str())
            || self.wild.0.iter().any(|pattern| pattern.matches(channel))
    }

    /// All of them, sorted.
    pub(crate) fn snapshot(&self) -> Vec<Pattern> {
        let (mut names, mut wild) = (self.names.0.iter().peekable(), self.wild.0.iter().peekable());
        let next = || match (names.peek(), wild.peek()) {
            (Some(name), Some(pattern)) if pattern < name => wild.next(),
            (Some(_), _) => names.next(),
            (None, _) => wild.next(),
        };
        iter::from_fn(next).cloned().collect()
    }
}
