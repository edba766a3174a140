//! Files that the program carries for browsers, and what is said beside each: what it is, which state it
//! is in, and how little it may do. The pages at `/docs` and `/console` are made of them.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::reply::Refusal;

/// One file as it is served.
#[derive(Debug, Clone)]
pub(crate) struct File {
    media_type: &'static str,
    bytes: Bytes,
    is_compressed: bool,
    tag: HeaderValue,
}

impl File {
    /// A file that is sent as it is.
    pub(crate) fn plain(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(media_type, Bytes::from_static(bytes), false)
    }

    /// A file that is kept as gzip wrote it.
    pub(crate) fn compressed(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(media_type, Bytes::from_static(bytes), true)
    }

    /// A page whose links begin with `{here}`, which stands for the way back to where they are.
    pub(crate) fn page(text: &str, here: &str) -> Self {
        Self::new("text/html; charset=utf-8", text.replace("{here}", here).into(), false)
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

/// A function that finds files in `$folder` by their names; each is told with how it is kept, its media
/// type, its name in addresses, and where it is.
macro_rules! files {
    ($find:ident in $folder:literal; $($kind:ident $media_type:literal $name:literal $file:literal;)+) => {
        /// The file of this name.
        pub(crate) fn $find(name: &str) -> Option<&'static $crate::asset::File> {
            use $crate::asset::File;
            static FILES: std::sync::LazyLock<Vec<(&str, File)>> =
                std::sync::LazyLock::new(|| vec![$((
                    $name,
                    File::$kind($media_type, include_bytes!(concat!("../assets/", $folder, "/", $file))),
                ),)+]);
            FILES.iter().find(|(known, _)| *known == name).map(|(_, file)| file)
        }
    };
}

pub(crate) use files;

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
