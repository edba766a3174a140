//! The chats that this node knows, each behind the lock that makes its holder the chat's owner.

use std::sync::{Arc, Mutex, PoisonError};

use chat_model::{Chat, ChatId};
use chat_store::Head;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::bounded::Bounded;

/// Chats that are kept although nobody asks for them. An ordinary one is a few kilobytes.
const CHATS: usize = 8_192;

/// A chat and how far it has come.
#[derive(Debug)]
pub(super) struct Known {
    /// Boxed: it is handed on a few times with each operation, and is no small thing.
    pub(super) chat: Box<Chat>,
    pub(super) head: Head,
}

type Cell = Arc<AsyncMutex<Option<Known>>>;

/// Every chat that somebody works with, and those that somebody worked with lately.
#[derive(Debug)]
pub(super) struct Owned(Mutex<Bounded<ChatId, Cell>>);

/// One chat's place among the owned ones, for as long as a request needs it.
pub(super) struct Slot<'a> {
    owned: &'a Owned,
    id: ChatId,
    cell: Option<Cell>,
}

impl Default for Owned {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(CHATS)))
    }
}

impl Owned {
    /// The chat's place, made if need be.
    pub(super) fn slot(&self, id: &ChatId) -> Slot<'_> {
        let mut chats = self.chats();
        let cell = match chats.get(id) {
            Some(cell) => cell.clone(),
            None => {
                let cell = Cell::default();
                chats.insert(id.clone(), cell.clone(), is_idle);
                cell
            }
        };
        Slot { owned: self, id: id.clone(), cell: Some(cell) }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.chats().len()
    }

    fn chats(&self) -> std::sync::MutexGuard<'_, Bounded<ChatId, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// Makes the caller the chat's owner on this node.
    pub(super) async fn lock(&self) -> OwnedMutexGuard<Option<Known>> {
        let cell = self.cell.as_ref().expect("the cell goes when the slot does");
        cell.clone().lock_owned().await
    }
}

impl Drop for Slot<'_> {
    /// Asking for chats that do not exist, or are over, leaves nothing behind.
    fn drop(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        let is_empty = cell.try_lock().is_ok_and(|known| known.is_none());
        drop(cell);
        if is_empty {
            self.owned.chats().remove_if(&self.id, is_idle);
        }
    }
}

/// Whether nobody but the table holds the cell. Held under the table's lock, nobody can come by.
fn is_idle(cell: &Cell) -> bool {
    Arc::strong_count(cell) == 1
}

#[cfg(test)]
mod tests {
    use chat_model::{Chat, ChatId};
    use chat_store::Head;

    use super::{CHATS, Known, Owned};

    /// Clients choose the ids they ask for; what they ask for in vain is forgotten.
    #[tokio::test]
    async fn what_is_not_there_is_not_kept_and_the_rest_is_bounded() {
        let owned = Owned::default();
        for n in 0..100 {
            let slot = owned.slot(&ChatId::from(format!("none-{n}")));
            assert!(slot.lock().await.is_none());
        }
        assert_eq!(owned.len(), 0);
        for n in 0..CHATS + 100 {
            let id = ChatId::from(format!("{n}"));
            let slot = owned.slot(&id);
            *slot.lock().await = Some(Known { chat: Chat::new(id).into(), head: Head::NONE });
        }
        assert_eq!(owned.len(), CHATS);
    }

    #[tokio::test]
    async fn two_requests_share_one_owner() {
        let owned = Owned::default();
        let id = ChatId::from("one");
        let (first, second) = (owned.slot(&id), owned.slot(&id));
        let mut held = first.lock().await;
        *held = Some(Known { chat: Chat::new(id).into(), head: Head::NONE });
        let cell = second.cell.clone().expect("a fresh slot has its cell");
        assert!(cell.try_lock().is_err(), "the second one waits for the first");
        drop(held);
        assert!(second.lock().await.is_some(), "and finds what the first one left");
    }
}
