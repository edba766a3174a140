//! The agent's own resource: who I am, my session and my readiness (PLAT-3).

use std::borrow::Cow;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use chat_model::{JsonKind, JsonRef, Rejection, StatusCode, UserId};
use hyper::Method;
use serde::Serialize;

use super::Route;
use crate::agents::{Channel, MOST_CHANNELS, Which};
use crate::body::JsonBody;
use crate::config::User;
use crate::identity::{self, Caller};
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::roster;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        Method::GET,
        "/api/v2/me",
        "The user who asks, with the collections that `subresources` names.",
        || get(read),
    ),
    Route::new(
        Method::POST,
        "/api/v2/me",
        "Starts or ends the contact center session, or changes the readiness of all channels.",
        || post(operate),
    ),
    Route::new(
        Method::GET,
        "/api/v2/me/channels",
        "The channels of the contact center session.",
        || get(channels),
    ),
    Route::new(
        Method::GET,
        "/api/v2/me/channels/{channel}",
        "One channel of the contact center session.",
        || get(channel),
    ),
    Route::new(
        Method::POST,
        "/api/v2/me/channels/{channel}",
        "Changes the readiness of one channel.",
        || post(operate_channel),
    ),
];

/// `GET /me` (PLAT-3.1). With credentials and without a session it opens one (DEC-42).
async fn read(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let body = user_resource(&server, &caller.user, &Query::parse(query.as_deref())).await?;
    let mut response = reply::json(body);
    identity::open_session(&server, &caller, &mut response).await?;
    Ok(response)
}

/// `POST /me` (PLAT-3.3, 3.4, 3.5-2).
async fn operate(
    caller: Caller,
    State(server): State<Shared>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let body = request(&server, &body)?;
    let user = &caller.user.id;
    match &*operation_name(body)? {
        "StartContactCenterSession" => {
            server.agents.start(user, &channel_names(body)?).await?;
            Ok(reply::ok())
        }
        "EndContactCenterSession" => end_session(&server, &caller).await,
        name => set_readiness(&server, user, Which::All, name).await,
    }
}

/// `POST /me/channels/{channel}` (PLAT-3.5-1).
async fn operate_channel(
    caller: Caller,
    State(server): State<Shared>,
    Named(channel): Named<String>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let name = operation_name(request(&server, &body)?)?;
    set_readiness(&server, &caller.user.id, Which::One(&channel), &name).await
}

/// `GET /me/channels` (PLAT-1.3-1 to 1.3-5).
async fn channels(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let channels = server.agents.channels(&caller.user.id).await?.unwrap_or_default();
    let wanted =
        |channel: &&Channel| query.get("channel").is_none_or(|name| name == channel.name());
    let channels: Vec<_> = channels.iter().filter(wanted).collect();
    let Some(fields) = query.list("fields") else {
        let base = server.rules.base();
        let uris = channels.iter().map(|c| format!("{base}/me/channels/{}", c.name())).collect();
        return Ok(reply::json(print(&Uris { status_code: 0, uris })));
    };
    let channels = channels.into_iter().map(|channel| fields.of(channel)).collect();
    Ok(reply::json(print(&Channels { status_code: 0, channels })))
}

/// `GET /me/channels/{channel}` (PLAT-1.3-4).
async fn channel(
    caller: Caller,
    State(server): State<Shared>,
    Named(name): Named<String>,
) -> Result<Response, Refusal> {
    let channels = server.agents.channels(&caller.user.id).await?.unwrap_or_default();
    match channels.into_iter().find(|channel| channel.name() == name) {
        Some(channel) => Ok(reply::json(print(&OneChannel { status_code: 0, channel }))),
        None => Err(Refusal::new(
            StatusCode::NotFound,
            format!("no channel of the contact center session is named {name:?}"),
        )),
    }
}

/// PLAT-3.4: the agent gets nothing any more, gives everything back, and is forgotten; in this
/// order, so that a request that fails on the way can be repeated.
async fn end_session(server: &Server, caller: &Caller) -> Result<Response, Refusal> {
    server.agents.log_out(&caller.user.id).await?;
    server.hooks.logged_out(&caller.user.id).await?;
    let mut response = reply::ok();
    identity::end_session(server, caller, &mut response).await?;
    Ok(response)
}

async fn set_readiness(
    server: &Server,
    user: &UserId,
    which: Which<'_>,
    operation_name: &str,
) -> Result<Response, Refusal> {
    let Some(to) = server.agents.readiness(operation_name) else {
        // DEC-13
        return Err(Rejection::UnknownOperation { name: operation_name.to_owned() }.into());
    };
    server.agents.set(user, which, &to).await?;
    Ok(reply::ok())
}

/// The body as a JSON object (DEC-7, DEC-36).
fn request<'a>(server: &Server, body: &'a [u8]) -> Result<JsonRef<'a>, Refusal> {
    let body = JsonRef::validate(body, &server.rules.limits).map_err(Rejection::from)?;
    match body.kind() {
        JsonKind::Object => Ok(body),
        found => Err(Rejection::NotAnObject { found }.into()),
    }
}

/// DEC-13: missing is code 1; `null` counts as missing (PLAT-1.1-12).
pub(super) fn operation_name(body: JsonRef<'_>) -> Result<Cow<'_, str>, Refusal> {
    let value = required(body, "operationName")?;
    value.decode_string().ok_or_else(|| wrong_type("operationName", "a string", value))
}

/// PLAT-3.3-2: mandatory. Other parameters are about telephones and do not matter here.
fn channel_names(body: JsonRef<'_>) -> Result<Vec<String>, Refusal> {
    const LONGEST: usize = 64;
    let value = required(body, "channels")?;
    if value.kind() != JsonKind::Array {
        return Err(wrong_type("channels", "an array of channel names", value));
    }
    let mut names = Vec::new();
    for element in value.elements() {
        let Some(name) = element.decode_string() else {
            return Err(wrong_type("channels", "an array of strings", element));
        };
        if name.is_empty() || name.len() > LONGEST || name.contains(['/', '?', '#']) {
            return Err(out_of_range("channel names of 1 to 64 bytes", format!("{name:?}")));
        }
        names.push(name.into_owned());
    }
    if names.is_empty() || names.len() > MOST_CHANNELS {
        return Err(out_of_range("1 to 32 channel names", names.len().to_string()));
    }
    Ok(names)
}

fn required<'a>(body: JsonRef<'a>, parameter: &'static str) -> Result<JsonRef<'a>, Refusal> {
    match body.get(parameter) {
        Some(value) if !value.is_null() => Ok(value),
        _ => Err(Rejection::MissingParameter { parameter }.into()),
    }
}

fn wrong_type(parameter: &'static str, expected: &'static str, found: JsonRef<'_>) -> Refusal {
    Rejection::WrongType { parameter, expected, found: found.kind() }.into()
}

fn out_of_range(expected: &'static str, found: String) -> Refusal {
    Rejection::OutOfRange { parameter: "channels", expected: expected.into(), found }.into()
}

/// `{"statusCode":0,"user":{…}}` with the collections that the query names (PLAT-1.3-6, 1.3-7).
async fn user_resource(server: &Server, user: &User, query: &Query<'_>) -> Result<String, Refusal> {
    let wants = |name: &str| query.list("subresources").is_some_and(|list| list.has(name));
    let base = server.rules.base();
    let path = format!("/users/{}", user.id);
    // CLIENTS: a session is recognised by its channels, so both members or neither (PLAT-1.3-12).
    let channels = if wants("channels") { server.agents.channels(&user.id).await? } else { None };
    let resource = UserResource {
        id: user.id.as_str(),
        user_name: &user.name,
        first_name: &user.first_name,
        last_name: &user.last_name,
        email_address: &user.email_address,
        roles: &user.roles,
        enabled: true,
        change_password_on_first_login: false,
        contact_center_id: &server.config.server.contact_center_id,
        uri: format!("{base}{path}"),
        path,
        settings: Empty {},
        features: wants("features").then(|| features(base, user)),
        devices: wants("devices").then_some([]),
        channels: channels.as_deref(),
        channel_states: channels.as_deref(),
        calls: wants("calls").then_some([]),
        interactions: wants("interactions").then_some([]),
        groups: wants("groups").then_some([]),
        skills: wants("skills").then_some([]),
    };
    let mut body = format!(r#"{{"statusCode":0,"user":{}"#, print(&resource));
    if wants("chats") {
        // Chats come printed; they take their place as the user's last member.
        body.pop();
        body.push_str(r#","chats":["#);
        for (i, chat) in server.hooks.chats_of(&user.id).await?.iter().enumerate() {
            if i > 0 {
                body.push(',');
            }
            body.push_str(chat);
        }
        body.push_str("]}");
    }
    body.push('}');
    Ok(body)
}

/// PLAT-2.4-1, 2.4-2.
fn features(base: &str, user: &User) -> Vec<Feature> {
    let chat = roster::CHAT_FEATURES
        .into_iter()
        .zip([
            ("Multimedia API", "API for Multimedia"),
            ("Multimedia Chat API", "API for Multimedia Chat"),
        ])
        .filter(|_| roster::has_chat_feature(user));
    chat.map(|(id, (display_name, description))| {
        let path = format!("/features/{id}");
        Feature {
            id,
            display_name,
            description,
            auto_assign_on_contact_center_create: true,
            uri: format!("{base}{path}"),
            path,
        }
    })
    .collect()
}

/// The user resource (PLAT-3.1-1), without its chats.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserResource<'a> {
    id: &'a str,
    user_name: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email_address: &'a str,
    roles: &'a [String],
    enabled: bool,
    change_password_on_first_login: bool,
    contact_center_id: &'a str,
    uri: String,
    path: String,
    /// An object of sections; always there, because a client fails without it (PLAT-1.3-13).
    settings: Empty,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<Vec<Feature>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a [Channel]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_states: Option<&'a [Channel]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interactions: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skills: Option<[(); 0]>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feature {
    id: &'static str,
    display_name: &'static str,
    description: &'static str,
    auto_assign_on_contact_center_create: bool,
    uri: String,
    path: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uris {
    status_code: u8,
    uris: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Channels {
    status_code: u8,
    channels: Vec<serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneChannel {
    status_code: u8,
    channel: Channel,
}

fn print(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists can be printed")
}
