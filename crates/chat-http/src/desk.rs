//! The desk: the one place where a request becomes a fact.
//!
//! Load the chat, let the model decide, append the record, and only then is it so. Who must hear of
//! it is named in the append; telling them is the hub's work, which reads the journal.
//!
//! A node has one owner per chat: whoever holds the chat's lock. Between two nodes the store's
//! compare-and-set decides, and the loser reads what happened and decides again.

mod gathered;
mod owned;
mod place;
mod recall;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chat_model::{
    Chat, ChatFile, ChatId, Command, Context, CustomerOperation, JsonRef, MODEL_REVISION, Notices,
    Operation, Record, Rejection, Reply, Rules, Timestamp, Trigger, UserId, VisitorId,
};
use chat_store::{
    Append, CommandId, FeedId, Head, OnceError, Store as _, Unavailable, append_once_pausing,
};
use metrics::Counter;

use crate::agenda::Agenda;
use crate::agents::Agents;
use crate::chance::{Chance, Names};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::AnyStore;
use gathered::Gathered;
use owned::{Known, Owned};
use place::Place;
pub(crate) use place::is_busy;
pub(crate) use recall::{Recall, Told};

/// How often an operation is decided anew because another node was faster.
const DECISIONS: u32 = 8;

/// How often one append is sent while its outcome is not known.
const SENDINGS: u32 = 6;

/// A snapshot is kept every so many records.
const SNAPSHOT_EVERY: u64 = 32;

/// Where operations on chats are performed.
pub(crate) struct Desk {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    rules: Rules,
    roster: Arc<Roster>,
    agents: Arc<Agents>,
    agenda: Arc<Agenda>,
    owned: Owned,
    recall: Recall,
    retention_ms: i64,
    appended: Counter,
    conflicts: Counter,
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
    /// How long an ended chat stays readable (DEC-23).
    pub(crate) retention: Duration,
}

impl Desk {
    pub(crate) fn new(tools: Tools<'_>) -> Self {
        let Tools { store, clock, chance, rules, roster, agents, agenda, metrics, retention } =
            tools;
        Self {
            appended: metrics.counter("chat_records_total", "Records appended to the journal."),
            conflicts: metrics.counter(
                "chat_conflicts_total",
                "Operations decided again because another node was faster.",
            ),
            owned: Owned::default(),
            recall: Recall::default(),
            retention_ms: i64::try_from(retention.as_millis()).unwrap_or(i64::MAX),
            store,
            clock,
            chance,
            rules,
            roster,
            agents,
            agenda,
        }
    }

    /// Performs an agent's operation: `body` is what the agent posted.
    ///
    /// # Errors
    /// In the order of DEC-14: the chat is not the caller's (6), the operation cannot be read (1,
    /// 10), the model refuses it (2, 3, 6, 10); or the store does not answer (4, HTTP 503).
    pub(crate) async fn perform(
        &self,
        chat: &ChatId,
        user: &UserId,
        body: JsonRef<'_>,
    ) -> Result<Reply, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        let of_caller = |chat: &Chat| chat.leg(user).is_some();
        if !self.is_fresh(&mut known, chat, of_caller).await? {
            return Err(Rejection::ChatNotFound.into());
        }
        let operation = Operation::read(body, &self.rules.limits)?;
        let directory = Gathered::for_operation(&self.roster, &self.agents, &operation).await?;
        let reference_id = self.agents.reference_id(user).await?;
        let command = Command::user(user, &operation);
        self.commit(chat, &mut known, &command, Some(reference_id), &directory).await?;
        Ok(Reply::accepted(operation.kind(), Some(reference_id), &self.rules))
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
    ) -> Result<(), Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        let of_visitor = |chat: &Chat| chat.visitor() == Some(visitor);
        if !self.is_fresh(&mut known, chat, of_visitor).await? {
            return Err(Rejection::ChatNotFound.into());
        }
        let operation = CustomerOperation::read(body, &self.rules.limits)?;
        let command = Command::Customer(&operation);
        let directory = Gathered::nobody(&self.roster);
        self.commit(chat, &mut known, &command, None, &directory).await?;
        Ok(())
    }

    /// Opens a chat for a visitor (CUST-2.1) and answers with the visitor's name for it.
    ///
    /// # Errors
    /// The operation cannot be read (1, 10), is one on a chat that is there (6), names an unknown
    /// endpoint (6); or the store does not answer (4, HTTP 503).
    pub(crate) async fn request_chat(&self, body: JsonRef<'_>) -> Result<VisitorId, Refusal> {
        let operation = CustomerOperation::read(body, &self.rules.limits)?;
        let command = Command::Customer(&operation);
        let directory = Gathered::nobody(&self.roster);
        let id = Names(&*self.chance).chat();
        let slot = self.owned.slot(&id);
        let mut known = slot.lock().await;
        *known = Some(Known { chat: Chat::new(id.clone()), head: Head::NONE });
        self.commit(&id, &mut known, &command, None, &directory).await?;
        let named = |chat: &Chat| chat.visitor().cloned();
        match known.as_ref().and_then(|known| named(&known.chat)) {
            Some(visitor) => Ok(visitor),
            // Another node has changed it since, or the head was lost from sight.
            None => {
                drop(known);
                self.read(&id, named).await?.flatten().ok_or_else(Refusal::internal)
            }
        }
    }

    /// Lets the house act: distribution, time, logout. `false`: the model refused, because what the
    /// house acts on is not the case any more.
    pub(crate) async fn act(&self, chat: &ChatId, trigger: &Trigger) -> Result<bool, Refusal> {
        let slot = self.owned.slot(chat);
        let mut known = slot.lock().await;
        if !self.is_fresh(&mut known, chat, |_| true).await? {
            return Ok(false);
        }
        let command = Command::House(trigger);
        let directory = Gathered::nobody(&self.roster);
        match self.commit(chat, &mut known, &command, None, &directory).await {
            Ok(_) => Ok(true),
            Err(Failure::Rejected(_)) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
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
        match self.append(before, Head::NONE, record, Names(&*self.chance).command()).await {
            Ok(appended) => {
                *known = appended;
                Ok(true)
            }
            Err(OnceError::Conflict) => Ok(false),
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

    /// The chats listed for a user, a queue or a visitor.
    pub(crate) async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        self.store.listed(feed).await
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

/// Why an operation was not performed.
#[derive(Debug)]
enum Failure {
    Rejected(Rejection),
    /// The store does not answer, or nobody can tell whether it took the record.
    Unavailable(Unavailable),
    /// Other nodes were faster each time.
    Contended,
}

impl Desk {
    /// Decides, appends and applies; on a conflict again, from what the journal says by then.
    ///
    /// While it waits the chat is nobody's: `known` is empty until the append is acknowledged, so a
    /// request that is dropped halfway leaves nothing that was not appended.
    async fn commit(
        &self,
        id: &ChatId,
        known: &mut Option<Known>,
        command: &Command<'_>,
        reference_id: Option<u64>,
        directory: &Gathered<'_>,
    ) -> Result<(), Failure> {
        // One name for the operation, however often it is decided: it is accepted once.
        let command_id = Names(&*self.chance).command();
        for _ in 0..DECISIONS {
            let Some(present) = known.as_ref() else {
                return Err(Failure::Rejected(Rejection::ChatNotFound));
            };
            let record = match self.decide(&present.chat, command, reference_id, directory) {
                Ok(record) => record,
                Err(rejection) => {
                    // What is cached may be behind another node; what is refused must be refused by
                    // the newest state.
                    if self.catch_up(known, id).await? {
                        continue;
                    }
                    return Err(Failure::Rejected(rejection));
                }
            };
            let Some(Known { chat, head }) = known.take() else { continue };
            match self.append(chat, head, record, command_id).await {
                Ok(appended) => {
                    *known = appended;
                    return Ok(());
                }
                Err(OnceError::Conflict) => {
                    self.conflicts.increment(1);
                    *known = self.load(id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Contended)
    }

    fn decide(
        &self,
        chat: &Chat,
        command: &Command<'_>,
        reference_id: Option<u64>,
        directory: &Gathered<'_>,
    ) -> Result<Record, Rejection> {
        let mut context = Context::new(self.now(), &self.rules, directory);
        if let Some(number) = reference_id {
            context = context.with_reference_id(number);
        }
        chat.decide(command, &context, &mut Names(&*self.chance))
    }

    /// Appends `record` to `chat`, which is at `head`, and answers with the chat after it, unless
    /// it need not be kept.
    async fn append(
        &self,
        mut chat: Chat,
        head: Head,
        record: Record,
        command: CommandId,
    ) -> Result<Option<Known>, OnceError> {
        let payload = record.to_json();
        let before = Place::of(&chat);
        let notices = chat.announce(&record, &self.rules);
        let feeds = recipients(&notices);
        let moves = before.moves_to(&Place::of(&chat));
        let at_ms = record.at.as_millis();
        let expire_at = chat.is_finished().then(|| at_ms.saturating_add(self.retention_ms));

        let append = Append::new(chat.id(), head, command, at_ms, payload.as_bytes())
            .feeds(&feeds)
            .list(&moves.list)
            .unlist(&moves.unlist)
            .expire_at_ms(expire_at);
        // Before the append, because a listener may read the record the moment it is there.
        if !notices.is_empty() {
            self.recall.keep(command, Told::new(notices));
        }
        let attempt = Attempt { desk: self, chat: chat.id().clone(), command, settled: false };
        let pause = |tried: u32| tokio::time::sleep(Duration::from_millis(5 << tried.min(6)));
        let head = match append_once_pausing(&self.store, append, SENDINGS, pause).await {
            Ok(head) => head,
            Err(error) => {
                attempt.failed(&error);
                return Err(error);
            }
        };
        attempt.succeeded(&chat, &moves.freed);
        if head.version % SNAPSHOT_EVERY == 0 && head.token != 0 {
            self.keep_snapshot(&chat, head).await;
        }
        // A head without a token fits nothing any more; what is finished is read from the store.
        let keep = head.token != 0 && !chat.is_finished();
        Ok(keep.then_some(Known { chat, head }))
    }

    /// A snapshot that is not kept costs a longer fold later and nothing else.
    async fn keep_snapshot(&self, chat: &Chat, head: Head) {
        let bytes = match serde_json::to_vec(chat) {
            Ok(bytes) => bytes,
            Err(error) => return tracing::error!(%error, "a chat has no snapshot form"),
        };
        if let Err(why) = self.store.snapshot(chat.id(), head, MODEL_REVISION, &bytes).await {
            tracing::warn!(%why, "a snapshot was not kept");
        }
    }

    /// Whether the chat is there and `fits`, by the newest state if not by the cached one.
    async fn is_fresh(
        &self,
        known: &mut Option<Known>,
        id: &ChatId,
        fits: impl Fn(&Chat) -> bool,
    ) -> Result<bool, Unavailable> {
        if known.as_ref().is_some_and(|known| fits(&known.chat)) {
            return Ok(true);
        }
        self.catch_up(known, id).await?;
        Ok(known.as_ref().is_some_and(|known| fits(&known.chat)))
    }

    /// Brings `known` up to what the journal says; whether that was something new.
    async fn catch_up(&self, known: &mut Option<Known>, id: &ChatId) -> Result<bool, Unavailable> {
        if let Some(present) = known.as_ref() {
            // The last record that is known, and whether one follows. If not even that one is
            // there, the chat has been forgotten since.
            let last = present.head.version;
            let after = last.saturating_sub(1);
            if self.store.records(id, after, 2).await?.iter().map(|r| r.version).eq([last]) {
                return Ok(false);
            }
        }
        *known = self.load(id).await?;
        Ok(known.is_some())
    }

    async fn load(&self, id: &ChatId) -> Result<Option<Known>, Unavailable> {
        let Some(loaded) = self.store.load(id).await? else { return Ok(None) };
        let (mut chat, mut records) = match loaded.snapshot {
            None => (Chat::new(id.clone()), loaded.records),
            Some(snapshot) => match read_snapshot(&snapshot) {
                Some(chat) => (chat, loaded.records),
                // Of another revision of the model: the records are there from the start.
                None => {
                    let all = usize::try_from(loaded.head.version).unwrap_or(usize::MAX);
                    (Chat::new(id.clone()), self.store.records(id, 0, all).await?)
                }
            },
        };
        records.retain(|record| record.version <= loaded.head.version);
        for record in &records {
            chat.replay(&read_record(record)?);
        }
        if chat.revision() != loaded.head.version {
            return Err(Unavailable::new(format!(
                "expected {} records of a chat, found {}",
                loaded.head.version,
                chat.revision()
            )));
        }
        Ok(Some(Known { chat, head: loaded.head }))
    }

    /// The chat as it was after `version` records: for telling anew what came next.
    pub(crate) async fn at_version(
        &self,
        id: &ChatId,
        version: u64,
    ) -> Result<Option<Chat>, Unavailable> {
        let snapshot = match self.store.load(id).await? {
            Some(loaded) => loaded.snapshot.filter(|snapshot| snapshot.version <= version),
            None => return Ok(None),
        };
        let mut chat =
            snapshot.as_ref().and_then(read_snapshot).unwrap_or_else(|| Chat::new(id.clone()));
        let missing = usize::try_from(version - chat.revision()).unwrap_or(usize::MAX);
        for record in self.store.records(id, chat.revision(), missing).await? {
            chat.replay(&read_record(&record)?);
        }
        Ok((chat.revision() == version).then_some(chat))
    }
}

/// The feeds of everyone who must hear of it, each once.
fn recipients(notices: &Notices) -> Vec<FeedId> {
    let mut users: Vec<&UserId> = Vec::new();
    for user in notices.iter().flat_map(|notice| &notice.to) {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    users.into_iter().map(FeedId::user).collect()
}

/// The model's record inside a store's.
pub(crate) fn read_record(record: &chat_store::Record) -> Result<Record, Unavailable> {
    Record::from_json(&record.payload)
        .map_err(|error| Unavailable::new(format!("a record is unreadable: {error}")))
}

fn read_snapshot(snapshot: &chat_store::Snapshot) -> Option<Chat> {
    if snapshot.model_rev != MODEL_REVISION {
        return None;
    }
    let chat: Chat = serde_json::from_slice(&snapshot.bytes).ok()?;
    (chat.revision() == snapshot.version).then_some(chat)
}

/// An append under way. Dropped before it is settled, it may have been written all the same; then
/// the agenda has a look at the chat, so that nothing that follows from it is forgotten.
struct Attempt<'a> {
    desk: &'a Desk,
    chat: ChatId,
    command: CommandId,
    settled: bool,
}

impl Attempt<'_> {
    fn succeeded(mut self, chat: &Chat, freed: &[UserId]) {
        self.settled = true;
        self.desk.appended.increment(1);
        self.desk.agenda.changed(chat, freed);
    }

    fn failed(mut self, error: &OnceError) {
        if !matches!(error, OnceError::Undecided(_)) {
            self.settled = true;
            self.desk.recall.forget(&self.command);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.desk.agenda.look_at(&self.chat);
        }
    }
}

impl From<OnceError> for Failure {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::Conflict => Self::Contended,
            OnceError::Unavailable(why) | OnceError::Undecided(why) => Self::Unavailable(why),
        }
    }
}

impl From<Unavailable> for Failure {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rejected(rejection) => rejection.into(),
            Failure::Unavailable(why) => why.into(),
            Failure::Contended => {
                Self::unavailable("others change the chat at the same time; try again")
            }
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("owned", &self.owned).finish_non_exhaustive()
    }
}
