//! The house: what happens although nobody asks for it. Invitations lapse, silent visitors are
//! gone, waiting chats are offered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chat_model::{Chat, ChatId, CustomerState, LegState, Origin, Trigger, UserId, VisitorId};
use chat_store::FeedId;

use crate::agenda::{Agenda, DueNow};
use crate::agents::{Agents, Readiness, VOICE, Which};
use crate::config::Limits;
use crate::desk::Desk;
use crate::dispatch::Dispatch;
use crate::hub::Hub;
use crate::reply::Refusal;
use crate::roster::{CHAT_CHANNEL, Roster};
use crate::visitors::Visitors;

/// Chats that are taken off the agenda at one time.
const AT_ONCE: usize = 64;

/// When what could not be done is tried again.
const AGAIN_MS: i64 = 1_000;

/// How often every queue is looked at without a reason: another node may have gone without saying.
const ROUND: Duration = Duration::from_secs(10);

/// What is due is done here.
pub(crate) struct House {
    pub(crate) desk: Arc<Desk>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) visitors: Arc<Visitors>,
    pub(crate) agenda: Arc<Agenda>,
    pub(crate) dispatch: Dispatch,
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Limits,
    /// How long a visitor may be silent (DEC-43).
    pub(crate) silence_ms: i64,
}

impl House {
    /// Writes the agenda anew from the chats that the store lists.
    pub(crate) async fn recollect(&self) -> Result<(), Refusal> {
        let users = self.roster.users().map(|user| FeedId::user(&user.id));
        let queues = self.roster.queues().iter().map(|queue| FeedId::queue(&queue.name));
        for feed in users.chain(queues).collect::<Vec<_>>() {
            for chat in self.desk.listed(&feed).await? {
                self.desk.read(&chat, |chat| self.agenda.changed(chat, &[])).await?;
            }
        }
        Ok(())
    }

    /// Does what is due, as it becomes due, for as long as it is polled.
    pub(crate) async fn run(&self) {
        while let Err(refusal) = self.recollect().await {
            tracing::warn!(?refusal, "the open chats could not be read yet");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        loop {
            self.do_due().await;
            let next = self.agenda.next_in_ms().map_or(ROUND, Duration::from_millis);
            tokio::select! {
                () = tokio::time::sleep(next.min(ROUND)) => {
                    if next >= ROUND {
                        self.look_at_queues();
                    }
                }
                () = self.agenda.something_earlier() => {}
            }
        }
    }

    /// Does everything that is due by now, and what that makes due.
    pub(crate) async fn do_due(&self) {
        loop {
            let due = self.agenda.take_due(AT_ONCE);
            if due == DueNow::default() {
                return;
            }
            for (chat, silent) in due.chats {
                if let Err(refusal) = self.attend(&chat, silent).await {
                    tracing::warn!(?refusal, "what is due on a chat has to wait");
                    self.agenda.look_at_in(&chat, AGAIN_MS);
                }
            }
            for (user, since) in due.lost {
                if let Err(refusal) = self.look_for(&user, since).await {
                    tracing::warn!(?refusal, "an agent who is lost has to wait");
                    self.agenda.look_for(&user, since, AGAIN_MS);
                }
            }
            for queue in due.queues {
                if let Err(refusal) = self.dispatch.serve(&queue).await {
                    tracing::warn!(?refusal, "a queue has to wait");
                    self.agenda.queue_in(&queue, AGAIN_MS);
                }
            }
        }
    }

    /// The agent is gone: everything of theirs goes back or is finished (DEC-42).
    pub(crate) async fn give_back(&self, user: &UserId) -> Result<(), Refusal> {
        for chat in self.desk.listed(&FeedId::user(user)).await? {
            self.desk.act(&chat, &Trigger::LoggedOut { user: user.clone() }).await?;
        }
        self.agents.settle(user).await
    }

    /// DEC-42: without a notification session the agent is NotReady after a minute, and logged out
    /// after half an hour.
    async fn look_for(&self, user: &UserId, since_ms: i64) -> Result<(), Refusal> {
        if self.hub.is_heard_by(user).await? {
            return Ok(());
        }
        let lost_ms = self.desk.now().as_millis().saturating_sub(since_ms);
        let logout_ms = i64::from(self.limits.agent_logout_seconds) * 1_000;
        if lost_ms >= logout_ms {
            self.agents.log_out(user).await?;
            return self.give_back(user).await;
        }
        for channel in self.agents.channels(user).await?.unwrap_or_default() {
            if channel.name() != VOICE {
                let which = Which::One(channel.name());
                self.agents.set(user, which, &Readiness::NotReady).await?;
            }
        }
        self.agenda.look_for(user, since_ms, logout_ms - lost_ms);
        Ok(())
    }

    fn look_at_queues(&self) {
        for queue in self.roster.queues() {
            self.agenda.queue_in(&queue.name, 0);
        }
    }

    async fn attend(&self, id: &ChatId, silent: bool) -> Result<(), Refusal> {
        let Some(Overdue { lapsed, visitor }) =
            self.desk.read(id, |chat| Overdue::of(chat, self.desk.now().as_millis())).await?
        else {
            return Ok(());
        };
        for (user, was_routed) in lapsed {
            self.lapse(id, user, was_routed).await?;
        }
        if let Some(visitor) = visitor.filter(|_| silent) {
            self.listen_for(id, &visitor).await?;
        }
        // What is left comes back onto the agenda.
        self.desk.read(id, |chat| self.agenda.changed(chat, &[])).await?;
        Ok(())
    }

    /// DEC-17: the leg is Revoked; who missed a chat of a queue is NotReady, before the chat is
    /// offered to the next one.
    async fn lapse(&self, chat: &ChatId, user: UserId, was_routed: bool) -> Result<(), Refusal> {
        if !self.desk.act(chat, &Trigger::Expire { user: user.clone() }).await? || !was_routed {
            return Ok(());
        }
        let not_ready = self.agents.set(&user, Which::One(CHAT_CHANNEL), &Readiness::NotReady);
        if let Err(refusal) = not_ready.await {
            // Logged out meanwhile, then there is nobody to make NotReady; or the store does not
            // answer, then the agent stays Ready and is offered the next chat.
            tracing::warn!(?refusal, "an agent who missed an invitation was not made NotReady");
        }
        Ok(())
    }

    /// DEC-43: five minutes without a word.
    async fn listen_for(&self, chat: &ChatId, visitor: &VisitorId) -> Result<(), Refusal> {
        let heard = self.visitors.heard_ms(visitor).await?;
        if self.desk.now().as_millis() < heard.saturating_add(self.silence_ms) {
            self.agenda.visitor_heard(chat, heard);
            return Ok(());
        }
        self.desk.act(chat, &Trigger::CustomerGone).await?;
        Ok(())
    }
}

/// What may be overdue on a chat.
struct Overdue {
    /// Whose invitation has lapsed, and whether it came from a queue.
    lapsed: Vec<(UserId, bool)>,
    /// The visitor of a session that is open.
    visitor: Option<VisitorId>,
}

impl Overdue {
    fn of(chat: &Chat, now_ms: i64) -> Self {
        let lapsed = chat
            .legs()
            .filter(|leg| leg.state() == LegState::Invited)
            .filter(|leg| leg.expires_at().is_some_and(|at| at.as_millis() <= now_ms))
            .map(|leg| (leg.user().clone(), matches!(leg.origin(), Origin::Routed { .. })));
        let is_open = chat.customer_state() != CustomerState::Idle;
        Self { lapsed: lapsed.collect(), visitor: chat.visitor().filter(|_| is_open).cloned() }
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("dispatch", &self.dispatch).finish_non_exhaustive()
    }
}
