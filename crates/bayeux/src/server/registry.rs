//! The sessions of a server and the ways to find them.
//!
//! What is gone through is ordered, so that what leaves the server never depends on chance; what is only
//! looked up is hashed, because with each message a session is looked up a few times. An event reaches
//! the sessions of its owner without passing those of others, and the next deadline is the first of a
//! sorted set.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::id::{BrowserId, ClientId, ExchangeId, Instant, Owner};
use crate::session::{Held, Session};

/// Never gone through unsorted, and its keys are the host's choice: nobody can make them meet.
type Table<K, V> = HashMap<K, V, FixedState>;

/// The place of a session in the registry; later sessions have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(u64);

/// Every session with its indexes, which only this file changes.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Boxed, because the table, half full as it may be, would have room for the others.
    sessions: Table<Key, Box<Session>>,
    by_client: Table<ClientId, Key>,
    owners: BTreeMap<Owner, Household>,
    holders: Table<ExchangeId, Key>,
    /// One for each session, at its deadline or before: deadlines are mostly put off.
    alarms: BTreeSet<(Instant, Key)>,
    inserted: u64,
}

/// The sessions of one owner.
#[derive(Debug, Default)]
struct Household {
    sessions: BTreeSet<Key>,
    /// Held connects per browser (BAYEUX-4.6).
    holding: BTreeMap<BrowserId, u32>,
}

impl Registry {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.keys().into_iter().filter_map(|key| self.get(key))
    }

    /// Oldest first.
    pub(super) fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.sessions.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    pub(super) fn get(&self, key: Key) -> Option<&Session> {
        self.sessions.get(&key).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Session> {
        self.sessions.get_mut(&key).map(Box::as_mut)
    }

    pub(super) fn find(&self, client_id: &str) -> Option<Key> {
        self.by_client.get(client_id).copied()
    }

    pub(super) fn count_of(&self, owner: &Owner) -> usize {
        self.owners.get(owner).map_or(0, |household| household.sessions.len())
    }

    pub(super) fn of_owner(&self, owner: &Owner) -> Vec<Key> {
        let household = self.owners.get(owner);
        household.map_or_else(Vec::new, |household| household.sessions.iter().copied().collect())
    }

    /// Adds a session that lives until `deadline`.
    pub(super) fn insert(&mut self, mut session: Session, deadline: Instant) -> Key {
        let key = Key(self.inserted);
        self.inserted += 1;
        (session.deadline, session.alarm) = (deadline, deadline);
        self.alarms.insert((deadline, key));
        self.by_client.insert(session.client_id.clone(), key);
        self.owners.entry(session.owner.clone()).or_default().sessions.insert(key);
        self.sessions.insert(key, Box::new(session));
        key
    }

    /// Takes a session out, and says whether it was its owner's last one. Release its held connect
    /// before.
    pub(super) fn remove(&mut self, key: Key) -> Option<(Session, bool)> {
        let session = self.sessions.remove(&key)?;
        self.alarms.remove(&(session.alarm, key));
        self.by_client.remove(&session.client_id);
        let mut last_of_owner = true;
        if let Some(household) = self.owners.get_mut(&session.owner) {
            household.sessions.remove(&key);
            last_of_owner = household.sessions.is_empty();
        }
        if last_of_owner {
            self.owners.remove(&session.owner);
        }
        Some((*session, last_of_owner))
    }

    /// Moves the deadline of a session.
    pub(super) fn arm(&mut self, key: Key, deadline: Instant) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.deadline = deadline;
        if deadline < session.alarm {
            self.alarms.remove(&(session.alarm, key));
            session.alarm = deadline;
            self.alarms.insert((deadline, key));
        }
    }

    /// Lets a connect wait until `until`.
    pub(super) fn hold(&mut self, key: Key, held: Held, until: Instant) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        self.holders.extend(held.via.exchange().map(|exchange| (exchange, key)));
        if let Some(browser) = &held.browser {
            let household = self.owners.entry(session.owner.clone()).or_default();
            *household.holding.entry(browser.clone()).or_default() += 1;
        }
        session.held = Some(held);
        self.arm(key, until);
    }

    /// Takes the held connect off a session. The deadline stays for the caller to move.
    pub(super) fn release(&mut self, key: Key) -> Option<Held> {
        let session = self.sessions.get_mut(&key)?;
        let held = session.held.take()?;
        held.via.exchange().map(|exchange| self.holders.remove(&exchange));
        if let (Some(browser), Some(household)) =
            (&held.browser, self.owners.get_mut(&session.owner))
        {
            let count = household.holding.get(browser).map_or(0, |count| count - 1);
            if count == 0 {
                household.holding.remove(browser);
            } else {
                household.holding.insert(browser.clone(), count);
            }
        }
        Some(held)
    }

    /// The session whose connect is held on `exchange`.
    pub(super) fn holder(&self, exchange: ExchangeId) -> Option<Key> {
        self.holders.get(&exchange).copied()
    }

    /// How many connects an owner's sessions in one browser hold.
    pub(super) fn holding(&self, owner: &Owner, browser: &BrowserId) -> u32 {
        self.owners
            .get(owner)
            .and_then(|household| household.holding.get(browser))
            .copied()
            .unwrap_or(0)
    }

    /// Whether a session of `owner` meets `test`.
    pub(super) fn any_of(&self, owner: &Owner, test: impl Fn(&Session) -> bool) -> bool {
        self.owners.get(owner).is_some_and(|household| {
            household.sessions.iter().filter_map(|&key| self.get(key)).any(test)
        })
    }

    /// When to look for [`Registry::due`]: nothing is due earlier.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.alarms.first().map(|&(alarm, _)| alarm)
    }

    /// A session whose deadline has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Key> {
        while let Some(&(alarm, key)) = self.alarms.first() {
            if alarm > now {
                break;
            }
            let session = self.sessions.get_mut(&key)?;
            if session.deadline <= now {
                return Some(key);
            }
            // It was put off since.
            self.alarms.remove(&(alarm, key));
            session.alarm = session.deadline;
            self.alarms.insert((session.alarm, key));
        }
        None
    }
}
