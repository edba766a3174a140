//! Websockets of a file's clients, each with a name (BAYEUX-12.2).

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::http::{Answered, Ask};

/// An open websocket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// What came while something else was waited for.
    early: VecDeque<Next>,
}

/// What comes next on a websocket.
#[derive(Debug)]
pub(crate) enum Next {
    Text(String),
    /// Closed with this code; none if the connection just ended.
    Closed(Option<u16>),
}

impl Socket {
    /// Asks for the upgrade.
    ///
    /// # Errors
    /// The answer that is no upgrade.
    pub(crate) async fn open(address: SocketAddr, ask: &Ask) -> Result<Self, Answered> {
        let url = format!("ws://{address}{}", ask.path);
        let mut request = url.into_client_request().expect("the path of a file is one");
        for (name, value) in ask.headers.iter().filter(|(name, _)| *name != "content-type") {
            let name: HeaderName = name.parse().expect("the header of a file is one");
            let value = HeaderValue::from_str(value).expect("the header of a file is one");
            request.headers_mut().insert(name, value);
        }
        let stream = TcpStream::connect(address).await.expect("the server listens");
        match client_async(request, stream).await {
            Ok((stream, _)) => Ok(Self { stream, early: VecDeque::new() }),
            Err(Error::Http(response)) => Err(answered(&response)),
            Err(why) => panic!("expected an upgrade or its refusal, found {why}"),
        }
    }

    /// Writes a frame, and waits until the server has read it: a pong does not overtake.
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the websocket is open");
        if self.stream.send(Message::Ping(Bytes::new())).await.is_err() {
            return; // hung up on, as the next frame will tell
        }
        loop {
            match self.read().await {
                Some(next) => {
                    let is_end = matches!(next, Next::Closed(_));
                    self.early.push_back(next);
                    if is_end {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Next {
        if let Some(next) = self.early.pop_front() {
            return next;
        }
        loop {
            if let Some(next) = self.read().await {
                return next;
            }
        }
    }

    /// What comes next; none for a pong.
    async fn read(&mut self) -> Option<Next> {
        loop {
            return Some(match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Next::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => Next::Closed(frame.map(|f| f.code.into())),
                Some(Ok(Message::Ping(_))) => continue,
                Some(Ok(Message::Pong(_))) => return None,
                Some(Ok(other)) => panic!("expected text frames, found {other:?}"),
                Some(Err(_)) | None => Next::Closed(None),
            });
        }
    }

    /// Closes it as the protocol wants it, and waits for the other end to do so.
    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.expect("the websocket is open");
        while !matches!(self.next().await, Next::Closed(_)) {}
    }
}

fn answered(response: &Response<Option<Vec<u8>>>) -> Answered {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Answered {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
        body: text(response.body().as_deref().unwrap_or_default()),
    }
}
