//! Clients that were between two polls when their session was ended: they are told to stop when they
//! come for the next one (NOTIF-5.5, DEC-45).
//!
//! Without this they would be told to shake hands, and a client that shows credentials with every
//! request would be back, listening for a user who has logged out.

use alloc::collections::{BTreeMap, VecDeque};

use crate::id::{ClientId, Instant, Owner};

/// Clients that are remembered; beyond it the one that was ended first hears that its session is not
/// known, as it would on another node.
const MOST: usize = 4_096;

/// The clients that are still to be told, each for as long as its session would have waited for it.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    clients: BTreeMap<ClientId, (Owner, Instant)>,
    /// In the order in which they were ended, with those that were told meanwhile.
    order: VecDeque<ClientId>,
}

impl Farewells {
    pub(super) fn owe(&mut self, client_id: ClientId, owner: Owner, until: Instant) {
        if self.order.len() >= MOST {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.clients.remove(&oldest));
        }
        self.order.push_back(client_id.clone());
        self.clients.insert(client_id, (owner, until));
    }

    /// Whether the client is to be told; it is from now on. Under another owner nothing is known of it
    /// (BAYEUX-2.4).
    pub(super) fn take(&mut self, now: Instant, client_id: &str, owner: &Owner) -> bool {
        let known = self.clients.get(client_id);
        if !known.is_some_and(|(of, until)| of == owner && now <= *until) {
            return false;
        }
        self.clients.remove(client_id).is_some()
    }

    /// Forgets those who did not come in time.
    pub(super) fn forget(&mut self, now: Instant) {
        while let Some(first) = self.order.front() {
            match self.clients.get(first) {
                Some((_, until)) if now <= *until => return,
                _ => {
                    self.clients.remove(first);
                    self.order.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{Farewells, MOST};
    use crate::id::{ClientId, Instant, Owner};

    #[test]
    fn a_client_is_told_once_in_time_and_under_its_owner() {
        let (amy, bob) = (Owner::new("amy"), Owner::new("bob"));
        let at = Instant::from_millis;
        let mut farewells = Farewells::default();
        for client in ["a", "b", "c"] {
            farewells.owe(ClientId::new(client), amy.clone(), at(10));
        }
        assert!(!farewells.take(at(5), "a", &bob));
        assert!(farewells.take(at(5), "a", &amy));
        assert!(!farewells.take(at(5), "a", &amy), "once");
        assert!(farewells.take(at(10), "b", &amy));
        assert!(!farewells.take(at(11), "c", &amy), "too late");
        farewells.forget(at(11));
        assert!(farewells.clients.is_empty() && farewells.order.is_empty());
    }

    #[test]
    fn as_many_as_may_be_are_remembered() {
        let (amy, later) = (Owner::new("amy"), Instant::from_millis(u64::MAX));
        let mut farewells = Farewells::default();
        for n in 0..=MOST {
            farewells.owe(ClientId::new(format!("{n}")), amy.clone(), later);
        }
        assert_eq!((farewells.clients.len(), farewells.order.len()), (MOST, MOST));
        let now = Instant::from_millis(0);
        assert!(!farewells.take(now, "0", &amy) && farewells.take(now, "1", &amy));
    }
}
