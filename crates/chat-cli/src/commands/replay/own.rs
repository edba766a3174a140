//! A server of the replay's own, on the loopback, which ends with it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use chat_http::{App, Clock as _, Config, SystemClock};
use chat_model::ChatFile;
use chat_store::MemoryStore;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::exit::Failure;

/// A running server with nothing in it but the chats to start with.
pub(super) struct Own {
    pub(super) url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Own {
    pub(super) async fn start(mut config: Config, chats: Vec<ChatFile>) -> Result<Self, Failure> {
        let says = |error: std::io::Error| Failure::fault(format!("a server of its own: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(says)?;
        config.server.listen = listener.local_addr().map_err(says)?;
        let clock = Arc::new(SystemClock::new());
        let wall = clock.clone();
        let store = MemoryStore::new(Arc::new(move || wall.now_ms()));
        let url = format!("http://{}", config.server.listen);
        let app =
            App::new(config, store, clock).map_err(|error| Failure::failed(error.to_string()))?;
        app.import(chats).await.map_err(|error| Failure::failed(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(chat_http::serve(listener, app, async move {
            // Dropped with the replay, it means the same.
            let _ = stopped.await;
        }));
        Ok(Self { url, stop, served })
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.served.await;
    }
}
