//! The contact centre that is measured: one agent, in whose chats everything happens.

use std::fs;

use crate::client::{Connection, post, request};
use crate::process::{Processors, Server, chat};

#[path = "../../crates/chat-model/benches/support/workload.rs"]
mod workload;

/// The store that lasts as long as the server.
pub const MEMORY: &str = "memory";

/// How many pairs of user data each chat has.
pub const KEYS: usize = 32;

/// `agent:change me`, whose hash stands in the configuration.
const CREDENTIALS: &str = "Authorization: Basic YWdlbnQ6Y2hhbmdlIG1l\r\n";

/// More sessions of one user than usual, because the audience is one user, and longer queues, because
/// on a fast machine the load leaves the one subscriber beside it a thousand events behind; nothing
/// else differs from what a server does that nobody configured.
const CONFIGURATION: &str = r#"
[server]
listen = "127.0.0.1:0"
contact_center_id = "6d7466c8-6a21-4e64-b51e-0308e34995ec"

[notifications]
max_sessions_per_user = 10000
max_websockets_per_user = 10000
max_queued_events = 20000
max_queued_bytes = 67108864

[[users]]
id = "1e553fa1b4164908a5f36d43cec96086"
name = "agent"
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$wz0ct3H9AbV+UoaHEbYcxA$lGBlHVJBFBw/rG0oE2f/lnDl5daTBUP3VPVtuCbig/M"
"#;

/// A running `chat serve`, and a login.
#[derive(Debug)]
#[non_exhaustive]
pub struct ContactCenter {
    /// The process.
    pub server: Server,
    /// The header lines of a request with the cookie of a session.
    pub cookie: String,
    /// The header lines of a request with Basic credentials.
    pub credentials: String,
}

impl ContactCenter {
    /// Starts it with that many chats in conversation, in `store`: [`MEMORY`] or a file.
    ///
    /// # Panics
    /// If it does not serve.
    pub async fn open(processors: &Processors, chats: usize, store: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chat-benches-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let (configuration, file) = (folder.join("chat.toml"), folder.join("chats.json"));
        fs::write(&configuration, CONFIGURATION).expect("the folder can be written");
        let chats: Vec<String> = (0..chats).map(resource).collect();
        fs::write(&file, format!("[{}]", chats.join(","))).expect("the folder can be written");
        let (configuration, file) = (configuration.to_string_lossy(), file.to_string_lossy());
        let arguments = ["serve", "--config", &configuration, "--chats", &file, "--store", store];
        let server = Server::start(processors, &chat(), &arguments);
        // It has read them before it listens.
        let _ = fs::remove_dir_all(&folder);

        let login = request("GET", server.address(), "/api/v2/me", CREDENTIALS, "");
        let mut connection = Connection::open(server.address()).await.expect("the server listens");
        let reply = connection.exchange(&login).await.expect("the server answers");
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(reply.body));
        let cookie = reply.cookies.join("; ");
        assert!(cookie.starts_with("JSESSIONID="), "expected a session, found {cookie:?}");
        Self {
            server,
            cookie: format!("Cookie: {cookie}\r\n"),
            credentials: CREDENTIALS.to_owned(),
        }
    }

    /// Two requests that attach two pairs to the chat with this number, each with values that the
    /// other has not.
    pub fn attach(&self, chat: usize, headers: &str) -> Vec<Vec<u8>> {
        let bodies = workload::patches(KEYS)
            .map(|pairs| format!(r#"{{"operationName":"AttachUserData","userData":{pairs}}}"#));
        bodies.iter().map(|body| self.operation(chat, headers, body)).collect()
    }

    /// A request that attaches the pair `sequence` with the value `{number}-`.
    pub fn announce(&self, number: usize) -> Vec<u8> {
        let body = format!(
            r#"{{"operationName":"AttachUserData","userData":{{"sequence":"{number}-"}}}}"#
        );
        self.operation(0, &self.cookie, &body)
    }

    fn operation(&self, chat: usize, headers: &str, body: &str) -> Vec<u8> {
        post(self.server.address(), &format!("/api/v2/me/chats/{}", id(chat)), headers, body)
    }
}

fn id(chat: usize) -> String {
    format!("{chat:016}")
}

fn resource(chat: usize) -> String {
    format!(
        r#"{{"id":"{}","owner":"agent","state":"Chatting","userData":{},"participants":[
            {{"nickname":"Customer","type":"Customer","participantId":"007352CE982D031B"}},
            {{"nickname":"Agent","type":"Agent","participantId":"007352CE984F0321"}}]}}"#,
        id(chat),
        workload::document(KEYS)
    )
}
