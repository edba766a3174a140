//! One notification session, as a client has it: over long-polling or a websocket.

use std::rc::Rc;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};

use crate::client::{Connection, post};

/// What the driver reads at once from a websocket; the default of a library for large messages
/// would be most of the driver's memory and time.
const READ: usize = 8 * 1_024;

/// What a session does not do as expected; in words, because it ends up in a table.
pub type Fault = String;

/// Where sessions are, and what they listen to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Target {
    /// `127.0.0.1:port`.
    pub address: String,
    /// The path of the notifications.
    pub path: String,
    /// Header lines that show who it is.
    pub headers: String,
    /// The channel to subscribe to.
    pub channel: String,
}

impl Target {
    /// Puts it together.
    pub fn new(address: &str, path: &str, headers: &str, channel: &str) -> Rc<Self> {
        Rc::new(Self {
            address: address.into(),
            path: path.into(),
            headers: headers.into(),
            channel: channel.into(),
        })
    }
}

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// A POST that is held.
    LongPolling,
    /// A websocket.
    WebSocket,
}

impl Transport {
    /// As the protocol has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// A session that has shaken hands.
#[derive(Debug)]
pub struct Session {
    target: Rc<Target>,
    link: Link,
    client_id: String,
    connects: usize,
    /// On a websocket: the last connect is not answered yet.
    connecting: bool,
}

#[derive(Debug)]
enum Link {
    /// The connection and the cookies of this browser, of which each session has one of its own.
    LongPolling(Connection, Vec<String>),
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

impl Session {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// What the server did instead.
    pub async fn open(target: &Rc<Target>, transport: Transport) -> Result<Self, Fault> {
        let link = match transport {
            Transport::LongPolling => {
                let connection = Connection::open(&target.address).await.map_err(said)?;
                Link::LongPolling(connection, Vec::new())
            }
            Transport::WebSocket => Link::WebSocket(Box::new(websocket(target).await?)),
        };
        let mut session = Self {
            target: target.clone(),
            link,
            client_id: String::new(),
            connects: 0,
            connecting: false,
        };
        let handshake = format!(
            r#"[{{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["{}"],"id":"h"}}]"#,
            transport.name()
        );
        let reply = session.ask("/meta/handshake", &handshake).await?;
        session.client_id = reply["clientId"].as_str().unwrap_or_default().to_owned();
        Ok(session)
    }

    /// Subscribes to the target's channel.
    ///
    /// # Errors
    /// What the server did instead.
    pub async fn subscribe(&mut self) -> Result<(), Fault> {
        let (client, channel) = (&self.client_id, &self.target.channel);
        let message = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"{channel}","id":"s"}}]"#
        );
        self.ask("/meta/subscribe", &message).await.map(drop)
    }

    /// Publishes `data`, a JSON text, on the target's channel.
    ///
    /// # Errors
    /// What the server did instead.
    pub async fn publish(&mut self, data: &str) -> Result<(), Fault> {
        let (client, channel) = (&self.client_id, self.target.channel.clone());
        let message =
            format!(r#"[{{"channel":"{channel}","clientId":"{client}","id":"p","data":{data}}}]"#);
        self.ask(&channel, &message).await.map(drop)
    }

    /// Waits for what comes next, be it a reply to a connect or events, and shows it to `look`. The
    /// first connect is not held.
    ///
    /// # Errors
    /// What the server did instead.
    pub async fn listen(&mut self, look: impl FnOnce(&[u8])) -> Result<(), Fault> {
        let kind = match self.link {
            Link::LongPolling(..) => Transport::LongPolling,
            Link::WebSocket(..) => Transport::WebSocket,
        };
        if !self.connecting {
            self.connects += 1;
            let advice = if self.connects == 1 { r#","advice":{"timeout":0}"# } else { "" };
            let connect = format!(
                r#"[{{"channel":"/meta/connect","clientId":"{}","connectionType":"{}","id":"{}"{advice}}}]"#,
                self.client_id,
                kind.name(),
                self.connects
            );
            self.connecting = true;
            self.say(connect).await?;
        }
        let mut outcome = Ok(());
        let connecting = &mut self.connecting;
        let look = |body: &[u8]| {
            look(body);
            if memchr::memmem::find(body, br#""/meta/connect""#).is_some() {
                *connecting = false;
            }
            if memchr::memmem::find(body, br#""successful":false"#).is_some() {
                outcome = Err(String::from_utf8_lossy(body).into_owned());
            }
        };
        match &mut self.link {
            Link::LongPolling(connection, _) => {
                let reply = connection.reply().await.map_err(said)?;
                look(reply.body);
                if reply.status != 200 {
                    outcome = Err(format!("HTTP {}", reply.status));
                }
            }
            Link::WebSocket(socket) => look(next(socket).await?.as_bytes()),
        }
        outcome
    }

    async fn say(&mut self, message: String) -> Result<(), Fault> {
        match &mut self.link {
            Link::LongPolling(connection, cookies) => {
                let cookie = match cookies.is_empty() {
                    true => String::new(),
                    false => format!("; {}", cookies.join("; ")),
                };
                let headers = with_cookies(&self.target.headers, &cookie);
                let request = post(&self.target.address, &self.target.path, &headers, &message);
                connection.send(&request).await.map_err(said)
            }
            Link::WebSocket(socket) => {
                socket.send(Message::Text(message.into())).await.map_err(said)
            }
        }
    }

    /// Says something that is answered at once, and waits for the answer on `channel`.
    async fn ask(&mut self, channel: &str, message: &str) -> Result<Value, Fault> {
        self.say(message.to_owned()).await?;
        loop {
            let body = match &mut self.link {
                Link::LongPolling(connection, cookies) => {
                    let reply = connection.reply().await.map_err(said)?;
                    cookies.extend(reply.cookies);
                    reply.body.to_vec()
                }
                Link::WebSocket(socket) => next(socket).await?.as_bytes().to_vec(),
            };
            let found: Value = serde_json::from_slice(&body)
                .map_err(|_| format!("no JSON: {}", String::from_utf8_lossy(&body)))?;
            let answer = found.as_array().and_then(|all| {
                all.iter().find(|one| one["channel"] == channel && one.get("successful").is_some())
            });
            match answer {
                Some(answer) if answer["successful"] == true => return Ok(answer.clone()),
                None if matches!(self.link, Link::WebSocket(_)) => {}
                _ => return Err(format!("{channel}: {found}")),
            }
        }
    }
}

async fn websocket(target: &Target) -> Result<WebSocketStream<TcpStream>, Fault> {
    let stream = TcpStream::connect(&target.address).await.map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    let address = format!("ws://{}{}", target.address, target.path);
    let mut request = address.into_client_request().map_err(said)?;
    for line in target.headers.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let name = HeaderName::try_from(name).map_err(said)?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(said)?);
    }
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = READ;
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
        .await
        .map_err(said)?;
    Ok(socket)
}

/// The next message with text in it.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<Utf8Bytes, Fault> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Close(_))) | None => return Err("the websocket was closed".into()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(said(error)),
        }
    }
}

/// One `Cookie` line, whether there is one already or not.
fn with_cookies(headers: &str, more: &str) -> String {
    match headers.strip_suffix("\r\n") {
        Some(line) if line.starts_with("Cookie: ") => format!("{line}{more}\r\n"),
        _ if more.is_empty() => headers.to_owned(),
        _ => format!("{headers}Cookie: {}\r\n", more.trim_start_matches("; ")),
    }
}

fn said(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::with_cookies;

    #[test]
    fn cookies_are_one_line() {
        assert_eq!(with_cookies("Cookie: a=1\r\n", "; b=2"), "Cookie: a=1; b=2\r\n");
        assert_eq!(with_cookies("Cookie: a=1\r\n", ""), "Cookie: a=1\r\n");
        assert_eq!(with_cookies("", "; b=2; c=3"), "Cookie: b=2; c=3\r\n");
        assert_eq!(with_cookies("X: y\r\n", ""), "X: y\r\n");
    }
}
