//! From what an agent asks for to what is: the lease by compare-and-set, and then what there is to
//! announce of it.

use std::mem;

use chat_model::UserId;
use chat_store::{CommandId, LeaseError, Leases as _, Unavailable};

use super::announce::Announced;
use super::{AgentSession, Agents, Next, TRIES, lease_key};
use crate::hooks::Hooked;
use crate::reply::Refusal;

/// When what could not be announced is tried again.
const AGAIN_MS: i64 = 1_000;

impl Agents {
    /// Reads, decides, writes, and decides again if others were faster; then announces.
    ///
    /// Once it is written it is so, and is announced sooner or later: by this call, or after it by
    /// whoever changes or looks after the agent next.
    pub(super) async fn change(
        &self,
        user: &UserId,
        decide: impl Fn(Option<AgentSession>) -> Result<Next, Refusal>,
    ) -> Result<(), Refusal> {
        let _turn = self.turn(user).await;
        let command = CommandId::new(crate::random());
        let key = lease_key(user);
        // What was written if a write went through of which nobody knows what became.
        let mut lost: Option<Announced> = None;
        let mut outcome = LeaseError::Conflict;
        for _ in 0..TRIES {
            let (rev, present) = self.read(user).await?.unzip();
            let before = present.as_ref().map(|s| s.announced.clone()).unwrap_or_default();
            if let Some(tried) = &lost
                && (before.is_by(command) || self.announcer.is_written(tried, command).await?)
            {
                self.announce(user, rev, present).await;
                return Ok(());
            }
            let Next { session, announce } = decide(present.clone())?;
            if announce.is_empty() {
                let next = session.and_then(|s| self.with_announced(user, s, before).kept());
                match self.write(user, rev, present.as_ref(), next.as_ref()).await {
                    Ok(_) => return Ok(()),
                    Err(error) => outcome = error,
                }
                continue;
            }
            // In the order of the states: first what came before, whoever is about to write it.
            self.announcer.write(user, &before).await?;
            let mut session = session.unwrap_or_else(AgentSession::new);
            let now = self.clock.now_ms();
            session.announced = before.next(command, now, &announce, !session.is_open());
            let mut unannounced = Unannounced { hooks: &self.hooks, user, ms: Some(0) };
            match self.store.put(&key, rev, &session.print(), None).await {
                Ok(rev) => {
                    unannounced.ms = self.announce(user, Some(rev), Some(session)).await;
                    return Ok(());
                }
                Err(error) => {
                    if matches!(error, LeaseError::Unavailable(_)) {
                        lost = Some(session.announced);
                    }
                    outcome = error;
                }
            }
        }
        Err(outcome.into())
    }

    /// What is kept of the user, once everything is announced that can be.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn settled(&self, user: &UserId) -> Result<Option<AgentSession>, Unavailable> {
        let Some((rev, session)) = self.read(user).await? else { return Ok(None) };
        if !self.owes_words(user, &session) {
            return Ok(Some(session));
        }
        let is_news = !self.announcer.knows(user, &session.announced);
        self.announcer.write(user, &session.announced).await?;
        self.clear_away(user, rev, &session).await;
        if is_news {
            self.hooks.channels_changed(user).await;
        }
        Ok((!session.is_over()).then_some(session))
    }

    /// Whether it may be that not everything is announced, or not everything cleared away.
    pub(crate) fn owes_words(&self, user: &UserId, session: &AgentSession) -> bool {
        session.is_over() || !self.announcer.knows(user, &session.announced)
    }

    /// Announces what is pending, and clears away what is over; answers when to look again.
    async fn announce(
        &self,
        user: &UserId,
        rev: Option<u64>,
        session: Option<AgentSession>,
    ) -> Option<i64> {
        let mut again = None;
        if let (Some(rev), Some(session)) = (rev, session) {
            match self.announcer.write(user, &session.announced).await {
                Ok(()) => self.clear_away(user, rev, &session).await,
                Err(why) => {
                    tracing::warn!(%why, "what an agent's sessions are to hear has to wait");
                    again = Some(AGAIN_MS);
                }
            }
        }
        self.hooks.channels_changed(user).await;
        again
    }

    /// Of a session that is over and announced nothing has to be kept.
    async fn clear_away(&self, user: &UserId, rev: u64, session: &AgentSession) {
        if !session.is_over() {
            return;
        }
        self.announcer.forget(user);
        match self.store.delete(&lease_key(user), rev).await {
            // Conflict: the next session has begun.
            Ok(()) | Err(LeaseError::Conflict) => {}
            Err(LeaseError::Unavailable(why)) => {
                tracing::warn!(%why, "the lease of a session that is over is cleared away later");
            }
        }
    }

    /// The session with what stood in its lease before, less what is known to be announced.
    fn with_announced(
        &self,
        user: &UserId,
        mut session: AgentSession,
        before: Announced,
    ) -> AgentSession {
        let is_known = self.announcer.knows(user, &before);
        session.announced = if is_known { before.settled() } else { before };
        session
    }

    /// Writes what changes nothing that anybody hears of.
    async fn write(
        &self,
        user: &UserId,
        rev: Option<u64>,
        present: Option<&AgentSession>,
        next: Option<&AgentSession>,
    ) -> Result<(), LeaseError> {
        let key = lease_key(user);
        match (next, rev) {
            // Also how the outcome of an unknown write is found out.
            (next, _) if is_same(present, next) => Ok(()),
            (Some(session), rev) => {
                self.store.put(&key, rev, &session.print(), None).await.map(|_| ())
            }
            (None, Some(rev)) => {
                self.announcer.forget(user);
                self.store.delete(&key, rev).await
            }
            (None, None) => Ok(()),
        }
    }
}

/// Whether nothing but what is known to be announced differs.
fn is_same(present: Option<&AgentSession>, next: Option<&AgentSession>) -> bool {
    match (present, next) {
        (Some(present), Some(next)) => {
            let mut present = present.clone();
            present.announced = next.announced.clone();
            present == *next
        }
        (None, None) => true,
        _ => false,
    }
}

/// A change that may be written and is not announced: dropped like this, the house sees to it.
struct Unannounced<'a> {
    hooks: &'a Hooked,
    user: &'a UserId,
    /// In how many milliseconds; not at all once it is announced.
    ms: Option<i64>,
}

impl Drop for Unannounced<'_> {
    fn drop(&mut self) {
        if let Some(ms) = mem::take(&mut self.ms) {
            self.hooks.look_at_agent(self.user, ms);
        }
    }
}
