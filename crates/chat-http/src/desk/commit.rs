//! From a command to a record in the journal: decide, append, and again if another was faster.

use std::sync::OnceLock;
use std::time::Duration;

use chat_model::{
    Chat, ChatId, Command, Context, KeyedRequest, MODEL_REVISION, Notices, Once, Record, Rejection,
    Reply, UserId,
};
use chat_store::{
    Append, CommandId, FeedId, Head, OnceError, Store as _, Unavailable, append_once_pausing,
};
use smallvec::SmallVec;

use super::gathered::Gathered;
use super::owned::Known;
use super::place::{Moves, Place};
use super::{Desk, KEPT_FOR, Told};
use crate::chance::Names;
use crate::reply::Refusal;

/// How often an operation is decided anew because another node was faster.
///
/// The other node knows what it has just written and this one has to read it first, so while the other
/// has a line of writers to one chat it is faster many times in a row. Lines end, and to come back with
/// the same request costs the client and the store more.
const DECISIONS: u32 = 100;

/// How often one append is sent while its outcome is not known.
const SENDINGS: u32 = 6;

/// A snapshot is kept every so many records, and in a long chat every so many times longer.
const SNAPSHOT_EVERY: u64 = 32;

/// How many snapshots are kept while a long chat doubles.
const SNAPSHOTS_PER_DOUBLING: u64 = 8;

/// Why an operation was not performed.
#[derive(Debug)]
pub(super) enum Failure {
    Rejected(Rejection),
    /// The store does not answer, and surely did not take the record.
    Unavailable(Unavailable),
    /// Nobody can tell whether the store took the record, or is going to.
    Undecided(Unavailable),
    /// Other nodes were faster each time.
    Contended,
}

/// What is to be written, and the chat as it is then.
struct Entry {
    chat: Box<Chat>,
    head: Head,
    command: CommandId,
    payload: String,
    at_ms: i64,
    feeds: SmallVec<[FeedId; 4]>,
    moves: Moves,
    expire_at_ms: Option<i64>,
}

/// What is to be done, and what is known of the world for it.
#[derive(Debug)]
pub(super) struct Intent<'a> {
    pub(super) command: Command<'a>,
    pub(super) reference_id: Option<u64>,
    pub(super) directory: &'a Gathered<'a>,
}

impl Desk {
    /// Decides, appends and applies; on a conflict again, from what the journal says by then. Answers
    /// with what the requester is told: of a `request` with a key that is also what it was told before,
    /// or a refusal that is in the journal now (DEC-48).
    ///
    /// While it waits the chat is nobody's: `known` is empty until the append is acknowledged, so a
    /// request that is dropped halfway leaves nothing that was not appended.
    pub(super) async fn commit(
        &self,
        id: &ChatId,
        known: &mut Option<Known>,
        intent: &Intent<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<Reply, Failure> {
        self.write(id, known, |chat| self.decide(chat, intent, request)).await
    }

    /// Refuses what cannot be read; with a key the refusal is remembered (DEC-48).
    pub(super) async fn refuse(
        &self,
        id: &ChatId,
        known: &mut Option<Known>,
        why: Rejection,
        request: Option<&KeyedRequest>,
    ) -> Result<Reply, Refusal> {
        let Some(request) = request else { return Err(why.into()) };
        let decide = |chat: &Chat| chat.refuse_once(request, &why, self.now());
        Ok(self.write(id, known, decide).await?)
    }

    async fn write(
        &self,
        id: &ChatId,
        known: &mut Option<Known>,
        decide: impl Fn(&Chat) -> Result<Once, Rejection>,
    ) -> Result<Reply, Failure> {
        // One name for the operation, however often it is decided: it is accepted once.
        let command_id = Names(&*self.chance).command();
        for _ in 0..DECISIONS {
            let Some(present) = known.as_ref() else {
                return Err(Failure::Rejected(Rejection::ChatNotFound));
            };
            let (record, reply) = match decide(&present.chat) {
                Ok(Once::Now { record, reply }) => (record, reply),
                // It was read, and whoever wrote it may not have been able to promise it.
                Ok(Once::Before { reply }) => {
                    self.store.settled().await.map_err(Failure::Undecided)?;
                    return Ok(reply);
                }
                Err(rejection) => {
                    // What is cached may be behind another node; what is refused must be refused by
                    // the newest state.
                    if Box::pin(self.catch_up(known, id)).await? {
                        continue;
                    }
                    return Err(Failure::Rejected(rejection));
                }
            };
            let Some(Known { chat, head }) = known.take() else { continue };
            match self.append(chat, head, record, command_id).await {
                Ok(appended) => {
                    *known = appended;
                    return Ok(reply);
                }
                Err(OnceError::Conflict) => {
                    self.conflicts.increment(1);
                    *known = Box::pin(self.load(id)).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Contended)
    }

    pub(super) fn decide(
        &self,
        chat: &Chat,
        intent: &Intent<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<Once, Rejection> {
        let Intent { command, reference_id, directory } = intent;
        let mut context = Context::new(self.now(), &self.rules, *directory);
        if let Some(number) = *reference_id {
            context = context.with_reference_id(number);
        }
        let ids = &mut Names(&*self.chance);
        match request {
            Some(request) => chat.decide_once(request, command, &context, ids),
            None => chat.decide_anew(command, &context, ids),
        }
    }

    /// Appends `record` to `chat`, which is at `head`, and answers with the chat after it, unless
    /// it need not be kept.
    ///
    /// No `async fn`: what is only needed to make the entry has no place in the future.
    pub(super) fn append(
        &self,
        chat: Box<Chat>,
        head: Head,
        record: Record,
        command: CommandId,
    ) -> impl Future<Output = Result<Option<Known>, OnceError>> + Send {
        self.write_down(self.entry(chat, head, &record, command))
    }

    /// Applies `record` to `chat` and remembers what there is to tell of it.
    fn entry(&self, mut chat: Box<Chat>, head: Head, record: &Record, command: CommandId) -> Entry {
        let payload = record.to_json();
        let before = (!record.moves_nobody()).then(|| Place::of(&chat));
        let notices = chat.announce(record, &self.rules);
        let feeds = self.recipients(&notices);
        let moves = before.map_or_else(Moves::default, |before| before.moves_to(&Place::of(&chat)));
        let at_ms = record.at.as_millis();
        let unserved = chat.legs().next().is_none();
        let mut stays_ms = if unserved { self.unserved_ms } else { self.retention_ms };
        if chat.remembers_answers() {
            stays_ms = stays_ms.max(KEPT_FOR.as_millis() as i64);
        }
        let expire_at_ms = chat.is_finished().then(|| at_ms.saturating_add(stays_ms));
        // Before the append, because a listener may read the record the moment it is there.
        if !notices.is_empty() {
            self.recall.keep(command, Told::new(notices), feeds.len());
        }
        Entry { chat, head, command, payload, at_ms, feeds, moves, expire_at_ms }
    }

    async fn write_down(&self, entry: Entry) -> Result<Option<Known>, OnceError> {
        let Entry { chat, head, command, payload, at_ms, feeds, moves, expire_at_ms } = entry;
        let append = Append::new(chat.id(), head, command, at_ms, payload.as_bytes())
            .feeds(&feeds)
            .list(&moves.list)
            .unlist(&moves.unlist)
            .expire_at_ms(expire_at_ms);
        let attempt = Attempt { desk: self, chat: chat.id().clone(), command, settled: false };
        // When the first sending failed: nearly none does, and clocks are not free.
        let failed = OnceLock::new();
        let pause = |tried: u32| {
            let failed = &failed;
            Box::pin(async move {
                // Whoever waits is better told, and comes again, than kept waiting.
                let now = self.clock.monotonic();
                if now.saturating_sub(*failed.get_or_init(|| now)) >= self.patience {
                    return false;
                }
                self.retries.increment(1);
                tokio::time::sleep(Duration::from_millis(5 << tried.min(6))).await;
                true
            })
        };
        let head = match append_once_pausing(&self.store, append, SENDINGS, pause).await {
            Ok(head) => head,
            Err(error) => {
                attempt.failed(&error);
                return Err(error);
            }
        };
        attempt.succeeded(&chat, &moves.freed);
        if is_time_for_snapshot(head.version) && head.token != 0 {
            Box::pin(self.keep_snapshot(&chat, head)).await;
        }
        // A head without a token fits nothing any more; what is finished is read from the store.
        let keep = head.token != 0 && !chat.is_finished();
        Ok(keep.then_some(Known { chat, head }))
    }

    /// The feeds of everyone who must hear of it, each once.
    fn recipients(&self, notices: &Notices) -> SmallVec<[FeedId; 4]> {
        let mut users: SmallVec<[&UserId; 4]> = SmallVec::new();
        for user in notices.iter().flat_map(|notice| &notice.to) {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users.into_iter().map(|user| self.roster.feed(user)).collect()
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
}

/// Whether a chat that has come to `version` has its snapshot kept.
///
/// A snapshot is as long as the chat. At even distances their cost would grow with the square of
/// the transcript; like this it stays in proportion, and so does what a load has to fold.
fn is_time_for_snapshot(version: u64) -> bool {
    let reached = version.checked_ilog2().map_or(0, |bits| 1_u64 << bits);
    version.is_multiple_of(SNAPSHOT_EVERY.max(reached / SNAPSHOTS_PER_DOUBLING))
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
            OnceError::Unavailable(why) => Self::Unavailable(why),
            OnceError::Undecided(why) => Self::Undecided(why),
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
            Failure::Undecided(why) => Self::undecided(&why),
            Failure::Contended => {
                Self::unavailable("others change the chat at the same time; try again")
            }
        }
    }
}
