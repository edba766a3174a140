//! The format of the files, described for readers in tests/bayeux/README.md.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::doors::DoorKind;

/// One behaviour: the rules it shows, and the exchanges that show it.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchanges {
    /// What it shows, in a sentence.
    pub(crate) about: String,
    /// The rules that this file is evidence for.
    pub(crate) rules: Vec<String>,
    /// What differs from the demo contact centre.
    #[serde(default)]
    pub(crate) config: Settings,
    /// The only door that it can go through, and why.
    #[serde(default)]
    only: Option<Only>,
    /// Whether it is played beside the clock of the machine, too: it waits for no time to *not* pass.
    #[serde(default)]
    pub(crate) real_time: bool,
    /// What happens, in order.
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Only {
    door: String,
    because: String,
}

/// Settings of the server, in the words of its configuration.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) limits: Option<Value>,
    pub(crate) notifications: Option<Value>,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) secure_cookies: bool,
    pub(crate) csrf_protection: bool,
}

/// Something that happens, and what comes of it.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// A request; with `holds` its answer comes later.
    Request(Box<Request>),
    /// The answer of a request that was held.
    Answer(Box<Answer>),
    /// These requests have no answer yet.
    StillHeld(Vec<String>),
    /// The client hangs up on a request that is held.
    Drop(String),
    /// So many milliseconds pass.
    Advance(u32),
    /// A user logs in on the chat channel, NotReady.
    LogIn(String),
    /// A session: handshake, subscription, first connect.
    Session(Session),
    /// A visitor's chat that an agent has accepted.
    Chat(Chat),
    /// A client opens a websocket, or is refused.
    Socket(Box<Opened>),
    /// A client writes a text frame.
    Send(Box<Sent>),
    /// The next frame is this.
    Frame(Box<Frame>),
    /// The server closes a websocket.
    Closed(Closed),
    /// A client closes its websocket.
    Close(String),
    /// The connection under a websocket breaks.
    Cut(String),
    /// What the operators' figures say.
    Figures(BTreeMap<String, u64>),
    /// So many times.
    Repeat(Repeat),
    /// The node goes without a word, another one comes up on the same store.
    Restart,
    /// The server is told to stop.
    Stop,
}

/// Structures that say what an answer has to be, besides what is their own.
macro_rules! with_expectations {
    ($($(#[$doc:meta])* struct $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })+) => {$(
        $(#[$doc])*
        #[derive(Deserialize, Debug, Default)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $type,)*
            /// The HTTP status; 200 if absent.
            status: Option<u16>,
            /// The body.
            reply: Option<Value>,
            /// The body to the letter.
            reply_text: Option<String>,
            /// No body at all.
            empty: bool,
            /// Headers by name; `null` for one that is absent.
            has_headers: BTreeMap<String, Option<String>>,
            /// A recorded exchange, whose response is expected.
            pub(crate) sample: Option<String>,
            /// Where the answer differs from the recorded one.
            pub(crate) differs: Vec<Difference>,
        }

        impl $name {
            /// What the answer has to be.
            pub(crate) fn expected(&self) -> Expected<'_> {
                Expected {
                    status: self.status,
                    reply: self.reply.as_ref(),
                    reply_text: self.reply_text.as_deref(),
                    empty: self.empty,
                    has_headers: &self.has_headers,
                    sample: self.sample.as_deref(),
                    differs: &self.differs,
                }
            }
        }
    )+};
}

with_expectations! {
    /// A request: without anything else a POST of `body` to the notifications.
    struct Request {
        /// Whose Basic credentials it carries; nobody's if absent.
        by: Option<String>,
        /// POST if absent.
        method: Option<String>,
        /// Below `/api/v2/notifications`, or from `/api` on.
        path: String,
        /// Beside or instead of the usual ones; `null` takes one away.
        headers: BTreeMap<String, Option<String>>,
        /// The body, if it is JSON.
        body: Option<Value>,
        /// The body to the letter.
        text: Option<String>,
        /// The body in pieces, each a chunk of its own (`Transfer-Encoding: chunked`).
        chunks: Option<Vec<String>>,
        /// Whose clientId stands in the request of the sample.
        client: Option<String>,
        /// Waits for `100 Continue` before it sends the body.
        expects_continue: bool,
        /// The connection that it goes over, which stays open; one of its own if absent.
        on: Option<String>,
        /// It is not answered yet, and this is its name.
        holds: Option<String>,
    }

    /// A websocket that is opened; what is expected is a refusal, or nothing.
    struct Opened {
        /// Its name.
        name: String,
        by: Option<String>,
        path: String,
        headers: BTreeMap<String, Option<String>>,
    }

    /// A frame that comes.
    struct Frame {
        /// The name of the websocket.
        on: String,
    }

    /// The answer of a request that was held.
    struct Answer {
        /// The name of the request.
        of: String,
    }
}

impl Opened {
    pub(crate) fn expects_refusal(&self) -> bool {
        self.status.is_some()
    }
}

/// What an answer has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) status: Option<u16>,
    pub(crate) reply: Option<&'a Value>,
    pub(crate) reply_text: Option<&'a str>,
    pub(crate) empty: bool,
    pub(crate) has_headers: &'a BTreeMap<String, Option<String>>,
    pub(crate) sample: Option<&'a str>,
    pub(crate) differs: &'a [Difference],
}

/// Where we differ from a recording on purpose.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// A JSON pointer into the recorded body.
    pub(crate) at: String,
    /// What we say there; absent if we say nothing.
    #[serde(default)]
    pub(crate) ours: Option<Value>,
    pub(crate) because: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) by: String,
    /// The name under which its clientId is remembered.
    #[serde(rename = "as")]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) subscribes: Vec<String>,
    /// Whether it asks for acknowledged messages.
    #[serde(default)]
    pub(crate) ack: bool,
    /// Whether it has connected already.
    #[serde(default = "yes")]
    pub(crate) connects: bool,
    /// Its browser cookie.
    #[serde(default)]
    pub(crate) browser: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chat {
    /// The agent, who logs in, is Ready for a moment, and accepts.
    pub(crate) with: String,
    /// The name under which the chat's id is remembered.
    #[serde(rename = "as")]
    pub(crate) name: String,
}

/// A text frame.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) on: String,
    #[serde(default)]
    pub(crate) body: Option<Value>,
    #[serde(default)]
    pub(crate) text: Option<String>,
}

/// The server closes a websocket with a code.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closed {
    pub(crate) on: String,
    pub(crate) code: u16,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repeat {
    pub(crate) times: u32,
    pub(crate) steps: Vec<Step>,
}

fn yes() -> bool {
    true
}

impl Exchanges {
    /// Every file with its name, in the order of names.
    ///
    /// # Panics
    /// If one cannot be read.
    pub(crate) fn all() -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bayeux");
        let mut all: Vec<(String, Self)> = std::fs::read_dir(&folder)
            .expect("the folder of exchanges is there")
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("an exchange is text");
                let file = serde_json::from_str(&text)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (name, file)
            })
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    pub(crate) fn plays_through(&self, door: DoorKind) -> bool {
        let Some(only) = &self.only else { return true };
        assert!(!only.because.is_empty(), "{}: why only one door?", self.about);
        match &*only.door {
            "router" => door == DoorKind::Router,
            "http" => door == DoorKind::Loopback,
            other => panic!("{}: expected router or http, found {other}", self.about),
        }
    }
}
