//! A websocket from its upgrade to its end (BAYEUX-12.2).
//!
//! One task reads and writes: what is to be said is written before the next frame is read, so a
//! client that does not read is not heard either, and what it asked for cannot pile up.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bayeux::{CloseCode, Frame};
use futures_util::SinkExt as _;

use crate::hub::{NoSocket, Socket};
use crate::identity::Caller;
use crate::recording::{Recorded, Side};
use crate::reply::Refusal;
use crate::server::{Server, Shared};

/// Bytes that are read at one time: more than clients send, and most of what an idle websocket
/// costs. All of it is cleared for every read; the default is 64 times as much.
const READ_BUFFER: usize = 2 * 1024;

/// Bytes after which frames are written without waiting for more of them.
const WRITE_BUFFER: usize = 4 * 1024;

/// The longest frame that is read at all; from which length on they are refused is the protocol's
/// matter.
const LONGEST: usize = 256 * 1024;

/// How long a client has to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// Upgrades the request. Refused with a plain HTTP error, the client falls back to long-polling
/// (BAYEUX-12.2-5).
pub(super) fn accept(
    server: Shared,
    caller: Caller,
    upgrade: WebSocketUpgrade,
    recorded: Option<Recorded>,
) -> Result<Response, Refusal> {
    server.chats.hub.admits_socket(&caller.user.id)?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_frame_size(LONGEST)
        .max_message_size(LONGEST);
    Ok(upgrade.on_upgrade(move |stream| converse(server, caller, recorded, stream)))
}

async fn converse(
    server: Arc<Server>,
    caller: Caller,
    recorded: Option<Recorded>,
    mut stream: WebSocket,
) {
    // Others may have come since the upgrade was accepted.
    let Ok(socket) = server.chats.hub.open_socket(&caller.user) else {
        if let Some(recorded) = &recorded {
            recorded.close(Side::Server, Some(CloseCode::TryAgainLater.get()));
        }
        return hang_up(&mut stream, CloseCode::TryAgainLater).await;
    };
    let open = Open { server, caller, socket, recorded };
    tokio::select! {
        () = open.attend(&mut stream) => {}
        () = open.socket.cut() => {}
    }
}

/// A websocket and who speaks on it.
struct Open {
    server: Arc<Server>,
    caller: Caller,
    socket: Socket,
    recorded: Option<Recorded>,
}

impl Open {
    /// Until one side ends it.
    async fn attend(&self, stream: &mut WebSocket) {
        loop {
            if !self.write(stream).await {
                return;
            }
            tokio::select! {
                frame = stream.recv() => match frame {
                    // Boxed, so that the long way through the store is not kept by who is idle.
                    Some(Ok(Message::Text(text))) => {
                        self.record(|recorded| recorded.frame(Side::Client, text.as_bytes()));
                        Box::pin(self.hear(&text)).await;
                    }
                    Some(Ok(Message::Binary(_))) => self.socket.close(CloseCode::NotText),
                    // Pings are answered below this layer.
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map(|frame| frame.code);
                        self.record(|recorded| recorded.close(Side::Client, code));
                        return listen(stream).await;
                    }
                    None => return self.record(|recorded| recorded.close(Side::Client, None)),
                    Some(Err(error)) => {
                        self.record(|recorded| recorded.close(Side::Client, None));
                        tracing::debug!(%error, "a websocket failed");
                        return hang_up(stream, CloseCode::TooLarge).await;
                    }
                },
                () = self.socket.ready() => {}
            }
        }
    }

    /// Writes what there is to say. False if that was the last of it.
    async fn write(&self, stream: &mut WebSocket) -> bool {
        loop {
            let frames = self.socket.frames();
            if frames.is_empty() {
                return true;
            }
            for frame in frames {
                let written = match frame {
                    Frame::Text(text) => {
                        self.record(|recorded| recorded.frame(Side::Server, &text));
                        match Utf8Bytes::try_from(text) {
                            Ok(text) => stream.feed(Message::Text(text)).await.is_ok(),
                            Err(_) => false,
                        }
                    }
                    Frame::Close(code) => {
                        self.record(|recorded| recorded.close(Side::Server, Some(code.get())));
                        hang_up(stream, code).await;
                        false
                    }
                    _ => false,
                };
                if !written {
                    return false;
                }
            }
            if stream.flush().await.is_err() {
                return false;
            }
        }
    }

    /// Writes it down, if anything is written down.
    fn record(&self, write: impl FnOnce(&Recorded)) {
        if let Some(recorded) = &self.recorded {
            write(recorded);
        }
    }

    /// Takes a frame, if whoever opened the websocket may still speak for the user (DEC-45).
    async fn hear(&self, text: &str) {
        if let Some(session) = &self.caller.session
            && let Ok(None) = self.server.sessions.touch(session).await
        {
            return self.socket.expel();
        }
        if let Err(why) = self.socket.hear(text.as_bytes()).await {
            tracing::warn!(%why, "the store does not answer");
            self.socket.close(CloseCode::TryAgainLater);
        }
    }
}

/// Says why, and gives the client a moment to answer.
async fn hang_up(stream: &mut WebSocket, code: CloseCode) {
    let close = CloseFrame { code: code.get(), reason: Utf8Bytes::from_static("") };
    let sending = stream.send(Message::Close(Some(close)));
    if let Ok(Ok(())) = tokio::time::timeout(FAREWELL, sending).await {
        listen(stream).await;
    }
}

/// Until the close frames are exchanged; whoever does not answer is gone.
async fn listen(stream: &mut WebSocket) {
    let rest = async { while let Some(Ok(_)) = stream.recv().await {} };
    let _ = tokio::time::timeout(FAREWELL, rest).await;
}

impl From<NoSocket> for Refusal {
    fn from(refused: NoSocket) -> Self {
        match refused {
            NoSocket::TooManyOfUser => {
                Self::too_many("the user has as many websockets as allowed; try again")
            }
            NoSocket::NoRoom => Self::unavailable("no more websockets are taken; try again"),
        }
    }
}
