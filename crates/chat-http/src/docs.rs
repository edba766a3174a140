//! Files that tell about the interface: the page at `/docs`, what it is made of, and the documents
//! that it shows.
//!
//! The page and its parts are in the program. The documents are the host's to bring
//! ([`Documents`]), because they are made from this crate and cannot be inside it.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::reply::Refusal;

/// The documents that `/docs` shows and serves, by their paths below it: `openapi.json`,
/// `asyncapi.json` and `schema/NAME.json`.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    files: Vec<(String, File)>,
}

impl Documents {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document, which is JSON.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, text: &'static str) -> Self {
        self.files.push((path.into(), File::plain("application/json", text.as_bytes())));
        self
    }

    /// The document at this path.
    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|(known, _)| known == path).map(|(_, file)| file)
    }
}

/// One file as it is served.
#[derive(Debug, Clone)]
pub(crate) struct File {
    media_type: &'static str,
    bytes: Bytes,
    is_compressed: bool,
    tag: HeaderValue,
}

impl File {
    fn plain(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(media_type, Bytes::from_static(bytes), false)
    }

    /// A file that is kept as gzip wrote it.
    fn compressed(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(media_type, Bytes::from_static(bytes), true)
    }

    fn new(media_type: &'static str, bytes: Bytes, is_compressed: bool) -> Self {
        let tag = tag(&bytes);
        Self { media_type, bytes, is_compressed, tag }
    }

    /// The answer to a GET with these headers: the file, or that the client has it already.
    ///
    /// # Errors
    /// HTTP 406 where the file is compressed and the client says that it takes no gzip.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Result<Response, Refusal> {
        if self.is_compressed && !takes_gzip(asked) {
            return Err(Refusal::not_acceptable("expected an Accept-Encoding with gzip"));
        }
        let mut response = if has_it(asked, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let media_type = HeaderValue::from_static(self.media_type);
            ([(CONTENT_TYPE, media_type)], self.bytes.clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.extend(GUARDS.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.insert(ETAG, self.tag.clone());
        if self.is_compressed {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(response)
    }
}

/// What every file says to browsers: it is what it says it is, it is asked for again each time,
/// it loads and calls this server alone, no other page shows it, and no other server is told where
/// its links were.
const GUARDS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-cache"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
];

/// The page, seen from where it was asked for: with a slash at the end of its address, what it links
/// to is beside it.
pub(crate) fn page(asked_with_slash: bool) -> File {
    const PAGE: &str = include_str!("../assets/docs/index.html");
    let page = PAGE.replace("{docs}", if asked_with_slash { "" } else { "docs/" });
    File::new("text/html; charset=utf-8", page.into(), false)
}

/// A part of the page.
pub(crate) fn asset(name: &str) -> Option<&'static File> {
    ASSETS.iter().find(|(known, _)| *known == name).map(|(_, file)| file)
}

macro_rules! assets {
    ($($kind:ident $media_type:literal $name:literal $file:literal;)+) => {
        static ASSETS: LazyLock<Vec<(&str, File)>> = LazyLock::new(|| vec![$((
            $name,
            File::$kind($media_type, include_bytes!(concat!("../assets/docs/", $file))),
        ),)+]);
    };
}

assets! {
    plain "text/javascript; charset=utf-8" "viewer.js" "viewer.js";
    plain "text/css; charset=utf-8" "viewer.css" "viewer.css";
    plain "image/svg+xml" "icon.svg" "icon.svg";
    compressed "text/javascript; charset=utf-8" "swagger-ui-bundle.js" "swagger-ui/swagger-ui-bundle.js.gz";
    compressed "text/css; charset=utf-8" "swagger-ui.css" "swagger-ui/swagger-ui.css.gz";
    // The licences go where the program goes.
    plain "text/plain; charset=utf-8" "swagger-ui-LICENSE" "swagger-ui/LICENSE";
    plain "text/plain; charset=utf-8" "swagger-ui-NOTICE" "swagger-ui/NOTICE";
    plain "text/plain; charset=utf-8" "swagger-ui-bundle.js.LICENSE.txt" "swagger-ui/swagger-ui-bundle.js.LICENSE.txt";
}

/// A strong validator: other bytes have another one.
fn tag(bytes: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(bytes);
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{digits}\"")).expect("digits can be in a header")
}

/// Whether the client has what `tag` names, or anything (RFC 9110, section 13.1.2).
fn has_it(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let tags = asked.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
}

/// Whether the client takes gzip; without a word of it, it takes anything (RFC 9110, section 12.5.3).
fn takes_gzip(asked: &HeaderMap) -> bool {
    let mut anything = None;
    let values = asked.get_all(ACCEPT_ENCODING);
    if values.iter().next().is_none() {
        return true;
    }
    for coding in values.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let is_taken = weight.is_none_or(|q| q.trim().parse::<f32>().is_ok_and(|q| q > 0.0));
        match name.as_str() {
            "gzip" | "x-gzip" => return is_taken,
            "*" => anything = Some(is_taken),
            _ => {}
        }
    }
    anything.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{ACCEPT_ENCODING, HeaderValue, IF_NONE_MATCH};

    use super::{has_it, tag, takes_gzip};

    #[test]
    fn what_a_client_takes_is_read_as_it_says_it() {
        for (header, expected) in [
            (None, true),
            (Some("gzip"), true),
            (Some("gzip, deflate, br, zstd"), true),
            (Some("br, GZIP;q=0.5"), true),
            (Some("*"), true),
            (Some("*;q=0, gzip"), true),
            (Some(""), false),
            (Some("identity"), false),
            (Some("br"), false),
            (Some("gzip;q=0"), false),
            (Some("gzip; q=0.000, *"), false),
            (Some("*;q=0"), false),
            (Some("gzip;q=much"), false),
        ] {
            let mut asked = HeaderMap::new();
            asked.extend(header.map(|it| (ACCEPT_ENCODING, HeaderValue::from_static(it))));
            assert_eq!(takes_gzip(&asked), expected, "{header:?}");
        }
    }

    #[test]
    fn what_a_client_has_is_not_sent_again() {
        let tag = tag(b"file");
        let name = tag.to_str().unwrap();
        for (header, expected) in [
            (None, false),
            (Some(name.to_owned()), true),
            (Some(format!("W/{name}")), true),
            (Some(format!("\"other\", {name}")), true),
            (Some("*".to_owned()), true),
            (Some("\"other\"".to_owned()), false),
            (Some(name.trim_matches('"').to_owned()), false),
        ] {
            let mut asked = HeaderMap::new();
            let value = header.as_deref().map(|it| HeaderValue::from_str(it).unwrap());
            asked.extend(value.map(|it| (IF_NONE_MATCH, it)));
            assert_eq!(has_it(&asked, &tag), expected, "{header:?}");
        }
    }
}
