//! Whether an agent is still there (DEC-42): what the lease keeps of it, so that whichever node
//! looks next knows as much.

use std::sync::atomic::{AtomicU64, Ordering};

use chat_model::UserId;
use chat_store::Unavailable;
use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::{AgentSession, Agents, Channel, Next};
use crate::reply::Refusal;
use crate::roster::{CHAT_CHANNEL, Roster};

/// When this node was last asked something by each user, by the monotonic clock, which has been read
/// when somebody is known; [`NEVER`]: not yet.
#[derive(Debug)]
pub(super) struct Asked(IndexMap<UserId, AtomicU64, RandomState>);

const NEVER: u64 = u64::MAX;

impl Asked {
    pub(super) fn new(roster: &Roster) -> Self {
        Self(roster.users().map(|user| (user.id.clone(), AtomicU64::new(NEVER))).collect())
    }
}

impl Agents {
    /// The user asks for something: the HTTP session is alive. `now_ms` is the clock's monotonic time.
    pub(crate) fn asked(&self, user: &UserId, now_ms: u64) {
        if let Some(asked) = self.asked.0.get(user) {
            asked.store(now_ms, Ordering::Relaxed);
        }
    }

    /// When this node was last asked something by the user; 0: not yet.
    pub(crate) fn asked_ms(&self, user: &UserId) -> i64 {
        let asked = self.asked.0.get(user).map(|asked| asked.load(Ordering::Relaxed));
        asked.filter(|&asked| asked != NEVER).map_or(0, |asked| {
            let ago = self.clock.monotonic_ms().saturating_sub(asked);
            self.clock.now_ms().saturating_sub_unsigned(ago)
        })
    }

    /// What is kept of the user: a session, or that there are chats to be given back.
    pub(crate) async fn kept(&self, user: &UserId) -> Result<Option<AgentSession>, Unavailable> {
        Ok(self.read(user).await?.map(|(_, session)| session))
    }

    /// The agent has a notification session.
    pub(crate) async fn note_heard(&self, user: &UserId) -> Result<(), Refusal> {
        self.note(user, |session| (session.listened, session.lost_since_ms) = (true, None)).await
    }

    /// The agent has none any more since `since_ms`.
    pub(crate) async fn note_lost(&self, user: &UserId, since_ms: i64) -> Result<(), Refusal> {
        self.note(user, |session| session.lost_since_ms = Some(since_ms)).await
    }

    /// The agent, who never had one, asked for something at `asked_ms`.
    pub(crate) async fn note_asked(&self, user: &UserId, asked_ms: i64) -> Result<(), Refusal> {
        self.note(user, |session| session.asked_ms = asked_ms).await
    }

    /// The chats of an agent who takes none any more were given back.
    pub(crate) async fn settle(&self, user: &UserId) -> Result<(), Refusal> {
        if self.owes_chats(user).await? {
            self.note(user, |session| session.owes_chats = false).await?;
        }
        Ok(())
    }

    pub(super) async fn owes_chats(&self, user: &UserId) -> Result<bool, Unavailable> {
        Ok(self.kept(user).await?.is_some_and(|session| session.owes_chats))
    }

    /// Makes the media channels that `fits` and are Ready NotReady, because of what the agent does
    /// not do (DEC-17, DEC-42). Only what changes is announced: nobody waits for an answer.
    pub(crate) async fn stand_down(
        &self,
        user: &UserId,
        fits: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let now = self.clock.now_ms();
        self.change(user, |present| {
            let Some(mut session) = present else {
                return Ok(Next { session: None, announce: Vec::new() });
            };
            let changed = session.stand_down(now, &fits);
            let announce = changed.iter().map(|c| Channel::of(c, &self.states)).collect();
            Ok(Next { session: Some(session), announce })
        })
        .await
    }

    /// Does `offer` if and while the agent may be offered chats. Whatever changes that on this node
    /// waits until it is done, so nobody is offered a chat after the answer to `NotReady`.
    pub(crate) async fn while_ready<T>(
        &self,
        user: &UserId,
        offer: impl Future<Output = T>,
    ) -> Result<Option<T>, Refusal> {
        let _turn = self.turn(user).await;
        let session = self.session(user).await?;
        match session.and_then(|session| session.ready_since(CHAT_CHANNEL)) {
            Some(_) => Ok(Some(offer.await)),
            None => Ok(None),
        }
    }

    async fn note(&self, user: &UserId, note: impl Fn(&mut AgentSession)) -> Result<(), Refusal> {
        self.change(user, |present| {
            let noted = present.map(|mut session| {
                note(&mut session);
                session
            });
            Ok(Next { session: noted, announce: Vec::new() })
        })
        .await
    }
}
