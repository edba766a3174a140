//! The cookie that names an HTTP session (PLAT-2.1-3).

use axum::http::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

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
pub(crate) fn session_cookie(token: &Token, secure: bool) -> HeaderValue {
    set_cookie(token.as_str(), "", secure)
}

/// The `Set-Cookie` that makes the client forget its session.
pub(crate) fn expired_cookie(secure: bool) -> HeaderValue {
    set_cookie("", "; Max-Age=0", secure)
}

fn set_cookie(value: &str, more: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
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
