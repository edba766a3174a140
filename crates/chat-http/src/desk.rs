//! The desk: the one place where a request becomes a fact.
//!
//! Load the chat, let the model decide, append the record, and only then is it so. Who must hear of
//! it is named in the append; telling them is the hub's work, which reads the journal.
//!
//! A node has one owner per chat: whoever holds the chat's lock. Between two nodes the store's
//! compare-and-set decides, and the loser reads what happened and decides again.

mod commit;
mod gathered;
mod load;
mod opening;
mod owned;
mod place;
mod recall;
mod supervised;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chat_model::{
    Chat, ChatFile, ChatId, Command, CustomerOperation, JsonRef, KeyedRequest, Operation,
    OperationKind, Outlined, Rejection, Reply, Rules, SupervisorOperation, Timestamp, Trigger,
    UserId, VisitorId,
};
use chat_store::{FeedId, Head, OnceError, Store as _, Unavailable};
use metrics::Counter;

use crate::agenda::Agenda;
use crate::agents::Agents;
use crate::chance::{Chance, Names};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::reply::Refusal;
use crate::roster::{CHAT_CHANNEL, Roster};
use crate::storage::AnyStore;
use crate::supervision::Supervisions;
use commit::{Failure, Intent};
use gathered::Gathered;
pub(crate) use load::{read_record, read_snapshot};
use owned::Owned;
pub(crate) use place::{is_busy, lists_of};
pub(crate) use recall::{Recall, Told};

/// How long a chat stays readable at least that has answered a request with a key: ten minutes (DEC-48),
/// and what the clocks of nodes may differ.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);

/// Where operations on chats are performed.
pub(crate) struct Desk {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    rules: Rules,
    roster: Arc<Roster>,
    agents: Arc<Agents>,
    agenda: Arc<Agenda>,
    supervisions: Arc<Supervisions>,
    owned: Owned,
    recall: Recall,
    retention_ms: i64,
    /// The same of one that no agent ever had.
    unserved_ms: i64,
    max_visitor_chats: usize,
    appended: Counter,
    conflicts: Counter,
    retries: Counter,
    /// How long an append is sent again that the store does not take.
    patience: Duration,
}

/// What the desk works with.
pub(crate) struct Tools<'a> {
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) rules: Rules,
    pub(crate) roster: Arc<Roster>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) agenda: Arc<Agenda>,
    pub(crate) metrics: &'a Metrics,
    /// How long an append is sent again that the store does not take.
    pub(crate) patience: Duration,
    /// How long an ended chat stays readable (DEC-23).
    pub(crate) retention: Duration,
    /// How long one does that no agent ever had: whoever asks for chats and drops them must not fill
    /// the store (DEC-72).
    pub(crate) unserved: Duration,
    /// How many chats visitors may have open: nobody knows who they are, and each takes memory.
    pub(crate) max_visitor_chats: usize,
}

impl Desk {
    pub(crate) fn new(tools: Tools<'_>) -> Self {
        let Tools {
            store,
            clock,
            chance,
            rules,
            roster,
            agents,
            agenda,
            metrics,
            patience,
            retention,
            unserved,
            max_visitor_chats,
        } = tools;
        Self {
            appended: metrics.counter("chat_records_total", "Records appended to the journal."),
            conflicts: metrics.counter(
                "chat_conflicts_total",
                "Operations decided again because another node was faster.",
            ),
            retries: metrics.counter(
                "chat_retries_total",
                "Appends sent again because the store refused them or could not tell.",
            ),
            supervisions: Arc::new(Supervisions::new(store.clone(), roster.clone())),
            patience,
            owned: Owned::default(),
            recall: Recall::default(),
            retention_ms: i64::try_from(retention.as_millis()).unwrap_or(i64::MAX),
            unserved_ms: i64::try_from(unserved.as_millis()).unwrap_or(i64::MAX),
            store,
            clock,
            chance,
            rules,
            roster,
            agents,
            agenda,
            max_visitor_chats,
        }
    }

    /// Performs an agent's operation: `body` is what the agent posted. A `request` that came before is
    /// answered as it was then, which may be a refusal (DEC-48).
    ///
    /// # Errors
    /// In the order of DEC-14: the chat is not the caller's (6), the operation cannot be read (1,
    /// 10), the model refuses it (2, 3, 6, 10); or the store does not answer (4, HTTP 503).
    pub(crate) async fn perform(
        &self,
        chat: &ChatId,
        user: &UserId,
        body: Outlined<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<Reply, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        let of_caller = |chat: &Chat| chat.leg(user).is_some();
        if !self.is_fresh(&mut known, chat, of_caller).await? {
            return Err(Rejection::ChatNotFound.into());
        }
        if let Some(reply) = told_before(known.as_ref(), request)? {
            return Ok(reply);
        }
        let operation = match Operation::read(body, &self.rules.limits) {
            Ok(operation) => operation,
            Err(why) => return Box::pin(self.refuse(chat, &mut known, why, request)).await,
        };
        if operation.kind() == OperationKind::Accept {
            return Box::pin(self.accept(chat, user, &operation, request, known)).await;
        }
        let directory = match operation.kind() {
            OperationKind::Transfer | OperationKind::Consult | OperationKind::Invite => {
                Box::pin(Gathered::for_operation(&self.roster, &self.agents, &operation)).await?
            }
            _ => Gathered::nobody(&self.roster),
        };
        let reference_id = self.agents.reference_id(user).await?;
        let command = Command::user(user, &operation);
        let intent = Intent { command, reference_id: Some(reference_id), directory: &directory };
        let reply = self.commit(chat, &mut known, &intent, request).await?;
        drop(known);
        if !directory.present().is_empty() {
            Box::pin(self.see_off(chat, directory.present())).await?;
        }
        Ok(reply)
    }

    /// Performs a supervisor's operation on the part that `agent` has in a chat.
    ///
    /// # Errors
    /// As [`Self::perform`]; code 6 if the chat is not the agent's.
    pub(crate) async fn perform_for_supervisor(
        &self,
        chat: &ChatId,
        supervisor: &UserId,
        agent: &UserId,
        body: JsonRef<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<Reply, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        let of_agent = |chat: &Chat| chat.leg(agent).is_some();
        if !self.is_fresh(&mut known, chat, of_agent).await? {
            return Err(Rejection::ChatNotFound.into());
        }
        if let Some(reply) = told_before(known.as_ref(), request)? {
            return Ok(reply);
        }
        let operation = match SupervisorOperation::read(body, &self.rules.limits) {
            Ok(operation) => operation,
            Err(why) => return self.refuse(chat, &mut known, why, request).await,
        };
        let supervision = self.supervisions.of(agent).await?;
        let mut directory =
            Gathered::nobody(&self.roster).with_supervision(supervision, &self.agents).await?;
        directory.look_for(supervisor.clone(), &self.agents).await?;
        let reference_id = self.agents.reference_id(supervisor).await?;
        let command = Command::supervisor(supervisor, agent, &operation);
        let intent = Intent { command, reference_id: Some(reference_id), directory: &directory };
        let reply = self.commit(chat, &mut known, &intent, request).await?;
        drop(known);
        // Who logged out meanwhile is not left with an invitation.
        self.see_off(chat, directory.present()).await?;
        Ok(reply)
    }

    /// Performs a visitor's operation on the visitor's chat.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub(crate) async fn perform_for_visitor(
        &self,
        chat: &ChatId,
        visitor: &VisitorId,
        body: JsonRef<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<Reply, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        let of_visitor = |chat: &Chat| chat.visitor() == Some(visitor);
        if !self.is_fresh(&mut known, chat, of_visitor).await? {
            return Err(Rejection::ChatNotFound.into());
        }
        let operation = match CustomerOperation::read(body, &self.rules.limits) {
            Ok(operation) => operation,
            Err(why) => return self.refuse(chat, &mut known, why, request).await,
        };
        let directory = Gathered::nobody(&self.roster);
        let command = Command::Customer(&operation);
        let intent = Intent { command, reference_id: None, directory: &directory };
        Ok(self.commit(chat, &mut known, &intent, request).await?)
    }

    /// Lets the house act: distribution, time, logout. `false`: the model refused, because what the
    /// house acts on is not the case any more.
    pub(crate) async fn act(&self, chat: &ChatId, trigger: &Trigger) -> Result<bool, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        if !self.is_fresh(&mut known, chat, |_| true).await? {
            return Ok(false);
        }
        let directory = Gathered::nobody(&self.roster);
        let command = Command::House(trigger);
        let intent = Intent { command, reference_id: None, directory: &directory };
        match self.commit(chat, &mut known, &intent, None).await {
            Ok(_) => Ok(true),
            Err(Failure::Rejected(_)) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Takes the chat from those of `users` who logged out between the look at them and the record
    /// that invited them. Whoever logs out writes that down before looking for chats to give back,
    /// so one of the two sees the other, on whichever nodes they are (DEC-42).
    pub(crate) async fn see_off(&self, chat: &ChatId, users: &[UserId]) -> Result<(), Refusal> {
        for user in users {
            let session = self.agents.session(user).await?;
            if !session.is_some_and(|session| session.has_channel(CHAT_CHANNEL)) {
                self.act(chat, &Trigger::LoggedOut { user: user.clone() }).await?;
            }
        }
        Ok(())
    }

    /// Brings a chat from a file into the journal; `false` if there is a chat of that name already,
    /// which stays as it is.
    pub(crate) async fn import(&self, file: ChatFile) -> Result<bool, Unavailable> {
        let id = file.chat.id().clone();
        let at = self.now();
        let record = file.into_record(at);
        let slot = self.owned.slot(&id);
        let mut known = slot.lock().await;
        *known = None;
        let before = Chat::new(id.clone());
        match self.append(before.into(), Head::NONE, record, Names(&*self.chance).command()).await {
            Ok(appended) => {
                *known = appended;
                Ok(true)
            }
            Err(OnceError::Conflict) => Ok(false),
            // It is there, and not readable: no reason not to serve the others.
            Err(OnceError::Unavailable(why) | OnceError::Undecided(why)) if why.is_damage() => {
                tracing::error!(%why, "a chat to start with is there and cannot be read");
                Ok(false)
            }
            Err(OnceError::Unavailable(why) | OnceError::Undecided(why)) => Err(why),
        }
    }

    /// Looks at a chat as it is now; `None` if there is none.
    pub(crate) async fn read<T>(
        &self,
        chat: &ChatId,
        look: impl FnOnce(&Chat) -> T,
    ) -> Result<Option<T>, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        self.catch_up(&mut known, chat).await?;
        Ok(known.as_ref().map(|known| look(&known.chat)))
    }

    /// As [`Self::read`], of one among many: the others must not suffer from a chat that is damaged, so
    /// it is as if it were not there. The log tells of it.
    pub(crate) async fn read_whole<T>(
        &self,
        chat: &ChatId,
        look: impl FnOnce(&Chat) -> T,
    ) -> Result<Option<T>, Refusal> {
        self.read(chat, look).await.or_else(Refusal::unless_damage)
    }

    /// The chats listed for a user, a queue or a visitor.
    pub(crate) async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        self.store.listed(feed).await
    }

    /// Who supervises whom.
    pub(crate) fn supervisions(&self) -> &Supervisions {
        &self.supervisions
    }

    /// What is to be told of the records that this node wrote lately.
    pub(crate) fn recall(&self) -> &Recall {
        &self.recall
    }

    /// The rules by which chats go.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now_ms())
    }
}

/// What the request was answered when it came before, as far as this node knows; [`Desk::commit`] looks
/// again.
fn told_before(
    known: Option<&owned::Known>,
    request: Option<&KeyedRequest>,
) -> Result<Option<Reply>, Rejection> {
    match (known, request) {
        (Some(known), Some(request)) => known.chat.answered(request),
        _ => Ok(None),
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("owned", &self.owned).finish_non_exhaustive()
    }
}
