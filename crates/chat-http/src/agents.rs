//! Agents at work: the contact-centre session and the readiness of its channels (PLAT-3.3 to 3.5).
//!
//! Both are one lease per agent, `agent/{user id}`, changed by compare-and-set, so every node sees
//! the same agent. What changes is announced by way of the journal. The lease has no time to live: an agent who is gone must first give the chats
//! back (DEC-42), and a lease that lapses gives back nothing.

mod announce;
mod change;
mod channel;
mod presence;
mod reference;
mod session;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chat_model::{StatusCode, UserId};
use chat_store::{LeaseKey, Leases as _, Unavailable};
use indexmap::IndexMap;
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use announce::Announcement;
pub use announce::is_of_agent;
pub(crate) use channel::ChannelStateChange;
pub(crate) use channel::{Channel, VOICE};
pub(crate) use session::AgentSession;

use crate::clock::Clock;
use crate::config::AgentState;
use crate::hooks::Hooked;
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::AnyStore;
use announce::Announcer;
use presence::Asked;
use reference::References;
use session::{ChannelState, not_now};

const PREFIX: &str = "agent/";

/// How often a change is decided again because another node changed the same agent.
const TRIES: usize = 8;

/// Channels of one session. There are no more media than that, and the lease must not grow with
/// what a client makes up.
pub(crate) const MOST_CHANNELS: usize = 32;

/// The contact-centre sessions of this contact centre.
#[derive(Debug)]
pub(crate) struct Agents {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    hooks: Hooked,
    states: Vec<AgentState>,
    /// One change of an agent at a time on this node, its announcement included.
    turns: IndexMap<UserId, Mutex<()>>,
    /// The same for those who are not of this contact centre any more, all together: what they left
    /// is cleared away.
    turn_of_former: Mutex<()>,
    announcer: Announcer,
    references: References,
    asked: Asked,
}

/// What an operation on the user or on a channel asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Chats may be offered.
    Ready,
    /// No invitations.
    NotReady,
    /// Not ready, for a reason that the configuration names (PLAT-3.5-6).
    Custom(String),
    /// Do not disturb, on or off; beside the state, which stays.
    DoNotDisturb(bool),
}

/// The channels that an operation is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// All of the session (PLAT-3.5-2).
    All,
    /// The one with this name (PLAT-3.5-1); if the session does not have it, not now (code 2).
    One(&'a str),
    /// The one with this name of another agent (PLAT-3.5-3); if the session does not have it, there
    /// is no such resource (code 6).
    Other(&'a str),
}

/// What becomes of an agent by a change.
struct Next {
    session: Option<AgentSession>,
    announce: Vec<Channel>,
}

impl Agents {
    pub(crate) fn new(
        store: AnyStore,
        clock: Arc<dyn Clock>,
        hooks: Hooked,
        states: Vec<AgentState>,
        roster: &Roster,
    ) -> Self {
        Self {
            announcer: Announcer::new(store.clone()),
            references: References::new(store.clone(), roster),
            asked: Asked::new(roster),
            turns: roster.users().map(|user| (user.id.clone(), Mutex::new(()))).collect(),
            turn_of_former: Mutex::new(()),
            store,
            clock,
            hooks,
            states,
        }
    }

    /// Starts a session on `channels`, all NotReady (PLAT-3.3-6).
    ///
    /// In a session that is there already the channels keep their states, and new ones come up
    /// (PLAT-3.3-9).
    ///
    /// # Errors
    /// Code 10 if the session would have more than [`MOST_CHANNELS`].
    pub(crate) async fn start(&self, user: &UserId, channels: &[String]) -> Result<(), Refusal> {
        if self.owes_chats(user).await? {
            // Whoever comes back before a logout is through begins with clean hands.
            self.hooks.left_chat(user).await?;
        }
        let now = self.clock.now_ms();
        self.change(user, |present| {
            let mut session = present.unwrap_or(const { AgentSession::new() });
            let mut announce = Vec::new();
            if !session.is_open() {
                session = AgentSession { asked_ms: now, ..AgentSession::new() };
            }
            for name in channels {
                if session.channel(name).is_none() {
                    let channel = ChannelState::not_ready(name, now);
                    announce.push(Channel::of(&channel, &self.states));
                    session.channels.push(channel);
                }
            }
            let found = session.channels.len();
            if found > MOST_CHANNELS {
                return Err(Refusal::new(
                    StatusCode::InvalidValue,
                    format!(
                        "expected a session of at most {MOST_CHANNELS} channels, found {found}"
                    ),
                ));
            }
            Ok(Next { session: Some(session), announce })
        })
        .await
    }

    /// Makes channels ready, not ready, or not to be disturbed (PLAT-3.5).
    ///
    /// # Errors
    /// Code 2 without a session, or for a channel that the session does not have.
    pub(crate) async fn set(
        &self,
        user: &UserId,
        which: Which<'_>,
        to: &Readiness,
    ) -> Result<(), Refusal> {
        let now = self.clock.now_ms();
        self.change(user, |present| {
            let mut session = open(present).ok_or_else(|| no_session(to))?;
            match which {
                Which::All => {}
                Which::One(name) => session.check_channel(name, to)?,
                Which::Other(name) => {
                    session.known_channel(name)?;
                    session.check_channel(name, to)?;
                }
            }
            let (mut addressed, mut changed) = (Vec::new(), Vec::new());
            for channel in session.channels.iter_mut().filter(|c| c.is_addressed(which, to)) {
                let differs = channel.set(to, now);
                let printed = Channel::of(channel, &self.states);
                if differs {
                    changed.push(printed.clone());
                }
                addressed.push(printed);
            }
            // NOTIF-3.3-1: changed channels only. But whoever asks for what is the case already
            // waits for an answer, too, as in DEC-5.
            let announce = if changed.is_empty() { addressed } else { changed };
            Ok(Next { session: Some(session), announce })
        })
        .await
    }

    /// Ends the session; without one nothing happens.
    ///
    /// The chats are not given back by this: [`Hooks::logged_out`](crate::hooks::Hooks::logged_out)
    /// is to follow.
    pub(crate) async fn log_out(&self, user: &UserId) -> Result<(), Refusal> {
        self.change(user, |present| {
            let Some(mut session) = present else {
                return Ok(Next { session: None, announce: Vec::new() });
            };
            let announce = session.channels.iter().map(|c| Channel::logged_out(&c.name)).collect();
            session.close(|_| true);
            Ok(Next { session: Some(session), announce })
        })
        .await
    }

    /// Takes one channel out of the session (PLAT-3.5-3); with its last channel the session ends.
    ///
    /// The chats are not given back by this: [`Hooks::left_chat`](crate::hooks::Hooks::left_chat)
    /// is to follow if the channel was that of chats.
    ///
    /// # Errors
    /// Code 2 without a session, 6 for a channel that the session does not have.
    pub(crate) async fn leave(&self, user: &UserId, channel: &str) -> Result<(), Refusal> {
        self.change(user, |present| {
            let mut session = open(present).ok_or_else(|| no_session("Offline"))?;
            session.known_channel(channel)?;
            session.close(|known| known.name == channel);
            Ok(Next { session: Some(session), announce: vec![Channel::logged_out(channel)] })
        })
        .await
    }

    /// What an operation of this name asks for; `None` if it is none on readiness.
    pub(crate) fn readiness(&self, operation_name: &str) -> Option<Readiness> {
        Some(match operation_name {
            "Ready" => Readiness::Ready,
            "NotReady" => Readiness::NotReady,
            "DoNotDisturbOn" => Readiness::DoNotDisturb(true),
            "DoNotDisturbOff" => Readiness::DoNotDisturb(false),
            name => {
                let state = self.states.iter().find(|state| state.operation_name == name)?;
                Readiness::Custom(state.operation_name.clone())
            }
        })
    }

    /// The agent's session; `None` if there is none.
    pub(crate) async fn session(&self, user: &UserId) -> Result<Option<AgentSession>, Unavailable> {
        Ok(open(self.read(user).await?.map(|(_, session)| session)))
    }

    /// The channels of the agent's session as they are printed; `None` without a session.
    pub(crate) async fn channels(
        &self,
        user: &UserId,
    ) -> Result<Option<Vec<Channel>>, Unavailable> {
        let session = self.session(user).await?;
        Ok(session.map(|s| s.channels.iter().map(|c| Channel::of(c, &self.states)).collect()))
    }

    /// The channels of everybody who is in a session, in the order of the ids.
    pub(crate) async fn all_channels(&self) -> Result<Vec<(UserId, Vec<Channel>)>, Unavailable> {
        let print = |session: AgentSession| {
            session.channels.iter().map(|c| Channel::of(c, &self.states)).collect()
        };
        Ok(self.all().await?.into_iter().map(|(user, session)| (user, print(session))).collect())
    }

    /// Everybody who is in a session or left something to do in one, in the order of the ids.
    pub(crate) async fn all(&self) -> Result<Vec<(UserId, AgentSession)>, Unavailable> {
        let leases = self.store.scan(PREFIX).await?;
        leases
            .into_iter()
            .map(|(key, lease)| {
                let user = key.as_str().strip_prefix(PREFIX).unwrap_or_default();
                Ok((UserId::from(user), AgentSession::parse(&lease.value)?))
            })
            .collect()
    }

    /// Who is ready on `channel`, the one who became so first in front (DEC-40).
    pub(crate) async fn ready(&self, channel: &str) -> Result<Vec<(UserId, i64)>, Unavailable> {
        let ready = self.all().await?.into_iter().filter_map(|(user, session)| {
            session.ready_since(channel).map(|since_ms| (since_ms, user))
        });
        // Sorted by time, then by id: deterministic also for agents of the same millisecond.
        let ready: BTreeSet<_> = ready.collect();
        Ok(ready.into_iter().map(|(since_ms, user)| (user, since_ms)).collect())
    }

    /// The next `referenceId` of the user (DEC-31).
    pub(crate) async fn reference_id(&self, user: &UserId) -> Result<u64, Refusal> {
        self.references.next(user).await
    }

    async fn read(&self, user: &UserId) -> Result<Option<(u64, AgentSession)>, Unavailable> {
        let lease = self.store.get(&lease_key(user)).await?;
        lease.map(|lease| Ok((lease.rev, AgentSession::parse(&lease.value)?))).transpose()
    }

    async fn turn(&self, user: &UserId) -> MutexGuard<'_, ()> {
        self.turns.get(user).unwrap_or(&self.turn_of_former).lock().await
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "Ready",
            Self::NotReady => "NotReady",
            Self::Custom(name) => name,
            Self::DoNotDisturb(true) => "DoNotDisturbOn",
            Self::DoNotDisturb(false) => "DoNotDisturbOff",
        })
    }
}

fn open(session: Option<AgentSession>) -> Option<AgentSession> {
    session.filter(AgentSession::is_open)
}

fn no_session(operation: impl fmt::Display) -> Refusal {
    not_now(format!(
        "{operation} needs a contact center session; StartContactCenterSession opens one"
    ))
}

fn lease_key(user: &UserId) -> LeaseKey {
    LeaseKey::new(format!("{PREFIX}{user}"))
}

#[cfg(test)]
mod tests;
