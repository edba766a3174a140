//! What `chat serve` says when it is ready: where it is, and for the demo contact centre what there
//! is to try.

use std::fmt::Write as _;
use std::net::SocketAddr;

use chat_http::Config;
use chat_model::write_string;

use super::chats::DEMO_CHAT;
use crate::store::StoreName;

/// What is said beside where it listens and where chats are kept.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Where the admin endpoint is, and in words.
    pub(super) admin: Option<SocketAddr>,
    pub(super) admin_told: String,
    /// The file of the script, and in words.
    pub(super) script: Option<&'a str>,
    pub(super) script_told: String,
}

/// A greeting, but for what is only known when everything is there.
pub(super) enum Greeting {
    Text(String),
    /// The members of an object.
    Json(String),
}

impl Greeting {
    /// The greeting as somebody wants it.
    pub(super) fn of(config: &Config, store: &StoreName, json: bool) -> Self {
        if json { Self::Json(members(config, store)) } else { Self::Text(of(config, store)) }
    }

    /// All of it.
    pub(super) fn with(&self, beside: &Beside<'_>) -> String {
        match self {
            Self::Text(text) => format!("{text}{}{}", beside.admin_told, beside.script_told),
            Self::Json(members) => {
                let mut out = format!("{{{members}");
                if let Some(admin) = beside.admin {
                    // Writing to a String cannot fail.
                    let _ = write!(out, r#","admin":"http://{admin}""#);
                }
                if let Some(script) = beside.script {
                    out.push_str(r#","script":"#);
                    write_string(&mut out, script);
                }
                out.push('}');
                out
            }
        }
    }
}

fn members(config: &Config, store: &StoreName) -> String {
    let scheme = if config.server.speaks_tls() { "https" } else { "http" };
    let listen = config.server.listen;
    let mut out = format!(r#""type":"listening","url":"{scheme}://{listen}/api/v2""#);
    if let Some(external) = &config.server.external_url {
        out.push_str(r#","externalUrl":"#);
        write_string(&mut out, &external.to_string());
    }
    out.push_str(r#","store":"#);
    write_string(&mut out, &store.to_string());
    let _ = write!(out, r#","demo":{}"#, config.is_demo());
    out
}

/// The greeting. Its first line is `Listening on {address}`, where the address is the one that the
/// socket has; programs may read it.
fn of(config: &Config, store: &StoreName) -> String {
    let scheme = if config.server.speaks_tls() { "https" } else { "http" };
    let server = format!("{scheme}://{}", config.server.listen);
    let address = format!("{server}/api/v2");
    let mut out = format!("Listening on {address}");
    if let Some(external) = &config.server.external_url {
        // Writing to a String cannot fail.
        let _ = write!(out, "\nClients reach it at {external}");
    }
    let kept = match store {
        StoreName::Memory => "Chats are kept in memory and are gone when it ends".to_owned(),
        StoreName::File(_) | StoreName::Postgres(_) => format!("Chats are kept in {store}"),
    };
    if !config.is_demo() {
        let _ = write!(out, "\n{kept}");
    }
    if config.users.is_empty() {
        out.push_str("\nNobody can log in: the configuration has no [[users]]");
    }
    if config.queues.is_empty() {
        out.push_str("\nVisitors cannot ask for a chat: the configuration has no [[queues]]");
    }
    if config.is_demo() {
        let names = |names: Vec<&str>| names.join(", ");
        let users = names(config.users.iter().map(|user| user.name.as_str()).collect());
        let queues = names(config.queues.iter().map(|queue| queue.name.as_str()).collect());
        let contact_center = &config.server.contact_center_id;
        let _ = write!(
            out,
            r#"

This is the demo contact centre. Everybody knows its passwords, so it listens on this machine only.

  Users     {users} (the password is the name)
  Queue     {queues}
  Visitors  may send the header ContactCenterId: {contact_center}
  Chat      {DEMO_CHAT}, in progress with agent1
  Pages     {server}/console (a desktop), {server}/console/customer, {server}/docs

Try it:

  curl -u agent1:agent1 {address}/me/chats/{DEMO_CHAT} \
    -H 'Content-Type: application/json' \
    -d '{{"operationName":"AttachUserData","userData":{{"UserData1":"DATA1","UserData2":123456789}}}}'

{kept}; Ctrl-C ends it."#
        );
    }
    out
}
