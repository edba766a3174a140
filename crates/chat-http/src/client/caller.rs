//! One who asks: who they are, the cookies and the token that the server gave them, and the one place
//! that makes a reply or an [`Error`] of what comes back.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chat_model::Reply;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE,
};
use hyper::{HeaderMap, Method, Request, Response};

use super::transport::{Transport, TransportError};
use super::{Address, Error, Refused};

/// The name and password of a user; never printed.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// A user with their password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// With a Basic header on every request (PLAT-2.1-2), so that a lost cookie loses nothing.
    User(HeaderValue),
    /// Without (CUST-1.1), for this contact centre.
    Visitor(Option<String>),
}

impl Identity {
    pub(super) fn user(credentials: &Credentials) -> Self {
        let Credentials { user, password } = credentials;
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut header = HeaderValue::try_from(text).expect("base64 is visible ASCII");
        header.set_sensitive(true);
        Self::User(header)
    }
}

/// One who asks a server.
pub(super) struct Caller {
    transport: Arc<dyn Transport>,
    address: Address,
    identity: Identity,
    timeout: Duration,
    given: Mutex<Given>,
}

/// What the server gave to be shown again.
#[derive(Clone, Default)]
struct Given {
    cookies: Vec<(String, String)>,
    /// Name and value of the header against forgery (PLAT-2.2-2).
    token: Option<(HeaderName, HeaderValue)>,
}

/// No server of this interface sets more.
const MOST_COOKIES: usize = 16;

const CSRF_HEADER: &str = "x-csrf-header";

impl Caller {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        address: Address,
        identity: Identity,
        timeout: Duration,
    ) -> Self {
        Self { transport, address, identity, timeout, given: Mutex::default() }
    }

    /// The same caller as another browser: cookies go separate ways from here.
    pub(super) fn apart(&self) -> Self {
        let given = Mutex::new(self.given().clone());
        let (transport, address) = (self.transport.clone(), self.address.clone());
        Self { transport, address, identity: self.identity.clone(), timeout: self.timeout, given }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Bytes, Error> {
        self.ask(Method::GET, path, Bytes::new(), None).await
    }

    pub(super) async fn post(&self, path: &str, body: String) -> Result<Bytes, Error> {
        self.ask(Method::POST, path, body.into(), None).await
    }

    /// Asks, and gives the body of a success. With a key the server does it once, however often it is
    /// asked (DEC-48).
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Bytes, Error> {
        let response = self.exchange(method, path, body, key);
        match tokio::time::timeout(self.timeout, response).await {
            Ok(response) => judge(&response?),
            Err(_) => Err(Error::TimedOut { after: self.timeout }),
        }
    }

    /// Sends a request and gives the response, whatever it is and however long it takes.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Response<Bytes>, TransportError> {
        let request = self.request(method, path, body, key);
        let request = request.map_err(|error| TransportError::unsent(error.to_string()))?;
        let response = self.transport.send(request).await?;
        self.given().take(response.headers());
        Ok(response)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Request<Bytes>, hyper::http::Error> {
        let mut builder = Request::builder()
            .uri(format!("{}{path}", self.address))
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        match &self.identity {
            Identity::User(basic) => builder = builder.header(AUTHORIZATION, basic),
            Identity::Visitor(Some(id)) => builder = builder.header("ContactCenterId", id),
            Identity::Visitor(None) => {}
        }
        let given = self.given();
        if !given.cookies.is_empty() {
            let pairs: Vec<String> =
                given.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            builder = builder.header(COOKIE, pairs.join("; "));
        }
        if let Some((name, value)) = given.token.as_ref().filter(|_| !method.is_safe()) {
            builder = builder.header(name, value);
        }
        if let Some(key) = key {
            builder = builder.header("Idempotency-Key", key);
        }
        if !body.is_empty() {
            builder = builder.header(CONTENT_TYPE, "application/json;charset=UTF-8");
        }
        builder.method(method).body(body)
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        // It is whole between two statements, whatever became of whoever held it.
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Given {
    fn take(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let ends = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
            self.cookies.retain(|(known, _)| known != name);
            if !ends && self.cookies.len() < MOST_COOKIES {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let name = headers.get(CSRF_HEADER).and_then(|name| name.as_bytes().try_into().ok());
        if let Some((name, value)) =
            name.and_then(|name: HeaderName| Some((name.clone(), headers.get(name)?)))
        {
            self.token = Some((name, value.clone()));
        }
    }
}

/// The body of a success; anything else is an [`Error`] (PLAT-1.2-6).
pub(super) fn judge(response: &Response<Bytes>) -> Result<Bytes, Error> {
    let status = response.status().as_u16();
    let body = response.body();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after =
        retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    if body.is_empty() && matches!(status, 429 | 503) {
        return Err(Error::NotNow { http_status: status, retry_after });
    }
    let reply: Reply = serde_json::from_slice(body).map_err(|error| Error::NotUnderstood {
        why: format!("expected a reply with a statusCode, found HTTP {status}: {error}"),
    })?;
    match reply.status_code {
        // PLAT-1.2-8: in part is done, too.
        0 | 7 if status < 400 => Ok(body.clone()),
        _ => Err(Error::Refused(Refused { http_status: status, reply, retry_after })),
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Cookies are as good as passwords.
        f.debug_struct("Caller").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Duration, Error, Response, judge};

    #[track_caller]
    fn check(status: u16, body: &'static str, expected: &str) {
        let builder = Response::builder().status(status).header("Retry-After", "7");
        let error = judge(&builder.body(Bytes::from_static(body.as_bytes())).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_passing());
        if let Error::NotNow { retry_after, .. } = error {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn refusals_for_now_say_when_to_try_again() {
        let (busy, gone) = ("too many requests (HTTP 429)", "not available (HTTP 503)");
        check(429, "", &format!("the server refuses for now: {busy}, asks to wait 7 s"));
        check(503, "", &format!("the server refuses for now: {gone}, asks to wait 7 s"));
        let told = r#"{"statusCode":4,"statusMessage":"the server is stopping; try again"}"#;
        check(503, told, "refused with code 4: the server is stopping; try again");
        check(
            502,
            "<html>",
            "expected a reply with a statusCode, found HTTP 502: expected value at line 1 column 1",
        );
    }
}
