//! The arguments of `chat`, and the help texts: what is printed for a person who never read a page.

mod connection;
mod files;
mod replay;
mod talk;

use std::net::SocketAddr;
use std::path::PathBuf;

use chat_http::FaultRule;
use clap::{Parser, Subcommand, ValueEnum};

use crate::calendar::Calendar;
use crate::store::StoreName;

pub(crate) use connection::{Login, SECONDS, Server, time_of};
pub(crate) use files::{Config, ConfigCommand, Diff, Validate};
pub(crate) use replay::Replay;
pub(crate) use talk::{Request, Send, Watch};

/// The same for every command, so that a script need not ask which one it was.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the answer is no: not valid, not the same, or it did not come about
  2    the arguments do not fit
  3    a file cannot be read or written, or does not hold what it should
  4    the chat or the server refuses; the reply says why
  5    the server, the network or the database cannot be reached, or time is up
  6    the server failed
  70   a bug in this program
  130  interrupted";

/// How output looks.
#[derive(clap::Args, Debug)]
pub(crate) struct Json {
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// The GWS v2 Chat API: a contact-centre server, and everything to test an integration with one.
#[derive(Parser, Debug)]
#[command(name = "chat", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can be asked to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Serve(Box<Serve>),
    Send(Box<Send>),
    Watch(Box<Watch>),
    Request(Box<Request>),
    Apply(Apply),
    Validate(Validate),
    Diff(Diff),
    Replay(Box<Replay>),
    Config(Config),
    HashPassword(HashPassword),
    Schema(Schema),
    Store(Store),
    Completions(Completions),
}

/// Applies operations to a chat in a file and prints what happens. Needs no server.
///
/// Prints one JSON object for each operation: the `reply` that the requester gets, the `chat` as it is afterwards, and
/// the `notifications`, one for each user who must hear of it. A refusal prints the `reply` alone
/// and ends with code 4; the chat has not changed then, and what follows is not applied.
///
/// The same files, time and reference id give the same output, byte for byte.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Attach data to a chat and look at the chat:
    chat apply chat.json operation.json | jq .chat

  Apply one operation after the other, each to the outcome of the one before:
    chat apply chat.json attach.json | jq .chat | chat apply - leave.json

  The same with all of them in one file, one JSON text after the other:
    chat apply chat.json operations.ndjson | tail -n 1 | jq .chat

  Say who accepts, by the id that the chat has for the user, and when:
    chat apply --as 1e553fa1b4164908a5f36d43cec96086 --at 1389261492035 chat.json accept.json

{EXIT_CODES}"))]
pub(crate) struct Apply {
    /// The chat: a chat resource as a notification prints it, with `owner` (whose state it is) and
    /// `queue` (where it came from) beside it if known, or a snapshot; `-` reads standard input.
    #[arg(value_name = "CHAT.json")]
    pub(crate) chat: PathBuf,

    /// The operation: the body of a POST request, such as {"operationName":"Leave"}, or several, one
    /// after the other; `-` reads standard input.
    #[arg(value_name = "OPERATION.json")]
    pub(crate) operation: PathBuf,

    /// The id of the user who asks for it, as `owner` or the address of an agent in the chat has it
    /// [default: the only agent who has joined the chat]
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,

    /// The time of the request, in milliseconds since 1970 [default: now]
    #[arg(long, value_name = "MS", value_parser = milliseconds, allow_negative_numbers = true)]
    pub(crate) at: Option<i64>,

    /// The number that ties notifications to this request; each further operation has the next one
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) reference_id: u64,

    /// Print the chat as a snapshot, which keeps the transcript and everyone's part in the chat; a
    /// resource shows what one user sees [default: the form that CHAT.json has]
    #[arg(long)]
    pub(crate) snapshot: bool,
}

/// Runs a contact centre: the agents' API, the customers' API, and notifications.
///
/// Without a configuration it is a demo contact centre on 127.0.0.1:8090, with three agents, a
/// supervisor, a queue, and a chat in progress. Everybody knows its passwords, so it listens on
/// this machine only. It ends on Ctrl-C or SIGTERM, after the requests under way.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Try it out:
    chat serve

  Serve your own contact centre:
    chat serve --config contact-center.toml

  Keep the chats in a file of your own:
    chat serve --store chats.redb

  See what a client does whose session is forgotten, twice:
    chat serve --fault 402@30s --fault 402@60s

  Have somebody to talk to, a customer and a colleague:
    chat serve --script docs/scripts.example.toml

  Start with chats that are in progress:
    chat serve --chats chats.json

  Write down a conversation, and play it again:
    chat serve --record monday.ndjson
    chat replay monday.ndjson

The file docs/configuration.example.toml shows every setting of a configuration;
`chat hash-password` makes the password hashes in it.

{EXIT_CODES}"))]
pub(crate) struct Serve {
    /// The configuration, a TOML file [default: the demo contact centre]
    #[arg(long, value_name = "FILE", env = "CHAT_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// The address and port to listen on, in place of the configured one; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = socket_address, env = "CHAT_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,

    /// Where chats are kept: a file, `memory`, or postgres://USER@HOST/DATABASE [default: with a
    /// configuration a file of this user's, which the greeting names; the demo keeps them in memory]
    ///
    /// A file serves one process, several processes share a database. A password in an address can be
    /// seen by other programs of this machine; CHAT_STORE can hold it instead.
    #[arg(long, value_name = "STORE", value_parser = StoreName::parse, env = "CHAT_STORE", hide_env_values = true)]
    pub(crate) store: Option<StoreName>,

    /// What fails on demand, such as `402@30s`, `drop-poll count=1` or `503 operation=Accept chance=0.1`; may be
    /// given more than once
    ///
    /// FAULT[=VALUE][@TIME] [KEY=VALUE]…, words apart by blanks or commas, rules by semicolons. Faults: 402,
    /// duplicate, drop, drop-poll[=TIME], eof[=BYTES], delay=TIME, 503[=SECONDS], slow=BYTES, no-websocket.
    /// Keys: path, method, operation, user, nth, every, count, chance, for; event with 402. The page
    /// docs/faults.md says what each of them does.
    #[arg(long, value_name = "RULE", env = "CHAT_FAULT", value_delimiter = ';')]
    pub(crate) fault: Vec<FaultRule>,

    /// Where faults and the clock can be changed while it runs, without a login: an address of this machine
    /// alone, such as 127.0.0.1:8091
    #[arg(long, value_name = "ADDR", value_parser = loopback_address, env = "CHAT_ADMIN")]
    pub(crate) admin: Option<SocketAddr>,

    /// Makes every id and every secret follow from N, so that the same requests get the same answers. Whoever
    /// knows N can act as anybody: for tests, with --store memory
    #[arg(long, value_name = "N", env = "CHAT_SEED")]
    pub(crate) seed: Option<u64>,

    /// What the calendar shows: a TIME such as 2026-01-01T09:00:00Z, where it stands; TIME,xN, from where it
    /// goes N times as fast as this machine's; or xN, from now on. Time-outs are those of the machine. With
    /// --store memory
    #[arg(long, value_name = "TIME", value_parser = Calendar::parse, env = "CHAT_CLOCK")]
    pub(crate) clock: Option<Calendar>,

    /// A customer and colleagues who act by this script: a TOML file, as the page docs/scripts.md describes
    #[arg(long, value_name = "FILE", env = "CHAT_SCRIPT")]
    pub(crate) script: Option<PathBuf>,

    /// Write down everything that crosses the wire, for `chat replay`: in FILE, which only this user may read and
    /// which is made anew
    ///
    /// Passwords, cookies, tokens and the names of sessions and of visitors' chats are replaced. What people write
    /// to each other and user data are what a recording is for: it holds them. The page docs/recordings.md
    /// describes the format.
    #[arg(long, value_name = "FILE", env = "CHAT_RECORD")]
    pub(crate) record: Option<PathBuf>,

    /// Chats to start with, unless they are there already: a JSON array of chats in the forms that `chat apply` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) chats: Option<PathBuf>,

    /// How the log on standard error is written; RUST_LOG chooses what is logged [default level:
    /// info]
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// Print the greeting as JSON, on one line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Looks after the place where a server keeps its chats, while no server uses it.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  See whether everything fits together:
    chat store check chats.redb

  Take the chats from a file into a database:
    chat store export chats.redb | chat store import postgres://chat@db.example.com/chat -

{EXIT_CODES}"))]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,

    /// Print JSON, one object a line; what is exported is JSON anyway
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What can be done with a store.
#[derive(Subcommand, Debug)]
pub(crate) enum StoreCommand {
    /// Reads all of it and says what does not fit together: versions without a gap, snapshots that are
    /// what the records come to, feeds and lists that name what is there
    Check {
        /// The store: a file or postgres://USER@HOST/DATABASE
        #[arg(value_parser = StoreName::parse, env = "CHAT_STORE", hide_env_values = true)]
        store: StoreName,
    },
    /// Prints every chat with its records, and every list of chats, one JSON object a line
    Export {
        /// The store: a file or postgres://USER@HOST/DATABASE
        #[arg(value_parser = StoreName::parse, env = "CHAT_STORE", hide_env_values = true)]
        store: StoreName,
    },
    /// Takes in what `export` printed; what is there already stays as it is, and importing the same
    /// again changes nothing
    Import {
        /// The store: a file or postgres://USER@HOST/DATABASE; it is made if it is not there
        #[arg(value_parser = StoreName::parse)]
        store: StoreName,
        /// What `export` printed; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Brings a store that an older version made to the form of this version; `serve` does that, too
    Migrate {
        /// The store: a file or postgres://USER@HOST/DATABASE
        #[arg(value_parser = StoreName::parse, env = "CHAT_STORE", hide_env_values = true)]
        store: StoreName,
    },
}

impl StoreCommand {
    /// What it is about.
    pub(crate) fn store(&self) -> &StoreName {
        match self {
            Self::Check { store }
            | Self::Export { store }
            | Self::Import { store, .. }
            | Self::Migrate { store } => store,
        }
    }
}

/// How log lines look.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Makes the `password_hash` of a user in a configuration.
///
/// Reads the password from standard input, one line, and prints its argon2id hash. The password is
/// neither an argument nor in the environment, where other programs could see it. A terminal shows it
/// as it is typed.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Type the password and Return:
    chat hash-password

  Take it from a file:
    chat hash-password < password.txt

{EXIT_CODES}"))]
pub(crate) struct HashPassword {
    #[command(flatten)]
    pub(crate) output: Json,
}

/// Prints the JSON Schema of what goes over the wire, into a file or into the journal.
///
/// Without NAME it lists the names, one a line. The schemas are those of JSON
/// Schema 2020-12; each stands alone. `openapi` is the OpenAPI document of the server, `asyncapi` the
/// AsyncAPI document of its notifications.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  See which schemas there are:
    chat schema

  Write one into a file:
    chat schema operation > operation.schema.json

{EXIT_CODES}"))]
pub(crate) struct Schema {
    /// The name of the schema, such as `operation` or `configuration` [default: list the names]
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Print the list as JSON, one object a line; a schema is JSON anyway
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints the completions of a shell: commands, options and their values.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Bash, for this user:
    chat completions bash > ~/.local/share/bash-completion/completions/chat

  Zsh, in a folder that is in $fpath:
    chat completions zsh > ~/.zfunc/_chat

  Fish:
    chat completions fish > ~/.config/fish/completions/chat.fish

{EXIT_CODES}"))]
pub(crate) struct Completions {
    /// The shell that is to complete
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

// The errors of the standard library do not say what was expected.

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8091")
}

fn loopback_address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
    address.ok_or("expected an address of this machine alone, such as 127.0.0.1:8091")
}

fn milliseconds(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "expected a whole number of milliseconds, such as 1389261492035")
}
