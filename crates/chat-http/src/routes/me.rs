//! The user who asks: the resource, and the collections below it (PLAT-1.1-4, PLAT-3.1).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use chat_model::StatusCode;
use hyper::Method;

use super::{Access, Route, Shape};
use crate::agents::Channel;
use crate::collection::{self, Item, list, one};
use crate::config;
use crate::identity::{self, Caller};
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::resources::{
    self, CALLS, CHANNELS, DEVICES, FEATURES, GROUPS, INTERACTIONS, NOTHING, SKILLS, USERS,
};
use crate::roster;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/api/v2/me",
        name: "readMe",
        access: Access::Login,
        rules: &["PLAT-3.1-1", "PLAT-1.3-12", "DEC-42"],
        summary: "The user who asks, with the collections that `subresources` names.",
        shape: Shape::One(&USERS),
        handler: || get(read),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/channels",
        name: "listMyChannels",
        access: Access::Login,
        rules: &["PLAT-3.5-8", "PLAT-1.3-14"],
        summary: "The channels of the contact center session.",
        shape: Shape::Many(&CHANNELS),
        handler: || get(channels),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/channels/{channel}",
        name: "readMyChannel",
        access: Access::Login,
        rules: &["PLAT-3.5-8"],
        summary: "One channel of the contact center session.",
        shape: Shape::One(&CHANNELS),
        handler: || get(channel),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/interactions",
        name: "listMyInteractions",
        access: Access::Login,
        rules: &["PLAT-1.1-4", "DEC-63"],
        summary: "Everything the user works on; here these are the chats.",
        shape: Shape::Many(&INTERACTIONS),
        handler: || get(interactions),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/devices",
        name: "listMyDevices",
        access: Access::Login,
        rules: &["PLAT-1.1-4", "PLAT-3.6-14"],
        summary: "The user's telephones, of which there are none.",
        shape: Shape::Many(&DEVICES),
        handler: || get(devices),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/calls",
        name: "listMyCalls",
        access: Access::Login,
        rules: &["PLAT-1.1-4", "PLAT-3.6-14"],
        summary: "The user's telephone calls, of which there are none.",
        shape: Shape::Many(&CALLS),
        handler: || get(calls),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/groups",
        name: "listMyGroups",
        access: Access::Login,
        rules: &["PLAT-3.1-2", "PLAT-3.6-5"],
        summary: "The groups the user is in.",
        shape: Shape::Many(&GROUPS),
        handler: || get(groups),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/skills",
        name: "listMySkills",
        access: Access::Login,
        rules: &["PLAT-3.1-1"],
        summary: "The user's skills, each with its level.",
        shape: Shape::Many(&SKILLS),
        handler: || get(skills),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/features",
        name: "listMyFeatures",
        access: Access::Login,
        rules: &["PLAT-2.4-1", "DEC-61"],
        summary: "The features the user has.",
        shape: Shape::Many(&FEATURES),
        handler: || get(features),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/settings",
        name: "readMySettings",
        access: Access::Login,
        rules: &["PLAT-1.3-9", "PLAT-1.3-13"],
        summary: "The settings that hold for the user: the centre's, with the user's own on top.",
        shape: Shape::Reads { replies: &["UserSettingsReply"], query: &["fields"] },
        handler: || get(settings),
    },
];

/// `GET /me` (PLAT-3.1). With credentials and without a session it opens one (DEC-42); HEAD, which
/// is to change nothing, does not.
async fn read(
    method: Method,
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let user = resources::me(&server, &caller.user, &query).await?;
    let mut response = reply::json(one(&USERS, &user, &query));
    if method == Method::GET {
        identity::open_session(&server, &caller, &mut response).await?;
    }
    Ok(response)
}

/// `GET /me/channels`: empty without a session.
async fn channels(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let channels = server.agents.channels(&caller.user.id).await?.unwrap_or_default();
    let items = channels.iter().map(|channel| channel_item(&server, channel));
    Ok(reply::json(list(&CHANNELS, items, &Query::parse(query.as_deref()))?))
}

/// `GET /me/channels/{channel}`.
async fn channel(
    caller: Caller,
    State(server): State<Shared>,
    Named(name): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let channels = server.agents.channels(&caller.user.id).await?.unwrap_or_default();
    let Some(channel) = channels.iter().find(|channel| channel.name() == name) else {
        return Err(Refusal::new(
            StatusCode::NotFound,
            format!("no channel of the contact center session is named {name:?}"),
        ));
    };
    let query = Query::parse(query.as_deref());
    Ok(reply::json(one(&CHANNELS, &channel_item(&server, channel), &query)))
}

fn channel_item(server: &Server, channel: &Channel) -> Item {
    Item::new(format!("{}/me/channels/{}", server.rules.base(), channel.name()), channel)
}

async fn interactions(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    roster::check_chats_exist(&caller.user)?;
    let chats = resources::chats(&server, &caller.user).await?;
    Ok(reply::json(list(&INTERACTIONS, chats, &Query::parse(query.as_deref()))?))
}

async fn devices(_: Caller, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    Ok(reply::json(list(&DEVICES, NOTHING, &Query::parse(query.as_deref()))?))
}

async fn calls(_: Caller, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    Ok(reply::json(list(&CALLS, NOTHING, &Query::parse(query.as_deref()))?))
}

async fn groups(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let groups = server.config.groups.iter().filter(|g| caller.user.groups.contains(&g.name));
    let items = groups.map(|group| resources::group(base, group));
    Ok(reply::json(list(&GROUPS, items, &Query::parse(query.as_deref()))?))
}

async fn skills(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (base, skills) = (server.rules.base(), server.config.skills.iter());
    let items = skills.filter_map(|skill| resources::skill_of(base, skill, &caller.user));
    Ok(reply::json(list(&SKILLS, items, &Query::parse(query.as_deref()))?))
}

async fn features(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let base = server.rules.base();
    let items = config::features_of(&caller.user).map(|feature| resources::feature(base, feature));
    Ok(reply::json(list(&FEATURES, items, &Query::parse(query.as_deref()))?))
}

/// `GET /me/settings`, and of the internal interface the same (PLAT-3.6-3): the sections as in the
/// user resource, or those of them that `fields` names.
pub(super) async fn settings(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let mut settings = config::settings_of(&server.config.settings, &caller.user);
    if let Some(fields) = query.list("fields") {
        settings.retain(|section, _| fields.has(section));
    }
    let settings = collection::print(&settings);
    Ok(reply::json(format!(r#"{{"statusCode":0,"settings":{settings}}}"#)))
}
