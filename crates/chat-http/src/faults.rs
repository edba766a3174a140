//! Failures on demand, for those who must show that their client survives them: a session that is
//! forgotten, a poll that is dropped, a reply that breaks off.
//!
//! Rules come from the command line or from the [admin endpoint](serve_admin), never from a
//! configuration, so that none can stay behind in one by accident. What fails on the wire fails in
//! [`wire`], around the router; what fails in notification sessions fails in the hub. A server without
//! [`Faults`] has neither, and one whose list is empty only looks at it.
//!
//! No fault changes the order in which a session hears its events: no network does that either.

mod admin;
mod broken;
mod grammar;
mod rule;
mod wire;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bayeux::Event;
use chat_model::UserId;
use tokio::sync::Notify;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::roster::Roster;
use rule::{Asked, End, Entry, Kind, Plan};

pub use admin::serve_admin;
pub use grammar::FaultError;
pub use rule::FaultRule;
pub(crate) use wire::answer;

/// The faults of a server, in the order in which they were added. Clones are the same list.
///
/// ```
/// # use std::sync::Arc;
/// use chat_http::{Faults, SystemChance, SystemClock};
/// let faults = Faults::new(Arc::new(SystemClock::new()), Arc::new(SystemChance::new()));
/// let number = faults.add("503 operation=Accept nth=2".parse()?);
/// assert!(faults.remove(number));
/// # Ok::<(), chat_http::FaultError>(())
/// ```
#[derive(Clone)]
pub struct Faults(Arc<Inner>);

struct Inner {
    table: Mutex<Table>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    roster: OnceLock<Arc<Roster>>,
    /// Readable without the lock: nothing is looked at for nobody's sake.
    is_empty: AtomicBool,
    changed: Notify,
}

#[derive(Default)]
struct Table {
    last: u64,
    entries: Vec<Entry>,
}

/// A rule in the list, and what became of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedFault {
    /// What it is removed by.
    pub id: u64,
    /// As it was written.
    pub rule: String,
    /// How many requests or events it could have struck.
    pub matched: u64,
    /// How many it has struck.
    pub struck: u64,
}

impl Faults {
    /// An empty list. Rules that strike by chance draw from `chance`.
    pub fn new(clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Self {
        Self(Arc::new(Inner {
            table: Mutex::default(),
            clock,
            chance,
            roster: OnceLock::new(),
            is_empty: AtomicBool::new(true),
            changed: Notify::new(),
        }))
    }

    /// Adds a rule, whose times count from now on, and returns the number that removes it.
    pub fn add(&self, rule: FaultRule) -> u64 {
        tracing::warn!(%rule, "a fault is switched on");
        let added = self.0.clock.monotonic();
        let mut table = self.table();
        table.last += 1;
        let id = table.last;
        table.entries.push(Entry::new(id, rule, added));
        self.update(&table);
        id
    }

    /// Removes the rule of this number; false if there is none.
    pub fn remove(&self, id: u64) -> bool {
        let mut table = self.table();
        let before = table.entries.len();
        table.entries.retain(|entry| entry.id != id);
        self.update(&table);
        table.entries.len() < before
    }

    /// Removes every rule.
    pub fn clear(&self) {
        let mut table = self.table();
        table.entries.clear();
        self.update(&table);
    }

    /// Every rule, in the order in which they were added.
    pub fn list(&self) -> Vec<ListedFault> {
        self.table().entries.iter().map(Entry::listed).collect()
    }

    /// Tells who is who; the first time counts.
    pub(crate) fn install(&self, roster: &Arc<Roster>) {
        let _ = self.0.roster.set(roster.clone());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty.load(Ordering::Acquire)
    }

    /// Whether a rule asks who it is that asks.
    fn ask_who(&self) -> bool {
        self.table().entries.iter().any(|entry| entry.rule.user.is_some())
    }

    /// What shall become of a request. A rule that another one leaves nothing to do does not count it,
    /// so each of several strikes one.
    fn plan(&self, asked: &Asked<'_>) -> Plan {
        let now = self.0.clock.monotonic();
        let mut plan = Plan::default();
        let mut table = self.table();
        let strikes = |entry: &mut Entry| {
            let is_meant = entry.is_active(now)
                && entry.rule.means(asked)
                && self.is_user(&entry.rule, asked.user);
            let strikes = is_meant && entry.strikes(&*self.0.chance);
            if strikes {
                tracing::info!(rule = %entry.rule, path = asked.route(), "a fault strikes");
            }
            strikes
        };
        for entry in &mut table.entries {
            let kind = entry.rule.kind;
            match kind {
                Kind::Delay(delay) if strikes(entry) => {
                    plan.delay = plan.delay.saturating_add(delay);
                }
                _ if plan.end.is_none() && kind.end().is_some() && strikes(entry) => {
                    plan.end = kind.end();
                }
                _ => {}
            }
        }
        // The others have no body that could take its time.
        if matches!(plan.end, None | Some(End::BrokenOff { .. })) {
            for entry in &mut table.entries {
                if let Kind::Slow(rate) = entry.rule.kind
                    && strikes(entry)
                {
                    plan.slow = Some(plan.slow.map_or(rate, |slowest| slowest.min(rate)));
                }
            }
        }
        plan
    }

    /// Waits until a rule drops a poll that is held from now on, if ever: one that is there, or one
    /// that comes while the poll is held.
    async fn poll_dropped(&self, asked: &Asked<'_>) {
        let since = self.0.clock.monotonic();
        // The rules that have let it go, by number.
        let mut passed = Vec::new();
        loop {
            let changed = self.0.changed.notified();
            let now = self.0.clock.monotonic();
            let mut next: Option<Duration> = None;
            for entry in &mut self.table().entries {
                let Kind::DropPoll { held } = entry.rule.kind else { continue };
                let is_meant = !passed.contains(&entry.id)
                    && entry.rule.means(asked)
                    && self.is_user(&entry.rule, asked.user);
                let due = entry.begins().max(since.saturating_add(held));
                if is_meant && due > now {
                    next = Some(next.map_or(due, |next| next.min(due)));
                } else if is_meant {
                    passed.push(entry.id);
                    if entry.is_active(now) && entry.strikes(&*self.0.chance) {
                        tracing::info!(rule = %entry.rule, "a fault strikes");
                        return;
                    }
                }
            }
            match next {
                Some(next) => tokio::select! {
                    () = tokio::time::sleep(next.saturating_sub(now)) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// What the user's sessions hear of an entry of their feed, and whether they are forgotten then.
    pub(crate) fn told(&self, user: &UserId, events: Arc<[Event]>) -> (Arc<[Event]>, bool) {
        let now = self.0.clock.monotonic();
        let (mut events, mut is_last) = (events, false);
        let heard = events.len() as u64;
        for entry in &mut self.table().entries {
            if !entry.is_active(now) || !self.is_user(&entry.rule, Some(user)) {
                continue;
            }
            let kind = entry.rule.kind;
            match kind {
                // Each is counted; they come together, and so does what is delivered twice.
                Kind::Duplicate
                    if (0..heard).fold(false, |any, _| entry.strikes(&*self.0.chance) || any) =>
                {
                    tracing::info!(rule = %entry.rule, "a fault strikes");
                    let twice = events.iter().flat_map(|event| [event.clone(), event.clone()]);
                    events = twice.collect();
                }
                Kind::Forget { after: Some(after) } if entry.hears(user, heard, after) => {
                    tracing::info!(rule = %entry.rule, "a fault strikes");
                    is_last = true;
                }
                _ => {}
            }
        }
        (events, is_last)
    }

    /// Whose sessions are forgotten by now, because it is time.
    pub(crate) fn forgotten(&self) -> Vec<Whose> {
        let now = self.0.clock.monotonic();
        let mut whose = Vec::new();
        for entry in &mut self.table().entries {
            if entry.is_due(now) {
                tracing::info!(rule = %entry.rule, "a fault strikes");
                entry.struck += 1;
                whose.push(Whose(entry.rule.user.clone()));
            }
        }
        whose
    }

    /// Waits until [`Self::forgotten`] may have something to say.
    pub(crate) async fn due(&self) {
        let changed = self.0.changed.notified();
        let now = self.0.clock.monotonic();
        let next = self.table().entries.iter().filter_map(Entry::due).min();
        match next {
            Some(next) => tokio::select! {
                () = tokio::time::sleep(next.saturating_sub(now)) => {}
                () = changed => {}
            },
            None => changed.await,
        }
    }

    /// Whether a user is the one that a rule is about.
    fn is_user(&self, rule: &FaultRule, user: Option<&UserId>) -> bool {
        self.are(&Whose(rule.user.clone()), user)
    }

    /// Whether `user` is among them.
    pub(crate) fn are(&self, whose: &Whose, user: Option<&UserId>) -> bool {
        let Some(name) = &whose.0 else { return true };
        let named = self.0.roster.get().and_then(|roster| roster.user_named(name));
        user.is_some_and(|user| named.is_some_and(|named| named.id == *user))
    }

    fn update(&self, table: &Table) {
        self.0.is_empty.store(table.entries.is_empty(), Ordering::Release);
        self.0.changed.notify_waiters();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A rule is whole between two looks at it, whatever became of who looked.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One user's, by their name, or everybody's.
#[derive(Debug, Clone)]
pub(crate) struct Whose(Option<String>);

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.table().entries.iter().map(|entry| &entry.rule)).finish()
    }
}

/// For how long a poll is held that is going to be dropped, if the rule does not say.
const HELD: Duration = Duration::from_secs(1);
