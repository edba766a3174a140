//! Distribution of chats: who is offered the chat that has waited longest (DEC-40).
//!
//! Deliberately small. Whom to choose is one function behind [`Distributor`]; a real router is
//! another implementation of it. Gathering the facts and offering the chat is done here, and the
//! model refuses a second offer, so two nodes that choose at the same moment do no harm.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chat_model::{Chat, ChatId, QueueName, Timestamp, Trigger, UserId};
use chat_store::FeedId;

use crate::agenda::Agenda;
use crate::agents::Agents;
use crate::config::User;
use crate::desk::{Desk, is_busy};
use crate::reply::Refusal;
use crate::roster::{CHAT_CHANNEL, Roster};

/// How long an agent who declined or missed a chat is not offered it again (DEC-40).
const REST_MS: i64 = 30_000;

/// Chats that are looked at in one round, and how soon the next round follows when there are more.
const PER_ROUND: usize = 256;

/// A chat that waits in a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WaitingChat {
    /// The chat.
    pub id: ChatId,
    /// Where it waits.
    pub queue: QueueName,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

/// An agent who is Ready, serves the queue and has room for one more chat.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// The agent.
    pub user: UserId,
    /// Since when the agent has waited: became Ready, or was offered a chat by this node,
    /// milliseconds since 1970.
    pub waiting_since_ms: i64,
    /// How many chats the agent has.
    pub chats: u32,
    /// How many the agent takes.
    pub capacity: u32,
    /// When the agent declined or missed this chat.
    pub declined_at_ms: Option<i64>,
}

/// What a [`Distributor`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// Offer the chat to this agent.
    Offer(UserId),
    /// Let it wait, and ask again when something changes or this many milliseconds are over.
    Wait(Option<u32>),
}

/// Chooses whom a waiting chat is offered to: the seam for a real router (DEC-40).
pub trait Distributor: fmt::Debug + Send + Sync + 'static {
    /// Chooses among `candidates`, which may be empty, at `now_ms` (milliseconds since 1970).
    ///
    /// Asked for the chats of a queue in the order in which they came in; candidates come in the
    /// order of the configuration.
    fn choose(&self, chat: &WaitingChat, candidates: &[Candidate], now_ms: i64) -> Choice;
}

/// The distribution of DEC-40: to the one who has waited longest, and who declined the chat only
/// when nobody else can take it, 30 seconds later at the earliest.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LongestWaiting;

impl LongestWaiting {
    /// The distribution of DEC-40.
    pub const fn new() -> Self {
        Self
    }
}

impl Distributor for LongestWaiting {
    fn choose(&self, _: &WaitingChat, candidates: &[Candidate], now_ms: i64) -> Choice {
        let fresh = candidates.iter().filter(|c| c.declined_at_ms.is_none());
        if let Some(first) = fresh.min_by_key(|c| c.waiting_since_ms) {
            return Choice::Offer(first.user.clone());
        }
        let rested_at = |c: &Candidate| c.declined_at_ms.unwrap_or(now_ms).saturating_add(REST_MS);
        let rested = candidates.iter().filter(|c| rested_at(c) <= now_ms);
        if let Some(first) = rested.min_by_key(|c| c.waiting_since_ms) {
            return Choice::Offer(first.user.clone());
        }
        let next = candidates.iter().map(rested_at).min();
        Choice::Wait(next.map(|at| u32::try_from(at - now_ms).unwrap_or(u32::MAX)))
    }
}

/// Offers waiting chats to agents.
pub(crate) struct Dispatch {
    desk: Arc<Desk>,
    agents: Arc<Agents>,
    roster: Arc<Roster>,
    agenda: Arc<Agenda>,
    distributor: Box<dyn Distributor>,
    /// When each agent was offered a chat last.
    offered: Mutex<BTreeMap<UserId, i64>>,
}

impl Dispatch {
    pub(crate) fn new(
        desk: Arc<Desk>,
        agents: Arc<Agents>,
        roster: Arc<Roster>,
        agenda: Arc<Agenda>,
        distributor: Box<dyn Distributor>,
    ) -> Self {
        Self { desk, agents, roster, agenda, distributor, offered: Mutex::default() }
    }

    /// Offers the chats of `queue`, the longest waiting first, to whoever can take them.
    pub(crate) async fn serve(&self, queue: &QueueName) -> Result<(), Refusal> {
        let feed = FeedId::queue(queue);
        let listed = self.desk.listed(&feed).await?;
        if listed.is_empty() {
            return Ok(());
        }
        let mut candidates = self.candidates(queue).await?;
        if !candidates.iter().any(Candidate::has_room) {
            return Ok(());
        }
        if listed.len() > PER_ROUND {
            self.agenda.queue_in(queue, 1_000);
        }
        for (chat, declined) in self.waiting(queue, &listed, &candidates).await? {
            let able: Vec<Candidate> = candidates
                .iter()
                .zip(declined)
                .filter(|(candidate, (on_chat, _))| candidate.has_room() && !on_chat)
                .map(|(candidate, (_, declined_at_ms))| Candidate {
                    declined_at_ms,
                    ..candidate.clone()
                })
                .collect();
            let now = self.desk.now();
            match self.distributor.choose(&chat, &able, now.as_millis()) {
                Choice::Offer(user) => {
                    if self.offer(&chat.id, &user).await? {
                        self.note_offer(&mut candidates, &user, now);
                    }
                }
                Choice::Wait(ms) => {
                    if let Some(ms) = ms {
                        self.agenda.queue_in(queue, ms.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Offers the chat; `false` if the agent or the chat is not as it was when it was looked at.
    async fn offer(&self, chat: &ChatId, user: &UserId) -> Result<bool, Refusal> {
        let trigger = Trigger::Offer { user: user.clone() };
        let offer = self.desk.act(chat, &trigger);
        let offered = self.agents.while_ready(user, offer).await?.transpose()? == Some(true);
        if offered {
            self.desk.see_off(chat, std::slice::from_ref(user)).await?;
        }
        Ok(offered)
    }

    /// The agents of the queue who are Ready, with room or without.
    async fn candidates(&self, queue: &QueueName) -> Result<Vec<Candidate>, Refusal> {
        let ready: BTreeMap<UserId, i64> =
            self.agents.ready(CHAT_CHANNEL).await?.into_iter().collect();
        let mut candidates = Vec::new();
        let serves =
            |user: &&Arc<User>| user.queues.contains(queue) && self.roster.takes_chats(&user.id);
        for user in self.roster.users().filter(serves) {
            let Some(&since) = ready.get(&user.id) else { continue };
            let offered = self.offered().get(&user.id).copied();
            candidates.push(Candidate {
                waiting_since_ms: offered.map_or(since, |at| at.max(since)),
                chats: self.load(&user.id).await?,
                capacity: user.capacity,
                declined_at_ms: None,
                user: user.id.clone(),
            });
        }
        Ok(candidates)
    }

    /// How many chats keep the agent busy (DEC-40).
    async fn load(&self, user: &UserId) -> Result<u32, Refusal> {
        let mut chats = 0;
        for chat in self.desk.listed(&FeedId::user(user)).await? {
            let busy = |chat: &Chat| chat.leg(user).is_some_and(is_busy);
            let is_busy = match self.desk.read(&chat, busy).await {
                // Rather one too few than one too many.
                Err(refusal) if refusal.is_damage() => true,
                read => read? == Some(true),
            };
            chats += u32::from(is_busy);
        }
        Ok(chats)
    }

    /// The chats that do wait, who came first in front, and for each candidate whether the agent is
    /// on the chat and when the agent declined it.
    async fn waiting(
        &self,
        queue: &QueueName,
        listed: &[ChatId],
        candidates: &[Candidate],
    ) -> Result<Vec<(WaitingChat, Vec<(bool, Option<i64>)>)>, Refusal> {
        let mut waiting = Vec::new();
        for id in listed.iter().take(PER_ROUND) {
            let found = self.desk.read_whole(id, |chat| {
                let (name, since) = chat.waiting().filter(|(name, _)| *name == queue)?;
                let of = |candidate: &Candidate| {
                    let user = &candidate.user;
                    let on_chat = chat.leg(user).is_some_and(|leg| !leg.state().is_final());
                    (on_chat, chat.declined_at(user).map(Timestamp::as_millis))
                };
                let waiting = WaitingChat {
                    id: id.clone(),
                    queue: name.clone(),
                    since_ms: since.as_millis(),
                };
                Some((waiting, candidates.iter().map(of).collect::<Vec<_>>()))
            });
            waiting.extend(found.await?.flatten());
        }
        // A chat that came back keeps its place in the line, but not in the list.
        waiting.sort_by_key(|(chat, _)| chat.since_ms);
        Ok(waiting)
    }

    fn note_offer(&self, candidates: &mut [Candidate], user: &UserId, at: Timestamp) {
        self.offered().insert(user.clone(), at.as_millis());
        if let Some(candidate) = candidates.iter_mut().find(|c| c.user == *user) {
            candidate.chats += 1;
            candidate.waiting_since_ms = at.as_millis();
        }
    }

    fn offered(&self) -> std::sync::MutexGuard<'_, BTreeMap<UserId, i64>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Candidate {
    fn has_room(&self) -> bool {
        self.chats < self.capacity
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("distributor", &self.distributor).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Choice, Distributor as _, LongestWaiting, WaitingChat};

    const NOW: i64 = 1_000_000;

    /// Candidates as (name, waiting since, declined at).
    #[track_caller]
    fn check(candidates: &[(&str, i64, Option<i64>)], expected: &Choice) {
        let candidates: Vec<Candidate> = candidates
            .iter()
            .map(|&(user, waiting_since_ms, declined_at_ms)| Candidate {
                user: user.into(),
                waiting_since_ms,
                chats: 0,
                capacity: 3,
                declined_at_ms,
            })
            .collect();
        let chat = WaitingChat { id: "c".into(), queue: "q".into(), since_ms: 0 };
        assert_eq!(LongestWaiting.choose(&chat, &candidates, NOW), *expected);
    }

    fn offer(user: &str) -> Choice {
        Choice::Offer(user.into())
    }

    /// DEC-40, sentence by sentence.
    #[test]
    fn the_longest_waiting_first_and_who_declined_last() {
        check(&[], &Choice::Wait(None));
        check(&[("a", 20, None), ("b", 10, None)], &offer("b"));
        check(&[("a", 10, None), ("b", 10, None)], &offer("a"));
        check(&[("a", 20, None), ("b", 10, Some(NOW - 40_000))], &offer("a"));
        check(&[("a", 20, Some(NOW - 30_000)), ("b", 10, Some(NOW - 29_999))], &offer("a"));
        check(&[("a", 20, Some(NOW - 10_000))], &Choice::Wait(Some(20_000)));
        check(
            &[("a", 20, Some(NOW - 10_000)), ("b", 10, Some(NOW - 12_000))],
            &Choice::Wait(Some(18_000)),
        );
    }
}
