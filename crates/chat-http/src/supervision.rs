//! Who supervises whom, kept for all nodes (CHAT-7.0-28, DEC-19).
//!
//! What it means is the model's [`Supervision`]; here it is one lease per agent,
//! `supervision/{agent id}`, changed by compare-and-set. It has no time to live: supervision of all
//! chats lasts until it is cancelled, also while one of the two is not there.

use std::sync::Arc;

use chat_model::{MonitoringOperation, Supervision, UserId};
use chat_store::{LeaseError, LeaseKey, Leases as _, Unavailable};
use indexmap::IndexMap;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::reply::Refusal;
use crate::roster::{self, Roster};
use crate::storage::AnyStore;

/// How often a change is made again because another node was faster.
const TRIES: usize = 8;

/// The supervision of every agent of this contact centre.
#[derive(Debug)]
pub(crate) struct Supervisions {
    store: AnyStore,
    roster: Arc<Roster>,
    /// One acceptance of an agent at a time on this node, so that the next chat is one chat.
    turns: IndexMap<UserId, Arc<Mutex<()>>>,
}

impl Supervisions {
    pub(crate) fn new(store: AnyStore, roster: Arc<Roster>) -> Self {
        let turns = roster.users().map(|user| (user.id.clone(), Arc::default())).collect();
        Self { store, roster, turns }
    }

    /// Who supervises `agent`; of those who asked for it whoever still may.
    pub(crate) async fn of(&self, agent: &UserId) -> Result<Supervision, Unavailable> {
        let lease = self.store.get(&lease_key(agent)).await?;
        let Some(lease) = lease else { return Ok(Supervision::default()) };
        Ok(self.permitted(parse(&lease.value)?))
    }

    /// A lease outlives the configuration: who was a supervisor once must not come along for ever.
    fn permitted(&self, mut supervision: Supervision) -> Supervision {
        supervision.retain(|one| {
            self.roster
                .employed(&one.user)
                .is_some_and(|user| roster::is_supervisor(user) && roster::may_monitor(user))
        });
        supervision
    }

    /// Waits until no other chat is being accepted by `agent` on this node. Hold it until the
    /// acceptance is through.
    pub(crate) async fn turn_of(&self, agent: &UserId) -> Option<OwnedMutexGuard<()>> {
        match self.turns.get(agent) {
            Some(turn) => Some(turn.clone().lock_owned().await),
            None => None,
        }
    }

    /// Does what `supervisor` asks of the chat channel of `agent`.
    ///
    /// # Errors
    /// Code 2: there is nothing to cancel (CHAT-7.2-9).
    pub(crate) async fn perform(
        &self,
        agent: &UserId,
        supervisor: &UserId,
        operation: &MonitoringOperation,
    ) -> Result<(), Refusal> {
        self.change(agent, |supervision| {
            supervision.perform(supervisor, operation)?;
            Ok::<_, Refusal>(true)
        })
        .await
    }

    /// Changes the supervision of `agent` unless `change` says that nothing has changed.
    ///
    /// # Errors
    /// What `change` says; or the store does not answer.
    pub(crate) async fn change(
        &self,
        agent: &UserId,
        change: impl Fn(&mut Supervision) -> Result<bool, Refusal>,
    ) -> Result<(), Refusal> {
        let key = lease_key(agent);
        for _ in 0..TRIES {
            let lease = self.store.get(&key).await?;
            let (mut supervision, rev) = match &lease {
                Some(lease) => (parse(&lease.value)?, Some(lease.rev)),
                None => (Supervision::default(), None),
            };
            if !change(&mut supervision)? {
                return Ok(());
            }
            let written = match rev {
                Some(rev) if supervision.is_empty() => self.store.delete(&key, rev).await,
                rev => self.store.put(&key, rev, &print(&supervision), None).await.map(drop),
            };
            match written {
                Ok(()) => return Ok(()),
                Err(LeaseError::Conflict) => {}
                Err(LeaseError::Unavailable(why)) => return Err(why.into()),
            }
        }
        Err(Refusal::unavailable("others supervise the agent at the same time; try again"))
    }
}

fn lease_key(agent: &UserId) -> LeaseKey {
    LeaseKey::new(format!("supervision/{agent}"))
}

fn parse(value: &[u8]) -> Result<Supervision, Unavailable> {
    serde_json::from_slice(value)
        .map_err(|error| Unavailable::new(format!("a supervision lease is unreadable: {error}")))
}

fn print(supervision: &Supervision) -> Vec<u8> {
    serde_json::to_vec(supervision).expect("names can be printed")
}
