//! The arguments of the commands that talk to a server: `send`, `watch` and `request`.

use std::time::Duration;

use chat_model::LegState;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::connection::{Login, Server, seconds};
use super::{EXIT_CODES, Json};

/// Sends operations to a chat, one after the other, and prints what the server replies.
///
/// It ends at the first one that the server refuses. A chat that is named by a UUID is a visitor's, and
/// needs no login; any other is the agent's who asks. In place of a chat there may be another address that
/// takes operations, such as /me or /me/channels/chat.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Attach data to the demo's chat:
    CHAT_PASSWORD=agent1 chat send -u agent1 http://127.0.0.1:8090 0000Wa9CAM6W00J \\
      '{{\"operationName\":\"AttachUserData\",\"userData\":{{\"a\":1}}}}'

  Accept, and wait until the participants are known:
    chat send http://127.0.0.1:8090 0000Wa9CAM6W00J Accept --wait ParticipantsUpdated

  Send operations from a file, one JSON text after the other:
    chat send http://127.0.0.1:8090 0000Wa9CAM6W00J @operations.ndjson

  Be ready for invitations:
    chat send http://127.0.0.1:8090 /me \\
      '{{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"chat\"]}}'
    chat send http://127.0.0.1:8090 /me/channels/chat Ready

  See what would be sent:
    chat send http://127.0.0.1:8090 0000Wa9CAM6W00J Leave --dry-run

{EXIT_CODES}"))]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) server: Server,

    /// The id of the chat, or an address below /api/v2
    #[arg(value_name = "CHAT")]
    pub(crate) chat: String,

    /// The operations: the JSON of one, the name of one without parameters, such as Accept, @FILE for those
    /// in a file, or `-` for those on standard input
    #[arg(value_name = "OPERATION", required = true)]
    pub(crate) operations: Vec<String>,

    /// After the last operation, wait for a notification of this type about the chat, and print it
    #[arg(long, value_name = "NOTIFICATION", value_enum)]
    pub(crate) wait: Option<Awaited>,

    /// Send nothing; print what would be sent, or why no server would take it
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// As a supervisor, operate on the chats of this user, by id
    #[arg(long, value_name = "USER")]
    pub(crate) of: Option<String>,

    #[command(flatten)]
    pub(crate) login: Login,

    #[command(flatten)]
    pub(crate) output: Json,
}

/// What can be waited for.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
#[value(rename_all = "PascalCase")]
pub(crate) enum Awaited {
    /// The state of the chat changed.
    StatusChange,
    /// Somebody came or went.
    ParticipantsUpdated,
    /// The user data or the comment changed.
    PropertiesUpdated,
    /// Something was said.
    NewMessages,
    /// An operation that was accepted did not succeed.
    Error,
}

/// Prints what happens to an agent's chats, as it happens, until it is interrupted.
///
/// First it prints what is there. When the connection, the session or the server is lost it comes back
/// by itself, and what happened in between is printed as well: one by one where the server can still
/// tell it, otherwise as what is there now.
///
/// With --json every line is an object: `type` is `state`, `notification` or `interrupted`.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Watch the demo's first agent:
    CHAT_PASSWORD=agent1 chat watch -u agent1 http://127.0.0.1:8090

  Take part as an agent, and wait for an invitation:
    chat watch --ready --until Invited http://127.0.0.1:8090

  Only what was said:
    chat watch --json http://127.0.0.1:8090 | jq -r '.data.messages[]?.text // empty'

{EXIT_CODES}"))]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) server: Server,

    /// Listen to this topic, such as /v2/users or /**; may be given several times [default: /v2/me/chats and
    /// /v2/me/channels]
    #[arg(long = "topic", value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,

    /// End, with code 0, as soon as a chat is in this state
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub(crate) until: Option<String>,

    /// Tell only of this chat
    #[arg(long, value_name = "CHAT")]
    pub(crate) chat: Option<String>,

    /// Start a contact centre session with the channel `chat`, and be ready for invitations
    #[arg(long)]
    pub(crate) ready: bool,

    /// End, with code 5, when the server could not be heard for so long, in seconds [default: never, once it
    /// was heard; before that --timeout]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) give_up: Option<Duration>,

    /// How much longer to wait after each failure, in seconds, up to fifteen times as long
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "1")]
    pub(crate) backoff: Duration,

    #[command(flatten)]
    pub(crate) login: Login,

    #[command(flatten)]
    pub(crate) output: Json,
}

/// The states in which an agent can see a chat.
fn states() -> PossibleValuesParser {
    PossibleValuesParser::new(LegState::ALL.iter().map(|state| state.as_str()))
}

/// Opens a chat as a customer, prints what is said, and sends the lines of standard input.
///
/// It ends when the chat is over. Ctrl-C completes the chat.
///
/// With --json every line is an object: `type` is `requested`, `message` or `chat`.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("\
Examples:
  Be a customer of the demo:
    chat request http://127.0.0.1:8090 --nickname Chris --subject 'My bill'

  Say one thing, wait for two minutes at most:
    echo 'Is anybody there?' | chat request http://127.0.0.1:8090 --for 120

{EXIT_CODES}"))]
pub(crate) struct Request {
    #[command(flatten)]
    pub(crate) server: Server,

    /// How the customer is called
    #[arg(long, value_name = "NAME", default_value = "Customer")]
    pub(crate) nickname: String,

    /// What the chat is about
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,

    /// Where the chat shall wait [default: the contact centre's default queue]
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<String>,

    /// User data that the agent shall see, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) user_data: Option<String>,

    /// Go on with a chat that was opened before, as a page does that is loaded again, from its first line
    #[arg(long, value_name = "CHAT", conflicts_with_all = ["nickname", "subject", "queue", "user_data"])]
    pub(crate) chat: Option<String>,

    /// The id of the contact centre, where a server has many
    #[arg(long, value_name = "UUID", env = "CHAT_CONTACT_CENTER")]
    pub(crate) contact_center: Option<String>,

    /// Complete the chat when standard input ends
    #[arg(long)]
    pub(crate) complete: bool,

    /// Complete the chat after so many seconds, and end with code 5
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) at_most: Option<Duration>,

    /// How long to wait between two looks at what is new, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "1")]
    pub(crate) pause: Duration,

    #[command(flatten)]
    pub(crate) output: Json,
}
