//! From the journal to a chat: the newest snapshot, and the records after it.

use chat_model::{Chat, ChatId, MODEL_REVISION, Record};
use chat_store::{Store as _, Unavailable};

use super::Desk;
use super::owned::Known;
use crate::agents::is_of_agent;

impl Desk {
    /// Whether the chat is there and `fits`, by the newest state if not by the cached one.
    pub(super) async fn is_fresh(
        &self,
        known: &mut Option<Known>,
        id: &ChatId,
        fits: impl Fn(&Chat) -> bool,
    ) -> Result<bool, Unavailable> {
        if known.as_ref().is_some_and(|known| fits(&known.chat)) {
            return Ok(true);
        }
        // Boxed, like all that is rarely done: an operation's future is made and moved as a whole.
        Box::pin(self.catch_up(known, id)).await?;
        Ok(known.as_ref().is_some_and(|known| fits(&known.chat)))
    }

    /// Brings `known` up to what the journal says; whether that was something new.
    pub(super) async fn catch_up(
        &self,
        known: &mut Option<Known>,
        id: &ChatId,
    ) -> Result<bool, Unavailable> {
        if let Some(present) = known.as_ref() {
            // The last record that is known, and whether one follows. If not even that one is
            // there, the chat has been forgotten since.
            let last = present.head.version;
            let after = last.saturating_sub(1);
            if self.store.records(id, after, 2).await?.iter().map(|r| r.version).eq([last]) {
                return Ok(false);
            }
        }
        *known = Box::pin(self.load(id)).await?;
        Ok(known.is_some())
    }

    pub(super) async fn load(&self, id: &ChatId) -> Result<Option<Known>, Unavailable> {
        if is_of_agent(id) {
            // No chat, whoever should come to ask for it.
            return Ok(None);
        }
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
            return Err(Unavailable::damaged(format!(
                "expected {} records of a chat, found {}",
                loaded.head.version,
                chat.revision()
            )));
        }
        Ok(Some(Known { chat: chat.into(), head: loaded.head }))
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

/// The model's record inside a store's.
pub(crate) fn read_record(record: &chat_store::Record) -> Result<Record, Unavailable> {
    Record::from_json(&record.payload)
        .map_err(|error| Unavailable::damaged(format!("a record is unreadable: {error}")))
}

/// The chat inside a store's snapshot; `None` if another revision of the model wrote it.
pub(crate) fn read_snapshot(snapshot: &chat_store::Snapshot) -> Option<Chat> {
    if snapshot.model_rev != MODEL_REVISION {
        return None;
    }
    let chat: Chat = serde_json::from_slice(&snapshot.bytes).ok()?;
    (chat.revision() == snapshot.version).then_some(chat)
}
