//! A contact-centre session as its lease keeps it: the channels, and how each of them stands.

use chat_model::StatusCode;
use chat_store::Unavailable;
use serde::{Deserialize, Serialize};

use super::announce::Announced;
use super::{Readiness, VOICE, Which};
use crate::reply::Refusal;
use crate::roster::CHAT_CHANNEL;

/// An agent's contact-centre session as the lease keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentSession {
    pub(super) channels: Vec<ChannelState>,
    /// The agent takes no chats any more, and those the agent had are still to be given back. Kept
    /// here so that whoever comes after a crash does what was begun (DEC-42).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) owes_chats: bool,
    /// Whether a notification session of the agent was there since the session began.
    #[serde(default)]
    pub(crate) listened: bool,
    /// Since when there is none any more (DEC-42), milliseconds since 1970.
    #[serde(default)]
    pub(crate) lost_since_ms: Option<i64>,
    /// The last request that is known of an agent who never listened; noted once a minute.
    #[serde(default)]
    pub(crate) asked_ms: i64,
    /// How far its announcements have come.
    #[serde(default, skip_serializing_if = "Announced::is_nothing")]
    pub(super) announced: Announced,
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

impl AgentSession {
    pub(super) const fn new() -> Self {
        Self {
            channels: Vec::new(),
            owes_chats: false,
            listened: false,
            lost_since_ms: None,
            asked_ms: 0,
            announced: Announced::NOTHING,
        }
    }

    /// Whether the agent is logged in; otherwise there are only chats to be given back.
    pub(crate) fn is_open(&self) -> bool {
        !self.channels.is_empty()
    }

    /// Takes the channels out, and notes that those of chats leave something behind.
    pub(super) fn close(&mut self, closes: impl Fn(&ChannelState) -> bool) {
        self.owes_chats |= self.channels.iter().any(|c| c.name == CHAT_CHANNEL && closes(c));
        self.channels.retain(|channel| !closes(channel));
    }

    /// Makes every media channel that `fits` and is Ready NotReady; answers with those. Who is not
    /// ready for a reason that has a name keeps it (PLAT-3.5-6).
    pub(super) fn stand_down(
        &mut self,
        now_ms: i64,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<ChannelState> {
        let mut changed = Vec::new();
        for channel in &mut self.channels {
            let is_ready = channel.state == "Ready" && channel.name != VOICE;
            if is_ready && fits(&channel.name) && channel.set(&Readiness::NotReady, now_ms) {
                changed.push(channel.clone());
            }
        }
        changed
    }

    /// Whether all of it is over but what may have to be announced still.
    pub(super) fn is_over(&self) -> bool {
        !self.is_open() && !self.owes_chats
    }

    /// What the lease is to hold; `None`: nothing.
    pub(super) fn kept(self) -> Option<Self> {
        (!self.is_over() || self.announced.has_pending()).then_some(self)
    }

    /// Whether the session has the channel.
    pub(crate) fn has_channel(&self, name: &str) -> bool {
        self.channel(name).is_some()
    }

    /// Since when the channel is ready and may be disturbed; `None` if it is not.
    pub(crate) fn ready_since(&self, name: &str) -> Option<i64> {
        let channel = self.channel(name)?;
        (channel.state == "Ready" && !channel.do_not_disturb).then_some(channel.since_ms)
    }

    pub(super) fn channel(&self, name: &str) -> Option<&ChannelState> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    pub(super) fn check_channel(&self, name: &str, to: &Readiness) -> Result<(), Refusal> {
        if !self.has_channel(name) {
            return Err(not_now(format!(
                "{to} needs a channel of the session ({}), found {name:?}",
                self.names()
            )));
        }
        if name == VOICE && matches!(to, Readiness::DoNotDisturb(_)) {
            // PLAT-3.5-5
            return Err(not_now(format!("{to} is not for voice channels")));
        }
        Ok(())
    }

    /// The channel as a resource of its own.
    ///
    /// # Errors
    /// Code 6 if the session does not have it.
    pub(super) fn known_channel(&self, name: &str) -> Result<&ChannelState, Refusal> {
        self.channel(name).ok_or_else(|| {
            Refusal::new(
                StatusCode::NotFound,
                format!("expected a channel of the session ({}), found {name:?}", self.names()),
            )
        })
    }

    fn names(&self) -> String {
        self.channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn parse(value: &[u8]) -> Result<Self, Unavailable> {
        serde_json::from_slice(value)
            .map_err(|error| Unavailable::new(format!("an agent's lease is unreadable: {error}")))
    }

    pub(super) fn print(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("names and numbers can be printed")
    }
}

impl ChannelState {
    pub(super) fn not_ready(name: &str, now_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            state: "NotReady".to_owned(),
            do_not_disturb: false,
            since_ms: now_ms,
        }
    }

    pub(super) fn is_addressed(&self, which: Which<'_>, to: &Readiness) -> bool {
        match which {
            Which::One(name) | Which::Other(name) => self.name == name,
            // PLAT-3.5-5: do-not-disturb passes voice by.
            Which::All => !(self.name == VOICE && matches!(to, Readiness::DoNotDisturb(_))),
        }
    }

    /// Whether anything changed. Who is ready already keeps the place in the line (DEC-40).
    pub(super) fn set(&mut self, to: &Readiness, now_ms: i64) -> bool {
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

pub(super) fn not_now(message: String) -> Refusal {
    Refusal::new(StatusCode::InvalidForState, message)
}
