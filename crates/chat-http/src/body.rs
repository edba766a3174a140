//! Reading a request's body: bounded in size and time, and declared as JSON or not at all.

use std::pin::pin;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::Body;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};

use chat_model::{JsonKind, JsonRef, Limits, Outlined, Rejection};

use crate::reply::Refusal;
use crate::server::{Server, Shared};

/// The bytes of a body that calls itself JSON (DEC-37); whether it is JSON is the reader's finding.
///
/// As an argument of a handler it stands after [`Caller`](crate::identity::Caller), so that who
/// asks is checked before what is asked (DEC-14). At most `limits.max_body_bytes` long, chunked
/// bodies included (HTTP 413), and complete within `limits.body_seconds` (HTTP 408).
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest<Shared> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, server: &Shared) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        Self::read(&parts.headers, body, server).await
    }
}

impl JsonBody {
    /// Reads the body that came with `headers`.
    pub(crate) async fn read(
        headers: &HeaderMap,
        body: impl Body<Data = Bytes> + Unpin,
        server: &Server,
    ) -> Result<Self, Refusal> {
        check_media_type(headers)?;
        check_coding(headers)?;
        whole(headers, body, server).await.map(Self)
    }
}

/// All of a body, whatever it is.
pub(crate) async fn whole(
    headers: &HeaderMap,
    body: impl Body<Data = Bytes> + Unpin,
    server: &Server,
) -> Result<Bytes, Refusal> {
    let limits = &server.config.limits;
    let mut reading = pin!(read(headers, body, limits.max_body_bytes));
    // Nearly every body is there with its head; the others are waited for, and take a timer.
    if let Some(body) = reading.as_mut().now_or_never() {
        return body;
    }
    match tokio::time::timeout(Duration::from_secs(limits.body_seconds.into()), reading).await {
        Ok(body) => body,
        Err(_) => Err(Refusal::body_too_slow(limits.body_seconds)),
    }
}

/// The body as a JSON object (DEC-7, DEC-36).
pub(crate) fn object<'a>(body: &'a [u8], limits: &Limits) -> Result<JsonRef<'a>, Refusal> {
    outlined(body, limits).map(|body| body.value())
}

/// The same, for those who read an operation from it.
pub(crate) fn outlined<'a>(body: &'a [u8], limits: &Limits) -> Result<Outlined<'a>, Refusal> {
    let body = Outlined::validate(body, limits).map_err(Rejection::from)?;
    match body.value().kind() {
        JsonKind::Object => Ok(body),
        found => Err(Rejection::NotAnObject { found }.into()),
    }
}

/// DEC-37: `application/json` or `…+json`, with any parameters; none at all counts as JSON.
fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    // What nearly all of them say.
    if value == "application/json" {
        return Ok(());
    }
    let text = value.to_str().unwrap_or("bytes that are no text");
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || essence.len().checked_sub(5).is_some_and(|at| {
            essence.is_char_boundary(at) && essence[at..].eq_ignore_ascii_case("+json")
        });
    if is_json { Ok(()) } else { Err(Refusal::media_type(text)) }
}

/// DEC-36: a compressed body would be read as broken JSON; nothing here undoes a coding.
fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let names = codings.flat_map(|value| value.to_str().unwrap_or("?").split(','));
    match names.map(str::trim).find(|n| !n.is_empty() && !n.eq_ignore_ascii_case("identity")) {
        Some(found) => Err(Refusal::content_coding(found)),
        None => Ok(()),
    }
}

async fn read(
    headers: &HeaderMap,
    mut body: impl Body<Data = Bytes> + Unpin,
    max: usize,
) -> Result<Bytes, Refusal> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let too_large = declared.is_some_and(|n| n > max as u64);
    if too_large && headers.contains_key(EXPECT) {
        // The client waits for our word before it sends anything.
        return Err(Refusal::body_too_large(max));
    }
    if too_large {
        discard(&mut body, max).await;
        return Err(Refusal::body_too_large(max));
    }
    // Nearly every body is one frame, which is taken as it is.
    let Some(first) = next_data(&mut body).await? else { return Ok(Bytes::new()) };
    if first.len() > max {
        discard(&mut body, max).await;
        return Err(Refusal::body_too_large(max));
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    let Some(second) = next_data(&mut body).await? else { return Ok(first) };
    let mut whole = BytesMut::with_capacity(declared.map_or(first.len() * 2, |n| n as usize));
    whole.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(data) = next {
        if whole.len() + data.len() > max {
            discard(&mut body, max).await;
            return Err(Refusal::body_too_large(max));
        }
        whole.extend_from_slice(&data);
        next = next_data(&mut body).await?;
    }
    Ok(whole.freeze())
}

async fn next_data(body: &mut (impl Body<Data = Bytes> + Unpin)) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        // The connection broke or the chunks are none; nobody will read the answer.
        let frame = frame.map_err(|_| {
            Refusal::new(
                chat_model::StatusCode::InvalidValue,
                "expected a whole body, found one that breaks off",
            )
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads on and forgets what it reads, up to eight times what is allowed.
///
/// A client that is still sending when the connection closes may never see the answer; one that
/// sends a little too much shall read why it was refused.
async fn discard(body: &mut (impl Body<Data = Bytes> + Unpin), max: usize) {
    let mut left = max.saturating_mul(8);
    while let Ok(Some(data)) = next_data(body).await {
        match left.checked_sub(data.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
