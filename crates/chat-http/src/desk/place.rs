//! Where a chat is listed: with the agents who have a part in it, in the queue where it waits, and
//! under its visitor's name.
//!
//! What an append changes about the lists follows from the chat before and after, so no event can
//! be forgotten here.

use chat_model::{Chat, Leg, LegState, QueueName, Timestamp, UserId, VisitorId};
use chat_store::FeedId;
use smallvec::SmallVec;

/// Where a chat is listed, and whom it keeps busy.
#[derive(Debug)]
pub(super) struct Place {
    /// Those whose part is not over (DEC-23), and whether it counts for their capacity (DEC-40).
    legs: SmallVec<[(UserId, bool); 4]>,
    waiting: Option<(QueueName, Timestamp)>,
    visitor: Option<VisitorId>,
}

/// What an append does to the lists.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Moves {
    pub(super) list: Vec<FeedId>,
    pub(super) unlist: Vec<FeedId>,
    /// Agents who can take one more chat now.
    pub(super) freed: Vec<UserId>,
}

/// Every list that a chat has to be on.
pub(crate) fn lists_of(chat: &Chat) -> Vec<FeedId> {
    let nowhere = Place { legs: SmallVec::new(), waiting: None, visitor: None };
    nowhere.moves_to(&Place::of(chat)).list
}

impl Place {
    pub(super) fn of(chat: &Chat) -> Self {
        let open = chat.legs().filter(|leg| !leg.state().is_final());
        Self {
            legs: open.map(|leg| (leg.user().clone(), is_busy(leg))).collect(),
            waiting: chat.waiting().map(|(queue, since)| (queue.clone(), since)),
            visitor: chat.visitor().cloned(),
        }
    }

    pub(super) fn moves_to(&self, after: &Self) -> Moves {
        let mut moves = Moves::default();
        let find = |place: &Self, user: &UserId| {
            place.legs.iter().find(|(other, _)| other == user).map(|&(_, busy)| busy)
        };
        for (user, was_busy) in &self.legs {
            let now = find(after, user);
            if now.is_none() {
                moves.unlist.push(FeedId::user(user));
            }
            if *was_busy && now != Some(true) {
                moves.freed.push(user.clone());
            }
        }
        let joined = after.legs.iter().filter(|(user, _)| find(self, user).is_none());
        moves.list.extend(joined.map(|(user, _)| FeedId::user(user)));

        if self.waiting != after.waiting {
            moves.unlist.extend(self.waiting.iter().map(|(queue, _)| FeedId::queue(queue)));
            moves.list.extend(after.waiting.iter().map(|(queue, _)| FeedId::queue(queue)));
        }
        if self.visitor != after.visitor {
            moves.list.extend(after.visitor.iter().map(FeedId::visitor));
        }
        moves
    }
}

/// DEC-40, DEC-19: what counts for an agent's capacity; supervision does not.
pub(crate) fn is_busy(leg: &Leg) -> bool {
    !leg.role().is_supervising()
        && matches!(leg.state(), LegState::Invited | LegState::Chatting | LegState::JoinFailed)
}
