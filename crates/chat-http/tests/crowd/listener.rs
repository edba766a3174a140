//! One notification session after the other of one agent, by long-polling or by websocket: what it
//! hears is written down, and the agent's picture of the chats is kept up to date.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chat_model::{JsonRef, Limits};
use chat_store::FeedId;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::checker::{Transcript, mark};
use super::dice::Dice;
use super::floor::{Agent, Floor};
use super::line::Line;

/// A session is swept after this long without a poll; see [`super::floor::config`].
const LONGER_THAN_SWEPT: Duration = Duration::from_millis(3_600);

pub(crate) struct Listener {
    pub(crate) floor: Arc<Floor>,
    pub(crate) agent: Arc<Agent>,
    pub(crate) by_socket: bool,
    pub(crate) acknowledges: bool,
    /// Whether the agent's picture is this one's to paint.
    pub(crate) paints: bool,
    pub(crate) dice: Dice,
}

enum Wire {
    Polls(Line),
    Socket(Box<WebSocketStream<TcpStream>>),
}

/// How a session ended.
enum End {
    /// The server does not know it any more: handshake again, and read what was missed.
    Forgotten,
    /// The run is over and everything was heard.
    Over,
}

impl Listener {
    /// Listens until the run is over and there is nothing more to hear.
    pub(crate) async fn run(mut self) {
        loop {
            match self.session().await {
                Ok(End::Over) => return,
                Ok(End::Forgotten) => {
                    self.floor.figures.recoveries.fetch_add(1, Ordering::Relaxed);
                    self.recover().await;
                }
                // Logged out: the cookie is worth nothing until the agent is back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            if self.floor.is_over() {
                return;
            }
        }
    }

    /// One session from its handshake to its end.
    async fn session(&mut self) -> io::Result<End> {
        let feed = FeedId::user(&self.agent.id);
        let mut wire = self.connect().await?;
        let ext = if self.acknowledges { r#","ext":{"ack":true}"# } else { "" };
        let low = self.floor.head(&feed).await;
        let hello = format!(
            r#"[{{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling","websocket"]{ext}}}]"#
        );
        let frames = self.exchange(&mut wire, &hello, "/meta/handshake").await?;
        let client = member(&frames, "/meta/handshake", "clientId").ok_or(io::ErrorKind::Other)?;
        let subscribe = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":{client},"subscription":["/v2/me/chats","/v2/me/channels"]}}]"#
        );
        let frames = self.exchange(&mut wire, &subscribe, "/meta/subscribe").await?;
        // What came before the subscription is not for this session.
        let high = self.floor.head(&feed).await;
        let mut heard = Transcript {
            user: self.agent.id.clone(),
            start: (low, high),
            heard: Vec::new(),
            until: None,
        };
        self.take(&frames, &mut heard);
        let end = self.poll(&mut wire, &client, &mut heard).await;
        if matches!(end, Ok(End::Over)) {
            heard.until = Some(self.agent.last_head.load(Ordering::Relaxed));
        }
        self.floor.transcripts.lock().unwrap().push(heard);
        end
    }

    async fn poll(
        &mut self,
        wire: &mut Wire,
        client: &str,
        heard: &mut Transcript,
    ) -> io::Result<End> {
        let kind = if matches!(wire, Wire::Polls(_)) { "long-polling" } else { "websocket" };
        let mut ack = String::from("0");
        let (mut first, mut quiet) = (true, 0);
        loop {
            let closing = self.floor.is_over();
            let advice = if first || closing { r#","advice":{"timeout":0}"# } else { "" };
            let ext = match self.acknowledges {
                true => format!(r#","ext":{{"ack":{ack}}}"#),
                false => String::new(),
            };
            let connect = format!(
                r#"[{{"channel":"/meta/connect","connectionType":"{kind}","clientId":{client}{advice}{ext}}}]"#
            );
            let may_break = self.acknowledges && !closing && matches!(wire, Wire::Polls(_));
            let frames = if may_break && self.dice.permille(20) {
                // The network fails while the poll is held; what was written to it comes again.
                let patience = Duration::from_millis(self.dice.below(60) as u64);
                let poll = self.exchange(wire, &connect, "/meta/connect");
                match tokio::time::timeout(patience, poll).await {
                    Ok(frames) => frames?,
                    Err(_) => {
                        self.floor.figures.broken.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                }
            } else {
                self.exchange(wire, &connect, "/meta/connect").await?
            };
            let news = self.take(&frames, heard);
            if member(&frames, "/meta/connect", "successful").as_deref() != Some("true") {
                return Ok(End::Forgotten);
            }
            if let Some(number) = nested(&frames, "ext", "ack") {
                ack = number;
            }
            if nested(&frames, "advice", "reconnect").as_deref() == Some("\"none\"") {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if closing && !first {
                quiet = if news == 0 { quiet + 1 } else { 0 };
                if quiet == 3 {
                    return Ok(End::Over);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            first = false;
            if !closing && self.dice.permille(2) {
                tokio::time::sleep(LONGER_THAN_SWEPT).await;
            }
        }
    }

    /// Writes down what came; how many events it was.
    fn take(&self, frames: &[String], heard: &mut Transcript) -> usize {
        let mut news = 0;
        for frame in frames {
            let Ok(all) = JsonRef::validate(frame.as_bytes(), &Limits::default()) else { continue };
            for message in all.elements() {
                let channel = message.get("channel").and_then(|c| c.decode_string());
                let Some(data) = message.get("data") else { continue };
                news += 1;
                match channel.as_deref() {
                    Some("/v2/me/chats") => {
                        heard.heard.push(mark(data.as_str()));
                        if self.paints {
                            self.agent.paint(data);
                        }
                    }
                    _ => {
                        self.floor.figures.readiness.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
        self.floor.figures.notifications.fetch_add(news, Ordering::Relaxed);
        news
    }

    /// NOTIF-5.1: what was missed is read.
    async fn recover(&mut self) {
        let mut line = Line::new(self.floor.address);
        let cookie = self.agent.cookie_header();
        let path = "/me/?subresources=devices,calls,channels,interactions,chats";
        if let Ok(reply) = line.ask("GET", path, &cookie, "").await {
            self.floor.note_reply("GET", path, &reply);
        }
    }

    async fn connect(&self) -> io::Result<Wire> {
        if !self.by_socket {
            return Ok(Wire::Polls(Line::new(self.floor.address)));
        }
        let url = format!("ws://{}/api/v2/notifications", self.floor.address);
        let mut request = url.into_client_request().map_err(io::Error::other)?;
        let cookie = self.agent.cookie().parse().map_err(io::Error::other)?;
        request.headers_mut().append("cookie", cookie);
        let stream = TcpStream::connect(self.floor.address).await?;
        let opened = tokio_tungstenite::client_async(request, stream).await;
        Ok(Wire::Socket(Box::new(opened.map_err(io::Error::other)?.0)))
    }

    /// Sends messages and collects what comes until one of `until` is answered.
    async fn exchange(
        &self,
        wire: &mut Wire,
        messages: &str,
        until: &str,
    ) -> io::Result<Vec<String>> {
        match wire {
            Wire::Polls(line) => {
                let cookie = self.agent.cookie_header();
                let reply = line.ask("POST", "/notifications", &cookie, messages).await?;
                match reply.status {
                    200 => Ok(vec![String::from_utf8(reply.body).map_err(io::Error::other)?]),
                    403 => Err(io::ErrorKind::PermissionDenied.into()),
                    _ => {
                        self.floor.note_reply("POST", "/notifications", &reply);
                        Err(io::ErrorKind::Other.into())
                    }
                }
            }
            Wire::Socket(socket) => {
                let sent = socket.send(Message::text(messages.to_owned())).await;
                sent.map_err(io::Error::other)?;
                let mut frames = Vec::new();
                loop {
                    match socket.next().await {
                        Some(Ok(Message::Text(text))) => {
                            frames.push(text.to_string());
                            if member(&frames[frames.len() - 1..], until, "successful").is_some() {
                                return Ok(frames);
                            }
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        _ => return Err(io::ErrorKind::ConnectionAborted.into()),
                    }
                }
            }
        }
    }
}

/// The member of the first message on `channel`, as it is written.
fn member(frames: &[String], channel: &str, name: &str) -> Option<String> {
    frames.iter().find_map(|frame| {
        let all = JsonRef::validate(frame.as_bytes(), &Limits::default()).ok()?;
        let of = |message: &JsonRef<'_>| {
            message.get("channel").and_then(|c| c.decode_string()).as_deref() == Some(channel)
        };
        let found = all.elements().find(of)?.get(name)?.as_str().to_owned();
        Some(found)
    })
}

/// A member of a member of the reply to a connect.
fn nested(frames: &[String], outer: &str, inner: &str) -> Option<String> {
    let outer = member(frames, "/meta/connect", outer)?;
    let object = JsonRef::validate(outer.as_bytes(), &Limits::default()).ok()?;
    Some(object.get(inner)?.as_str().to_owned())
}
