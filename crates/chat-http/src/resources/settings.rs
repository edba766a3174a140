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
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Group<'a> {
        name: &'a str,
        display_name: &'a str,
        key: &'a str,
        uri: &'a str,
        path: &'a str,
    }
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
            let printed = Group { name, display_name, key, uri: &uri, path: &path };
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
    #[derive(Serialize)]
    struct Printed<'a> {
        name: &'a str,
        value: &'a str,
    }
    let options = settings.get(section);
    if section == GENERAL.0 {
        return Some(options.map_or_else(|| "{}".to_owned(), print));
    }
    let options: Vec<_> = options?.iter().map(|(name, value)| Printed { name, value }).collect();
    Some(print(&options))
}

/// The states that an agent can choose, as a JSON array: the two that always are, then those of the
/// configuration (PLAT-3.5-6).
pub(crate) fn agent_states(custom: &[AgentState]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct State<'a> {
        id: &'a str,
        display_name: &'a str,
        operation_name: &'a str,
        state: &'a str,
    }
    let ready = State {
        id: "9430250E-0A1B-421F-B372-F29E69366DED",
        display_name: "Ready",
        operation_name: "Ready",
        state: "Ready",
    };
    let not_ready = State {
        id: "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
        display_name: "Not Ready",
        operation_name: "NotReady",
        state: "NotReady",
    };
    let custom = custom.iter().map(|state| State {
        id: &state.id,
        display_name: &state.display_name,
        operation_name: &state.operation_name,
        state: "NotReady",
    });
    print(&[ready, not_ready].into_iter().chain(custom).collect::<Vec<_>>())
}
