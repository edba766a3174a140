//! Accepting a chat while supervised: who comes along, and that the next chat is one chat
//! (CHAT-7.2-8, DEC-19).
//!
//! Supervision is a lease beside the journal, so no append can change both. Who asked for the next
//! chat therefore has this one reserved before it is decided, and what became of the reservation is
//! read off the chat: by this request, or, if it ends before that, by whoever accepts next, on
//! whichever node. So nobody comes along once more because something failed on the way, and nobody is
//! forgotten.

use chat_model::{
    Chat, ChatId, Command, KeyedRequest, LegState, Operation, Origin, Reply, Supervision,
    SupervisionScope, UserId,
};
use tokio::sync::OwnedMutexGuard;

use super::Desk;
use super::commit::Intent;
use super::gathered::Gathered;
use super::owned::Known;
use crate::reply::Refusal;

/// What became of a chat that was reserved for a supervisor of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The supervisor came along with it.
    Had,
    /// The agent has not answered the invitation yet.
    Open,
    /// It went on without the supervisor.
    Gone,
}

impl Desk {
    /// Accept, with those who supervise the agent. `known` is the chat, with the lock of its owner.
    pub(super) async fn accept(
        &self,
        chat: &ChatId,
        agent: &UserId,
        operation: &Operation,
        request: Option<&KeyedRequest>,
        mut known: OwnedMutexGuard<Option<Known>>,
    ) -> Result<Reply, Refusal> {
        let turn = self.supervisions.turn_of(agent).await;
        let supervision = self.reserve(chat, agent).await?;
        let directory =
            Gathered::nobody(&self.roster).with_supervision(supervision, &self.agents).await?;
        let reference_id = self.agents.reference_id(agent).await?;
        let command = Command::user(agent, operation);
        let intent = Intent { command, reference_id: Some(reference_id), directory: &directory };
        let committed = self.commit(chat, &mut known, &intent, request).await;
        if let Some(known) = known.as_ref() {
            self.settle(&known.chat, agent, directory.supervision()).await;
        }
        drop(known);
        // Before the chat is waited for again: whoever has it by now may wait for the turn.
        drop(turn);
        let reply = committed?;
        self.see_off(chat, directory.present()).await?;
        Ok(reply)
    }

    /// Reserves `chat` for those who asked for the agent's next one, and answers with who comes along.
    async fn reserve(&self, chat: &ChatId, agent: &UserId) -> Result<Supervision, Refusal> {
        let is_of_all = |scope| scope == SupervisionScope::AllChats;
        let found = self.supervisions.of(agent).await?;
        if found.supervisors().all(|one| is_of_all(one.scope)) {
            return Ok(found);
        }
        let mut fates = Vec::new();
        for one in found.supervisors() {
            let Some(other) = one.reserved_for.as_ref().filter(|other| *other != chat) else {
                continue;
            };
            // Not by way of the chat's owner here, who may wait for this one.
            let other_chat = self.load(other).await?;
            let fate = other_chat.map_or(Fate::Gone, |known| fate(&known.chat, agent, &one.user));
            fates.push((one.user.clone(), other.clone(), fate));
        }
        self.supervisions
            .change(agent, |supervision| {
                let mut has_changed = false;
                for (user, other, fate) in &fates {
                    has_changed |= close(supervision, user, other, *fate);
                }
                Ok(supervision.reserve(chat) || has_changed)
            })
            .await?;
        let mut reserved = self.supervisions.of(agent).await?;
        // Who asked a moment ago has the chat after this one.
        reserved.retain(|one| is_of_all(one.scope) || one.reserved_for.as_ref() == Some(chat));
        Ok(reserved)
    }

    /// Closes the reservations of `chat` as far as it tells what became of them.
    async fn settle(&self, chat: &Chat, agent: &UserId, reserved: &Supervision) {
        let id = chat.id();
        let reserved = reserved.supervisors().filter(|one| one.reserved_for.as_ref() == Some(id));
        let fates: Vec<_> =
            reserved.map(|one| (one.user.clone(), fate(chat, agent, &one.user))).collect();
        if fates.iter().all(|(_, fate)| *fate == Fate::Open) {
            return;
        }
        let settled = self.supervisions.change(agent, |supervision| {
            let closed = fates.iter().map(|(user, fate)| close(supervision, user, id, *fate));
            Ok(closed.filter(|has_changed| *has_changed).count() > 0)
        });
        if let Err(why) = settled.await {
            tracing::warn!(?why, "who had the next chat is noted when the agent accepts again");
        }
    }
}

fn fate(chat: &Chat, agent: &UserId, supervisor: &UserId) -> Fate {
    let came_along = chat.leg(supervisor).is_some_and(
        |leg| matches!(leg.origin(), Origin::Supervising { agent: of, .. } if of == agent),
    );
    if came_along {
        Fate::Had
    } else if chat.leg(agent).is_some_and(|leg| leg.state() == LegState::Invited) {
        Fate::Open
    } else {
        Fate::Gone
    }
}

/// Whether anything changed. Who has asked anew since has nothing reserved.
fn close(supervision: &mut Supervision, user: &UserId, chat: &ChatId, fate: Fate) -> bool {
    let reserved = supervision.of(user).and_then(|one| one.reserved_for.as_ref());
    match fate {
        _ if reserved != Some(chat) => false,
        Fate::Had => supervision.came_along(user),
        Fate::Open => false,
        Fate::Gone => supervision.release(chat, user),
    }
}
