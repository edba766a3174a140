//! The recorder's place: around everything that makes an answer, where a request has just come and what
//! leaves is what the client gets.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body as _, Frame, SizeHint};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_ENCODING,
    CONTENT_TYPE, COOKIE, HeaderName, ORIGIN, RETRY_AFTER, SET_COOKIE, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, StatusCode};

use super::line::{Line, LineType, Side};
use super::secrets::{Place, visitor_in, visitor_of};
use super::{Recorder, Secrets};
use crate::body;
use crate::identity::{self, Showing};
use crate::query::Query;
use crate::server::Server;

/// What of a request means something to the interface; whoever asks is told otherwise.
const OF_REQUESTS: [HeaderName; 8] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    ORIGIN,
    UPGRADE,
    ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName::from_static("contactcenterid"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("sec-fetch-site"),
];

const OF_REPLIES: [HeaderName; 4] = [CONTENT_TYPE, RETRY_AFTER, ALLOW, ACCESS_CONTROL_ALLOW_ORIGIN];

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// The cookies of this interface, and what their values are called. Others are somebody else's secrets.
const COOKIES: [(&str, &str); 2] = [("JSESSIONID", "session"), ("BAYEUX_BROWSER", "browser")];

/// Has `next` answer a request, and writes down what was asked and answered.
pub(crate) async fn answer<F>(
    recorder: &Recorder,
    server: &Server,
    request: Request<Body>,
    next: impl FnOnce(Request<Body>) -> F,
) -> Result<Response, Infallible>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    let path = request.uri().path().strip_prefix("/api/v2");
    if recorder.is_over() || !path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return next(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let read = body::whole(&parts.headers, body, server).await;
    let showing = identity::showing(&parts.headers);
    let user = identity::claimed(server, &parts.headers).await;
    let exchange = Exchange::new(recorder.clone(), &parts, user.map(|user| user.name.clone()));
    exchange.ask(&parts, showing, read.as_ref().ok());
    let body = match read {
        Ok(body) => body,
        Err(refusal) => {
            use axum::response::IntoResponse as _;
            return Ok(exchange.tell(refusal.into_response(), false));
        }
    };
    parts.extensions.insert(exchange.recorded.clone());
    let headers = parts.headers.clone();
    let Ok(response) = next(Request::from_parts(parts, Body::from(body))).await;
    let is_refused = showing == Showing::Credentials && !identity::is_known(server, &headers);
    Ok(exchange.tell(response, is_refused))
}

/// An exchange that is written down, for those who go on with it over a websocket.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    recorder: Recorder,
    n: u64,
}

impl Recorded {
    /// A text frame.
    pub(crate) fn frame(&self, from: Side, text: &[u8]) {
        let mut line = Line::new(LineType::Frame, Some(self.n));
        line.from = Some(from);
        self.recorder.secrets().put(&mut line, text, MESSAGES);
        self.recorder.write(line);
    }

    /// The end of a websocket.
    pub(crate) fn close(&self, from: Side, code: Option<u16>) {
        let mut line = Line::new(LineType::Close, Some(self.n));
        (line.from, line.code) = (Some(from), code);
        self.recorder.write(line);
    }
}

const MESSAGES: Place<'static> = Place { is_messages: true, visitor: None };

/// A request under way. Dropped before there is a reply, it takes note that its client has gone.
struct Exchange {
    recorded: Recorded,
    user: Option<String>,
    is_messages: bool,
    is_head: bool,
    visitor: Option<String>,
    /// Whether the reply to it names a new visitor.
    is_opening: bool,
    /// The function that a poll by callback names.
    callback: Option<String>,
    is_answered: bool,
}

impl Exchange {
    fn new(recorder: Recorder, parts: &Parts, user: Option<String>) -> Self {
        let path = parts.uri.path();
        let is_messages = path.starts_with("/api/v2/notifications");
        let query = Query::parse(parts.uri.query());
        let callback = query.get("jsonp").or_else(|| query.get("message").map(|_| "jsonpcallback"));
        let callback = callback.filter(|_| is_messages && parts.method == Method::GET);
        let n = recorder.number();
        Self {
            recorded: Recorded { recorder, n },
            user,
            is_messages,
            is_head: parts.method == Method::HEAD,
            visitor: visitor_in(path),
            is_opening: parts.method == Method::POST
                && path.trim_end_matches('/') == "/api/v2/chats",
            callback: callback.map(str::to_owned),
            is_answered: false,
        }
    }

    fn secrets(&self) -> &Secrets {
        self.recorded.recorder.secrets()
    }

    fn line(&self, kind: LineType) -> Line {
        Line::new(kind, Some(self.recorded.n))
    }

    fn ask(&self, parts: &Parts, showing: Showing, body: Option<&Bytes>) {
        let mut line = self.line(LineType::Request);
        let secrets = self.secrets();
        line.login = match showing {
            Showing::Nothing => None,
            Showing::Credentials => Some("basic".to_owned()),
            Showing::Unreadable => Some("unreadable".to_owned()),
        };
        line.user.clone_from(&self.user);
        if showing == Showing::Credentials && line.user.is_none() {
            // What nobody is called may be a password.
            let shown = parts.headers.get(hyper::header::AUTHORIZATION);
            let shown = String::from_utf8_lossy(shown.map_or(&b""[..], |shown| shown.as_bytes()));
            line.user = Some(secrets.name("user", &shown));
        }
        line.method = Some(parts.method.as_str().to_owned());
        line.path = Some(secrets.path(parts.uri.path()));
        let place = self.place(None);
        match (&self.callback, Query::parse(parts.uri.query()).get("message")) {
            // What is in the query of a poll by callback is its body (BAYEUX-12.1-1).
            (Some(callback), message) => {
                line.query = Some(format!("jsonp={callback}"));
                secrets.put(&mut line, message.unwrap_or_default().as_bytes(), place);
            }
            (None, _) => {
                line.query = parts.uri.query().map(|query| secrets.query(query, place));
                secrets.put(&mut line, body.map_or(&b""[..], |body| body), place);
            }
        }
        line.broken = body.is_none();
        line.headers = headers(&parts.headers, &OF_REQUESTS, secrets);
        line.cookies = cookies(&parts.headers, secrets);
        self.recorded.recorder.write(line);
    }

    fn place<'a>(&'a self, opened: Option<&'a str>) -> Place<'a> {
        Place { is_messages: self.is_messages, visitor: self.visitor.as_deref().or(opened) }
    }

    /// Writes down the reply as it leaves.
    fn tell(mut self, response: Response, is_refused: bool) -> Response {
        self.is_answered = true;
        let mut line = self.line(LineType::Reply);
        line.status = Some(response.status().as_u16());
        line.headers = headers(response.headers(), &OF_REPLIES, self.secrets());
        line.cookies = set_cookies(response.headers(), self.secrets());
        line.login = is_refused.then(|| "refused".to_owned());
        let has_body = response.status() != StatusCode::SWITCHING_PROTOCOLS && !self.is_head;
        if !has_body || response.body().is_end_stream() {
            self.recorded.recorder.write(line);
            return response;
        }
        let (parts, body) = response.into_parts();
        let told = Told { body, said: BytesMut::new(), rest: Some((self, line)) };
        Response::from_parts(parts, Body::new(told))
    }

    /// Writes down a reply of which the client was sent this body, which may not be all of it.
    fn told(self, mut line: Line, said: &[u8], is_whole: bool) {
        line.broken = !is_whole;
        let opened = if self.is_opening { visitor_of(said) } else { None };
        // BAYEUX-12.1-2: `/**/f([…])`, with or without what is before it.
        let inner = self.callback.as_ref().and_then(|callback| {
            let text = std::str::from_utf8(said).ok()?;
            let (_, arguments) = text.split_once(&format!("{callback}("))?;
            arguments.trim_end_matches(';').strip_suffix(')')
        });
        let said = inner.map_or(said, str::as_bytes);
        self.secrets().put(&mut line, said, self.place(opened.as_deref()));
        self.recorded.recorder.write(line);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_answered {
            self.recorded.recorder.write(self.line(LineType::Gone));
        }
    }
}

/// The body of a reply on its way out. The line is queued with the last of it, before the client can have
/// read that.
struct Told {
    body: Body,
    said: BytesMut,
    rest: Option<(Exchange, Line)>,
}

impl Told {
    fn end(&mut self, is_whole: bool) {
        if let Some((exchange, line)) = self.rest.take() {
            exchange.told(line, &self.said, is_whole);
            self.said = BytesMut::new();
        }
    }
}

impl hyper::body::Body for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.said.extend_from_slice(data);
                }
                if self.body.is_end_stream() {
                    self.end(true);
                }
            }
            Some(Err(_)) => self.end(false),
            None => self.end(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.end(false);
    }
}

fn headers(of: &HeaderMap, which: &[HeaderName], secrets: &Secrets) -> BTreeMap<String, String> {
    let text = |name: &HeaderName| Some(of.get(name)?.to_str().ok()?.to_owned());
    let mut headers: BTreeMap<String, String> =
        which.iter().filter_map(|name| Some((name.as_str().to_owned(), text(name)?))).collect();
    if let Some(token) = text(&CSRF) {
        headers.insert(CSRF.as_str().to_owned(), secrets.name("csrf", &token));
    }
    headers
}

fn cookies(headers: &HeaderMap, secrets: &Secrets) -> BTreeMap<String, String> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| cookie(pair, secrets)).collect()
}

fn set_cookies(headers: &HeaderMap, secrets: &Secrets) -> BTreeMap<String, String> {
    let values = headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    values.filter_map(|value| cookie(value.split(';').next()?, secrets)).collect()
}

/// One of ours; an empty one is taken away.
fn cookie(pair: &str, secrets: &Secrets) -> Option<(String, String)> {
    let (name, value) = pair.trim().split_once('=')?;
    let (_, kind) = COOKIES.iter().find(|(known, _)| *known == name)?;
    let value = if value.is_empty() { String::new() } else { secrets.name(kind, value) };
    Some((name.to_owned(), value))
}
