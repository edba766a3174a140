//! HTTP over the loopback: requests are bytes, and hanging up is closing the socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use chat_http::{App, serve};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bayeux::clock::Hands;
use crate::bayeux::exchange::Settings;
use crate::bayeux::http::{Answered, Ask};
use crate::bayeux::site::{Site, config};

pub(crate) struct Loopback {
    site: Site,
    app: App,
    router: Router,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    /// Connections that stay open, by the names that the file gives them.
    kept: Arc<Mutex<BTreeMap<String, TcpStream>>>,
}

impl Loopback {
    pub(super) async fn open(settings: &Settings, hands: &Hands) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has ports");
        let address = listener.local_addr().expect("it is bound");
        let site = Site::new(config(settings, address), hands.clock());
        Self::serve(site, listener)
    }

    fn serve(site: Site, listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("it is bound");
        let (app, router) = site.node();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = serve(listener, app.clone(), async {
            // The sender lives as long as the door.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async { served.await.expect("the loopback can be served") });
        Self { site, app, router, address, stop: Some(stop), server, kept: Arc::default() }
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(super) fn base(&self) -> String {
        self.site.config.server.api_url().as_str().to_owned()
    }

    pub(super) fn send(&self, ask: Ask) -> JoinHandle<Answered> {
        let (address, kept) = (self.address, self.kept.clone());
        let kept = move |change: &mut dyn FnMut(&mut BTreeMap<String, TcpStream>)| {
            change(&mut kept.lock().unwrap_or_else(PoisonError::into_inner));
        };
        tokio::spawn(async move {
            let mut stream = None;
            if let Some(on) = &ask.on {
                kept(&mut |kept| stream = kept.remove(on));
            }
            let mut stream = match stream {
                Some(stream) => stream,
                None => TcpStream::connect(address).await.expect("the server listens"),
            };
            let answered = ask.over(&mut stream).await.expect("the server answers in HTTP");
            if let Some(on) = &ask.on {
                let mut stream = Some(stream);
                kept(&mut |kept| kept.extend(stream.take().map(|stream| (on.clone(), stream))));
            }
            answered
        })
    }

    /// The other node listens on the same port, so that clients find it.
    pub(super) async fn restart(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
        self.kept = Arc::default();
        let listener = TcpListener::bind(self.address).await.expect("the port is free again");
        *self = Self::serve(self.site.clone(), listener);
    }

    pub(super) fn stop(&mut self) {
        let stop = self.stop.take().expect("the server runs");
        stop.send(()).expect("the server runs");
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}
