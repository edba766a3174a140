//! Who is asking: an HTTP session's cookie or Basic credentials (PLAT-2.1).
//!
//! A cookie that names a living session wins; otherwise the credentials count, each time anew.
//! Whatever is wrong, the answer is the same 403 with code 20 (PLAT-2.1-7), after the same work.

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
    // PLAT-2.1-2: the cookie suffices; DEC-42: credentials alone open no session.
    for token in cookie::session_tokens(headers) {
        if let Some((user, session)) = server.sessions.find(token).await?
            && let Some(user) = server.roster.user(&user)
        {
            return Ok(Caller { user: user.clone(), session: Some(session) });
        }
    }
    let Some(credentials) = basic::credentials(headers) else {
        return Err(Refusal::access_denied());
    };
    // PLAT-2.1-2: UTF-8 first, then ISO-8859-1. Which of them are tried depends on the bytes
    // alone, so the time it takes tells nothing about users.
    for (name, password) in credentials.readings() {
        let user = server.roster.user_named(&name);
        if server.passwords.verify(user, &password).await? {
            server.metrics.login(true);
            let user = user.ok_or_else(Refusal::access_denied)?;
            return Ok(Caller { user: user.clone(), session: None });
        }
    }
    server.metrics.login(false);
    Err(Refusal::access_denied())
}
