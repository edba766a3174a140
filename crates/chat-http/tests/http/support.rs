//! A contact centre without a socket, and the requests to ask it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use chat_http::{App, Clock as _, Complaint, Config, Extras, ManualClock, StoreFigure, Vitals};
use chat_store::fault::{Faults, Faulty};
use chat_store::{Leases, MemoryStore, Store};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::judge;

/// A demo contact centre whose clock is moved by hand.
pub(crate) struct Site {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: MemoryStore,
    pub(crate) app: App,
    pub(crate) router: Router,
    config: Config,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::demo("127.0.0.1:8090".parse().unwrap());
        change(&mut config);
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let hands = clock.clone();
        let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
        let app = App::new(config.clone(), store.clone(), clock.clone()).unwrap();
        Self { router: app.router(), app, config, clock, store }
    }

    /// One whose store can be told to fail or to wait.
    pub(crate) fn faulty(change: impl FnOnce(&mut Config)) -> (Self, Faulty<MemoryStore>) {
        let site = Self::with(change);
        let store = Faulty::new(site.store.clone(), 0, Faults::NONE);
        (site.over(store.clone()), store)
    }

    /// The same contact centre over another handle to a store.
    fn over(self, store: impl Store + Leases) -> Self {
        let app = App::new(self.config.clone(), store, self.clock.clone()).unwrap();
        Self { router: app.router(), app, ..self }
    }

    /// Two nodes over one store, which know of it.
    pub(crate) fn two_nodes() -> [Self; 2] {
        let site = Self::new();
        [site.restarted(), site].map(|site| {
            let store = site.store.clone();
            site.shared(store)
        })
    }

    /// The same contact centre over another handle to a store that other nodes work with, too.
    pub(crate) fn shared(self, store: impl Store + Leases) -> Self {
        #[derive(Debug)]
        struct Shared;

        impl Vitals for Shared {
            fn complaint(&self) -> Option<Complaint> {
                None
            }

            fn is_durable(&self) -> bool {
                true
            }

            fn is_shared(&self) -> bool {
                true
            }

            fn figures(&self) -> Vec<StoreFigure> {
                Vec::new()
            }
        }

        let mut extras = Extras::default();
        extras.vitals = Box::new(Shared);
        let app = App::with(self.config.clone(), store, self.clock.clone(), extras).unwrap();
        Self { router: app.router(), app, ..self }
    }

    /// Another node over the same store.
    pub(crate) fn beside(&self, store: impl Store + Leases) -> Self {
        self.restarted().over(store)
    }

    /// The same store behind another server, as after a restart.
    pub(crate) fn restarted(&self) -> Self {
        self.restarted_with(|_| ())
    }

    /// As after a restart with another configuration.
    pub(crate) fn restarted_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        change(&mut config);
        let (clock, store) = (self.clock.clone(), self.store.clone());
        let app = App::new(config.clone(), store.clone(), clock.clone()).unwrap();
        Self { clock, store, router: app.router(), app, config }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        Self::ask_router(self.router.clone(), ask).await
    }

    pub(crate) async fn ask_router(router: Router, ask: Ask) -> Answer {
        let (method, path) = (ask.0.method().clone(), ask.0.uri().path().to_owned());
        let response = router.oneshot(ask.0).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        };
        judge::judge(method.as_str(), &path, &answer);
        answer
    }
}

/// A request.
pub(crate) struct Ask(pub(crate) Request<Body>);

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str, body: impl Into<Body>) -> Self {
        let mut ask = Self::new("POST", path);
        *ask.0.body_mut() = body.into();
        ask.header("content-type", "application/json")
    }

    /// `POST` of `{"operationName":…}`.
    pub(crate) fn operation(path: &str, name: &str) -> Self {
        Self::post(path, format!(r#"{{"operationName":"{name}"}}"#))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.try_into().unwrap());
        self
    }

    /// With the Basic credentials of a demo user.
    pub(crate) fn by(self, user: &str) -> Self {
        self.basic(format!("{user}:{user}").as_bytes())
    }

    pub(crate) fn basic(self, credentials: &[u8]) -> Self {
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        self.header("authorization", &format!("Basic {encoded}"))
    }

    /// Over a connection from `address`.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let peer = std::net::SocketAddr::new(address.parse().unwrap(), 50_000);
        self.0.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        self
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `name=value` of the cookie it sets.
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").map(|cookie| cookie.split(';').next().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_ok(&self) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (200, r#"{"statusCode":0}"#));
    }

    /// Refused in the shape of all refusals, DEC-36.
    #[track_caller]
    pub(crate) fn assert_refused(&self, http: u16, code: u64, message_part: &str) {
        let json = self.json();
        assert_eq!(
            (self.status.as_u16(), json["statusCode"].as_u64()),
            (http, Some(code)),
            "{json}"
        );
        let message = json["statusMessage"].as_str().unwrap();
        assert!(message.contains(message_part), "{message:?} has no {message_part:?}");
        assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("www-authenticate"), None);
    }
}
