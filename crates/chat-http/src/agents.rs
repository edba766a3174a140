//! Agents at work: the contact-centre session and the readiness of its channels (PLAT-3.3 to 3.5).
//!
//! Both are one lease per agent, `agent/{user id}`, changed by compare-and-set, so every node sees
//! the same agent. The lease has no time to live: an agent who is gone must first give the chats
//! back (DEC-42), and a lease that lapses gives back nothing.

mod channel;
mod reference;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chat_model::{StatusCode, UserId};
use chat_store::{LeaseError, LeaseKey, Leases as _, Unavailable};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use channel::{Channel, ChannelsChanged, VOICE};

use crate::clock::Clock;
use crate::config::AgentState;
use crate::hooks::Hooked;
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::AnyStore;
use reference::References;

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
    references: References,
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
    /// The one with this name (PLAT-3.5-1).
    One(&'a str),
}

/// An agent's contact-centre session as the lease keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentSession {
    channels: Vec<ChannelState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelState {
    pub(crate) name: String,
    /// `Ready`, `NotReady` or the operation name of a custom state.
    pub(crate) state: String,
    pub(crate) do_not_disturb: bool,
    /// Since when it has this state, milliseconds since 1970.
    pub(crate) since_ms: i64,
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
            references: References::new(store.clone(), roster),
            turns: roster.users().map(|user| (user.id.clone(), Mutex::new(()))).collect(),
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
        let now = self.clock.now_ms();
        self.change(user, |present| {
            let mut session = present.unwrap_or(AgentSession { channels: Vec::new() });
            let mut announce = Vec::new();
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
            let mut session = present.ok_or_else(|| {
                not_now(format!(
                    "{to} needs a contact center session; StartContactCenterSession opens one"
                ))
            })?;
            if let Which::One(name) = which {
                session.check_channel(name, to)?;
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
            let channels = present.map(|session| session.channels).unwrap_or_default();
            let announce = channels.iter().map(|c| Channel::logged_out(&c.name)).collect();
            Ok(Next { session: None, announce })
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
        self.read(user).await.map(|lease| lease.map(|(_, session)| session))
    }

    /// The channels of the agent's session as they are printed; `None` without a session.
    pub(crate) async fn channels(
        &self,
        user: &UserId,
    ) -> Result<Option<Vec<Channel>>, Unavailable> {
        let session = self.session(user).await?;
        Ok(session.map(|s| s.channels.iter().map(|c| Channel::of(c, &self.states)).collect()))
    }

    /// Everybody who is in a session, in the order of the ids.
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

    /// Reads, decides, writes, and decides again if others were faster; then announces.
    async fn change(
        &self,
        user: &UserId,
        decide: impl Fn(Option<AgentSession>) -> Result<Next, Refusal>,
    ) -> Result<(), Refusal> {
        let _turn = self.turn(user).await?;
        let key = lease_key(user);
        let mut outcome = LeaseError::Conflict;
        for _ in 0..TRIES {
            let (rev, present) = self.read(user).await?.unzip();
            let next = decide(present.clone())?;
            let written = match (&next.session, rev) {
                // Nothing to write; also how the outcome of an unknown write is found out.
                (same, _) if *same == present => Ok(()),
                (Some(session), rev) => {
                    self.store.put(&key, rev, &session.print(), None).await.map(|_| ())
                }
                (None, Some(rev)) => self.store.delete(&key, rev).await,
                (None, None) => Ok(()),
            };
            match written {
                Ok(()) => {
                    if !next.announce.is_empty() {
                        self.hooks
                            .channels_changed(&ChannelsChanged::new(user.clone(), next.announce));
                    }
                    return Ok(());
                }
                Err(error) => outcome = error,
            }
        }
        Err(outcome.into())
    }

    async fn read(&self, user: &UserId) -> Result<Option<(u64, AgentSession)>, Unavailable> {
        let lease = self.store.get(&lease_key(user)).await?;
        lease.map(|lease| Ok((lease.rev, AgentSession::parse(&lease.value)?))).transpose()
    }

    async fn turn(&self, user: &UserId) -> Result<MutexGuard<'_, ()>, Refusal> {
        match self.turns.get(user) {
            Some(turn) => Ok(turn.lock().await),
            None => Err(Refusal::internal()),
        }
    }
}

impl AgentSession {
    /// Whether the session has the channel.
    pub(crate) fn has_channel(&self, name: &str) -> bool {
        self.channel(name).is_some()
    }

    /// Since when the channel is ready and may be disturbed; `None` if it is not.
    pub(crate) fn ready_since(&self, name: &str) -> Option<i64> {
        let channel = self.channel(name)?;
        (channel.state == "Ready" && !channel.do_not_disturb).then_some(channel.since_ms)
    }

    fn channel(&self, name: &str) -> Option<&ChannelState> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    fn check_channel(&self, name: &str, to: &Readiness) -> Result<(), Refusal> {
        if !self.has_channel(name) {
            let active: Vec<_> = self.channels.iter().map(|c| c.name.as_str()).collect();
            return Err(not_now(format!(
                "{to} needs a channel of the session ({}), found {name:?}",
                active.join(", ")
            )));
        }
        if name == VOICE && matches!(to, Readiness::DoNotDisturb(_)) {
            // PLAT-3.5-5
            return Err(not_now(format!("{to} is not for voice channels")));
        }
        Ok(())
    }

    fn parse(value: &[u8]) -> Result<Self, Unavailable> {
        serde_json::from_slice(value)
            .map_err(|error| Unavailable::new(format!("an agent's lease is unreadable: {error}")))
    }

    fn print(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("names and numbers can be printed")
    }
}

impl ChannelState {
    fn not_ready(name: &str, now_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            state: "NotReady".to_owned(),
            do_not_disturb: false,
            since_ms: now_ms,
        }
    }

    fn is_addressed(&self, which: Which<'_>, to: &Readiness) -> bool {
        match which {
            Which::One(name) => self.name == name,
            // PLAT-3.5-5: do-not-disturb passes voice by.
            Which::All => !(self.name == VOICE && matches!(to, Readiness::DoNotDisturb(_))),
        }
    }

    /// Whether anything changed. Who is ready already keeps the place in the line (DEC-40).
    fn set(&mut self, to: &Readiness, now_ms: i64) -> bool {
        let state = match to {
            Readiness::DoNotDisturb(on) => {
                return std::mem::replace(&mut self.do_not_disturb, *on) != *on;
            }
            Readiness::Ready => "Ready",
            Readiness::NotReady => "NotReady",
            Readiness::Custom(name) => name,
        };
        let differs = self.state != state;
        if differs {
            state.clone_into(&mut self.state);
            self.since_ms = now_ms;
        }
        differs
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

fn lease_key(user: &UserId) -> LeaseKey {
    LeaseKey::new(format!("{PREFIX}{user}"))
}

fn not_now(message: String) -> Refusal {
    Refusal::new(StatusCode::InvalidForState, message)
}

#[cfg(test)]
mod tests;
