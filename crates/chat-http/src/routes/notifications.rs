//! `/api/v2/notifications`: Bayeux over HTTP, at the base path and below it with any suffix
//! (NOTIF-1.1, NOTIF-1.2, BAYEUX-1).
//!
//! Statuses and bodies are Bayeux's own once somebody is who they say they are (DEC-36); before
//! that they are those of every other route (NOTIF-1.3).

mod websocket;

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, FromRequestParts, State};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use bayeux::{BrowserId, Callback};
use bytes::Bytes;
use chat_model::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};

use super::{Access, Route, Shape};
use crate::body::JsonBody;
use crate::hub::NoAnswer;
use crate::identity::{Caller, attributes_without_login};
use crate::query::Query;
use crate::recording::Recorded;
use crate::reply::Refusal;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: NOTIFICATIONS,
        name: "exchangeMessages",
        access: Access::Login,
        rules: &["NOTIF-1.1", "BAYEUX-1.1"],
        summary: "Bayeux messages: handshake, subscriptions, and the poll that is held.",
        shape: Shape::Messages,
        handler: || post(converse).layer(map_response(async |refused| untold(refused))),
    },
    Route {
        method: Method::GET,
        path: NOTIFICATIONS,
        name: "exchangeMessagesByGet",
        access: Access::Login,
        rules: &["BAYEUX-12.1-1", "BAYEUX-12.2-1", "DEC-70"],
        summary: "The upgrade to a websocket that carries the same messages, or a poll by callback.",
        shape: Shape::Messages,
        handler: || get(converse_by_get),
    },
    Route {
        method: Method::POST,
        path: NOTIFICATIONS_BELOW,
        name: "exchangeMessagesBelow",
        access: Access::Login,
        rules: &["NOTIF-1.2"],
        summary: "The same as without the suffix, which some clients append.",
        shape: Shape::Messages,
        handler: || post(converse).layer(map_response(async |refused| untold(refused))),
    },
    Route {
        method: Method::GET,
        path: NOTIFICATIONS_BELOW,
        name: "exchangeMessagesBelowByGet",
        access: Access::Login,
        rules: &["NOTIF-1.2"],
        summary: "The same as without the suffix, which some clients append.",
        shape: Shape::Messages,
        handler: || get(converse_by_get),
    },
];

/// The path that most requests come to.
pub(crate) const NOTIFICATIONS: &str = "/api/v2/notifications";

/// The same below it, which some clients append a suffix to.
pub(super) const NOTIFICATIONS_BELOW: &str = "/api/v2/notifications/{*suffix}";

const BROWSER_COOKIE: &str = "BAYEUX_BROWSER";

/// Longer ones are not ours (BAYEUX-2.2).
const LONGEST_BROWSER_ID: usize = 64;

/// Answers when there is something to say, which may be after `notifications.timeout_ms`.
async fn converse(
    caller: Caller,
    State(server): State<Shared>,
    Browser(browser): Browser,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    answer(&server, caller, browser, body).await
}

/// Answers the messages in `body`, which came from `browser`.
pub(super) async fn answer(
    server: &Server,
    caller: Caller,
    browser: Option<BrowserId>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let answer = server.chats.hub.handle(&caller.user, browser, None, body).await?;
    Ok(print(server, answer, "application/json;charset=utf-8"))
}

fn print(server: &Server, answer: bayeux::Response, media_type: &'static str) -> Response {
    // A status that says everything comes without a body, which then is of no type.
    let is_told = !answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if is_told {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(browser) = answer.set_browser_cookie {
        let attributes = attributes_without_login(&server.config.server);
        let cookie = format!("{BROWSER_COOKIE}={}{attributes}", browser.as_str());
        headers.extend(HeaderValue::try_from(cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
    }
    response
}

/// Takes the body from a refusal after which the same is worth another try: both Fayes take whatever is
/// JSON for messages, find no answer to their connect in it, and wait instead of trying again
/// (BAYEUX-14.8). The status says all of it.
pub(crate) fn untold(mut response: Response) -> Response {
    if UNTOLD.contains(&response.status()) {
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
    }
    response
}

/// The statuses that [`untold`] is about.
pub(crate) const UNTOLD: [hyper::StatusCode; 2] =
    [hyper::StatusCode::TOO_MANY_REQUESTS, hyper::StatusCode::SERVICE_UNAVAILABLE];

/// A GET is the beginning of a websocket, a poll by callback, or nothing (BAYEUX-1.19).
async fn converse_by_get(
    caller: Caller,
    State(server): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    recorded: Option<Extension<Recorded>>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    if headers.contains_key(UPGRADE) {
        let recorded = recorded.map(|Extension(recorded)| recorded);
        return upgrade(server, caller, &headers, socket, recorded);
    }
    if !server.config.notifications.callback_polling {
        return Err(no_transport("found a GET that is no upgrade to a websocket"));
    }
    let query = Query::parse(uri.query());
    // BAYEUX-12.1-1, -2.
    let callback = match query.get("jsonp") {
        None => return Err(no_transport("found a GET that names no function in jsonp")),
        Some("") => Callback::default(),
        Some(name) => Callback::new(name)
            .ok_or_else(|| no_transport("found a GET whose jsonp is not the name of a function"))?,
    };
    let message = Bytes::copy_from_slice(query.get("message").unwrap_or_default().as_bytes());
    let browser = browser(&headers);
    let answer = server.chats.hub.handle(&caller.user, browser, Some(callback), message).await?;
    let mut response = print(&server, answer, "text/javascript;charset=UTF-8");
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn upgrade(
    server: Shared,
    caller: Caller,
    headers: &HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    recorded: Option<Recorded>,
) -> Result<Response, Refusal> {
    if !server.config.notifications.websocket {
        return Err(no_transport("found an upgrade, and websockets are switched off"));
    }
    // No CORS rule keeps a page from what comes over a websocket (RFC 6455, section 10.2).
    if server.origins.is_foreign(headers) {
        return Err(Refusal::foreign_origin());
    }
    match socket {
        Ok(socket) => websocket::accept(server, caller, socket, recorded),
        Err(_) => Err(no_transport("found an upgrade that is none to a websocket of version 13")),
    }
}

fn no_transport(found: &str) -> Refusal {
    Refusal::new(StatusCode::InvalidValue, format!("expected a POST of Bayeux messages, {found}"))
}

/// The browser that a request names, by itself: a copy of the headers would keep the buffer that they
/// were read into for as long as the poll is held.
struct Browser(Option<BrowserId>);

impl FromRequestParts<Shared> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        Ok(Self(browser(&parts.headers)))
    }
}

pub(super) fn browser(headers: &HeaderMap) -> Option<BrowserId> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    // By bytes and not by characters: every poll comes by here.
    let mut cookies = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    let value = cookies.find_map(|cookie| {
        cookie.trim_ascii().strip_prefix(BROWSER_COOKIE.as_bytes())?.strip_prefix(b"=")
    })?;
    let is_ours = !value.is_empty()
        && value.len() <= LONGEST_BROWSER_ID
        && value.iter().all(u8::is_ascii_alphanumeric);
    str::from_utf8(value).ok().filter(|_| is_ours).map(BrowserId::new)
}

impl From<NoAnswer> for Refusal {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Crowded => Self::unavailable("too many polls are held; try again"),
            NoAnswer::Gone => Self::unavailable("the server is stopping; try again"),
            NoAnswer::Unavailable(why) => why.into(),
        }
    }
}
