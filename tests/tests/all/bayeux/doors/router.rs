//! The router without a socket: requests are values, and hanging up is dropping the future.

use axum::Router;
use axum::body::Body as AxumBody;
use axum::http::Request;
use chat_http::App;
use http_body_util::BodyExt as _;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::bayeux::clock::Hands;
use crate::bayeux::exchange::Settings;
use crate::bayeux::http::{Answered, Ask, Body};
use crate::bayeux::site::{Site, config};

pub(crate) struct RouterDoor {
    site: Site,
    app: App,
    router: Router,
}

impl RouterDoor {
    pub(super) fn open(settings: &Settings, hands: &Hands) -> Self {
        let listen = "127.0.0.1:8090".parse().expect("an address");
        let site = Site::new(config(settings, listen), hands.clock());
        let (app, router) = site.node();
        Self { site, app, router }
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(super) fn base(&self) -> String {
        self.site.config.server.api_url().as_str().to_owned()
    }

    pub(super) fn send(&self, ask: Ask) -> JoinHandle<Answered> {
        tokio::spawn(answered(self.router.clone(), ask))
    }

    pub(super) fn restart(&mut self) {
        (self.app, self.router) = self.site.node();
    }
}

/// The router's answer.
pub(crate) async fn answered(router: Router, ask: Ask) -> Answered {
    let mut request = Request::builder().method(&*ask.method).uri(&ask.path);
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let body = match ask.body {
        Body::Whole(body) => body,
        Body::Chunks(chunks) => chunks.concat(),
    };
    let request = request.body(AxumBody::from(body)).expect("the request of a file is one");
    let response = router.oneshot(request).await.expect("a router always answers");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("the body comes whole").to_bytes();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Answered {
        status: parts.status.as_u16(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
        body: text(&body),
    }
}
