//! Who is asking: an HTTP session's cookie or Basic credentials (PLAT-2.1).
//!
//! Credentials that come along count, each time anew; without any, a cookie that names a living
//! session suffices. Clients that share one cookie jar between several users (npm `cometd` in Node.js
//! does) are thereby who they say they are, not who was there first. Whatever is wrong, the answer is
//! the same 403 with code 20 (PLAT-2.1-7), after the same work.

mod basic;
mod cookie;
mod password;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::http::request::Parts;

use crate::config::User;
use crate::reply::Refusal;
use crate::server::{Server, Shared};
use crate::session::SessionKey;

pub(crate) use cookie::{expired_cookie, session_cookie};
pub(crate) use password::Passwords;
pub use password::hash_password;

/// A user who has shown who they are. As an argument of a handler it is the guard of the route.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who it is.
    pub(crate) user: Arc<User>,
    /// The HTTP session whose cookie came along; `None` for Basic credentials.
    pub(crate) session: Option<SessionKey>,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Refusal> {
        identify(server, &parts.headers).await
    }
}

/// Finds out who sent a request with these headers.
pub(crate) async fn identify(server: &Server, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let Some(credentials) = basic::credentials(headers) else {
        // PLAT-2.1-2: without credentials the cookie suffices.
        let session = match basic::are_shown(headers) {
            true => None,
            false => session(server, headers, None).await?,
        };
        return session.ok_or_else(Refusal::access_denied);
    };
    // PLAT-2.1-2: UTF-8 first, then ISO-8859-1. Which of them are tried depends on the bytes
    // alone, so the time it takes tells nothing about users.
    for (name, password) in credentials.readings() {
        let user = server.roster.user_named(&name);
        if server.passwords.verify(user, &password).await? {
            server.metrics.login(true);
            let user = user.ok_or_else(Refusal::access_denied)?;
            // DEC-42: credentials alone open no session, and go on with the one that is theirs.
            let session = session(server, headers, Some(user)).await?;
            return Ok(session.unwrap_or(Caller { user: user.clone(), session: None }));
        }
    }
    server.metrics.login(false);
    Err(Refusal::access_denied())
}

/// The living session that a cookie names, if it is one of `of` or nobody in particular is asked for.
async fn session(
    server: &Server,
    headers: &HeaderMap,
    of: Option<&Arc<User>>,
) -> Result<Option<Caller>, Refusal> {
    for token in cookie::session_tokens(headers) {
        if let Some((user, session)) = server.sessions.find(token).await?
            && let Some(user) = server.roster.user(&user)
            && of.is_none_or(|of| of.id == user.id)
        {
            return Ok(Some(Caller { user: user.clone(), session: Some(session) }));
        }
    }
    Ok(None)
}
