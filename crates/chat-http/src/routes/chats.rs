//! The agent's chats: operations, resources and transcripts (CHAT-1, CHAT-9).
//!
//! The same functions serve `/me/chats/{id}` and, for an agent's id, `/chats/{id}` (DEC-46).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use chat_model::{ChatId, KeyScope, Rejection, Reply, StatusCode};
use hyper::Method;

use super::{Access, Route, Shape};
use crate::body::{self, JsonBody};
use crate::collection::{self, Item};
use crate::config::User;
use crate::identity::Caller;
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::request_key::Key;
use crate::resources::{self, CHATS};
use crate::roster;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/api/v2/me/chats",
        name: "listMyChats",
        access: Access::Login,
        rules: &["CHAT-9.1", "CHAT-9.2", "DEC-23"],
        summary: "The user's chats: their addresses, or the chats themselves with `fields`.",
        shape: Shape::Many(&CHATS),
        handler: || get(list),
    },
    Route {
        method: Method::GET,
        path: CHAT,
        name: "readMyChat",
        access: Access::Login,
        rules: &["CHAT-9.3", "DEC-23"],
        summary: "One of the user's chats.",
        shape: Shape::One(&CHATS),
        handler: || get(read),
    },
    Route {
        method: Method::POST,
        path: CHAT,
        name: "operateMyChat",
        access: Access::Login,
        rules: &["CHAT-1.1", "CHAT-7.0-1", "DEC-14", "DEC-48"],
        summary: "Performs an operation on one of the user's chats.",
        shape: Shape::Does { body: &["Operation"], reply: "OperationReply" },
        handler: || post(operate),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/me/chats/{id}/messages",
        name: "readMyTranscript",
        access: Access::Login,
        rules: &["CHAT-9.4", "CHAT-9.7", "DEC-47"],
        summary: "The transcript of one of the user's chats, as far as the user may see it.",
        shape: Shape::Reads { replies: &["TranscriptReply"], query: &["startIndex", "count"] },
        handler: || get(messages),
    },
];

/// One of the user's chats.
pub(super) const CHAT: &str = "/api/v2/me/chats/{id}";

async fn list(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    roster::check_chats_exist(&caller.user)?;
    let chats = resources::chats(&server, &caller.user).await?;
    Ok(reply::json(collection::list(&CHATS, chats, &Query::parse(query.as_deref()))?))
}

async fn read(
    caller: Caller,
    State(server): State<Shared>,
    Named(id): Named<ChatId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    resource(&server, &caller.user, &id, &Query::parse(query.as_deref())).await
}

async fn operate(
    caller: Caller,
    State(server): State<Shared>,
    Named(id): Named<ChatId>,
    key: Key,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    perform(&server, &caller.user, &id, key, &body).await.map(reply::told)
}

async fn messages(
    caller: Caller,
    State(server): State<Shared>,
    Named(id): Named<ChatId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    transcript(&server, &caller.user, &id, &Query::parse(query.as_deref())).await
}

/// `{"statusCode":0,"chat":{…}}` (CHAT-9.3), also when the user's part is over (DEC-23).
pub(super) async fn resource(
    server: &Server,
    user: &User,
    id: &ChatId,
    query: &Query<'_>,
) -> Result<Response, Refusal> {
    roster::check_chats_exist(user)?;
    let print = |chat: &chat_model::Chat| {
        let view = chat.view(&user.id, &server.rules)?;
        let uri = format!("{}{}", server.rules.base(), id.path());
        Some(collection::one(&CHATS, &Item::printed(uri, view.to_json()), query))
    };
    let body = server.chats.desk.read(id, print).await?.flatten();
    body.map(reply::json).ok_or_else(|| Rejection::ChatNotFound.into())
}

/// Performs the operation in `body` (CHAT-1.1), in the order of checks of DEC-14.
pub(super) async fn perform(
    server: &Server,
    user: &User,
    id: &ChatId,
    key: Key,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let request = key.of_request(|| KeyScope::User(user.id.clone()), "", body);
    let body = body::outlined(body, &server.rules.limits)?;
    check_feature(user)?;
    server.chats.desk.perform(id, &user.id, body, request.as_ref()).await
}

/// `{"statusCode":0,"messages":[…]}` from `startIndex` on, at most `count` (CHAT-9.4, CHAT-9.7).
pub(super) async fn transcript(
    server: &Server,
    user: &User,
    id: &ChatId,
    query: &Query<'_>,
) -> Result<Response, Refusal> {
    roster::check_chats_exist(user)?;
    let known = |chat: &chat_model::Chat| chat.leg(&user.id).is_some();
    if server.chats.desk.read(id, known).await? != Some(true) {
        return Err(Rejection::ChatNotFound.into());
    }
    let start = query.number("startIndex")?.unwrap_or(1);
    let count = query.number("count")?.unwrap_or(u64::MAX);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let print = |chat: &chat_model::Chat| {
        let view = chat.view(&user.id, &server.rules)?;
        Some(format!(r#"{{"statusCode":0,"messages":{}}}"#, view.messages_json(start, count)))
    };
    let body = server.chats.desk.read(id, print).await?.flatten();
    body.map(reply::json).ok_or_else(|| Rejection::ChatNotFound.into())
}

/// CHAT-1.1: the chat features are those of agents; without them code 3 (DEC-14).
pub(super) fn check_feature(user: &User) -> Result<(), Refusal> {
    if roster::has_chat_feature(user) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::Forbidden,
        format!("expected a user with the feature {}, found one without", roster::CHAT_FEATURES[0]),
    ))
}
