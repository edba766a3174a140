//! Notification servers that nobody here wrote, as they come from npm (`peers/`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use crate::process::{Processors, Server};
use crate::session::{Target, Transport};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// npm `cometd-nodejs-server`.
    Cometd,
    /// npm `faye`.
    Faye,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Cometd, Self::Faye];

    /// Its name on npm.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cometd => "cometd-nodejs-server",
            Self::Faye => "faye",
        }
    }

    /// Whether it speaks this transport.
    pub fn speaks(self, transport: Transport) -> bool {
        !(self == Self::Cometd && transport == Transport::WebSocket)
    }

    /// Starts it in a process of its own.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn start(self, processors: &Processors) -> Server {
        let script = folder().join(match self {
            Self::Cometd => "cometd.mjs",
            Self::Faye => "faye.mjs",
        });
        Server::start(processors, &node(), &[&script.to_string_lossy()])
    }

    /// Where its sessions are.
    pub fn target(server: &Server) -> Rc<Target> {
        Target::new(server.address(), "/", "", "/bench")
    }
}

/// Installs the peers unless they are installed; what is there needs no network.
///
/// # Panics
/// If there is no npm, or npm cannot install them: a comparison with nobody is none.
pub fn install() {
    if folder().join("node_modules").join(Peer::Faye.name()).exists() {
        return;
    }
    let npm = std::env::var("NPM").unwrap_or_else(|_| "npm".into());
    let installed = Command::new(npm)
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(folder())
        .stdout(Stdio::null())
        .status();
    let installed = installed.is_ok_and(|status| status.success());
    assert!(installed, "expected npm to install benches/peers; Node.js 20.19 or newer is needed");
}

fn node() -> String {
    std::env::var("NODE").unwrap_or_else(|_| "node".into())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
