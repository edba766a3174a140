//! The JSON Schemas (2020-12) of what goes over the wire and into a journal.
//!
//! THE table of schemas is here; the generated files, the C library and the command line take their
//! names from it. Two features, because they are for different people: `schema` makes the schemas
//! from the types and the tables of operations ([`generate`], for generators and tests), and
//! `schema-files` holds the committed files ([`text`]), which costs a program nothing but the bytes
//! that it uses.
//!
//! What a schema says holds with the default [`Limits`](crate::Limits). It accepts whatever the
//! parser accepts; the few texts that only the parser refuses are listed in `docs/decisions/0017`.

#[cfg(feature = "schema")]
mod documents;
#[cfg(feature = "schema")]
mod example;
#[cfg(feature = "schema")]
mod operation;
#[cfg(feature = "schema")]
mod print;

#[cfg(feature = "schema")]
pub(crate) use documents::{Json, described_pairs};
#[cfg(feature = "schema")]
pub use print::{document, pretty, tidied};

macro_rules! schemas {
    ($($name:literal $title:literal $(#[doc = $doc:literal])+ $make:ident;)+) => {
        /// The names of all schemas, in the order of the reference pages; `docs/api/schema/{name}.json`.
        pub const NAMES: &[&str] = &[$($name,)+];

        /// The schema of this name, as it is committed.
        #[cfg(feature = "schema-files")]
        pub fn text(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some(include_str!(concat!("../../../docs/api/schema/", $name, ".json"))),)+
                _ => None,
            }
        }

        /// The schema of this name, made from the types and tables: indented, keys sorted at every
        /// depth, so that no feature of a JSON library changes the bytes.
        #[cfg(feature = "schema")]
        pub fn generate(name: &str) -> Option<alloc::string::String> {
            let (title, description, body) = match name {
                $($name => ($title, concat!($($doc),+), documents::$make()),)+
                _ => return None,
            };
            Some(pretty(document(name, title, description.trim(), body)))
        }
    };
}

schemas! {
    "operation" "Operation"
        /// The body of `POST /api/v2/me/chats/{id}`: what an agent asks of a chat. `operationName` says
        /// which parameters there are; unknown members are ignored, and an optional `null` is as good as
        /// absent (PLAT-1.1-12, PLAT-1.1-13).
        operation;
    "customer-operation" "Customer operation"
        /// The body of `POST /api/v2/chats` and `POST /api/v2/chats/{id}`: what a visitor asks.
        customer_operation;
    "monitoring-operation" "Monitoring operation"
        /// The body of `POST /api/v2/users/{userId}/channels/chat`: what a supervisor asks of an agent's
        /// chat channel.
        monitoring_operation;
    "supervisor-operation" "Supervisor operation"
        /// The body of `POST /api/v2/users/{userId}/chats/{chatId}`: what a supervisor asks of one chat of
        /// an agent.
        supervisor_operation;
    "chat" "Chat"
        /// A chat as one agent sees it (CHAT-2). A reader takes what is there: no member is certain, an
        /// unknown one is ignored, and lists of values may grow (CHAT-6.10).
        chat;
    "message" "Message"
        /// An entry of the transcript (CHAT-6).
        message;
    "participant" "Participant"
        /// Someone in a chat (CHAT-5).
        participant;
    "notification" "Notification"
        /// The content of `data` on the channel `/v2/me/chats` (CHAT-8).
        notification;
    "reply" "Reply"
        /// The body of a reply that carries nothing but its outcome (CHAT-1.4, CHAT-1.6, DEC-30).
        reply;
    "customer-chat" "Customer chat"
        /// A chat as its visitor sees it (CUST-3).
        customer_chat;
    "event" "Event"
        /// A record of the journal: what one accepted operation left, a list of events included. The form
        /// is for ever; variants and members are added, never renamed.
        event;
    "snapshot" "Snapshot"
        /// A chat with its transcript and everybody's part in it, as a file keeps it.
        snapshot;
}
