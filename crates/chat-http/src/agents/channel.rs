//! A channel as it is printed, in `/me`, in `/me/channels` and in notifications (PLAT-3.5-8).

use serde::Serialize;

use super::ChannelState;
use crate::config::AgentState;

/// The one channel that has no do-not-disturb (PLAT-3.5-5).
pub(crate) const VOICE: &str = "voice";

/// One channel of an agent: name, state, and do-not-disturb where the medium has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Channel {
    /// The name of the medium, such as `chat`.
    channel: String,
    /// The state that the agent chose.
    user_state: UserState,
    /// Do-not-disturb; not of `voice`, and not after the end of the session.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["On", "Off", null])))]
    #[serde(skip_serializing_if = "Option::is_none")]
    dnd_state: Option<&'static str>,
}

/// The state of an agent on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct UserState {
    /// The GUID of the state.
    id: String,
    /// How it is shown.
    display_name: String,
    /// What it is to the server.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["Ready", "NotReady", "LoggedOut"])))]
    state: &'static str,
}

impl Channel {
    pub(super) fn of(channel: &ChannelState, custom: &[AgentState]) -> Self {
        let on_off = if channel.do_not_disturb { "On" } else { "Off" };
        Self {
            channel: channel.name.clone(),
            user_state: UserState::of(&channel.state, custom),
            dnd_state: (channel.name != VOICE).then_some(on_off),
        }
    }

    /// The channel after the end of its session; no do-not-disturb any more (NOTIF-3.3-3).
    pub(super) fn logged_out(name: &str) -> Self {
        Self {
            channel: name.to_owned(),
            // PLAT-1.5-10, the case of the letters as printed.
            user_state: UserState::new(
                "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB",
                "Offline",
                "LoggedOut",
            ),
            dnd_state: None,
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.channel
    }
}

impl UserState {
    fn new(id: &str, display_name: &str, state: &'static str) -> Self {
        Self { id: id.to_owned(), display_name: display_name.to_owned(), state }
    }

    fn of(state: &str, custom: &[AgentState]) -> Self {
        if state == "Ready" {
            return Self::new("9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready");
        }
        // PLAT-3.5-6: a custom state is NotReady under a name of its own. One that has left the
        // configuration is plainly NotReady.
        match custom.iter().find(|known| known.operation_name == state) {
            Some(known) => Self::new(&known.id, &known.display_name, "NotReady"),
            None => Self::new("900D55CC-2BB0-431F-8BF9-D3525B383BE6", "Not Ready", "NotReady"),
        }
    }
}

/// The `data` of an event on `/v2/me/channels` (NOTIF-3.3).
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ChannelStateChange")
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelStateChange<'a> {
    /// What it is.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "ChannelStateChangeMessageV2")))]
    message_type: &'static str,
    /// The channels that are not as they were.
    channels: &'a [Channel],
}

impl<'a> ChannelStateChange<'a> {
    pub(super) const fn new(channels: &'a [Channel]) -> Self {
        Self { message_type: "ChannelStateChangeMessageV2", channels }
    }
}
