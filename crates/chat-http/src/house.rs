//! The house: what happens although nobody asks for it. Invitations lapse, silent visitors are
//! gone, waiting chats are offered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chat_model::{Chat, ChatId, CustomerState, LegState, Origin, Trigger, UserId, VisitorId};
use chat_store::FeedId;
use tokio::sync::OnceCell;

use crate::agenda::{Agenda, DueNow};
use crate::agents::Agents;
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

/// When a chat that cannot be read is tried again: somebody may have mended the database.
const DAMAGED_AGAIN_MS: i64 = 600_000;

/// How often every queue is looked at without a reason: another node may have gone without saying.
const ROUND: Duration = Duration::from_secs(10);

/// How often the agents in sessions are looked through for those who have gone without a word.
const ROLL_CALL_MS: i64 = 60_000;

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
    pub(crate) recollected: OnceCell<()>,
    /// When the agents are looked through next, milliseconds since 1970.
    pub(crate) roll_call_at: AtomicI64,
}

impl House {
    /// Writes the agenda anew from what the store lists.
    async fn recollect(&self) -> Result<(), Refusal> {
        let users = self.roster.users().map(|user| FeedId::user(&user.id));
        let queues = self.roster.queues().iter().map(|queue| FeedId::queue(&queue.name));
        for feed in users.chain(queues).collect::<Vec<_>>() {
            let listed = self.desk.listed(&feed).await.map_err(Refusal::from);
            for chat in listed.map(Some).or_else(Refusal::unless_damage)?.unwrap_or_default() {
                let look = |chat: &Chat| {
                    self.agenda.changed(chat, &[]);
                    open_visitor(chat).cloned()
                };
                let visitor = self.desk.read_whole(&chat, look).await?.flatten();
                let Some(visitor) = visitor else { continue };
                // A visitor who was silent before the start goes on being silent (DEC-43); of one
                // who never polled nobody knows since when.
                match self.visitors.heard_ms(&visitor).await? {
                    0 => {}
                    heard => self.agenda.visitor_heard(&chat, heard),
                }
            }
        }
        Ok(())
    }

    /// Looks for agents of whom nobody would hear otherwise: those whose node has gone, who never
    /// opened a notification session, or whose logout was begun and not finished.
    async fn call_the_roll(&self) -> Result<(), Refusal> {
        let heard = self.hub.all_heard().await?;
        for (user, session) in self.agents.all().await? {
            let is_heard = heard.contains(&user);
            let is_noted = session.listened && session.lost_since_ms.is_none();
            let is_employed = self.roster.employed(&user).is_some();
            let owes_words = self.agents.owes_words(&user, &session);
            if owes_words || session.owes_chats || !is_heard || !is_noted || !is_employed {
                self.agenda.agent_in(&user, 0);
            }
        }
        Ok(())
    }

    /// What has to be known before anything can be due, and from time to time again.
    async fn prepare(&self) -> Result<(), Refusal> {
        self.recollected.get_or_try_init(|| self.recollect()).await?;
        let now = self.desk.now().as_millis();
        if now >= self.roll_call_at.load(Ordering::Relaxed) {
            self.call_the_roll().await?;
            self.roll_call_at.store(now.saturating_add(ROLL_CALL_MS), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Does what is due, as it becomes due, for as long as it is polled.
    pub(crate) async fn run(&self) {
        loop {
            let round = match self.do_due().await {
                Ok(()) => ROUND,
                Err(refusal) => {
                    tracing::warn!(?refusal, "what is open could not be read yet");
                    Duration::from_secs(1)
                }
            };
            let next = self.agenda.next_in_ms().map_or(round, Duration::from_millis);
            tokio::select! {
                () = tokio::time::sleep(next.min(round)) => {
                    if next >= round {
                        self.look_at_queues();
                    }
                }
                () = self.agenda.something_earlier() => {}
            }
        }
    }

    /// Does everything that is due by now, and what that makes due.
    ///
    /// # Errors
    /// The store does not answer what has to be known first. What is due is done all the same.
    pub(crate) async fn do_due(&self) -> Result<(), Refusal> {
        let prepared = self.prepare().await;
        loop {
            let due = self.agenda.take_due(AT_ONCE);
            if due == DueNow::default() {
                return prepared;
            }
            for (chat, silent) in due.chats {
                if let Err(refusal) = self.attend(&chat, silent).await {
                    tracing::warn!(?refusal, "what is due on a chat has to wait");
                    let again_ms = if refusal.is_damage() { DAMAGED_AGAIN_MS } else { AGAIN_MS };
                    self.agenda.look_at_in(&chat, again_ms);
                }
            }
            for (user, lost_since) in due.agents {
                if let Err(refusal) = self.look_for(&user, lost_since).await {
                    tracing::warn!(?refusal, "an agent who may be lost has to wait");
                    self.agenda.agent_in(&user, AGAIN_MS);
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
            match self.desk.act(&chat, &Trigger::LoggedOut { user: user.clone() }).await {
                // Nobody can have it, and the others go back.
                Err(refusal) if refusal.is_damage() => {}
                acted => {
                    acted?;
                }
            }
        }
        self.agents.settle(user).await
    }

    /// DEC-42: without a notification session the agent is NotReady after a minute, and logged out
    /// after half an hour; one who never opened any, when the HTTP session is over.
    async fn look_for(&self, user: &UserId, seen_lost: Option<i64>) -> Result<(), Refusal> {
        let Some(session) = self.agents.settled(user).await? else { return Ok(()) };
        if self.roster.employed(user).is_none() {
            // Taken out of the configuration, or disabled, since they logged in.
            self.log_out(user).await?;
            self.hub.end(user);
            return Ok(());
        }
        if session.owes_chats {
            self.give_back(user).await?;
        }
        if !session.is_open() {
            return Ok(());
        }
        if self.hub.is_heard_by(user).await? {
            return self.agents.note_heard(user).await;
        }
        let now = self.desk.now().as_millis();
        if !session.listened {
            return self.look_for_silent(user, session.asked_ms, now).await;
        }
        let since = session.lost_since_ms.or(seen_lost).unwrap_or(now);
        if session.lost_since_ms.is_none() {
            self.agents.note_lost(user, since).await?;
        }
        let [grace_ms, logout_ms] =
            [self.limits.agent_grace_seconds, self.limits.agent_logout_seconds]
                .map(|seconds| i64::from(seconds) * 1_000);
        let lost_ms = now.saturating_sub(since);
        if lost_ms >= logout_ms {
            return self.log_out(user).await;
        }
        if lost_ms >= grace_ms {
            self.agents.stand_down(user, |_| true).await?;
        }
        let next_ms = if lost_ms < grace_ms { grace_ms.min(logout_ms) } else { logout_ms };
        self.agenda.agent_in(user, next_ms - lost_ms);
        Ok(())
    }

    /// One who never opened a notification session is there for as long as the HTTP session is.
    async fn look_for_silent(&self, user: &UserId, noted: i64, now: i64) -> Result<(), Refusal> {
        let asked = self.agents.asked_ms(user);
        // What is noted was noted by the latest roll call, and maybe by another node.
        let last = if asked >= noted { asked } else { noted.saturating_add(ROLL_CALL_MS) };
        let idle_ms = now.saturating_sub(last);
        let logout_ms = i64::from(self.limits.http_session_seconds) * 1_000;
        if idle_ms >= logout_ms {
            return self.log_out(user).await;
        }
        if asked > noted {
            self.agents.note_asked(user, asked).await?;
        }
        self.agenda.agent_in(user, logout_ms - idle_ms);
        Ok(())
    }

    async fn log_out(&self, user: &UserId) -> Result<(), Refusal> {
        self.agents.log_out(user).await?;
        self.give_back(user).await
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
        if let Err(refusal) = self.agents.stand_down(&user, |name| name == CHAT_CHANNEL).await {
            // The agent stays Ready and is offered the next chat.
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
        Self { lapsed: lapsed.collect(), visitor: open_visitor(chat).cloned() }
    }
}

fn open_visitor(chat: &Chat) -> Option<&VisitorId> {
    chat.visitor().filter(|_| chat.customer_state() != CustomerState::Idle)
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("dispatch", &self.dispatch).finish_non_exhaustive()
    }
}
