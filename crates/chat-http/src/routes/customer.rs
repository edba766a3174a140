//! The visitor's interface, and the agent's chats under their own addresses (CUST-2, DEC-46).
//!
//! Visitors are nobody we know: what they hold is the name of their chat, a UUID that nobody can
//! guess (CUST-1.7). An id of another shape is an agent's, and needs login.

use axum::extract::{FromRequest as _, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use chat_model::{Chat, ChatId, KeyScope, Rejection, StatusCode, VisitorId};
use hyper::{HeaderMap, Method};

use super::{Access, Route, Shape, chats};
use crate::body::{self, JsonBody};
use crate::identity::{Asking, identify};
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::request_key::Key;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: "/api/v2/chats",
        name: "requestChat",
        access: Access::Anybody,
        rules: &["CUST-2.1", "CUST-1.1", "DEC-46", "DEC-48"],
        summary: "Opens a chat for a visitor.",
        shape: Shape::Does { body: &["CustomerOperationRequestChat"], reply: "ChatRequested" },
        handler: || post(request),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/chats/{id}",
        name: "readChat",
        access: Access::VisitorOrLogin,
        rules: &["CUST-2.2", "CHAT-9.3", "DEC-46"],
        summary: "A visitor's chat, or one of the user's chats.",
        shape: Shape::Reads { replies: &["CustomerChatReply", "ChatReply"], query: &["fields"] },
        handler: || get(read),
    },
    Route {
        method: Method::POST,
        path: "/api/v2/chats/{id}",
        name: "operateChat",
        access: Access::VisitorOrLogin,
        rules: &["CUST-2.4", "CHAT-1.1", "DEC-46", "DEC-48"],
        summary: "Performs an operation on a visitor's chat, or on one of the user's chats.",
        shape: Shape::Does { body: &["CustomerOperation", "Operation"], reply: "OperationReply" },
        handler: || post(operate),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/chats/{id}/messages",
        name: "readTranscript",
        access: Access::VisitorOrLogin,
        rules: &["CUST-2.3", "CHAT-9.4", "DEC-46"],
        summary: "What a visitor has not read yet, or the transcript of one of the user's chats.",
        shape: Shape::Reads {
            replies: &["TranscriptReply"],
            query: &["index", "startIndex", "count"],
        },
        handler: || get(messages),
    },
];

const CONTACT_CENTER_ID: &str = "contactcenterid";

/// Whose resource an id names.
enum Whose {
    Visitors(VisitorId),
    Agents(ChatId),
}

impl Whose {
    /// DEC-46. The letters of a UUID may come in either case (PLAT-1.5-11).
    fn is(id: String) -> Self {
        let is_uuid = id.len() == 36
            && id.bytes().enumerate().all(|(i, byte)| match i {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if is_uuid {
            Self::Visitors(VisitorId::from(id.to_ascii_lowercase()))
        } else {
            Self::Agents(ChatId::from(id))
        }
    }
}

/// RequestChat (CUST-2.1).
async fn request(
    State(server): State<Shared>,
    headers: HeaderMap,
    key: Key,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let request = key.of_request(|| KeyScope::Center, "", &body);
    let body = body::object(&body, &server.rules.limits)?;
    check_contact_center(&server, &headers)?;
    let visitor = server.chats.desk.request_chat(body, request.as_ref()).await?;
    heard(&server, &visitor).await?;
    // PLAT-1.1-6: with `/api/v2`, as printed.
    Ok(reply::json(format!(
        r#"{{"id":"{visitor}","statusCode":0,"path":"/api/v2/chats/{visitor}"}}"#
    )))
}

/// GetChat (CUST-2.2), or CHAT-9.3.
async fn read(
    State(server): State<Shared>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let visitor = match Whose::is(id) {
        Whose::Visitors(visitor) => visitor,
        Whose::Agents(id) => {
            let caller = identify(&server, Asking::of(&request)).await?;
            let query = Query::parse(request.uri().query());
            return chats::resource(&server, &caller.user, &id, &query).await;
        }
    };
    check_contact_center(&server, request.headers())?;
    let chat = heard(&server, &visitor).await?;
    let print = |chat: &Chat| chat.customer_view().map(|view| view.to_json());
    match server.chats.desk.read(&chat, print).await?.flatten() {
        Some(chat) => Ok(reply::json(format!(r#"{{"chat":{chat},"statusCode":0}}"#))),
        None => Err(Rejection::ChatNotFound.into()),
    }
}

/// GetMessages (CUST-2.3, CUST-4), or CHAT-9.4.
async fn messages(
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let visitor = match Whose::is(id) {
        Whose::Visitors(visitor) => visitor,
        Whose::Agents(id) => {
            let caller = identify(&server, Asking::of(&request)).await?;
            return chats::transcript(&server, &caller.user, &id, &query).await;
        }
    };
    check_contact_center(&server, request.headers())?;
    let chat = known(&server, &visitor).await?;
    let index = query.number("index")?;
    let is_head = request.method() == Method::HEAD;
    let now_ms = server.chats.desk.now().as_millis();
    let print = |chat: &Chat| {
        let view = chat.customer_view()?;
        // CUST-4.4, CUST-4.5: without `index` what was not returned yet; either way the position
        // moves to the last line that was. HEAD returns none (DEC-47).
        Some(server.chats.visitors.hear(&visitor, now_ms, |position| {
            let (messages, last) = view.messages_json(index.unwrap_or(position + 1));
            let returned = last.filter(|_| !is_head);
            (messages, returned.unwrap_or(position))
        }))
    };
    let Some(messages) = server.chats.desk.read(&chat, print).await?.flatten() else {
        return Err(Rejection::ChatNotFound.into());
    };
    server.chats.visitors.checkpoint(&visitor, now_ms).await;
    Ok(reply::json(format!(r#"{{"messages":{messages},"statusCode":0}}"#)))
}

/// The visitor's operations (CUST-2.4 to 2.7), or the agent's.
async fn operate(
    State(server): State<Shared>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Refusal> {
    match Whose::is(id) {
        Whose::Agents(id) => {
            let caller = identify(&server, Asking::of(&request)).await?;
            let key = Key::of(request.headers())?;
            let JsonBody(body) = JsonBody::from_request(request, &server).await?;
            chats::perform(&server, &caller.user, &id, key, &body).await.map(reply::told)
        }
        Whose::Visitors(visitor) => {
            let headers = request.headers().clone();
            let key = Key::of(&headers)?;
            let JsonBody(body) = JsonBody::from_request(request, &server).await?;
            let request = key.of_request(|| KeyScope::Visitor, "", &body);
            let body = body::object(&body, &server.rules.limits)?;
            check_contact_center(&server, &headers)?;
            let chat = heard(&server, &visitor).await?;
            let desk = &server.chats.desk;
            let reply = desk.perform_for_visitor(&chat, &visitor, body, request.as_ref()).await?;
            Ok(reply::told(reply))
        }
    }
}

async fn known(server: &Server, visitor: &VisitorId) -> Result<ChatId, Refusal> {
    server.chats.visitors.chat(visitor).await?.ok_or_else(|| Rejection::ChatNotFound.into())
}

/// The visitor's chat; whoever asks for it is still there (DEC-43).
async fn heard(server: &Server, visitor: &VisitorId) -> Result<ChatId, Refusal> {
    let chat = known(server, visitor).await?;
    let now_ms = server.chats.desk.now().as_millis();
    server.chats.visitors.hear(visitor, now_ms, |position| ((), position));
    server.chats.visitors.checkpoint(visitor, now_ms).await;
    Ok(chat)
}

/// DEC-46: none is fine, another centre's is not here.
fn check_contact_center(server: &Server, headers: &HeaderMap) -> Result<(), Refusal> {
    let ours = server.config.server.contact_center_id.as_bytes();
    match headers.get(CONTACT_CENTER_ID) {
        Some(theirs) if !theirs.as_bytes().eq_ignore_ascii_case(ours) => Err(Refusal::new(
            StatusCode::NotFound,
            "expected the ContactCenterId of this contact center, found another one",
        )),
        _ => Ok(()),
    }
}
