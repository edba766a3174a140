//! A door in front of a server that can be cut at a chosen moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::server::Server;

/// When a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    Never,
    /// Before anything that begins a statement reaches the server.
    BeforeTheServer,
    /// After the server got a statement, and before its answer reaches the client.
    BeforeTheAnswer,
}

pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    socket: PathBuf,
    cut: AtomicU8,
    cuts: AtomicU64,
    all: Notify,
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            socket: server.socket(),
            cut: AtomicU8::new(Cut::Never as u8),
            cuts: AtomicU64::new(0),
            all: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                connections.spawn(async move {
                    let cut = shared.all.notified();
                    tokio::select! {
                        () = serve(client, &shared) => {}
                        () = cut => {}
                    }
                });
            }
        });
        Self { port, shared, accepting }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the next connection whose client says something.
    pub(crate) fn cut(&self, cut: Cut) {
        self.shared.cut.store(cut as u8, SeqCst);
    }

    /// Cuts all connections there are.
    pub(crate) fn cut_all(&self) {
        self.shared.all.notify_waiters();
    }

    pub(crate) fn cuts(&self) -> u64 {
        self.shared.cuts.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) {
    let Ok(mut server) = UnixStream::connect(&shared.socket).await else { return };
    let (mut up, mut down) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut answers_to_nobody = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(count @ 1..) = read else { return };
                // A statement that is prepared already begins with its values.
                if up[0] == b'B' {
                    let cut = shared.cut.swap(Cut::Never as u8, SeqCst);
                    if cut != Cut::Never as u8 {
                        shared.cuts.fetch_add(1, SeqCst);
                    }
                    if cut == Cut::BeforeTheServer as u8 {
                        return;
                    }
                    answers_to_nobody = cut == Cut::BeforeTheAnswer as u8;
                }
                if server.write_all(&up[..count]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(count @ 1..) = read else { return };
                if answers_to_nobody || client.write_all(&down[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
