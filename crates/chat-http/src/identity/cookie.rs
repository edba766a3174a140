//! The cookie that names an HTTP session (PLAT-2.1-3).

use axum::http::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

use crate::config::{SameSite, Server};
use crate::session::Token;

const NAME: &str = "JSESSIONID";

/// The session tokens of a request. Browsers may send several of one name, from several paths.
pub(crate) fn session_tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
        // More than a few are no browser's doing.
        .take(4)
}

/// The `Set-Cookie` that opens the session `token` in the client.
pub(crate) fn session_cookie(token: &Token, config: &Server) -> HeaderValue {
    set_cookie(token.as_str(), "", config)
}

/// The `Set-Cookie` that makes the client forget its session.
pub(crate) fn expired_cookie(config: &Server) -> HeaderValue {
    set_cookie("", "; Max-Age=0", config)
}

/// What is said of every cookie: no script reads it, and with whose requests it comes along.
///
/// Browsers that keep the cookies of embedded pages apart take those of other sites' pages only so
/// (PLAT-1.6-4).
pub(crate) fn attributes(config: &Server) -> &'static str {
    match (config.cookie_same_site, config.has_secure_cookies()) {
        (SameSite::Lax, false) => "; Path=/; HttpOnly; SameSite=Lax",
        (SameSite::Lax, true) => "; Path=/; HttpOnly; SameSite=Lax; Secure",
        (SameSite::Strict, false) => "; Path=/; HttpOnly; SameSite=Strict",
        (SameSite::Strict, true) => "; Path=/; HttpOnly; SameSite=Strict; Secure",
        // Not without Secure: Config::validate.
        (SameSite::None, _) => "; Path=/; HttpOnly; SameSite=None; Secure; Partitioned",
    }
}

/// The same of a cookie that gives nobody anything (BAYEUX-2.4).
///
/// `SameSite=Lax` is left out: it is what browsers take for granted, and there are clients that end
/// themselves over an attribute they do not know (BAYEUX-14.7).
pub(crate) fn attributes_without_login(config: &Server) -> &'static str {
    match (config.cookie_same_site, config.has_secure_cookies()) {
        (SameSite::Lax, false) => "; Path=/; HttpOnly",
        (SameSite::Lax, true) => "; Path=/; HttpOnly; Secure",
        _ => attributes(config),
    }
}

fn set_cookie(value: &str, more: &str, config: &Server) -> HeaderValue {
    let text = format!("{NAME}={value}{}{more}", attributes(config));
    HeaderValue::try_from(text).expect("a token is hex digits")
}

#[cfg(test)]
mod tests {
    use super::{COOKIE, HeaderMap, HeaderValue, session_tokens};

    #[test]
    fn session_tokens_are_found_among_other_cookies() {
        for (header, expected) in [
            ("JSESSIONID=a1", &["a1"][..]),
            ("x=1; JSESSIONID=a1; y=2", &["a1"]),
            ("JSESSIONID=a1;JSESSIONID=b2", &["a1", "b2"]),
            ("XJSESSIONID=a1; JSESSIONIDX=b2; JSESSIONID", &[]),
            ("", &[]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(header));
            assert_eq!(session_tokens(&headers).collect::<Vec<_>>(), expected, "{header}");
        }
    }
}
