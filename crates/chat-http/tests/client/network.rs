//! A network between a client and a server that can be told to misbehave: a TCP proxy of which nobody
//! knows but the test.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Where connections lead.
    pub(crate) upstream: SocketAddr,
    /// Nothing gets through, and nobody is told.
    pub(crate) dead: bool,
    /// Who connects is hung up on.
    pub(crate) down: bool,
    /// How many answers of the server are still to be lost.
    pub(crate) lose: u32,
    /// How many are still to end in the middle.
    pub(crate) halve: u32,
    /// Raised, it breaks every connection.
    pub(crate) cuts: u32,
}

/// The proxy; it ends with the test's runtime.
pub(crate) struct Network {
    pub(crate) address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
}

impl Network {
    /// One in which everything gets through.
    pub(crate) async fn to(upstream: SocketAddr) -> Self {
        let fair = Weather { upstream, dead: false, down: false, lose: 0, halve: 0, cuts: 0 };
        let weather = Arc::new(watch::Sender::new(fair));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sender = weather.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, sender.clone()));
            }
        });
        Self { address, weather }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    pub(crate) fn cut(&self) {
        self.change(|weather| weather.cuts += 1);
    }

    /// How many answers are still to be spoilt.
    pub(crate) fn to_spoil(&self) -> u32 {
        let weather = self.weather.borrow();
        weather.lose + weather.halve
    }
}

async fn carry(client: TcpStream, weather: Arc<watch::Sender<Weather>>) {
    let mut changes = weather.subscribe();
    let now = *changes.borrow_and_update();
    if now.down {
        return;
    }
    if !passes(&mut changes).await {
        return;
    }
    let upstream = weather.borrow().upstream;
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut changes = weather.subscribe();
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(n @ 1..) = from_client.read(&mut bytes).await {
            if !passes(&mut changes).await || to_server.write_all(&bytes[..n]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut changes = weather.subscribe();
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(n @ 1..) = from_server.read(&mut bytes).await {
            if !passes(&mut changes).await {
                return;
            }
            let mut spoilt = None;
            weather.send_if_modified(|weather| {
                if weather.lose > 0 {
                    weather.lose -= 1;
                    spoilt = Some(0);
                } else if weather.halve > 0 {
                    weather.halve -= 1;
                    spoilt = Some(n / 2);
                }
                false
            });
            let sent = to_client.write_all(&bytes[..spoilt.unwrap_or(n)]).await;
            if sent.is_err() || spoilt.is_some() {
                return;
            }
        }
    };
    let cut = changes.wait_for(|weather| weather.cuts > now.cuts);
    // Whoever ends first ends the connection.
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = cut => {}
    }
}

/// Waits until something gets through again; `false` when nothing ever will.
async fn passes(changes: &mut watch::Receiver<Weather>) -> bool {
    changes.wait_for(|weather| !weather.dead).await.is_ok()
}
