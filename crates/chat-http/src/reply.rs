//! What goes out: the one place that turns outcomes into HTTP.
//!
//! Every reply is JSON with a `statusCode`, also those that no handler of ours wrote (unknown
//! routes, wrong methods, broken extractors, panics), because clients read the body before the
//! HTTP status (PLAT-1.1-10, PLAT-1.2-6).

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chat_model::StatusCode;
use chat_store::{LeaseError, Unavailable};
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};

/// The body of a success that has nothing more to say (DEC-30).
pub(crate) const OK: Bytes = Bytes::from_static(br#"{"statusCode":0}"#);

/// Room for what browsers send, and no more.
const COMMON_HEADERS: usize = 24;

/// The reply with this body, HTTP 200.
pub(crate) fn json(body: impl Into<Body>) -> Response {
    json_in(HeaderMap::new(), body)
}

/// The same in the place of headers that nobody needs any more.
fn json_in(mut headers: HeaderMap, body: impl Into<Body>) -> Response {
    headers.clear();
    own_headers(&mut headers);
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers;
    response
}

/// `{"statusCode":0}`.
pub(crate) fn ok() -> Response {
    json(OK)
}

/// The reply to an operation, which may be a refusal that was given before (DEC-48).
pub(crate) fn told(reply: chat_model::Reply) -> Response {
    told_in(HeaderMap::new(), reply)
}

/// The same in the place of the request's `headers`: the connection keeps the place for the next
/// request, and neither takes memory anew.
pub(crate) fn told_in(headers: HeaderMap, reply: chat_model::Reply) -> Response {
    // A place for many headers is not what a connection should keep.
    let place = if headers.capacity() <= COMMON_HEADERS { headers } else { HeaderMap::new() };
    match StatusCode::from_code(reply.status_code.into()) {
        Some(StatusCode::Success) if reply.reference_id.is_none() => json_in(place, OK),
        Some(StatusCode::Success) | None => json_in(place, reply.to_json()),
        Some(code) => Refusal::new(code, reply.status_message.unwrap_or_default()).into_response(),
    }
}

/// A request that was refused, and how it is told (PLAT-1.2-2, DEC-36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    http: hyper::StatusCode,
    code: StatusCode,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u32>,
    damage: bool,
}

impl Refusal {
    /// Refuses with `code` and the HTTP status that the table gives it.
    pub(crate) fn new(code: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        let http = hyper::StatusCode::from_u16(code.http())
            .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        Self { http, code, message: message.into(), retry_after_seconds: None, damage: false }
    }

    fn with_http(mut self, http: hyper::StatusCode) -> Self {
        self.http = http;
        self
    }

    /// Whoever asks has not shown who they are; 403 and no `WWW-Authenticate` (PLAT-2.1-7).
    pub(crate) fn access_denied() -> Self {
        Self::new(StatusCode::NotAuthenticated, "Access denied")
    }

    /// No route has this path (DEC-36).
    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NotFound, "no resource has this address")
    }

    /// The route has no such method (DEC-36).
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::Forbidden, "the resource does not have this method")
            .with_http(hyper::StatusCode::METHOD_NOT_ALLOWED)
    }

    /// The body is longer than `max` bytes (DEC-7, DEC-36).
    pub(crate) fn body_too_large(max: usize) -> Self {
        Self::new(
            StatusCode::InvalidValue,
            format!("expected a body of at most {max} bytes, found a longer one"),
        )
        .with_http(hyper::StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// The body is not declared as JSON (DEC-37).
    pub(crate) fn media_type(found: &str) -> Self {
        Self::new(
            StatusCode::InvalidValue,
            format!("expected the Content-Type application/json, found {found:?}"),
        )
        .with_http(hyper::StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// The body is compressed or otherwise coded (DEC-36).
    pub(crate) fn content_coding(found: &str) -> Self {
        Self::new(
            StatusCode::InvalidValue,
            format!("expected a body without Content-Encoding, found {found:?}"),
        )
        .with_http(hyper::StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// The client says that it cannot read what there is.
    pub(crate) fn not_acceptable(message: &'static str) -> Self {
        Self::new(StatusCode::InvalidValue, message).with_http(hyper::StatusCode::NOT_ACCEPTABLE)
    }

    /// The body did not arrive in time.
    pub(crate) fn body_too_slow(seconds: u32) -> Self {
        Self::new(
            StatusCode::InvalidValue,
            format!("expected the whole body within {seconds} s, found it unfinished"),
        )
        .with_http(hyper::StatusCode::REQUEST_TIMEOUT)
    }

    /// Too many failed logins (DEC-36). The same whoever it is about.
    pub(crate) fn too_many_logins(retry_after_seconds: u64) -> Self {
        let mut refusal =
            Self::new(StatusCode::InternalError, "too many failed logins; try again later")
                .with_http(hyper::StatusCode::TOO_MANY_REQUESTS);
        refusal.retry_after_seconds = Some(u32::try_from(retry_after_seconds).unwrap_or(u32::MAX));
        refusal
    }

    /// A session's request without the session's token (PLAT-1.2-csrf, DEC-36).
    pub(crate) fn csrf() -> Self {
        Self::new(StatusCode::Forbidden, "Missing or invalid Csrf token")
    }

    /// A page of an origin that may not act by its user's cookie.
    pub(crate) fn foreign_origin() -> Self {
        Self::new(
            StatusCode::Forbidden,
            "expected a request from a page of this server or of a configured origin, found one \
             from elsewhere",
        )
    }

    /// Something the server needs does not answer; worth another try (DEC-36).
    pub(crate) fn unavailable(message: &'static str) -> Self {
        let mut refusal = Self::new(StatusCode::InternalError, message)
            .with_http(hyper::StatusCode::SERVICE_UNAVAILABLE);
        refusal.retry_after_seconds = Some(1);
        refusal
    }

    /// Nobody can tell whether it was done: the client finds out, or says the same again under the same
    /// name (DEC-48).
    pub(crate) fn undecided(why: &Unavailable) -> Self {
        tracing::warn!(%why, "the store does not say whether it took a record");
        Self::unavailable(
            "the store does not answer, and whether this was done is not known; look, or try again \
             with the Idempotency-Key it had",
        )
    }

    /// The caller has as much as they may have; worth another try when some of it is over (DEC-36).
    pub(crate) fn too_many(message: &'static str) -> Self {
        let mut refusal = Self::new(StatusCode::InternalError, message)
            .with_http(hyper::StatusCode::TOO_MANY_REQUESTS);
        refusal.retry_after_seconds = Some(1);
        refusal
    }

    /// Whether what was asked for cannot be read, however often it is tried.
    pub(crate) const fn is_damage(&self) -> bool {
        self.damage
    }

    /// Goes on with nothing where damage is the reason.
    pub(crate) fn unless_damage<T>(self) -> Result<Option<T>, Self> {
        if self.damage { Ok(None) } else { Err(self) }
    }

    /// A defect of ours. Details go to the log only.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::InternalError, "internal error")
    }

    /// The HTTP status.
    #[cfg(feature = "schema")]
    pub(crate) fn http(&self) -> u16 {
        self.http.as_u16()
    }

    /// The JSON that tells it.
    pub(crate) fn body(&self) -> String {
        let mut body = format!(r#"{{"statusCode":{},"statusMessage":"#, self.code.code());
        chat_model::write_string(&mut body, &self.message);
        body.push('}');
        body
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.body());
        *response.status_mut() = self.http;
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Unavailable> for Refusal {
    fn from(why: Unavailable) -> Self {
        if why.is_damage() {
            tracing::error!(%why, "what the store holds cannot be read");
            let mut refusal = Self::unavailable("what is kept of it cannot be read");
            refusal.damage = true;
            return refusal;
        }
        tracing::warn!(%why, "the store does not answer");
        Self::unavailable("the store does not answer; try again")
    }
}

impl From<LeaseError> for Refusal {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Unavailable(why) => why.into(),
            LeaseError::Conflict => {
                Self::unavailable("others changed the same thing at the same time; try again")
            }
        }
    }
}

impl From<chat_model::Rejection> for Refusal {
    fn from(rejection: chat_model::Rejection) -> Self {
        Self::new(rejection.status(), rejection.to_string())
    }
}

/// Answers for a handler that panicked; the panic hook has printed where.
pub(crate) fn panicked() -> Response {
    Refusal::internal().into_response()
}

fn own_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A reply says what is the case now; a copy of it would be wrong a moment later.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
