//! `Idempotency-Key`: the client's name for a request that it may send again (DEC-48).
//!
//! Here the header is read and the request put in short; what is remembered of it, and for how long, is
//! the model's (`Chat::decide_once`), because it lives in the journal.

use axum::extract::FromRequestParts;
use chat_model::{KeyScope, KeyedRequest, RequestDigest, RequestKey, StatusCode};
use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::reply::Refusal;
use crate::server::Shared;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of a request, if it came with one.
///
/// As an argument of a handler it stands after [`Caller`](crate::identity::Caller) and before the body:
/// a malformed key is code 10 like a malformed body, found before the chat (DEC-14).
#[derive(Debug)]
pub(crate) struct Key(Option<RequestKey>);

impl FromRequestParts<Shared> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refusal> {
        Self::of(&parts.headers)
    }
}

impl Key {
    /// The key among `headers`.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        if values.next().is_some() {
            return Err(malformed("several"));
        }
        // What is no ASCII is no key, so it need not be read as anything else.
        match value.to_str().ok().and_then(RequestKey::new) {
            Some(key) => Ok(Self(Some(key))),
            None if value.is_empty() => Err(malformed("an empty one")),
            None => Err(malformed(&format!("{} bytes that are no such key", value.len()))),
        }
    }

    /// The request that has this key, of `scope`: `about` is what the address says and the body does
    /// not, such as whose part in the chat it is about.
    pub(crate) fn of_request(
        self,
        scope: impl FnOnce() -> KeyScope,
        about: &str,
        body: &[u8],
    ) -> Option<KeyedRequest> {
        let key = self.0?;
        let mut hash = Sha256::new();
        // The length in front, so that no end of the one can be taken for the beginning of the other.
        hash.update((about.len() as u64).to_be_bytes());
        hash.update(about);
        hash.update(body);
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        Some(KeyedRequest::new(scope(), key, RequestDigest::new(digest)))
    }
}

fn malformed(found: &str) -> Refusal {
    Refusal::new(
        StatusCode::InvalidValue,
        format!(
            "expected one Idempotency-Key of 1 to {} visible ASCII characters, found {found}",
            RequestKey::MAX_LEN
        ),
    )
}
