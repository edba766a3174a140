//! What the house does by itself: distribution, time, logout.

use smallvec::smallvec;

use super::super::{Chat, Leg};
use super::Trigger;
use crate::event::{Event, Events, Origin, Revocation};
use crate::id::UserId;
use crate::rejection::Rejection;
use crate::rules::Context;
use crate::state::LegState;

impl Chat {
    pub(super) fn decide_house(
        &self,
        trigger: &Trigger,
        context: &Context<'_>,
    ) -> Result<Events, Rejection> {
        match trigger {
            Trigger::Offer { user } => {
                let Some((queue, _)) = self.waiting() else {
                    return Err(not_now("Offer", "a chat that waits in a queue", "it does not"));
                };
                if self.leg(user).is_some_and(|leg| !leg.state.is_final()) {
                    return Err(not_now(
                        "Offer",
                        "an agent who is not on the chat",
                        "the agent is",
                    ));
                }
                Ok(smallvec![self.offer(user, Origin::Routed { queue: queue.clone() }, context)])
            }
            Trigger::Expire { user } => {
                let lapsed = |leg: &&Leg| leg.expires_at().is_some_and(|at| at <= context.at);
                let Some(leg) = self.leg(user).filter(lapsed) else {
                    return Err(not_now("Expire", "an invitation whose time is up", "it is not"));
                };
                let because = Revocation::Unanswered;
                let mut events: Events = smallvec![Event::Revoked { user: user.clone(), because }];
                self.after_refusal(leg, context, "was not answered in time", &mut events);
                Ok(events)
            }
            Trigger::CustomerGone => {
                if !self.session_open || self.customer().is_none() {
                    return Err(not_now("CustomerGone", "a customer in the chat", "there is none"));
                }
                Ok(self.customer_leaves())
            }
            Trigger::LoggedOut { user } => self.logged_out(user, context),
        }
    }

    pub(super) fn offer(&self, user: &UserId, origin: Origin, context: &Context<'_>) -> Event {
        let expires_at =
            context.rules.invitation_ms.map(|ms| context.at.plus_millis(i64::from(ms)));
        Event::Offered { user: user.clone(), origin, expires_at }
    }

    /// DEC-42: invitations are Revoked, open chats go back to their queue, chats in wrap-up are
    /// Completed. A chat that another agent serves on stays where it is.
    fn logged_out(&self, user: &UserId, context: &Context<'_>) -> Result<Events, Rejection> {
        let Some(leg) = self.leg(user).filter(|leg| !leg.state.is_final()) else {
            return Err(not_now("LoggedOut", "an agent who is on the chat", "the agent is not"));
        };
        let revoked = Event::Revoked { user: user.clone(), because: Revocation::LoggedOut };
        Ok(match leg.state {
            LegState::Invited => {
                let mut events: Events = smallvec![revoked];
                self.after_refusal(leg, context, "lapsed when they logged out", &mut events);
                events
            }
            // Nobody else depends on a supervisor.
            LegState::Chatting if leg.role.is_supervising() => smallvec![revoked],
            LegState::Chatting => {
                let mut events: Events = smallvec![revoked];
                if self.goes_on_without(user) {
                    events.extend(self.successor(user));
                } else {
                    self.back_to_queue(user, context, &mut events);
                }
                events
            }
            LegState::LeftChat | LegState::JoinFailed | LegState::Completed | LegState::Revoked => {
                smallvec![Event::Left {
                    user: user.clone(),
                    to: LegState::Completed,
                    ends_session: false,
                    save_lar: false,
                }]
            }
        })
    }
}

fn not_now(trigger: &'static str, expected: &'static str, found: &'static str) -> Rejection {
    Rejection::NotNow { operation: trigger, expected: expected.into(), found: found.into() }
}
