//! What fails on the wire: around the router, where a request is whole and its reply not yet sent.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{CONTENT_LENGTH, RETRY_AFTER, UPGRADE};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use tower::ServiceExt as _;

use super::broken::Broken;
use super::rule::{Asked, Plan};
use crate::body;
use crate::identity;
use crate::reply::Refusal;
use crate::routes::{NOTIFICATIONS, untold};
use crate::server::Server;

/// Has `router` answer a request, and spoils it as the rules of `server` want it.
pub(crate) async fn answer(
    server: &Server,
    router: Router,
    request: Request<Body>,
) -> Result<Response, Infallible> {
    let Some(faults) = server.faults.as_ref().filter(|faults| !faults.is_empty()) else {
        return router.oneshot(request).await;
    };
    let (parts, body) = request.into_parts();
    let body = match body::whole(&parts.headers, body, server).await {
        Ok(body) => body,
        // As it would be refused anyway, which no rule knows anything about.
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let user = match faults.ask_who() {
        true => identity::claimed(server, &parts.headers).await,
        false => None,
    };
    let plan = faults.plan(&Asked {
        method: &parts.method,
        path: parts.uri.path(),
        operations: &operations(&body),
        user: user.as_ref().map(|user| &user.id),
        is_upgrade: parts.headers.contains_key(UPGRADE),
    });
    let is_of_messages = parts.uri.path().starts_with(NOTIFICATIONS);
    let request = Request::from_parts(parts, Body::from(body));
    let answer = spoiled(plan, router.oneshot(request)).await;
    Ok(if is_of_messages { untold(answer) } else { answer })
}

async fn spoiled(
    plan: Plan,
    answer: impl Future<Output = Result<Response, Infallible>>,
) -> Response {
    if !plan.delay.is_zero() {
        tokio::time::sleep(plan.delay).await;
    }
    if let Some(retry_after) = plan.unavailable {
        return unavailable(retry_after);
    }
    if plan.no_websocket {
        let mut response = Refusal::method_not_allowed().into_response();
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let answered = match plan.held {
        // The request is dropped with it, as one whose client has gone (BAYEUX-4.7).
        Some(held) => match tokio::time::timeout(held, answer).await {
            Ok(answered) => answered,
            Err(_) => return Response::new(Body::new(Broken::nothing())),
        },
        None => answer.await,
    };
    let Ok(response) = answered;
    if plan.drop {
        return Response::new(Body::new(Broken::nothing()));
    }
    if plan.eof.is_none() && plan.slow.is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Ours do not fail.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    let until = plan.eof.map(|after| after.unwrap_or(body.len() / 2));
    Response::from_parts(parts, Body::new(Broken::new(body, until, plan.slow)))
}

fn unavailable(retry_after: Option<u32>) -> Response {
    let mut response = Refusal::unavailable("a fault was asked for").into_response();
    match retry_after {
        Some(seconds) => response.headers_mut().insert(RETRY_AFTER, seconds.into()),
        None => response.headers_mut().remove(RETRY_AFTER),
    };
    response
}

/// The names that a rule can be limited to: of the operation, or of the channels.
fn operations(body: &Bytes) -> Vec<String> {
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
    let said = match serde_json::from_slice(body) {
        Ok(Said::Many(many)) => many,
        Ok(Said::One(one)) => vec![one],
        Err(_) => Vec::new(),
    };
    said.into_iter().flat_map(|one| [one.operation_name, one.channel]).flatten().collect()
}
