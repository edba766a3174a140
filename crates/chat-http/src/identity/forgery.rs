//! Requests that a page makes behind its user's back.
//!
//! A browser sends the session's cookie along with what any page asks for, also a stranger's. Two
//! things keep such a page from acting for an agent (docs/decisions/0008):
//!
//! - always: where only the cookie tells who asks, a page of an origin that is neither ours nor
//!   configured has nothing done;
//! - with `csrf_protection` (PLAT-2.2): a session's requests that change something must carry the
//!   token that its replies tell, which other sites' pages cannot read.
//!
//! Credentials in a header are no part of this: no browser adds them on its own, because the server
//! never asks for them (PLAT-2.1-7), and no page of another origin may set the header.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use subtle::ConstantTimeEq as _;

use super::{Asking, Caller};
use crate::reply::Refusal;
use crate::server::Server;
use crate::session::SessionKey;

const X_CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-header");
const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// PLAT-2.2-2: the name of the header, as replies spell it.
const TOKEN_HEADER_NAME: HeaderValue = HeaderValue::from_static("X-CSRF-TOKEN");

/// Refuses what the caller may not have meant.
///
/// # Errors
/// Code 3 and HTTP 403 (DEC-36).
pub(super) fn check(
    server: &Server,
    asking: Asking<'_>,
    caller: &Caller,
    by_cookie: bool,
) -> Result<(), Refusal> {
    let notifies = asking.route.contains("/api/v2/notifications");
    // Opening a websocket is a GET, and so is a poll by callback.
    let acts = notifies || !asking.method.is_safe();
    if by_cookie && acts && server.origins.is_foreign(asking.headers) {
        return Err(Refusal::foreign_origin());
    }
    if !server.config.server.csrf_protection {
        return Ok(());
    }
    // PLAT-2.2-3: the token belongs to the session; without one there is nothing to forge with.
    let Some(session) = &caller.session else { return Ok(()) };
    if let Some(slot) = asking.told {
        // Nobody else has set it: a request is identified once.
        let _ = slot.0.set(*session);
    }
    // DEC-41: Bayeux clients cannot learn the token before their first POST.
    if notifies || asking.method.is_safe() {
        return Ok(());
    }
    let shown = asking.headers.get(X_CSRF_TOKEN).map_or(&b""[..], HeaderValue::as_bytes);
    match bool::from(shown.ct_eq(token(session).as_bytes())) {
        true => Ok(()),
        false => Err(Refusal::csrf()),
    }
}

/// The session of the request, for the reply.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Arc<OnceLock<SessionKey>>);

/// Tells every client that has a session the session's token (PLAT-2.2-2); around all routes while
/// the protection is on.
pub(crate) async fn tell_csrf_token(mut request: Request, next: Next) -> Response {
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let mut response = next.run(request).await;
    if let Some(session) = slot.0.get() {
        tell(session, response.headers_mut());
    }
    response
}

/// Adds the headers of PLAT-2.2-2.
pub(super) fn tell(session: &SessionKey, headers: &mut HeaderMap) {
    let token = HeaderValue::try_from(token(session)).expect("a UUID is hex digits and hyphens");
    headers.insert(X_CSRF_HEADER, TOKEN_HEADER_NAME);
    headers.insert(X_CSRF_TOKEN, token);
}

/// The token of a session: a UUID that is a function of the session's key, so that every node knows
/// it and it lives exactly as long. The cookie cannot be found from it.
fn token(session: &SessionKey) -> String {
    let mut n = u128::from_be_bytes(session.derive("csrf"));
    n = n & !(0xf << 76) | 0x4 << 76;
    n = n & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{n:032x}");
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("{a}-{b}-{c}-{d}-{e}")
}
