//! The command line without a server: agents' operations go through `chat apply`, from snapshot to snapshot.
//!
//! What the command line does not have, the visitor, supervision and the house, the model does beside
//! it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use chat_model::{ChatFile, JsonRef, Limits};

use super::{Door, Heard, ModelDoor, Outcome};
use crate::scenario::VisitorSees;

/// `chat apply`, and the model for the rest.
#[derive(Debug)]
pub struct CliDoor {
    beside: ModelDoor,
    program: PathBuf,
}

impl CliDoor {
    /// Opens the door with the program that Cargo built beside the running test.
    ///
    /// # Panics
    /// If it is not there: `cargo test --workspace` builds it, `cargo test -p chat-tests` does not.
    pub fn beside_this_test() -> Self {
        let program = super::program_beside_this_test();
        Self { beside: ModelDoor::default(), program }
    }
}

impl Door for CliDoor {
    fn address(&self, body: &str) -> String {
        self.beside.address(body)
    }

    fn visitor_does(&mut self, body: &str) -> Outcome {
        self.beside.visitor_does(body)
    }

    fn agent_does(&mut self, agent: &str, body: &str) -> Outcome {
        if self.beside.is_supervised(agent) {
            // A file of a chat does not say who supervises whom.
            return self.beside.agent_does(agent, body);
        }
        let at = self.beside.next_time().as_millis().to_string();
        // Several doors of one process may be in use at once.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let operation = std::env::temp_dir().join(format!("chat-{process}-{number}.json"));
        std::fs::write(&operation, body).expect("the temporary folder can be written");
        let mut child = Command::new(&self.program)
            .args(["apply", "--as", agent, "--at", &at, "-"])
            .arg(&operation)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut stdin = child.stdin.take().expect("its input is ours");
        let chat = self.beside.chat().to_snapshot_json();
        stdin.write_all(chat.as_bytes()).expect("it reads the chat");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        std::fs::remove_file(&operation).expect("what was written can be removed");

        let limits = Limits::default();
        let printed = JsonRef::validate(&output.stdout, &limits).expect("it prints JSON");
        let reply = printed.get("reply").expect("it prints the reply");
        let code = reply.get("statusCode").and_then(JsonRef::as_u64).expect("which has a code");
        assert_eq!(output.status.code(), Some(if code == 0 { 0 } else { 4 }));
        let reply = Some(reply.as_str().to_owned());
        let Some(chat) = printed.get("chat") else {
            return Outcome { code, reply, heard: Vec::new() };
        };
        let file = ChatFile::read(chat.as_str().as_bytes(), &limits).expect("a chat comes out");
        self.beside.replace(file.chat);
        let notifications = printed.get("notifications").expect("it prints the notifications");
        let heard = notifications.elements().map(|one| {
            let to = one.get("to").and_then(JsonRef::decode_string).expect("each is to somebody");
            let data = one.get("data").expect("and has data").as_str().to_owned();
            Heard { to: to.into_owned(), data }
        });
        Outcome { code, reply, heard: heard.collect() }
    }

    fn supervisor_does(&mut self, supervisor: &str, agent: &str, body: &str) -> Outcome {
        self.beside.supervisor_does(supervisor, agent, body)
    }

    fn house_offers(&mut self, agent: &str) -> Outcome {
        self.beside.house_offers(agent)
    }

    fn visitor_sees(&mut self, awaited: &VisitorSees) -> VisitorSees {
        self.beside.visitor_sees(awaited)
    }
}
