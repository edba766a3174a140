//! What a path names: the variable parts of a route's pattern.

use axum::extract::{FromRequestParts, Path};
use hyper::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::reply::Refusal;

/// The variable parts of the path, decoded: a text for one, a tuple for several.
///
/// A path that cannot be decoded names nothing (code 6).
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(Refusal::no_such_route()),
        }
    }
}
