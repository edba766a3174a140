//! Pages of other origins: which may call, and what their browsers are told (PLAT-1.6).
//!
//! Written here and not taken from a library because a page that may not call is told nothing at
//! all, and because the same list decides whose pages may act by a cookie (`identity::forgery`).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method};

use crate::config::Server as ServerConfig;
use crate::reply;
use crate::server::Shared;

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET,POST,PUT,DELETE,OPTIONS");

/// Those of PLAT-1.6-1, and: PLAT-1.6-3, DEC-48, and what visitors' widgets send beside (`apikey`).
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-requested-with,content-type,accept,origin,cookie,authorization,ssid,surl,contactcenterid,\
     x-csrf-token,idempotency-key,apikey",
);

const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("x-csrf-header,x-csrf-token,x-request-id");

const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("120");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which origins are ours, and whose pages may call with credentials.
#[derive(Debug)]
pub(crate) struct Origins {
    own: String,
    is_encrypted: bool,
    allowed: Vec<String>,
}

impl Origins {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        let url = config.api_url();
        Self {
            own: url.origin().to_owned(),
            is_encrypted: url.is_https(),
            allowed: config.cors_origins.iter().map(|o| o.as_str().to_owned()).collect(),
        }
    }

    /// Whether pages of any other origin may call.
    pub(crate) fn allow_any(&self) -> bool {
        !self.allowed.is_empty()
    }

    fn allows(&self, origin: &[u8]) -> bool {
        self.allowed.iter().any(|allowed| allowed.as_bytes() == origin)
    }

    /// Whether a page made this request that may not call. Programs that are no browsers send
    /// neither of these headers.
    pub(crate) fn is_foreign(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => {
                let origin = origin.as_bytes();
                !self.allows(origin) && !self.is_own(origin, headers.get(HOST))
            }
            (Some(_), Some(_)) => true,
            // A page's request for a script names no origin, but says how far it is.
            (None, _) => {
                let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
                matches!(site, Some(b"cross-site" | b"same-site"))
            }
        }
    }

    /// Our origin is that of `external_url`, or the name that the request itself has for us: a
    /// browser lets no page choose it.
    fn is_own(&self, origin: &[u8], host: Option<&HeaderValue>) -> bool {
        if origin == self.own.as_bytes() {
            return true;
        }
        let authority = match origin.strip_prefix(b"https://") {
            Some(authority) => Some(authority),
            // Somebody on the way can put what they like on a page that came unencrypted.
            None if self.is_encrypted => None,
            None => origin.strip_prefix(b"http://"),
        };
        authority.is_some_and(|it| host.is_some_and(|host| host.as_bytes() == it))
    }
}

/// Answers browsers that ask what a page may do, and lets the pages of configured origins read the
/// replies; around all routes where there are such origins.
pub(crate) async fn permit(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN);
    let origin = origin.filter(|origin| server.origins.allows(origin.as_bytes())).cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if is_preflight => {
            let mut response = reply::ok();
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
            response
        }
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // No cache may give one origin what another one was told.
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        // PLAT-1.6-2
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if !is_preflight {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::HeaderName;

    use super::{Origins, ServerConfig};

    #[track_caller]
    fn check(origins: &Origins, headers: &[(&str, &str)], foreign: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        assert_eq!(origins.is_foreign(&map), foreign, "{headers:?}");
    }

    fn origins(external_url: &str) -> Origins {
        let mut config = ServerConfig::new("127.0.0.1:8090".parse().unwrap(), "");
        config.external_url = Some(external_url.parse().unwrap());
        config.cors_origins = vec!["https://desk.example.com".parse().unwrap()];
        Origins::new(&config)
    }

    #[test]
    fn pages_of_ours_and_of_configured_origins_may_act() {
        let origins = origins("https://chat.example.com/gws/api/v2");
        check(&origins, &[], false);
        check(&origins, &[("origin", "https://chat.example.com")], false);
        check(&origins, &[("origin", "https://desk.example.com")], false);
        // By another of our names.
        let (host, page) = (("host", "chat.local:8443"), ("origin", "https://chat.local:8443"));
        check(&origins, &[host, page], false);
        check(&origins, &[("sec-fetch-site", "same-origin")], false);
        check(&origins, &[("sec-fetch-site", "none")], false);
    }

    #[test]
    fn pages_from_elsewhere_may_not() {
        let origins = origins("https://chat.example.com/api/v2");
        for origin in [
            "null",
            "",
            "https://evil.example.com",
            "https://chat.example.com.evil.example",
            "https://evilchat.example.com",
            "https://chat.example.com:444",
            "https://desk.example.com/",
            "https://DESK.example.com",
            "http://desk.example.com",
            "http://chat.example.com",
            "chat.example.com",
            "file://",
        ] {
            check(&origins, &[("host", "chat.example.com"), ("origin", origin)], true);
        }
        let page = ("origin", "https://desk.example.com");
        check(&origins, &[page, ("origin", "https://evil.example.com")], true);
        check(&origins, &[("sec-fetch-site", "cross-site")], true);
        check(&origins, &[("sec-fetch-site", "same-site")], true);
    }

    #[test]
    fn without_encryption_a_page_of_the_same_host_is_ours() {
        let origins = origins("http://chat.example.com/api/v2");
        let host = ("host", "127.0.0.1:8090");
        check(&origins, &[host, ("origin", "http://127.0.0.1:8090")], false);
        check(&origins, &[host, ("origin", "https://127.0.0.1:8090")], false);
        check(&origins, &[host, ("origin", "http://127.0.0.1:8091")], true);
        check(&origins, &[("origin", "http://127.0.0.1:8090")], true);
    }
}
