//! `chat serve --script`: somebody who develops a desktop, as `agent1`, meets a customer and a colleague
//! who act by the example of the documentation, with ids and dates that repeat.

#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
mod session;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use chat_http::client::{Agent, Client, Credentials, Readiness, Update, Watch};
use chat_model::{ChatId, Operation, Text};
use futures_util::StreamExt as _;
use server::chat;
use session::Session;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scripts.example.toml");

/// A server with the script, a seed, and a clock that stands.
struct Center {
    child: Child,
    url: String,
    admin: String,
}

impl Center {
    fn start() -> Self {
        let mut command = chat(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--seed",
            "7",
            "--clock",
            "2026-01-01T09:00:00Z",
            "--script",
            EXAMPLE,
        ]);
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |start: &str, end: &str| loop {
            let line = lines.next().expect("the greeting goes on").unwrap();
            if let Some(rest) = line.strip_prefix(start) {
                break rest.strip_suffix(end).unwrap_or_else(|| panic!("{line}")).to_owned();
            }
        };
        let url = after("Listening on ", "/api/v2");
        let admin = after("Faults can be changed at http://", "/faults, without a login");
        after("Acting by the script ", ": Chris, agent2; its pauses follow the clock that was set");
        Self { child, url, admin }
    }

    fn advance(&self, seconds: u32) {
        let body = format!(r#"{{"advance":"{seconds}s"}}"#);
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        let (host, length) = (&self.admin, body.len());
        write!(
            stream,
            "POST /clock HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whoever develops a desktop.
struct Desktop {
    agent: Agent,
    watch: Watch,
    chat: ChatId,
}

impl Desktop {
    async fn open(center: &Center) -> Self {
        let agent = Client::new(center.url.parse().unwrap())
            .unwrap()
            .agent(&Credentials::new("agent1", "agent1"));
        agent.start_session(&["chat"]).await.unwrap();
        agent.set_readiness("chat", Readiness::Ready).await.unwrap();
        let watch = agent.watch();
        let mut desktop = Self { agent, watch, chat: ChatId::new("") };
        desktop.hear(|update| matches!(update, Update::State(_))).await;
        desktop
    }

    /// Waits until it is told something.
    async fn hear(&mut self, is_it: impl Fn(&Update) -> bool) -> Update {
        let hears = async {
            while let Some(update) = self.watch.next().await {
                let update = update.unwrap();
                if is_it(&update) {
                    return update;
                }
            }
            panic!("the session has ended");
        };
        tokio::time::timeout(Duration::from_secs(30), hears).await.expect("it is told in time")
    }

    /// Waits until this is in what it is told.
    async fn hear_of(&mut self, part: &str) {
        self.hear(|update| {
            matches!(update, Update::Notification(told) if told.data.as_str().contains(part))
        })
        .await;
    }

    async fn does(&self, operation: Operation) {
        self.agent.operate(&self.chat, &operation).await.unwrap();
    }

    async fn says(&self, text: &str) {
        self.does(Operation::send_message(Text::new(text).unwrap())).await;
    }
}

/// Whoever does the same at the same times is told the same, down to the ids.
#[tokio::test]
async fn whoever_develops_a_desktop_meets_a_customer_and_a_colleague() {
    let (chat, said) = conversation().await;
    assert_eq!(conversation().await, (chat, said.clone()));
    insta::assert_snapshot!(said);
}

/// The chat and its transcript.
async fn conversation() -> (ChatId, String) {
    let center = Center::start();
    let mut desktop = Desktop::open(&center).await;
    let colleague = format!("{}/api/v2/users/a5e9c0ffee0000000000000000000002", center.url);

    center.advance(5);
    // What is due has been done when the clock has moved.
    assert_eq!(desktop.agent.chats().await.unwrap().len(), 2);
    let invited = desktop
        .hear(|update| {
            matches!(update, Update::Notification(told) if told.data.as_str().contains("\"Invited\""))
        })
        .await;
    let Update::Notification(invited) = invited else { unreachable!("it is one") };
    desktop.chat = invited.chat_id().unwrap();
    center.advance(1);
    desktop.does(Operation::accept()).await;
    desktop.hear_of("is anybody there?").await;

    desktop.says("What can I do for you?").await;
    center.advance(3);
    desktop.hear_of("twice as high").await;
    desktop.says("Your account number, please.").await;
    center.advance(2);
    desktop.hear_of("It is 4711.").await;

    let body = |operation: &str, more: &str| format!(r#"{{"operationName":"{operation}",{more}}}"#);
    let posts = async |desktop: &Desktop, body: String| {
        desktop.agent.post(&desktop.chat, body, None).await.unwrap();
    };
    posts(&desktop, body("Consult", &format!(r#""targetUri":"{colleague}""#))).await;
    center.advance(2);
    desktop.hear_of("\"Bob\"").await;
    posts(&desktop, body("SendToAgents", r#""text":"Could you take over?""#)).await;
    center.advance(1);
    desktop.hear_of("transfer the chat to me").await;
    posts(&desktop, body("Transfer", &format!(r#""targetUri":"{colleague}""#))).await;
    desktop.hear_of("\"Completed\"").await;
    // The colleague cannot help with that, and gives the chat back.
    center.advance(2);
    center.advance(1);
    desktop.hear_of("\"Invited\"").await;
    desktop.does(Operation::accept()).await;
    desktop.says("You have it. Goodbye!").await;
    center.advance(1);
    desktop.hear_of("ParticipantLeft").await;

    let mut said = String::new();
    for message in desktop.agent.messages(&desktop.chat, 1).await.unwrap() {
        let from = message.from.as_ref().unwrap();
        let kind = message.kind.unwrap();
        let text = message.text.unwrap_or_default();
        let nickname = from.nickname.as_deref().unwrap();
        let at = message.timestamp.unwrap();
        let _ =
            writeln!(said, "{at} {} {nickname} {}: {text}", message.index.unwrap(), kind.as_str());
    }
    (desktop.chat, said)
}

/// What is wrong is said with its line, all of it, before anything is served.
#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::default();
    session.hidden.push((folder.path().to_str().unwrap().to_owned(), "FOLDER".to_owned()));
    let wrong = [
        ("empty", ""),
        ("no-toml", "[[customers]]\nnickname = Chris"),
        ("member", "[[customers]]\nname = \"Chris\""),
        ("type", "[[customers]]\nstart = \"soon\"\n"),
        ("time", "[[customers]]\nstart = -1\n"),
        (
            "event",
            "[[agents]]\nuser = \"agent2\"\n[[agents.rules]]\non = \"arrived\"\nsay = \"Hi\"",
        ),
        (
            "many",
            "[[customers]]\nnickname = \"\"\n\n[[customers]]\nqueue = \"sales\"\nevery = 0\nuser_data = \"[1]\"\n\
             [[customers.rules]]\non = \"invited\"\nsay = \"Hello\"\n\
             [[customers.rules]]\non = \"joined\"\ncontains = \"bill\"\nsay = \"\"\n\
             [[customers.rules]]\non = \"message\"\nwhisper = \"Psst\"\n\
             [[customers.rules]]\non = \"message\"\ndo = \"Accept\"\n\
             \n[[agents]]\nuser = \"agent9\"\n[[agents.rules]]\non = \"requested\"\n\
             [[agents.rules]]\non = \"message\"\nsay = \"Hi\"\ntransfer = \"agent1\"\n\
             [[agents.rules]]\non = \"left\"\nconsult = \"agent8\"\n\
             [[agents.rules]]\non = \"left\"\ndo = ['{\"operationName\":\"Transfer\"}', \"Leave\"]\n",
        ),
        ("twice", "[[agents]]\nuser = \"agent2\"\n[[agents]]\nuser = \"agent2\""),
    ];
    for (name, text) in wrong {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let words = ["serve", "--listen", "127.0.0.1:0", "--script", file.to_str().unwrap()];
        assert_eq!(session.call(&words, ""), 3, "{name}");
    }
    assert_eq!(session.call(&["serve", "--script", "/no/such/file"], ""), 3);
    // Elsewhere than in the demo everybody needs a password, and the right one.
    let center = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/brisk.toml");
    session.hidden.push((center.to_owned(), "CENTER".to_owned()));
    let password = folder.path().join("password");
    std::fs::write(&password, "guessed\n").unwrap();
    let with_password = format!("password_file = {:?}\n", password.to_str().unwrap());
    for (name, more) in [("without", ""), ("guessed", &with_password[..])] {
        let file = folder.path().join(name);
        std::fs::write(&file, format!("[[agents]]\nuser = \"agent2\"\n{more}")).unwrap();
        let file = file.to_str().unwrap();
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--store",
            "memory",
            "--config",
            center,
            "--script",
            file,
        ];
        assert_eq!(session.call(&words, ""), 3, "{name}");
    }
    insta::assert_snapshot!(session.said());
}
