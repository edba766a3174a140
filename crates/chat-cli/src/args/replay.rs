//! The arguments of `chat replay`.

use std::path::PathBuf;
use std::time::Duration;

use chat_http::client::Address;

use super::connection::{address, seconds};
use super::{EXIT_CODES, Json};

/// Plays what `chat serve --record` wrote down to a server, and prints where it answers something else.
///
/// Requests are sent in the order in which they were answered, one as soon as the one before is answered, while
/// polls are held as they were. Replies and notifications are compared; what a server draws by chance (ids, cookies,
/// names of sessions) and times may be others. The first difference is printed with the line of the recording, and
/// ends it with code 1.
///
/// Without --to it starts a server of its own for each round, on the loopback and with chats in memory.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Write down a conversation with the demo, and play it again:
    chat serve --record monday.ndjson
    chat replay monday.ndjson

  Play it to another server:
    chat replay monday.ndjson --to http://127.0.0.1:8090

  A hundred times, at 200 requests a second:
    chat replay monday.ndjson --repeat 100 --rate 200

The page docs/recordings.md describes the format, and what is compared.

{EXIT_CODES}"))]
pub(crate) struct Replay {
    /// The recording; `-` reads standard input
    #[arg(value_name = "RECORDING")]
    pub(crate) recording: PathBuf,

    /// The server to play it to, such as http://127.0.0.1:8090 [default: one of its own]
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) to: Option<Address>,

    /// The configuration of its own server, a TOML file [default: the demo contact centre]
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub(crate) config: Option<PathBuf>,

    /// Chats that its own server starts with, as `chat serve --chats`
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub(crate) chats: Option<PathBuf>,

    /// Play it so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) repeat: u64,

    /// Send at most so many requests a second, evenly; each still waits for what came before it
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// Play a recording that breaks off, as far as it goes
    #[arg(long)]
    pub(crate) partial: bool,

    /// A file of lines USER:PASSWORD; `-` reads standard input. The demo's passwords are known
    #[arg(long, value_name = "FILE", env = "CHAT_PASSWORDS_FILE", help_heading = "Connection")]
    pub(crate) passwords: Option<PathBuf>,

    /// The user whose password is in CHAT_PASSWORD
    #[arg(long, short, value_name = "NAME", env = "CHAT_USER", help_heading = "Connection")]
    pub(crate) user: Option<String>,

    /// A PEM file with the certificates of those who vouch for the server [default: the system's]
    #[arg(long, value_name = "FILE", env = "CHAT_CA_FILE", help_heading = "Connection")]
    pub(crate) ca_file: Option<PathBuf>,

    /// How much longer than in the recording to wait for a reply or a notification, in seconds [default: 30]
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = seconds,
        env = "CHAT_TIMEOUT",
        help_heading = "Connection"
    )]
    pub(crate) timeout: Option<Duration>,

    #[command(flatten)]
    pub(crate) output: Json,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "expected a number above 0, such as 200 or 0.5")?;
    match rate.is_finite() && rate > 0.0 {
        true => Ok(rate),
        false => Err("expected a number above 0, such as 200 or 0.5"),
    }
}
