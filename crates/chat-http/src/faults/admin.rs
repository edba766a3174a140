//! The admin endpoint: faults and the clock, while the server runs.
//!
//! A listener of its own on the loopback address. Nobody logs in there, so nothing of it may be reached
//! from anywhere else: not by an address that is not this machine's, and not by a page in a browser
//! here. Such a page can send neither JSON nor DELETE without asking first (there is no CORS), nor name
//! a host that is not this machine (its own name may point here).

use axum::Router;
use axum::extract::{FromRef, Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get};
use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

use super::{FaultRule, Faults, ListedFault};
use crate::clock::{Clock as _, SetClock};
use crate::server::App;

/// How far the clock can be moved at once: whatever is due on the way is done before the answer.
const LONGEST_ADVANCE: Duration = Duration::from_secs(31 * 24 * 3_600);

/// Serves the admin endpoint of `app` on `listener` for as long as it is polled.
///
/// `GET /faults` lists the rules, `POST /faults` with `{"rule":"…"}` adds one, `DELETE /faults/{id}`
/// removes it, and `DELETE /faults` all of them. `GET /clock` says what time it is, and `POST /clock`
/// with `{"advance":"30s"}` moves `clock`, which must be the clock of `app`, and does what is due then.
///
/// # Errors
/// When the listener's address is not a loopback address, or cannot be read, or the app has no faults.
pub async fn serve_admin(
    listener: TcpListener,
    app: App,
    clock: Option<Arc<SetClock>>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let message =
            format!("expected a loopback address for the admin endpoint, found {address}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let Some(faults) = app.server.faults.clone() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a server with faults"));
    };
    axum::serve(listener, router(Administered { faults, app, clock })).await
}

/// What can be administered.
#[derive(Clone)]
struct Administered {
    faults: Faults,
    app: App,
    clock: Option<Arc<SetClock>>,
}

impl FromRef<Administered> for Faults {
    fn from_ref(all: &Administered) -> Self {
        all.faults.clone()
    }
}

fn router(all: Administered) -> Router {
    Router::new()
        .route("/faults", get(list).post(add).delete(clear))
        .route("/faults/{id}", delete(remove))
        .route("/clock", get(time).post(advance))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "nothing has this address"))
        .layer(from_fn(check_host))
        .with_state(all)
}

async fn list(State(faults): State<Faults>) -> Response {
    let faults: Vec<Value> = faults.list().iter().map(printed).collect();
    print(StatusCode::OK, &json!({ "faults": faults }))
}

async fn add(State(all): State<Administered>, headers: HeaderMap, body: Bytes) -> Response {
    let rule = match read(&headers, &body, "rule") {
        Ok(rule) => rule,
        Err(refusal) => return refusal,
    };
    let rule =
        rule.parse::<FaultRule>().and_then(|rule| match rule.unknown_in(&all.app.server.config) {
            Some(unknown) => Err(unknown),
            None => Ok(rule),
        });
    match rule {
        Ok(rule) => {
            let id = all.faults.add(rule.clone());
            print(StatusCode::CREATED, &json!({ "id": id, "rule": rule.to_string() }))
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// The text that is the only member of a body.
#[expect(clippy::result_large_err, reason = "it is the answer")]
fn read(headers: &HeaderMap, body: &[u8], member: &str) -> Result<String, Response> {
    let expected = || format!("expected {{\"{member}\":\"…\"}} as application/json");
    // What a page may send without asking first is declared as something else.
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|value| value.split(';').next()).map(str::trim);
    if declared.is_none_or(|value| !value.eq_ignore_ascii_case("application/json")) {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &expected()));
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let only = body.as_object().filter(|object| object.len() == 1);
    let text = only.and_then(|object| object.get(member)).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| refuse(StatusCode::BAD_REQUEST, &expected()))
}

async fn time(State(all): State<Administered>) -> Response {
    print(StatusCode::OK, &json!({ "now": all.app.server.clock.now_ms() }))
}

async fn advance(State(all): State<Administered>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(clock) = &all.clock else {
        return refuse(StatusCode::CONFLICT, "expected a server with a clock that was set");
    };
    let by = match read(&headers, &body, "advance") {
        Ok(by) => by,
        Err(refusal) => return refusal,
    };
    let parsed = humantime::parse_duration(&by).ok().filter(|by| *by <= LONGEST_ADVANCE);
    let Some(by) = parsed else {
        let message = format!("expected a time such as 30s or 500ms, at most 31days, found {by:?}");
        return refuse(StatusCode::BAD_REQUEST, &message);
    };
    clock.settled().await;
    clock.advance(by);
    all.app.catch_up().await;
    clock.settled().await;
    print(StatusCode::OK, &json!({ "now": clock.now_ms() }))
}

async fn remove(State(faults): State<Faults>, Path(id): Path<String>) -> Response {
    match id.parse().is_ok_and(|id| faults.remove(id)) {
        true => print(StatusCode::OK, &json!({})),
        false => refuse(StatusCode::NOT_FOUND, "no fault has this number"),
    }
}

async fn clear(State(faults): State<Faults>) -> Response {
    faults.clear();
    print(StatusCode::OK, &json!({}))
}

fn printed(fault: &ListedFault) -> Value {
    let ListedFault { id, rule, matched, struck } = fault;
    json!({ "id": id, "rule": rule, "matched": matched, "struck": struck })
}

async fn check_host(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_loopback = name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    match is_loopback || name == "[::1]" || name.eq_ignore_ascii_case("localhost") {
        true => next.run(request).await,
        false => {
            refuse(StatusCode::FORBIDDEN, "expected a Host of this machine, such as 127.0.0.1")
        }
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    print(status, &json!({ "error": message }))
}

fn print(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}
