//! From recorded requests to requests of this server, and back to what it answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chat_http::client::{Address, HyperTransport, Transport as _, TransportError};
use chat_http::{Edit, Line, rewrite};
use chat_model::{JsonKind, JsonRef, JsonText};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{AUTHORIZATION, CONNECTION, COOKIE, ORIGIN, SET_COOKIE, UPGRADE};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};

use super::names::Names;
use super::recording::{API, body};

/// A password that nobody has, for logins that were refused.
const WRONG: &str = "a password that is nobody's";

/// The server that the recording is played to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) transport: Arc<HyperTransport>,
    pub(super) passwords: BTreeMap<String, String>,
    /// Requests whose password was wrong when they were recorded.
    pub(super) refused: BTreeSet<u64>,
}

impl Target {
    /// The request that `line` is here; with `body` in place of its own.
    pub(super) fn request(
        &self,
        line: &Line,
        names: &mut Names,
        round: u64,
        new_body: Option<String>,
    ) -> Result<Request<Bytes>, String> {
        let base = self.address.as_str();
        names.call(base);
        let path = line.path.as_deref().unwrap_or_default();
        let path = names.translate(path.strip_prefix(API).unwrap_or(path));
        let body = new_body.or_else(|| translated(line, names));
        let is_callback = line.method.as_deref() == Some("GET") && body.is_some();
        let mut query = line.query.as_ref().map(|query| names.translate(query));
        if let (true, Some(message)) = (is_callback, &body) {
            let message: String = message.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let query = query.get_or_insert_default();
            *query = format!("{query}&message={message}");
        }
        let query = query.map_or(String::new(), |query| format!("?{query}"));
        let mut builder = Request::builder()
            .method(line.method.as_deref().unwrap_or_default())
            .uri(format!("{base}{path}{query}"));
        for (name, value) in &line.headers {
            let value = match name.as_str() {
                name if name == ORIGIN.as_str() && value == names.recorded_origin() => {
                    base.strip_suffix(API).unwrap_or(base).to_owned()
                }
                // What was done in an earlier round is not to be done again.
                "idempotency-key" if round > 1 => format!("{value}-{round}"),
                _ => names.translate(value),
            };
            builder = builder.header(name, value);
        }
        if let Some(login) = self.login(line) {
            builder = builder.header(AUTHORIZATION, login);
        }
        if !line.cookies.is_empty() {
            let pair = |(name, value): (&String, &String)| {
                format!("{name}={}", names.get(value).unwrap_or(value))
            };
            let pairs: Vec<String> = line.cookies.iter().map(pair).collect();
            builder = builder.header(COOKIE, pairs.join("; "));
        }
        if line.headers.contains_key(UPGRADE.as_str()) {
            builder = builder
                .header(CONNECTION, "Upgrade")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", generate_key());
        }
        let body = if is_callback { None } else { body };
        builder.body(body.unwrap_or_default().into()).map_err(|error| error.to_string())
    }

    fn login(&self, line: &Line) -> Option<String> {
        let user = line.user.as_deref().unwrap_or_default();
        let is_refused = line.n.is_some_and(|n| self.refused.contains(&n));
        match line.login.as_deref()? {
            "basic" => {
                let password = self.passwords.get(user).filter(|_| !is_refused);
                let password = password.map_or(WRONG, String::as_str);
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            _ => Some("Basic".to_owned()),
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        self.transport.send(request).await
    }
}

/// The body of a recorded line as it is here.
pub(super) fn translated(line: &Line, names: &Names) -> Option<String> {
    match (body(line), &line.text, &line.base64) {
        (Some(json), _, _) => Some(translated_json(json, names)),
        (None, Some(text), _) => Some(names.translate(text)),
        // Only bodies that are refused are no text.
        (None, None, Some(base64)) => {
            Some(String::from_utf8_lossy(&STANDARD.decode(base64).ok()?).into_owned())
        }
        (None, None, None) => None,
    }
}

/// Names and addresses change; user data and what people say stay.
pub(super) fn translated_json(json: JsonRef<'_>, names: &Names) -> String {
    rewrite(json, &mut |name, value| match (name, value.kind()) {
        ("userData" | "text", _) => Edit::Keep,
        (_, JsonKind::String) => {
            let text = value.decode_string().unwrap_or_default();
            let here = names.translate(&text);
            match here == *text {
                true => Edit::Keep,
                false => Edit::Replace(JsonText::string(&here).as_str().to_owned()),
            }
        }
        _ => Edit::Descend,
    })
}

/// What a reply sets: cookies and the token, by the names that the recording has for them. The name of a
/// cookie that is missing.
pub(super) fn learn_secrets(names: &mut Names, line: &Line, headers: &HeaderMap) -> Option<String> {
    let set = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let set: BTreeMap<&str, &str> =
        set.filter_map(|value| value.split(';').next()?.trim().split_once('=')).collect();
    for (name, value) in &line.cookies {
        match set.get(name.as_str()) {
            Some(actual) if value.is_empty() == actual.is_empty() => {
                if !value.is_empty() {
                    names.learn(value, actual);
                }
            }
            _ => return Some(name.clone()),
        }
    }
    let token = headers.get("x-csrf-token").and_then(|token| token.to_str().ok());
    if let (Some(recorded), Some(actual)) = (line.headers.get("x-csrf-token"), token) {
        names.learn(recorded, actual);
    }
    None
}

/// What comes while something else is waited for.
#[derive(Debug)]
pub(super) enum Arrived {
    /// A poll is answered.
    Reply(Result<Response<Bytes>, TransportError>),
    /// A frame of a websocket.
    Frame(String),
    /// A websocket is closed.
    Closed(Option<u16>),
}

/// Takes over the connection of an answered upgrade: frames come to `inbox`, and those to send go to what is
/// returned, an empty one closing it.
pub(super) async fn talk(
    response: Response<Bytes>,
    n: u64,
    inbox: mpsc::UnboundedSender<(u64, Arrived)>,
) -> Result<(mpsc::UnboundedSender<String>, impl Future<Output = ()> + Send), String> {
    let stream = hyper::upgrade::on(response).await.map_err(|error| error.to_string())?;
    let mut stream =
        WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Client, None).await;
    let (send, mut to_send) = mpsc::unbounded_channel::<String>();
    let talking = async move {
        loop {
            tokio::select! {
                text = to_send.recv() => {
                    let sent = match text {
                        Some(text) if !text.is_empty() => stream.send(Message::text(text)).await,
                        _ => stream.close(None).await,
                    };
                    if sent.is_err() {
                        let _ = inbox.send((n, Arrived::Closed(None)));
                        return;
                    }
                }
                frame = stream.next() => {
                    let arrived = match frame {
                        Some(Ok(Message::Text(text))) => Arrived::Frame(text.as_str().to_owned()),
                        Some(Ok(Message::Close(frame))) => {
                            Arrived::Closed(frame.map(|CloseFrame { code, .. }| code.into()))
                        }
                        Some(Ok(_)) => continue,
                        Some(Err(_)) | None => Arrived::Closed(None),
                    };
                    let is_over = matches!(arrived, Arrived::Closed(_));
                    let _ = inbox.send((n, arrived));
                    if is_over {
                        return;
                    }
                }
            }
        }
    };
    Ok((send, talking))
}
