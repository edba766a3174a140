//! For those who run the server: is it alive, is it ready, how is it doing.
//!
//! Outside `/api/v2` and without authentication; nothing here tells about people.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use chat_store::{LeaseKey, Leases as _};
use hyper::Method;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::{Access, Route, Shape};
use crate::reply::{self, Refusal};
use crate::server::Shared;
use crate::vitals;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/health/live",
        name: "readLiveness",
        access: Access::Anybody,
        rules: &[],
        summary: "Whether the process answers.",
        shape: Shape::Reads { replies: &["Success"], query: &[] },
        handler: || get(live),
    },
    Route {
        method: Method::GET,
        path: "/health/ready",
        name: "readReadiness",
        access: Access::Anybody,
        rules: &[],
        summary: "Whether requests can be served: the store answers and the server is not stopping.",
        shape: Shape::Reads { replies: &["Success"], query: &[] },
        handler: || get(ready),
    },
    Route {
        method: Method::GET,
        path: "/metrics",
        name: "readMetrics",
        access: Access::Anybody,
        rules: &[],
        summary: "Figures in the text format of Prometheus.",
        shape: Shape::File("text/plain"),
        handler: || get(figures),
    },
];

async fn live() -> Response {
    reply::ok()
}

async fn ready(State(server): State<Shared>) -> Result<Response, Refusal> {
    if server.is_stopping() {
        return Err(Refusal::unavailable("the server is stopping"));
    }
    server.store_is_sound().map_err(Refusal::unavailable)?;
    // Whether there is such a lease does not matter; that the store says so does.
    server.store.get(&LeaseKey::new("health")).await?;
    Ok(reply::ok())
}

async fn figures(State(server): State<Shared>) -> Response {
    let headers =
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    let figures = server.metrics.render() + &vitals::print(&*server.vitals);
    (headers, figures).into_response()
}
