//! How a visitor's chat begins, and that a request that comes twice begins one (CUST-2.1, DEC-48).
//!
//! A chat that is not there yet cannot remember what was asked of it, so what a key stands for is a
//! lease beside the journal, `request/{key}`: the chat that is to be, and what was asked. It is written
//! before the chat. Whoever finds the lease and no chat, after a crash or because somebody is about to
//! make it, makes that very chat; the journal takes it once, and all are told its visitor's name.

use std::time::Duration;

use chat_model::{
    Chat, ChatId, Command, CustomerOperation, JsonRef, KeyedRequest, Rejection, RequestDigest,
    VisitorId,
};
use chat_store::{Head, LeaseError, LeaseKey, Leases as _, Store as _, Unavailable};
use serde::{Deserialize, Serialize};

use super::commit::Intent;
use super::gathered::Gathered;
use super::owned::Known;
use super::{Desk, KEPT_FOR};
use crate::chance::Names;
use crate::reply::Refusal;

/// How long a key stands for a chat: what was answered is known for ten minutes (DEC-48), and the answer
/// comes a while after the lease is written.
const LEASE_FOR: Duration = Duration::from_secs(12 * 60);

// A chat that were forgotten before its lease would be made once more.
const _: () = assert!(LEASE_FOR.as_secs() < KEPT_FOR.as_secs());

/// How often the lease is looked at again because another node was faster.
const TRIES: usize = 8;

/// What a key stands for.
#[derive(Serialize, Deserialize)]
struct Reserved {
    chat: ChatId,
    digest: RequestDigest,
}

impl Desk {
    /// Opens a chat for a visitor (CUST-2.1) and answers with the visitor's name for it; the same one if
    /// the `request` came before.
    ///
    /// # Errors
    /// The operation cannot be read (1, 10), is one on a chat that is there (6), names an unknown
    /// endpoint (6), or has the key of another (10); there are as many visitors as may be, or the store
    /// does not answer (4, HTTP 503). None of them is remembered: there is no chat to remember it.
    pub(crate) async fn request_chat(
        &self,
        body: JsonRef<'_>,
        request: Option<&KeyedRequest>,
    ) -> Result<VisitorId, Refusal> {
        let operation = CustomerOperation::read(body, &self.rules.limits)?;
        match request {
            None => {
                self.check_room()?;
                self.open(Names(&*self.chance).chat(), &operation, None).await
            }
            Some(request) => self.request_chat_once(&operation, request).await,
        }
    }

    async fn request_chat_once(
        &self,
        operation: &CustomerOperation,
        request: &KeyedRequest,
    ) -> Result<VisitorId, Refusal> {
        let key = LeaseKey::new(format!("request/{}", request.key.as_str()));
        for _ in 0..TRIES {
            let lease = self.store.get(&key).await?;
            let (rev, reserved) = match &lease {
                Some(lease) => (Some(lease.rev), read(&lease.value)?),
                None => {
                    let chat = Names(&*self.chance).chat();
                    (None, Reserved { chat, digest: request.digest })
                }
            };
            if reserved.digest != request.digest {
                return Err(Rejection::KeyReused.into());
            }
            if rev.is_some()
                && let Some(visitor) = self.visitor_of(&reserved.chat).await?
            {
                self.store.settled().await?;
                return Ok(visitor);
            }
            self.check_room()?;
            if rev.is_none() {
                // What is refused takes no lease.
                self.try_out(&reserved.chat, operation)?;
            }
            // Also when it is there, so that it outlives the answer by long enough.
            let value = print(&reserved);
            match self.store.put(&key, rev, &value, Some(LEASE_FOR)).await {
                Ok(_) => return self.open(reserved.chat, operation, Some(request)).await,
                Err(LeaseError::Conflict) => {}
                Err(LeaseError::Unavailable(why)) => return Err(why.into()),
            }
        }
        Err(LeaseError::Conflict.into())
    }

    /// Makes the chat, unless somebody was faster, and answers with its visitor.
    async fn open(
        &self,
        id: ChatId,
        operation: &CustomerOperation,
        request: Option<&KeyedRequest>,
    ) -> Result<VisitorId, Refusal> {
        let slot = self.owned.slot(&id);
        let mut known = slot.lock().await;
        // An id that was drawn a moment ago is nobody's yet.
        if request.is_none() || !self.is_fresh(&mut known, &id, |_| true).await? {
            *known = Some(Known { chat: Chat::new(id.clone()).into(), head: Head::NONE });
        }
        let directory = Gathered::nobody(&self.roster);
        let command = Command::Customer(operation);
        let intent = Intent { command, reference_id: None, directory: &directory };
        self.commit(&id, &mut known, &intent, request).await?;
        match known.as_ref().and_then(|known| known.chat.visitor().cloned()) {
            Some(visitor) => Ok(visitor),
            // Another node has changed it since, or the head was lost from sight.
            None => {
                drop(known);
                self.visitor_of(&id).await?.ok_or_else(Refusal::internal)
            }
        }
    }

    async fn visitor_of(&self, chat: &ChatId) -> Result<Option<VisitorId>, Refusal> {
        Ok(self.read(chat, |chat| chat.visitor().cloned()).await?.flatten())
    }

    fn check_room(&self) -> Result<(), Refusal> {
        if self.agenda.visitors() >= self.max_visitor_chats {
            return Err(Refusal::unavailable(
                "expected fewer visitors at one time; try again later",
            ));
        }
        Ok(())
    }

    /// Whether the chat could be made.
    fn try_out(&self, id: &ChatId, operation: &CustomerOperation) -> Result<(), Rejection> {
        let directory = Gathered::nobody(&self.roster);
        let command = Command::Customer(operation);
        let intent = Intent { command, reference_id: None, directory: &directory };
        self.decide(&Chat::new(id.clone()), &intent, None).map(drop)
    }
}

fn read(value: &[u8]) -> Result<Reserved, Unavailable> {
    serde_json::from_slice(value)
        .map_err(|error| Unavailable::new(format!("the lease of a request is unreadable: {error}")))
}

fn print(reserved: &Reserved) -> Vec<u8> {
    serde_json::to_vec(reserved).expect("names can be printed")
}
