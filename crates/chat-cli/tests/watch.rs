//! `chat watch` loses nothing, whatever becomes of network, sessions and servers: what it printed is
//! compared with the journal, as `chat store export` prints it.
//!
//! The times are real here, because there are real processes: the server forgets a session after 6 s
//! instead of 40 s, so that 8 s without network are to it what a minute is to others. With the time of a
//! runtime the whole minute passes in chat-http's tests of the client.

#[path = "../../chat-http/tests/client/network.rs"]
mod network;
#[path = "support/server.rs"]
mod server;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_http::Config;
use chat_http::client::{Agent, Client, Credentials, Visitor};
use chat_model::{
    Chat, ChatId, CustomerOperation, JsonRef, Limits, Operation, Record, Rules, Text,
    UserDataPatch, UserId, VisitorId,
};
use network::Network;
use serde_json::Value;
use serde_json::value::RawValue;
use server::{Server, chat};
use tokio::time::sleep;

const AGENT: &str = "a5e9c0ffee0000000000000000000001";

#[tokio::test]
async fn nothing_is_lost_over_lost_polls_a_dead_network_and_restarts() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("watch");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let brisk = include_str!("../../../tests/clients/brisk.toml");
    // The port is another one after a restart; what is told must not be.
    let center = brisk
        .replace("[server]\n", "[server]\nexternal_url = \"http://chat.example.com/api/v2\"\n");
    std::fs::write(path("center.toml"), &center).unwrap();
    let (config, store) = (path("center.toml"), path("chats.redb"));
    let serve = || {
        Server::start(&["serve", "--config", &config, "--listen", "127.0.0.1:0", "--store", &store])
    };

    let mut server = serve();
    let network = Network::to(server.address().parse().unwrap()).await;
    let watch = Watch::start(&format!("http://{}", network.address));
    watch.until("\"type\":\"state\"").await;
    let floor = Floor::open(&server).await;

    let mut n = 0;
    for fault in ["none", "lost", "halved", "cut", "dead", "killed", "restarted"] {
        match fault {
            "none" => {}
            "lost" => network.change(|weather| weather.lose = 3),
            "halved" => network.change(|weather| weather.halve = 3),
            "cut" => network.cut(),
            "dead" => network.change(|weather| weather.dead = true),
            _ => {
                if fault == "killed" {
                    server.kill()
                } else {
                    server.terminate()
                }
                server = serve();
                let upstream = server.address().parse().unwrap();
                network.change(|weather| weather.upstream = upstream);
            }
        }
        for _ in 0..3 {
            n += 1;
            floor.talk(&server, n).await;
            sleep(Duration::from_millis(200)).await;
        }
        if fault == "dead" {
            sleep(Duration::from_secs(8)).await;
            network.change(|weather| weather.dead = false);
        }
        n += 1;
        floor.talk(&server, n).await;
        watch.until(&format!("line {n}.")).await;
        assert_eq!(network.to_spoil(), 0, "{fault}: it happened");
    }
    floor.agent(&server).operate(&floor.chat, &Operation::complete()).await.unwrap();
    watch.until("\"state\":\"Completed\"").await;
    let printed = watch.interrupt();
    assert!(printed.iter().any(|line| line.contains("\"sessionLost\":true")), "{printed:#?}");
    server.terminate();

    let exported = chat(&["store", "export", &store]).output().unwrap();
    let exported = String::from_utf8(exported.stdout).unwrap();
    let truth = truth(&exported, &Config::from_toml(&center).unwrap().rules());
    assert!(truth.len() > 50, "{}", truth.len());
    let heard = heard(&printed);
    for (at, (heard, truth)) in heard.iter().zip(&truth).enumerate() {
        assert_eq!(heard, truth, "notification {at}");
    }
    assert_eq!(heard.len(), truth.len());
}

/// The data of the notifications about chats, as they were printed.
fn heard(printed: &[String]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        channel: Option<String>,
        data: Option<Box<RawValue>>,
    }
    let lines = printed.iter().map(|line| serde_json::from_str::<Line>(line).unwrap());
    let about_chats = lines.filter(|line| line.channel.as_deref() == Some("/v2/me/chats"));
    about_chats.map(|line| line.data.unwrap().get().to_owned()).collect()
}

/// What the journal says the agent was to be told of the one chat, in order.
fn truth(exported: &str, rules: &Rules) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        chat: Option<String>,
        #[serde(default)]
        records: Vec<Of>,
    }
    #[derive(serde::Deserialize)]
    struct Of {
        record: Box<RawValue>,
    }
    let lines = exported.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    let mut chats = lines.filter(|line| line.chat.is_some());
    let (line, further) = (chats.next().unwrap(), chats.next());
    assert!(further.is_none(), "there is one chat");
    let (mut chat, user) = (Chat::new(ChatId::new(line.chat.unwrap())), UserId::new(AGENT));
    let mut truth = Vec::new();
    for Of { record } in line.records {
        let record = Record::from_json(record.get().as_bytes()).unwrap();
        let told = chat.announce(&record, rules);
        let mine = told.iter().filter(|notice| notice.to.contains(&user));
        truth.extend(mine.map(|notice| notice.data.clone()));
    }
    truth
}

/// A visitor and an agent in a chat, whom the network does not trouble.
struct Floor {
    chat: ChatId,
    visitor: VisitorId,
}

impl Floor {
    async fn open(server: &Server) -> Self {
        let request = CustomerOperation::request_chat(Text::new("Vera").unwrap());
        let visitor = client(server).visitor(&request).await.unwrap().id().clone();
        let agent = client(server).agent(&agent1());
        let chat = loop {
            if let [chat] = &agent.chats().await.unwrap()[..] {
                break chat.id.clone().unwrap();
            }
            sleep(Duration::from_millis(50)).await;
        };
        agent.operate(&chat, &Operation::accept()).await.unwrap();
        Self { chat, visitor }
    }

    fn agent(&self, server: &Server) -> Agent {
        client(server).agent(&agent1())
    }

    fn visitor(&self, server: &Server) -> Visitor {
        client(server).visitor_again(self.visitor.clone())
    }

    async fn talk(&self, server: &Server, n: u32) {
        let json = format!(r#"{{"n":{n}.50}}"#);
        let limits = Limits::default();
        let json = JsonRef::validate(json.as_bytes(), &limits).unwrap();
        let patch = UserDataPatch::read(json, &limits).unwrap();
        let attach = Operation::attach_user_data(patch);
        self.agent(server).operate(&self.chat, &attach).await.unwrap();
        let line = Text::new(format!("line {n}.")).unwrap();
        self.visitor(server).say(line).await.unwrap();
    }
}

fn client(server: &Server) -> Client {
    Client::new(server.url().parse().unwrap()).unwrap()
}

fn agent1() -> Credentials {
    Credentials::new("agent1", "agent1")
}

/// `chat watch`, and what it has printed so far.
struct Watch {
    child: Child,
    printed: Arc<Mutex<Vec<String>>>,
    reader: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start(url: &str) -> Self {
        let mut command = chat(&[
            "watch",
            url,
            "--json",
            "--ready",
            "--timeout",
            "2",
            "--give-up",
            "60",
            "--backoff",
            "0.1",
        ]);
        command.env("CHAT_USER", "agent1").env("CHAT_PASSWORD", "agent1");
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let printed = Arc::new(Mutex::new(Vec::new()));
        let keeps = printed.clone();
        let reader = std::thread::spawn(move || {
            for line in lines {
                keeps.lock().unwrap().push(line.unwrap());
            }
        });
        Self { child, printed, reader }
    }

    async fn until(&self, part: &str) {
        for _ in 0..1_200 {
            if self.printed.lock().unwrap().iter().any(|line| line.contains(part)) {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("a minute later: expected {part:?} in {:#?}", self.printed.lock().unwrap());
    }

    /// Ctrl-C.
    fn interrupt(mut self) -> Vec<String> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
        self.reader.join().unwrap();
        let printed = self.printed.lock().unwrap().clone();
        for line in &printed {
            let _: Value = serde_json::from_str(line).unwrap();
        }
        printed
    }
}
