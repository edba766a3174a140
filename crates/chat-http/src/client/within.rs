//! The way to a server in the same process: no socket, and nothing of what a network does to requests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Request, Response};
use tower::ServiceExt as _;

use super::transport::{BoxFuture, Transport, TransportError};
use super::{Client, Options};
use crate::server::App;

/// Where the routes are; which host it is nobody asks.
const ADDRESS: &str = "http://localhost/api/v2";

#[derive(Debug)]
struct Within(Router);

impl Client {
    /// Asks `app` itself, through its router: with logins, refusals and notifications as over a socket.
    /// What stands around the router does not see it, such as limits of connections and faults on the
    /// wire. Somebody must poll [`App::work`], as [`serve`](crate::serve) does.
    pub fn within(app: &App) -> Self {
        let address = ADDRESS.parse().expect("it is one");
        Self::over(address, Options::default(), Arc::new(Within(app.router())))
    }
}

impl Transport for Within {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Bytes>, TransportError>> {
        let router = self.0.clone();
        Box::pin(async move {
            let Ok(response) = router.oneshot(request.map(Body::from)).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await;
            let body = body.map_err(|error| TransportError::broken(error.to_string()))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}
