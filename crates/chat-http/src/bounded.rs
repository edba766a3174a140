//! A cache of bounded size: what was used lately stays, what was touched once goes first.
//!
//! Clients choose the keys (chat ids, visitors' ids), so the size must not depend on them.

use std::hash::Hash;

use indexmap::IndexMap;

/// At most `capacity` values; when there is one more, one that was not used since the last round of
/// the hand goes (second chance).
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: IndexMap<K, Entry<V>>,
    capacity: usize,
    hand: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    used: bool,
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: IndexMap::new(), capacity: capacity.max(1), hand: 0 }
    }

    /// The value under `key`, which counts as used.
    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        entry.used = true;
        Some(&mut entry.value)
    }

    /// Keeps `value`; if the cache is full, a value for which `may_go` holds goes. While none may
    /// go the cache grows: such values are in use by requests, whose number is bounded elsewhere.
    pub(crate) fn insert(&mut self, key: K, value: V, may_go: impl Fn(&V) -> bool) {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.make_room(may_go);
        }
        self.entries.insert(key, Entry { value, used: false });
    }

    /// Forgets the value under `key` if `may_go` holds for it.
    pub(crate) fn remove_if(&mut self, key: &K, may_go: impl Fn(&V) -> bool) {
        if self.entries.get(key).is_some_and(|entry| may_go(&entry.value)) {
            self.entries.swap_remove(key);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn make_room(&mut self, may_go: impl Fn(&V) -> bool) {
        // Twice around: the first pass may only take chances away.
        for _ in 0..self.entries.len() * 2 {
            self.hand = if self.hand < self.entries.len() { self.hand } else { 0 };
            let entry = &mut self.entries[self.hand];
            if !std::mem::take(&mut entry.used) && may_go(&entry.value) {
                self.entries.swap_remove_index(self.hand);
                return;
            }
            self.hand += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn what_is_used_outlives_what_is_touched_once() {
        let mut cache = Bounded::new(8);
        for n in 0..4 {
            cache.insert(n, n, |_| true);
        }
        for n in 100..1_100 {
            for used in 0..4 {
                assert_eq!(cache.get(&used), Some(&mut { used }), "after {n}");
            }
            cache.insert(n, n, |_| true);
            assert!(cache.len() <= 8);
        }
    }

    #[test]
    fn what_may_not_go_stays() {
        let mut cache = Bounded::new(2);
        for n in 0..5 {
            cache.insert(n, n, |&kept| kept >= 3);
        }
        assert_eq!(cache.len(), 4, "0, 1 and 2 may not go, 3 went for 4");
        cache.remove_if(&0, |_| false);
        assert!(cache.get(&0).is_some());
        cache.remove_if(&0, |_| true);
        assert!(cache.get(&0).is_none());
    }
}
