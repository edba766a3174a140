//! The arguments of the commands that look at files: `validate`, `diff` and `config`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{EXIT_CODES, Json};

/// Says whether files hold what the interface allows, and where they do not.
///
/// A file may hold several JSON texts, one after the other. What each of them is to be is seen by its
/// members, unless --schema says it; `chat schema` prints the schemas.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Look at what your integration sends:
    chat validate requests.ndjson

  It has to be a notification:
    chat validate --schema notification captured.json

{EXIT_CODES}"))]
pub(crate) struct Validate {
    /// The files; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// What they are to hold, by the name that `chat schema` lists [default: what each looks like]
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,

    #[command(flatten)]
    pub(crate) output: Json,
}

/// Compares two chats, snapshots or recordings, and prints where they first differ.
///
/// Both may hold several JSON texts, one after the other, which are compared in order. The order of an
/// object's members does not count, except in user data. Numbers are the same if they are written the
/// same, texts if they read the same.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  What did the operation change?
    chat apply before.json operation.json | jq .chat | chat diff before.json -

  Everything that differs between two runs:
    chat diff --all monday.ndjson tuesday.ndjson

{EXIT_CODES}"))]
pub(crate) struct Diff {
    /// One; `-` reads standard input
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,

    /// The other; `-` reads standard input
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,

    /// Print every difference
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) output: Json,
}

/// Looks after the configuration of a server.
#[derive(clap::Args, Debug)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// What can be done with a configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Says whether `chat serve` would take a configuration, and if not, everything that is wrong with it
    #[command(after_help = format!("\
Examples:
  Before a server is restarted:
    chat config check contact-center.toml && systemctl reload chat

{EXIT_CODES}"))]
    Check {
        /// The configuration, a TOML file; `-` reads standard input
        #[arg(value_name = "FILE", env = "CHAT_CONFIG")]
        file: PathBuf,

        #[command(flatten)]
        output: Json,
    },
}
