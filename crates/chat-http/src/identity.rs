//! Who is asking: an HTTP session's cookie or Basic credentials (PLAT-2.1).
//!
//! Credentials that come along count, each time anew; without any, a cookie that names a living
//! session suffices. Clients that share one cookie jar between several users (npm `cometd` in Node.js
//! does) are thereby who they say they are, not who was there first. Whatever is wrong, the answer is
//! the same 403 with code 20 (PLAT-2.1-7), after the same work.
//!
//! A browser sends the cookie with whatever any page asks for; `forgery` sees to it that only the
//! right pages have something done by it.

mod address;
mod basic;
mod cookie;
mod flights;
mod forgery;
mod password;
mod throttle;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request};
use axum::response::Response;
use hyper::header::SET_COOKIE;
use hyper::http::Extensions;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::config::User;
use crate::reply::Refusal;
use crate::server::{Server, Shared};
use crate::session::SessionKey;
use basic::Credentials;
use throttle::Attempt;

pub(crate) use cookie::attributes_without_login;
pub(crate) use flights::Flights;
pub(crate) use forgery::{Slot, tell_csrf_token};
pub use password::hash_password;
pub(crate) use password::{Passwords, Tag};
pub(crate) use throttle::{Throttle, network_of};

/// A user who has shown who they are. As an argument of a handler it is the guard of the route.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who it is.
    pub(crate) user: Arc<User>,
    /// The HTTP session whose cookie came along; `None` for Basic credentials.
    pub(crate) session: Option<SessionKey>,
}

/// What of a request tells who sends it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// The pattern of the route; empty if the router was not asked.
    pub(crate) route: &'a str,
    /// The other end of the connection; `None` if the router was called without one.
    pub(crate) peer: Option<IpAddr>,
    /// Where the reply looks for the session's token.
    pub(crate) told: Option<&'a Slot>,
}

impl<'a> Asking<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        Self::read(request.method(), request.headers(), request.extensions())
    }

    fn read(method: &'a Method, headers: &'a HeaderMap, extensions: &'a Extensions) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        Self {
            method,
            headers,
            route: extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str),
            peer: peer.map(|ConnectInfo(peer)| peer.ip()),
            told: extensions.get::<Slot>(),
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Refusal> {
        let Parts { method, headers, extensions, .. } = parts;
        identify(server, Asking::read(method, headers, extensions)).await
    }
}

/// Finds out who sent a request, and whether they may have meant it.
///
/// # Errors
/// Code 20 if nobody can be told (PLAT-1.2-c20), HTTP 429 after too many failed logins (DEC-36), and
/// code 3 for what a page asks behind its user's back (DEC-41).
pub(crate) async fn identify(server: &Server, asking: Asking<'_>) -> Result<Caller, Refusal> {
    let now_ms = server.clock.monotonic_ms();
    let (caller, by_cookie) = match basic::shown(asking.headers) {
        basic::Shown::Nothing => {
            // PLAT-2.1-2: without credentials the cookie suffices.
            let caller = session(server, asking.headers, None, now_ms).await?;
            (caller.ok_or_else(Refusal::access_denied)?, true)
        }
        basic::Shown::Credentials(credentials) => {
            let user = log_in(server, asking, &credentials).await?;
            // DEC-42: credentials alone open no session, and go on with the one that is theirs.
            let session = session(server, asking.headers, Some(&user), now_ms).await?;
            (session.unwrap_or(Caller { user, session: None }), false)
        }
        basic::Shown::Unreadable => return Err(Refusal::access_denied()),
    };
    forgery::check(server, asking, &caller, by_cookie)?;
    // DEC-42: whatever is asked, whoever asks is there.
    server.agents.asked(&caller.user.id, now_ms);
    Ok(caller)
}

/// The user whose credentials these are.
async fn log_in(
    server: &Server,
    asking: Asking<'_>,
    credentials: &Credentials,
) -> Result<Arc<User>, Refusal> {
    let known = remembered(server, credentials);
    let user = match known {
        Some(_) => known,
        None => {
            let check = try_passwords(server, asking, credentials);
            let tag = server.passwords.tag(credentials.as_bytes());
            // Boxed because it is rare, and every held poll would have room for it.
            Box::pin(server.logins.join(tag, check)).await?
        }
    };
    server.metrics.login(user.is_some());
    user.ok_or_else(Refusal::access_denied)
}

/// The user whose credentials these were found to be a short while ago.
fn remembered(server: &Server, credentials: &Credentials) -> Option<Arc<User>> {
    credentials.readings().find_map(|(name, password)| {
        let user = server.roster.user_named(&name)?;
        server.passwords.remembers(user, &password).then(|| user.clone())
    })
}

/// Checks what the credentials can mean, the likelier first (PLAT-2.1-2). What is checked depends on
/// the bytes alone, so the time it takes tells nothing about users.
async fn try_passwords(
    server: &Server,
    asking: Asking<'_>,
    credentials: &Credentials,
) -> Result<Option<Arc<User>>, Refusal> {
    // The same client may have logged in a moment ago, with another of its requests.
    if let Some(user) = remembered(server, credentials) {
        return Ok(Some(user));
    }
    let address =
        asking.peer.map(|peer| address::client(&server.config.server, asking.headers, peer));
    let mut attempt: Option<(String, Attempt<'_>)> = None;
    for (name, password) in credentials.readings() {
        let user = server.roster.user_named(&name);
        let (tried, attempted) = match attempt.take() {
            // Two readings of one name are one try.
            Some(same) if same.0 == name => same,
            _ => {
                let attempted = server.throttle.admit(&name, address)?;
                (name, attempted)
            }
        };
        match server.passwords.verify(user, &tried, &password).await {
            Ok(true) => {
                attempted.succeeded();
                return Ok(user.cloned());
            }
            Ok(false) => attempt = Some((tried, attempted)),
            Err(refusal) => {
                attempted.withdrawn();
                return Err(refusal);
            }
        }
    }
    Ok(None)
}

/// What a request shows of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Showing {
    /// None.
    Nothing,
    /// A name and a password, right or wrong.
    Credentials,
    /// Something that is nobody's.
    Unreadable,
}

/// What a request shows of credentials.
pub(crate) fn showing(headers: &HeaderMap) -> Showing {
    match basic::shown(headers) {
        basic::Shown::Nothing => Showing::Nothing,
        basic::Shown::Credentials(_) => Showing::Credentials,
        basic::Shown::Unreadable => Showing::Unreadable,
    }
}

/// Whether the credentials of a request were found to be somebody's a short while ago.
pub(crate) fn is_known(server: &Server, headers: &HeaderMap) -> bool {
    match basic::shown(headers) {
        basic::Shown::Credentials(credentials) => remembered(server, &credentials).is_some(),
        _ => false,
    }
}

/// Who sent a request, by their own word: for what is no matter of rights.
pub(crate) async fn claimed(server: &Server, headers: &HeaderMap) -> Option<Arc<User>> {
    match basic::shown(headers) {
        basic::Shown::Nothing => {
            let now_ms = server.clock.monotonic_ms();
            Some(session(server, headers, None, now_ms).await.ok()??.user)
        }
        basic::Shown::Credentials(credentials) => {
            let mut named = credentials.readings();
            named.find_map(|(name, _)| server.roster.user_named(&name).cloned())
        }
        basic::Shown::Unreadable => None,
    }
}

/// The living session that a cookie names, if it is one of `of` or nobody in particular is asked for.
async fn session(
    server: &Server,
    headers: &HeaderMap,
    of: Option<&Arc<User>>,
    now_ms: u64,
) -> Result<Option<Caller>, Refusal> {
    for token in cookie::session_tokens(headers) {
        if let Some((user, session)) = server.sessions.find(token, now_ms).await?
            && of.is_none_or(|of| of.id == user.id)
        {
            return Ok(Some(Caller { user, session: Some(session) }));
        }
    }
    Ok(None)
}

/// Opens an HTTP session for whoever has shown credentials, and tells the client with the reply. One
/// who has a session keeps it.
///
/// The name of the session is always drawn anew, so nobody can give somebody else one to log in with.
pub(crate) async fn open_session(
    server: &Server,
    caller: &Caller,
    response: &mut Response,
) -> Result<(), Refusal> {
    if caller.session.is_some() {
        return Ok(());
    }
    let token = server.sessions.open(&caller.user).await?;
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookie::session_cookie(&token, &server.config.server));
    if server.config.server.csrf_protection {
        forgery::tell(&token.key(), headers);
    }
    Ok(())
}

/// Ends the caller's HTTP session, if they have one, and tells the client with the reply (PLAT-3.4-1).
pub(crate) async fn end_session(
    server: &Server,
    caller: &Caller,
    response: &mut Response,
) -> Result<(), Refusal> {
    if let Some(session) = &caller.session {
        server.sessions.end(session).await?;
        let cookie = cookie::expired_cookie(&server.config.server);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(())
}
