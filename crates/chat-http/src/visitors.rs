//! Visitors: which chat a visitor's name leads to, what the visitor has read, and when the visitor
//! was heard of last (DEC-43, DEC-47, CUST-4.4).
//!
//! Position and last poll live here and are written to the lease `visitor/{uuid}` at most every
//! five seconds; after the loss of a node lines may repeat, none go missing.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_model::{ChatId, VisitorId};
use chat_store::{FeedId, LeaseError, LeaseKey, Leases as _, Store as _, Unavailable};
use serde::{Deserialize, Serialize};

use crate::bounded::Bounded;
use crate::storage::AnyStore;

/// Visitors who are remembered between two polls. A forgotten one costs two reads, and lines since
/// the last checkpoint may repeat.
const VISITORS: usize = 65_536;

/// How often a visitor's lease is written at most (DEC-47).
const CHECKPOINT_MS: i64 = 5_000;

/// The visitors of this contact centre.
pub(crate) struct Visitors {
    store: AnyStore,
    /// How long a lease outlives the last poll.
    ttl: Duration,
    seen: Mutex<Bounded<VisitorId, Visitor>>,
}

#[derive(Debug, Clone)]
struct Visitor {
    chat: ChatId,
    mark: Mark,
    saved_at_ms: Option<i64>,
}

/// What a node that takes over has to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mark {
    /// The highest index that was returned.
    pub(crate) position: u64,
    /// When the visitor was heard of last, milliseconds since 1970.
    pub(crate) heard_ms: i64,
}

impl Visitors {
    pub(crate) fn new(store: AnyStore, ttl: Duration) -> Self {
        Self { store, ttl, seen: Mutex::new(Bounded::new(VISITORS)) }
    }

    /// The chat that the visitor calls by this name; `None` if there is none.
    pub(crate) async fn chat(&self, visitor: &VisitorId) -> Result<Option<ChatId>, Unavailable> {
        if let Some(known) = self.seen().get(visitor) {
            return Ok(Some(known.chat.clone()));
        }
        let Some(chat) = self.store.listed(&FeedId::visitor(visitor)).await?.into_iter().next()
        else {
            return Ok(None);
        };
        let mark = self.read(visitor).await?.unwrap_or_default();
        let mut seen = self.seen();
        // Another request may have been faster, and knows better.
        if seen.get(visitor).is_none() {
            let entry = Visitor { chat: chat.clone(), mark, saved_at_ms: None };
            seen.insert(visitor.clone(), entry, |_| true);
        }
        Ok(Some(chat))
    }

    /// The visitor was heard of at `now_ms`. `read` is told the read position and answers with the
    /// new one beside what it made; two polls at the same time do not get the same lines.
    pub(crate) fn hear<T>(
        &self,
        visitor: &VisitorId,
        now_ms: i64,
        read: impl FnOnce(u64) -> (T, u64),
    ) -> T {
        let mut seen = self.seen();
        match seen.get(visitor) {
            Some(known) => {
                let (made, position) = read(known.mark.position);
                known.mark.position = known.mark.position.max(position);
                known.mark.heard_ms = known.mark.heard_ms.max(now_ms);
                made
            }
            // Forgotten between two steps of one request: the lines may repeat.
            None => read(0).0,
        }
    }

    /// Writes the visitor's lease, unless it was written a moment ago.
    pub(crate) async fn checkpoint(&self, visitor: &VisitorId, now_ms: i64) {
        let mark = {
            let mut seen = self.seen();
            let Some(known) = seen.get(visitor) else { return };
            if known.saved_at_ms.is_some_and(|at| now_ms < at.saturating_add(CHECKPOINT_MS)) {
                return;
            }
            known.saved_at_ms = Some(now_ms);
            known.mark
        };
        if let Err(why) = self.write(visitor, mark).await {
            // Lines may repeat after the loss of this node; the next poll tries again.
            tracing::warn!(%why, "a visitor's read position was not kept");
            if let Some(known) = self.seen().get(visitor) {
                known.saved_at_ms = None;
            }
        }
    }

    /// When the visitor was heard of last, by any node; 0 if nobody remembers.
    pub(crate) async fn heard_ms(&self, visitor: &VisitorId) -> Result<i64, Unavailable> {
        let here = self.seen().get(visitor).map_or(0, |known| known.mark.heard_ms);
        let elsewhere = self.read(visitor).await?.unwrap_or_default().heard_ms;
        Ok(here.max(elsewhere))
    }

    async fn read(&self, visitor: &VisitorId) -> Result<Option<Mark>, Unavailable> {
        let lease = self.store.get(&key(visitor)).await?;
        Ok(lease.and_then(|lease| serde_json::from_slice(&lease.value).ok()))
    }

    /// Never moves the position back, whichever node writes last.
    async fn write(&self, visitor: &VisitorId, mark: Mark) -> Result<(), LeaseError> {
        const TRIES: usize = 4;
        for _ in 0..TRIES {
            let lease = self.store.get(&key(visitor)).await?;
            let kept = lease.as_ref().and_then(|lease| serde_json::from_slice(&lease.value).ok());
            let kept: Mark = kept.unwrap_or_default();
            let mark = Mark {
                position: mark.position.max(kept.position),
                heard_ms: mark.heard_ms.max(kept.heard_ms),
            };
            let value = serde_json::to_vec(&mark).unwrap_or_default();
            let rev = lease.map(|lease| lease.rev);
            match self.store.put(&key(visitor), rev, &value, Some(self.ttl)).await {
                Err(LeaseError::Conflict) => {}
                outcome => return outcome.map(|_| ()),
            }
        }
        Err(LeaseError::Conflict)
    }

    fn seen(&self) -> MutexGuard<'_, Bounded<VisitorId, Visitor>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Visitors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitors(…)")
    }
}

fn key(visitor: &VisitorId) -> LeaseKey {
    LeaseKey::new(format!("visitor/{visitor}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use chat_model::{ChatId, VisitorId};
    use chat_store::{Append, CommandId, FeedId, Head, MemoryStore, Store as _};

    use super::Visitors;
    use crate::storage::AnyStore;

    /// DEC-47: the position is this node's, and another node goes on from a checkpoint.
    #[tokio::test]
    async fn another_node_goes_on_from_the_checkpoint() {
        let store = MemoryStore::new(Arc::new(|| 0));
        let (chat, visitor) = (ChatId::from("c"), VisitorId::from("v"));
        let list = [FeedId::visitor(&visitor)];
        let append = Append::new(&chat, Head::NONE, CommandId::new([1; 16]), 0, b"{}").list(&list);
        store.append(append).await.expect("the memory takes it");

        let node = || Visitors::new(AnyStore::new(store.clone()), Duration::from_secs(60));
        let (first, second) = (node(), node());
        assert_eq!(first.chat(&"other".into()).await, Ok(None));
        assert_eq!(first.chat(&visitor).await, Ok(Some(chat.clone())));
        let next = |node: &Visitors, at, position| node.hear(&visitor, at, |was| (was, position));
        assert_eq!(next(&first, 1_000, 4), 0);
        first.checkpoint(&visitor, 1_000).await;
        assert_eq!(next(&first, 2_000, 7), 4);
        first.checkpoint(&visitor, 2_000).await; // too soon
        assert_eq!(next(&first, 3_000, 5), 7, "a position never falls");

        assert_eq!(second.heard_ms(&visitor).await, Ok(1_000));
        assert_eq!(second.chat(&visitor).await, Ok(Some(chat)));
        assert_eq!(next(&second, 4_000, 6), 4, "lines repeat, none go missing");
        first.checkpoint(&visitor, 6_000).await;
        second.checkpoint(&visitor, 6_000).await;
        assert_eq!(first.heard_ms(&visitor).await, Ok(4_000));
    }
}
