//! The commands, one file each.

mod apply;
mod completions;
mod config;
mod connect;
mod diff;
mod hash_password;
mod replay;
mod request;
mod schema;
mod send;
mod serve;
mod store;
mod texts;
mod told;
mod validate;
mod watch;

use std::io::Read as _;
use std::path::Path;

use chat_model::{JsonKind, JsonRef, Limits};

use crate::args::Command;
use crate::exit::{Exit, Failure};

/// Runs `command` to its end.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Apply(args) => apply::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Store(args) => store::run(args),
        Command::HashPassword(args) => hash_password::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Send(args) => send::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Request(args) => request::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Config(args) => config::run(args),
    }
}

/// No chat file is larger: the model reads at most this much.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The bytes of a file; `-` is standard input. Files above 64 MiB are refused.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = MAX_FILE_BYTES + 1;
    let reading = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match reading {
        Err(error) => Err(Failure::failed(format!("{}: cannot be read: {error}", name(path)))),
        Ok(_) if bytes.len() as u64 > MAX_FILE_BYTES => Err(Failure::failed(format!(
            "{}: expected at most {MAX_FILE_BYTES} bytes, found more",
            name(path)
        ))),
        Ok(_) => Ok(bytes),
    }
}

/// What a chat file may hold: more than a request, because a snapshot has the transcript as well.
fn file_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_body_bytes = MAX_FILE_BYTES as usize;
    limits
}

/// Whether `json` can be a chat at all; if not, what it is instead.
///
/// The outcome of an operation and the reply to a GET hold a chat and are none: easily mistaken.
fn check_chat(json: JsonRef<'_>) -> Result<(), String> {
    if json.kind() != JsonKind::Object {
        return Err(format!("expected a chat, which is an object, found {}", json.kind()));
    }
    let inner = json.get("chat").is_some_and(|chat| chat.kind() == JsonKind::Object);
    if inner && json.get("id").is_none() {
        return Err(
            "expected a chat, found an object with a chat in its member `chat`; take that, \
                    for instance with `jq .chat`"
                .to_owned(),
        );
    }
    Ok(())
}

/// How messages call a file.
fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}
