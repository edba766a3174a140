//! What is to be done later, and when: invitations that lapse, visitors who fall silent, queues in
//! which somebody may be served.
//!
//! The agenda only remembers; [`House`](crate::house::House) does it. It is a cache like everything
//! else here: at the start it is written anew from the chats that the store lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_model::{Chat, ChatId, CustomerState, QueueName, UserId};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::roster::Roster;

/// Who must be looked at, and when. Times are milliseconds since 1970, the model's time.
pub(crate) struct Agenda {
    clock: Arc<dyn Clock>,
    roster: Arc<Roster>,
    silence_ms: i64,
    pages: Mutex<Pages>,
    earlier: Notify,
}

#[derive(Debug, Default)]
struct Pages {
    chats: BTreeMap<ChatId, Due>,
    /// Each chat at the earlier of its two times.
    by_time: BTreeSet<(i64, ChatId)>,
    /// How many of them have a visitor who has not left.
    visitors: usize,
    queues: BTreeMap<QueueName, i64>,
    agents: BTreeMap<UserId, Watch>,
    /// The time that whoever waits for the agenda knows of.
    announced: Option<i64>,
}

/// An agent whose coming or going is to be looked into (DEC-42).
#[derive(Debug, Clone, Copy)]
struct Watch {
    at: i64,
    /// When the last notification session was lost, if this node saw that.
    lost_since: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Due {
    /// When the next invitation lapses (DEC-17).
    expiry: Option<i64>,
    /// When the visitor may have been silent for too long (DEC-43).
    silence: Option<i64>,
}

impl Due {
    fn next(self) -> Option<i64> {
        [self.expiry, self.silence].into_iter().flatten().min()
    }
}

/// What is due now.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct DueNow {
    /// Each chat, and whether its visitor may have been silent for too long.
    pub(crate) chats: Vec<(ChatId, bool)>,
    pub(crate) queues: Vec<QueueName>,
    /// Each agent to be looked into, and since when without a notification session as far as this
    /// node saw it.
    pub(crate) agents: Vec<(UserId, Option<i64>)>,
}

impl Agenda {
    pub(crate) fn new(clock: Arc<dyn Clock>, roster: Arc<Roster>, silence_ms: i64) -> Self {
        Self { clock, roster, silence_ms, pages: Mutex::default(), earlier: Notify::new() }
    }

    /// Takes note of a chat as it is now, and of agents who can take one more.
    pub(crate) fn changed(&self, chat: &Chat, freed: &[UserId]) {
        let now = || self.clock.now_ms();
        // Imported chats have customers who do not poll here.
        let has_visitor = chat.visitor().is_some() && chat.customer_state() != CustomerState::Idle;
        let mut pages = self.pages();
        let known = pages.chats.get(chat.id()).and_then(|due| due.silence);
        let due = Due {
            expiry: chat.next_expiry().map(|(at, _)| at.as_millis()),
            silence: has_visitor
                .then(|| known.unwrap_or_else(|| now().saturating_add(self.silence_ms))),
        };
        pages.set(chat.id(), due);
        if let Some((queue, _)) = chat.waiting() {
            pages.queue_at(queue, now());
        }
        for user in freed {
            self.open_queues_of(&mut pages, user, now());
        }
        self.announce(pages);
    }

    /// How many chats have a visitor who has not left.
    pub(crate) fn visitors(&self) -> usize {
        self.pages().visitors
    }

    /// Nobody knows what became of the chat: look at it soon.
    pub(crate) fn look_at(&self, chat: &ChatId) {
        self.look_at_in(chat, 0);
    }

    /// Looks at the chat in `ms` milliseconds.
    pub(crate) fn look_at_in(&self, chat: &ChatId, ms: i64) {
        let at = self.clock.now_ms().saturating_add(ms);
        let mut pages = self.pages();
        let due = pages.chats.get(chat).copied().unwrap_or_default();
        pages.set(chat, Due { expiry: Some(due.expiry.map_or(at, |known| known.min(at))), ..due });
        self.announce(pages);
    }

    /// The visitor was heard of at `heard_ms`: the silence ends later than thought.
    pub(crate) fn visitor_heard(&self, chat: &ChatId, heard_ms: i64) {
        let mut pages = self.pages();
        let due = pages.chats.get(chat).copied().unwrap_or_default();
        let silence = Some(heard_ms.saturating_add(self.silence_ms));
        pages.set(chat, Due { silence, ..due });
        self.announce(pages);
    }

    /// The agent may take chats: somebody who waits in one of the agent's queues can be served. And
    /// the agent may have begun a session that somebody has to watch.
    pub(crate) fn agent_changed(&self, user: &UserId) {
        let now = self.clock.now_ms();
        let mut pages = self.pages();
        self.open_queues_of(&mut pages, user, now);
        pages.agent_at(user, now);
        self.announce(pages);
    }

    /// The agent's last notification session is gone (DEC-42); if that is known, it stays as noted.
    pub(crate) fn agent_lost(&self, user: &UserId) {
        let now = self.clock.now_ms();
        let mut pages = self.pages();
        pages.agent_at(user, now).lost_since.get_or_insert(now);
        self.announce(pages);
    }

    /// The agent has a notification session.
    pub(crate) fn agent_found(&self, user: &UserId) {
        let now = self.clock.now_ms();
        let mut pages = self.pages();
        pages.agent_at(user, now).lost_since = None;
        self.announce(pages);
    }

    /// Looks into the agent in `ms` milliseconds, or earlier if that is noted.
    pub(crate) fn agent_in(&self, user: &UserId, ms: i64) {
        let mut pages = self.pages();
        pages.agent_at(user, self.clock.now_ms().saturating_add(ms));
        self.announce(pages);
    }

    /// Looks at the queue `ms` milliseconds from now, or earlier if that is noted.
    pub(crate) fn queue_in(&self, queue: &QueueName, ms: i64) {
        let mut pages = self.pages();
        pages.queue_at(queue, self.clock.now_ms().saturating_add(ms));
        self.announce(pages);
    }

    /// Takes what is due by now off the agenda; at most `most` chats.
    pub(crate) fn take_due(&self, most: usize) -> DueNow {
        let now = self.clock.now_ms();
        let mut pages = self.pages();
        let mut due = DueNow::default();
        while due.chats.len() < most
            && let Some((at, chat)) = pages.by_time.first().cloned()
            && at <= now
        {
            let noted = pages.chats.get(&chat).copied().unwrap_or_default();
            let left = |time: Option<i64>| time.filter(|&at| at > now);
            let rest = Due { expiry: left(noted.expiry), silence: left(noted.silence) };
            pages.set(&chat, rest);
            due.chats.push((chat, noted.silence != rest.silence));
        }
        due.queues.extend(
            pages.queues.iter().filter(|&(_, &at)| at <= now).map(|(queue, _)| queue.clone()),
        );
        pages.queues.retain(|_, at| *at > now);
        let agents = pages.agents.iter().filter(|(_, watch)| watch.at <= now);
        due.agents.extend(agents.map(|(user, watch)| (user.clone(), watch.lost_since)));
        pages.agents.retain(|_, watch| watch.at > now);
        due
    }

    /// In how many milliseconds something is due; 0 if it is overdue.
    pub(crate) fn next_in_ms(&self) -> Option<u64> {
        let mut pages = self.pages();
        pages.announced = pages.next();
        let next = pages.announced?;
        Some(u64::try_from(next.saturating_sub(self.clock.now_ms())).unwrap_or(0))
    }

    /// Waits until something is due earlier than [`Self::next_in_ms`] said.
    pub(crate) async fn something_earlier(&self) {
        self.earlier.notified().await;
    }

    fn open_queues_of(&self, pages: &mut Pages, user: &UserId, at: i64) {
        for queue in self.roster.user(user).iter().flat_map(|user| &user.queues) {
            pages.queue_at(queue, at);
        }
    }

    fn announce(&self, mut pages: MutexGuard<'_, Pages>) {
        let next = pages.next();
        let is_earlier = next.is_some_and(|at| pages.announced.is_none_or(|known| at < known));
        if is_earlier {
            pages.announced = next;
            drop(pages);
            self.earlier.notify_one();
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn set(&mut self, chat: &ChatId, due: Due) {
        let was = self.chats.get(chat).copied().unwrap_or_default();
        if was == due {
            return;
        }
        self.visitors += usize::from(due.silence.is_some());
        self.visitors -= usize::from(was.silence.is_some());
        if let Some(at) = was.next() {
            self.by_time.remove(&(at, chat.clone()));
        }
        match due.next() {
            Some(at) => {
                self.by_time.insert((at, chat.clone()));
                self.chats.insert(chat.clone(), due);
            }
            None => {
                self.chats.remove(chat);
            }
        }
    }

    fn queue_at(&mut self, queue: &QueueName, at: i64) {
        let noted = self.queues.entry(queue.clone()).or_insert(at);
        *noted = at.min(*noted);
    }

    fn agent_at(&mut self, user: &UserId, at: i64) -> &mut Watch {
        let watch = self.agents.entry(user.clone()).or_insert(Watch { at, lost_since: None });
        watch.at = at.min(watch.at);
        watch
    }

    fn next(&self) -> Option<i64> {
        let chat = self.by_time.first().map(|&(at, _)| at);
        let agents = self.agents.values().map(|watch| watch.at);
        chat.into_iter().chain(self.queues.values().copied()).chain(agents).min()
    }
}

impl fmt::Debug for Agenda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agenda").field("pages", &*self.pages()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat_model::ChatId;

    use super::{Agenda, DueNow};
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::roster::Roster;

    fn agenda() -> (Arc<ManualClock>, Agenda) {
        let config = Config::demo(([127, 0, 0, 1], 8090).into());
        let clock = Arc::new(ManualClock::at(1_000_000));
        let agenda = Agenda::new(clock.clone(), Arc::new(Roster::new(&config)), 300_000);
        (clock, agenda)
    }

    /// A chat has one place in the line, at the earlier of its times; taking one leaves the other.
    #[test]
    fn a_chat_is_due_at_each_of_its_times_once() {
        let (clock, agenda) = agenda();
        let chat = ChatId::from("c");
        agenda.visitor_heard(&chat, 1_000_000);
        agenda.look_at_in(&chat, 30_000);
        agenda.look_at_in(&chat, 40_000);
        for (advance, next, due) in [
            (29_999, Some(1), None),
            (1, Some(0), Some(false)),
            (0, Some(270_000), None),
            (269_999, Some(1), None),
            (1, Some(0), Some(true)),
            (0, None, None),
        ] {
            clock.advance(advance);
            assert_eq!(agenda.next_in_ms(), next, "before {due:?}");
            let expected = due.map(|silent| (chat.clone(), silent));
            assert_eq!(agenda.take_due(8).chats, Vec::from_iter(expected));
        }
    }

    /// What is noted while nobody looks is taken in the order of its times, a few at once.
    #[test]
    fn what_is_due_is_taken_in_order() {
        let (clock, agenda) = agenda();
        for n in [3, 1, 2] {
            agenda.look_at_in(&ChatId::from(n.to_string()), n);
        }
        agenda.agent_changed(&"a5e9c0ffee0000000000000000000001".into());
        agenda.agent_lost(&"lost".into());
        agenda.agent_lost(&"found".into());
        clock.advance(5);
        agenda.agent_lost(&"lost".into());
        agenda.agent_found(&"found".into());
        agenda.agent_in(&"later".into(), 1);
        let due = agenda.take_due(2);
        assert_eq!(due.chats, [("1".into(), false), ("2".into(), false)]);
        assert_eq!(due.queues, ["support".into()]);
        let (changed, since) = ("a5e9c0ffee0000000000000000000001".into(), Some(1_000_000));
        assert_eq!(due.agents, [(changed, None), ("found".into(), None), ("lost".into(), since)]);
        assert_eq!(agenda.take_due(2).chats, [("3".into(), false)]);
        assert_eq!(agenda.take_due(2), DueNow::default());
        clock.advance(1);
        assert_eq!(agenda.take_due(2).agents, [("later".into(), None)]);
    }
}
