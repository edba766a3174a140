//! Settings as resources: the groups of them, and what is in each (PLAT-3.1-3, PLAT-3.1-4).

use serde::Serialize;

use crate::collection::{Item, print};
use crate::config::{AgentState, Settings};
use crate::server::Server;

/// The names of the groups that every contact centre has, and how they are shown.
pub(crate) const AGENT_STATES: (&str, &str) = ("agent-states", "Agent States");
pub(crate) const GENERAL: (&str, &str) = ("general-settings", "General");

/// The groups of settings, the sections of the configuration after those that always are; with what
/// is in them if `whole`.
pub(crate) fn groups_of_settings(server: &Server, whole: bool) -> Vec<Item> {
    let config = &server.config;
    let sections = config.settings.keys().map(String::as_str);
    let sections = sections.filter(|name| *name != GENERAL.0 && *name != AGENT_STATES.0);
    [AGENT_STATES, GENERAL]
        .into_iter()
        .chain(sections.map(|name| (name, name)))
        .map(|(name, display_name)| {
            let path = format!("/settings/{name}");
            let uri = format!("{}{path}", server.rules.base());
            let is_states = name == AGENT_STATES.0;
            let key = if is_states { "operationName" } else { "name" };
            let printed = SettingsGroup { name, display_name, key, uri: &uri, path: &path };
            let mut item = Item::new(uri.as_str(), &printed);
            if whole {
                let inside = match is_states {
                    true => Some(agent_states(&config.agent_states)),
                    false => options(&config.settings, name),
                };
                item.embed("settings", inside.unwrap_or_else(|| "[]".to_owned()));
            }
            item
        })
        .collect()
}

/// What is in one section, as JSON; `None` if there is no such section.
///
/// The general settings are an object, as their page prints them, all others an array of names and
/// values (PLAT-1.3-9).
pub(crate) fn options(settings: &Settings, section: &str) -> Option<String> {
    let options = settings.get(section);
    if section == GENERAL.0 {
        return Some(options.map_or_else(|| "{}".to_owned(), print));
    }
    let options: Vec<_> = options?.iter().map(|(name, value)| Setting { name, value }).collect();
    Some(print(&options))
}

/// The states that an agent can choose, as a JSON array: the two that always are, then those of the
/// configuration (PLAT-3.5-6).
pub(crate) fn agent_states(custom: &[AgentState]) -> String {
    let ready = AgentStateResource {
        id: "9430250E-0A1B-421F-B372-F29E69366DED",
        display_name: "Ready",
        operation_name: "Ready",
        state: "Ready",
    };
    let not_ready = AgentStateResource {
        id: "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
        display_name: "Not Ready",
        operation_name: "NotReady",
        state: "NotReady",
    };
    let custom = custom.iter().map(|state| AgentStateResource {
        id: &state.id,
        display_name: &state.display_name,
        operation_name: &state.operation_name,
        state: "NotReady",
    });
    print(&[ready, not_ready].into_iter().chain(custom).collect::<Vec<_>>())
}

/// A group of settings (PLAT-3.1-3).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SettingsGroup"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsGroup<'a> {
    /// Its name.
    name: &'a str,
    /// How it is shown.
    display_name: &'a str,
    /// The member that tells its settings apart.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["name", "operationName"])))]
    key: &'a str,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}

/// What is in a group of settings.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "SettingsOfGroup", untagged)]
#[allow(dead_code, reason = "told to readers; what is printed is made piece by piece")]
pub(crate) enum SettingsOfGroup<'a> {
    /// Of `agent-states`.
    States(Vec<AgentStateResource<'a>>),
    /// Of a section of the configuration.
    Options(Vec<Setting<'a>>),
    /// Of `general-settings`: names and values.
    General(std::collections::BTreeMap<String, String>),
}

/// One setting.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Setting"))]
pub(crate) struct Setting<'a> {
    /// Its name.
    name: &'a str,
    /// Its value.
    value: &'a str,
}

/// A state that an agent can choose (PLAT-3.5-6).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AgentState"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentStateResource<'a> {
    /// Its GUID.
    id: &'a str,
    /// How it is shown.
    display_name: &'a str,
    /// The operation that chooses it.
    operation_name: &'a str,
    /// What it is to the server.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["Ready", "NotReady"])))]
    state: &'a str,
}
