//! What fails on the wire: around the router, where a request is whole and its reply not yet sent.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{CONTENT_LENGTH, RETRY_AFTER, UPGRADE};
use hyper::{Request, StatusCode, Uri};
use serde::Deserialize;
use tower::ServiceExt as _;

use super::Faults;
use super::broken::Broken;
use super::rule::{Asked, End, Plan};
use crate::body;
use crate::identity;
use crate::query::Query;
use crate::reply::Refusal;
use crate::routes::{NOTIFICATIONS, untold};
use crate::server::Server;

/// Has `router` answer a request, and spoils it as the rules of `server` want it.
pub(crate) async fn answer(
    server: &Server,
    router: Router,
    request: Request<Body>,
) -> Result<Response, Infallible> {
    let is_of_messages = request.uri().path().starts_with(NOTIFICATIONS);
    // A poll may be held when the first rule comes.
    let is_looked_at = |faults: &&Faults| is_of_messages || !faults.is_empty();
    let Some(faults) = server.faults.as_ref().filter(is_looked_at) else {
        return router.oneshot(request).await;
    };
    let (parts, body) = request.into_parts();
    let body = match body::whole(&parts.headers, body, server).await {
        Ok(body) => body,
        // As it would be refused anyway, which no rule knows anything about.
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let user = match is_of_messages || faults.ask_who() {
        true => identity::claimed(server, &parts.headers).await,
        false => None,
    };
    let asked = Asked {
        method: &method,
        path: uri.path(),
        operations: &operations(&body, &uri),
        user: user.as_ref().map(|user| &user.id),
        is_upgrade: parts.headers.contains_key(UPGRADE),
    };
    let request = Request::from_parts(parts, Body::from(body));
    let answer = spoiled(faults, &asked, router.oneshot(request)).await;
    Ok(if is_of_messages { untold(answer) } else { answer })
}

async fn spoiled(
    faults: &Faults,
    asked: &Asked<'_>,
    answer: impl Future<Output = Result<Response, Infallible>>,
) -> Response {
    let Plan { delay, end, slow } = faults.plan(asked);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match end {
        Some(End::Unavailable { retry_after }) => return unavailable(retry_after),
        Some(End::NoWebsocket) => {
            let mut response = Refusal::method_not_allowed().into_response();
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return response;
        }
        Some(End::Dropped | End::BrokenOff { .. }) | None => {}
    }
    let dropped = async {
        match asked.is_poll() {
            true => faults.poll_dropped(asked).await,
            false => std::future::pending().await,
        }
    };
    let Ok(response) = tokio::select! {
        biased;
        answered = answer => answered,
        // The request is dropped with it, as one whose client has gone (BAYEUX-4.7).
        () = dropped => return Response::new(Body::new(Broken::nothing())),
    };
    let after = match end {
        Some(End::Dropped) => return Response::new(Body::new(Broken::nothing())),
        Some(End::BrokenOff { after }) => Some(after),
        _ => None,
    };
    if after.is_none() && slow.is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Ours do not fail.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    let until = after.map(|after| after.unwrap_or(body.len() / 2));
    Response::from_parts(parts, Body::new(Broken::new(body, until, slow)))
}

fn unavailable(retry_after: Option<u32>) -> Response {
    let mut response = Refusal::unavailable("a fault was asked for").into_response();
    match retry_after {
        Some(seconds) => response.headers_mut().insert(RETRY_AFTER, seconds.into()),
        None => response.headers_mut().remove(RETRY_AFTER),
    };
    response
}

/// The names that a rule can be limited to: of the operation, or of the channels, also those that a poll
/// by callback has in its query.
fn operations(body: &Bytes, uri: &Uri) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Many(Vec<One>),
        One(One),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct One {
        operation_name: Option<String>,
        channel: Option<String>,
    }
    let query = Query::parse(uri.query());
    let said = match query.get("message").filter(|_| body.is_empty()) {
        Some(message) => serde_json::from_str(message),
        None => serde_json::from_slice(body),
    };
    let said = match said {
        Ok(Said::Many(many)) => many,
        Ok(Said::One(one)) => vec![one],
        Err(_) => Vec::new(),
    };
    said.into_iter().flat_map(|one| [one.operation_name, one.channel]).flatten().collect()
}
