//! The doors that can be opened from Rust: the model itself, the command line with files and with a
//! server, and the C library.

mod cli;
mod ffi;
mod model;
mod served;

use std::path::{Path, PathBuf};

pub use cli::CliDoor;
pub use ffi::FfiDoor;
pub use model::ModelDoor;
pub use served::ServedDoor;

use crate::scenario::VisitorSees;

/// A way into a chat.
pub trait Door {
    /// `body` with the addresses of agents as this door writes them.
    fn address(&self, body: &str) -> String;

    /// The visitor posts `body`.
    fn visitor_does(&mut self, body: &str) -> Outcome;

    /// An agent posts `body`.
    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome;

    /// A supervisor posts `body` to the chat channel of `agent`, or to the agent's chat if that is
    /// what the operation is for.
    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome;

    /// The house offers the waiting chat.
    fn house_offers(&mut self, agent: &str) -> Outcome;

    /// An agent becomes `Ready` or `NotReady`, where a door has readiness.
    fn agent_becomes(&mut self, agent: &str, readiness: &str) {
        let _ = (agent, readiness);
    }

    /// The visitor looks, and has then read everything; who looks again and again does so until it is
    /// as `awaited`, or for long enough.
    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees;
}

/// The program that Cargo built beside the running test.
fn program_beside_this_test() -> PathBuf {
    let here = std::env::current_exe().expect("a test is a file");
    let folder = here.parent().and_then(Path::parent).expect("Cargo's tests lie in deps");
    let program = folder.join(format!("chat{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "expected {program:?}; build it with `cargo build --bin chat`");
    program
}

/// What comes of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The `statusCode` of the reply.
    pub code: u64,
    /// The body of the reply; `None` if nobody asked.
    pub reply: Option<String>,
    /// Who was told what, in order.
    pub heard: Vec<Heard>,
}

/// One notification on its way to one user.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Heard {
    /// Who is told.
    pub to: String,
    /// The content of `data` as JSON.
    pub data: String,
}
