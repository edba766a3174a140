//! What the contact centre is made of: queues, groups, skills, workbins, services, features,
//! settings, and which version serves it (PLAT-2.4, PLAT-3.1-2, 3.1-3, 3.2).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use hyper::Method;

use super::people::not_found;
use super::{Access, Route, Shape};
use crate::collection::{Item, array, list, one};
use crate::config::{FEATURES, Feature};
use crate::identity::Caller;
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::resources::{
    self, FEATURES as FEATURE, GROUPS, NOTHING, QUEUES, SERVICES, SETTINGS, SKILLS, WORKBINS,
};
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/api/v2/queues",
        name: "listQueues",
        access: Access::Login,
        rules: &["PLAT-1.3-2", "DEC-63"],
        summary: "Where chats wait.",
        shape: Shape::Many(&QUEUES),
        handler: || get(queues),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/queues/{id}",
        name: "readQueue",
        access: Access::Login,
        rules: &["PLAT-1.3-4"],
        summary: "One queue.",
        shape: Shape::One(&QUEUES),
        handler: || get(queue),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/groups",
        name: "listGroups",
        access: Access::Login,
        rules: &["PLAT-1.3-8", "PLAT-3.6-5"],
        summary: "The groups of people and of dispositions.",
        shape: Shape::Many(&GROUPS),
        handler: || get(groups),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/groups/{id}",
        name: "readGroup",
        access: Access::Login,
        rules: &["PLAT-1.3-4"],
        summary: "One group.",
        shape: Shape::One(&GROUPS),
        handler: || get(group),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/skills",
        name: "listSkills",
        access: Access::Login,
        rules: &["PLAT-3.1-1"],
        summary: "What people of the centre can know.",
        shape: Shape::Many(&SKILLS),
        handler: || get(skills),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/skills/{id}",
        name: "readSkill",
        access: Access::Login,
        rules: &["PLAT-1.3-4"],
        summary: "One skill.",
        shape: Shape::One(&SKILLS),
        handler: || get(skill),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/workbins",
        name: "listWorkbins",
        access: Access::Login,
        rules: &["PLAT-3.1-2", "PLAT-3.6-9"],
        summary: "Where work can be put aside.",
        shape: Shape::Many(&WORKBINS),
        handler: || get(workbins),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/workbins/{id}",
        name: "readWorkbin",
        access: Access::Login,
        rules: &["PLAT-3.6-12"],
        summary: "One workbin.",
        shape: Shape::One(&WORKBINS),
        handler: || get(workbin),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/services",
        name: "listServices",
        access: Access::Login,
        rules: &["PLAT-3.2-1", "PLAT-3.2-3"],
        summary: "The parts of the server and their state.",
        shape: Shape::Many(&SERVICES),
        handler: || get(services),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/services/{id}",
        name: "readService",
        access: Access::Login,
        rules: &["PLAT-3.2-1"],
        summary: "One part of the server.",
        shape: Shape::One(&SERVICES),
        handler: || get(service),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/features",
        name: "listFeatures",
        access: Access::Login,
        rules: &["PLAT-2.4-1", "DEC-61"],
        summary: "The features that users here have.",
        shape: Shape::Many(&FEATURE),
        handler: || get(features),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/features/{id}",
        name: "readFeature",
        access: Access::Login,
        rules: &["PLAT-2.4-1", "DEC-61"],
        summary: "One feature.",
        shape: Shape::One(&FEATURE),
        handler: || get(feature),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/system/features",
        name: "listSystemFeatures",
        access: Access::Login,
        rules: &["PLAT-2.4-1", "DEC-61"],
        summary: "The features that this server has, granted to anybody or not.",
        shape: Shape::Many(&FEATURE),
        handler: || get(system_features),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/settings",
        name: "listSettings",
        access: Access::Login,
        rules: &["PLAT-3.1-3", "PLAT-1.3-14"],
        summary: "The groups of settings.",
        shape: Shape::Many(&SETTINGS),
        handler: || get(settings),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/settings/{group}",
        name: "readSettings",
        access: Access::Login,
        rules: &["PLAT-3.1-3", "PLAT-1.3-9"],
        summary: "One group of settings.",
        shape: Shape::Reads { replies: &["SettingsGroupReply"], query: &[] },
        handler: || get(settings_group),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/diagnostics/version",
        name: "readVersion",
        access: Access::Login,
        rules: &["PLAT-3.1-2"],
        summary: "Which version serves.",
        shape: Shape::Reads { replies: &["VersionReply"], query: &[] },
        handler: || get(version),
    },
];

async fn queues(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let items = server.roster.queues().iter().map(|queue| resources::queue(base, queue));
    Ok(reply::json(list(&QUEUES, items, &Query::parse(query.as_deref()))?))
}

async fn queue(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    match server.roster.queues().iter().find(|queue| queue.id == id) {
        Some(queue) => {
            let item = resources::queue(server.rules.base(), queue);
            Ok(reply::json(one(&QUEUES, &item, &Query::parse(query.as_deref()))))
        }
        None => Err(not_found("queue", &id)),
    }
}

async fn groups(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let mut items = Vec::new();
    for group in &server.config.groups {
        items.push(group_item(&server, &caller, group, &query).await?);
    }
    Ok(reply::json(list(&GROUPS, items, &query)?))
}

async fn group(
    caller: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    match server.config.groups.iter().find(|group| group.id == id) {
        Some(group) => {
            let item = group_item(&server, &caller, group, &query).await?;
            Ok(reply::json(one(&GROUPS, &item, &query)))
        }
        None => Err(not_found("group", &id)),
    }
}

/// A group; `subresources=users` embeds its members as the caller may see them.
async fn group_item(
    server: &Server,
    caller: &Caller,
    group: &crate::config::Group,
    query: &Query<'_>,
) -> Result<Item, Refusal> {
    let mut item = resources::group(server.rules.base(), group);
    if query.wants("users") {
        let mut members = Vec::new();
        for user in resources::members_of(server, group) {
            let plain = Query::default();
            let found = resources::colleagues(server, &caller.user, Some(&user.id), &plain).await?;
            members.extend(found);
        }
        item.embed("users", array(members));
    }
    Ok(item)
}

async fn skills(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let items = server.config.skills.iter().map(|skill| resources::skill(base, skill));
    Ok(reply::json(list(&SKILLS, items, &Query::parse(query.as_deref()))?))
}

async fn skill(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    match server.config.skills.iter().find(|skill| skill.id == id) {
        Some(skill) => {
            let item = resources::skill(server.rules.base(), skill);
            Ok(reply::json(one(&SKILLS, &item, &Query::parse(query.as_deref()))))
        }
        None => Err(not_found("skill", &id)),
    }
}

async fn workbins(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let items = server.config.workbins.iter().map(|bin| workbin_item(&server, bin, &query));
    Ok(reply::json(list(&WORKBINS, items, &query)?))
}

async fn workbin(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    match server.config.workbins.iter().find(|bin| bin.id == id) {
        Some(bin) => Ok(reply::json(one(&WORKBINS, &workbin_item(&server, bin, &query), &query))),
        None => Err(not_found("workbin", &id)),
    }
}

fn workbin_item(server: &Server, bin: &crate::config::Workbin, query: &Query<'_>) -> Item {
    let mut item = resources::workbin(server.rules.base(), bin);
    if query.wants("interactions") {
        item.embed("interactions", array(NOTHING));
    }
    item
}

async fn services(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let items = resources::services(&server).await;
    Ok(reply::json(list(&SERVICES, items, &Query::parse(query.as_deref()))?))
}

async fn service(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let items = resources::services(&server).await;
    let uri = format!("{}/services/{id}", server.rules.base());
    match items.iter().find(|item| item.uri() == uri) {
        Some(item) => Ok(reply::json(one(&SERVICES, item, &Query::parse(query.as_deref())))),
        None => Err(not_found("service", &id)),
    }
}

/// The features that somebody here has: the others are as if they did not exist (PLAT-2.4-4).
fn features_here(server: &Server) -> impl Iterator<Item = &'static Feature> {
    FEATURES.iter().filter(|feature| server.roster.users().any(|user| feature.is_granted(user)))
}

async fn features(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let items = features_here(&server).map(|feature| resources::feature(base, feature));
    Ok(reply::json(list(&FEATURE, items, &Query::parse(query.as_deref()))?))
}

async fn feature(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    match features_here(&server).find(|feature| feature.id == id) {
        Some(feature) => {
            let item = resources::feature(server.rules.base(), feature);
            Ok(reply::json(one(&FEATURE, &item, &Query::parse(query.as_deref()))))
        }
        None => Err(not_found("feature", &id)),
    }
}

async fn system_features(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let items = FEATURES.iter().map(|feature| resources::feature(base, feature));
    Ok(reply::json(list(&FEATURE, items, &Query::parse(query.as_deref()))?))
}

async fn settings(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let items = resources::groups_of_settings(&server, query.wants("settings"));
    Ok(reply::json(list(&SETTINGS, items, &query)?))
}

/// One group: its settings, and the name of the member that tells them apart (PLAT-1.3-9).
async fn settings_group(
    _: Caller,
    State(server): State<Shared>,
    Named(group): Named<String>,
) -> Result<Response, Refusal> {
    let (settings, key) = match group.as_str() {
        "agent-states" => {
            (Some(resources::agent_states(&server.config.agent_states)), Some("operationName"))
        }
        // Its page prints an object and no key.
        "general-settings" => (resources::options(&server.config.settings, &group), None),
        _ => (resources::options(&server.config.settings, &group), Some("name")),
    };
    let Some(settings) = settings else { return Err(not_found("group of settings", &group)) };
    let key = key.map(|key| format!(r#","key":"{key}""#)).unwrap_or_default();
    Ok(reply::json(format!(r#"{{"statusCode":0,"settings":{settings}{key}}}"#)))
}

/// PLAT-3.1-2.
async fn version(_: Caller) -> Response {
    reply::json(concat!(r#"{"statusCode":0,"version":""#, env!("CARGO_PKG_VERSION"), r#""}"#))
}
