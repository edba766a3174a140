//! A contact centre that can be restarted, what its journal says, and somebody who watches.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_http::client::{
    Address, Agent, Cause, Client, Credentials, Error, Options, Transport, Update, Visitor, Watch,
};
use chat_http::{App, Clock, Config, is_of_agent, serve};
use chat_model::{Chat, ChatId, CustomerOperation, Message, Operation, Record, Text, UserId};
use chat_store::{FeedId, MemoryStore, Store as _};
use futures_util::StreamExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::network::Network;

pub(crate) const AGENT: &str = "a5e9c0ffee0000000000000000000001";

/// The time of the runtime, which may stand still and jump.
#[derive(Debug, Clone, Copy)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.monotonic().as_millis()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A demo contact centre behind a network, and the same without.
pub(crate) struct Site {
    pub(crate) network: Network,
    pub(crate) store: MemoryStore,
    config: Config,
    clock: RuntimeClock,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = RuntimeClock(Instant::now());
        let store = MemoryStore::new(Arc::new(move || clock.now_ms()));
        let mut config = Config::demo("127.0.0.1:0".parse().unwrap());
        // Whatever port it has, addresses stay the same.
        config.server.external_url = Some("http://chat.example.com/api/v2".parse().unwrap());
        change(&mut config);
        if config.server.speaks_tls() {
            config.server.external_url = None;
        }
        let (address, stop, server) = Self::serve(&config, &store, clock).await;
        let network = Network::to(address).await;
        Self { network, store, config, clock, address, stop: Some(stop), server }
    }

    async fn serve(
        config: &Config,
        store: &MemoryStore,
        clock: RuntimeClock,
    ) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config.clone();
        config.server.listen = listener.local_addr().unwrap();
        let address = config.server.listen;
        let app = App::new(config, store.clone(), Arc::new(clock)).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(listener, app, stopped).await.unwrap();
        });
        (address, stop, server)
    }

    /// Ends the server and starts it again, over the same store. `gently`, requests under way are
    /// answered; otherwise it is gone from one moment to the next.
    pub(crate) async fn restart(&mut self, gently: bool) {
        if gently {
            self.stop.take().unwrap().send(()).unwrap();
            (&mut self.server).await.unwrap();
        } else {
            self.server.abort();
            assert!((&mut self.server).await.unwrap_err().is_cancelled());
        }
        let (address, stop, server) = Self::serve(&self.config, &self.store, self.clock).await;
        (self.address, self.stop, self.server) = (address, Some(stop), server);
        self.network.change(|weather| weather.upstream = address);
    }

    /// Everything the server kept is gone; it begins from nothing.
    pub(crate) async fn restart_from_nothing(&mut self) {
        let clock = self.clock;
        self.store = MemoryStore::new(Arc::new(move || clock.now_ms()));
        self.restart(false).await;
    }

    /// A client that does not feel the weather.
    pub(crate) fn direct(&self) -> Client {
        client(self.address)
    }

    /// One that does.
    pub(crate) fn remote(&self) -> Client {
        client(self.network.address)
    }

    /// The same over a transport made of the usual one.
    pub(crate) fn over(
        &self,
        make: impl FnOnce(chat_http::client::HyperTransport) -> Arc<dyn Transport>,
    ) -> Client {
        let address = address(self.network.address);
        let options = Options::default();
        let usual = chat_http::client::HyperTransport::new(&address, &options).unwrap();
        Client::over(address, options, make(usual))
    }

    /// The visitor, at the server that is there now.
    pub(crate) fn visitor(&self, visitor: &Visitor) -> Visitor {
        self.direct().visitor_again(visitor.id().clone())
    }

    pub(crate) fn agent(&self) -> Agent {
        self.direct().agent(&agent1())
    }

    /// A visitor asks for a chat and the agent has it.
    pub(crate) async fn open_chat(&self) -> (Visitor, ChatId) {
        let request = CustomerOperation::request_chat(text("Vera"));
        let visitor = self.direct().visitor(&request).await.unwrap();
        let agent = self.agent();
        let chat = loop {
            let chats = agent.chats().await.unwrap();
            let invited = chats
                .iter()
                .find(|chat| chat.state.as_ref().is_some_and(|state| state.as_str() == "Invited"));
            if let Some(chat) = invited {
                break chat.id.clone().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        agent.operate(&chat, &Operation::accept()).await.unwrap();
        (visitor, chat)
    }

    /// What the journal says the agent is to be told of chats, in order.
    pub(crate) async fn truth(&self) -> Vec<String> {
        let user = UserId::new(AGENT);
        let page = self.store.feed(&FeedId::user(&user), 0, usize::MAX).await.unwrap();
        let rules = self.config.rules();
        let mut truth = Vec::new();
        for entry in page.entries {
            // Readiness is told on a topic of its own; this is what is told of chats.
            if is_of_agent(&entry.chat) {
                continue;
            }
            let mut chat = Chat::new(entry.chat.clone());
            for record in self.store.records(&entry.chat, 0, usize::MAX).await.unwrap() {
                let read = Record::from_json(&record.payload).unwrap();
                let told = chat.announce(&read, &rules);
                if record.version == entry.record.version {
                    let mine = told.iter().filter(|notice| notice.to.contains(&user));
                    truth.extend(mine.map(|notice| notice.data.clone()));
                }
            }
        }
        truth
    }
}

fn address(socket: SocketAddr) -> Address {
    format!("http://{socket}").parse().unwrap()
}

fn client(socket: SocketAddr) -> Client {
    Client::new(address(socket)).unwrap()
}

pub(crate) fn agent1() -> Credentials {
    Credentials::new("agent1", "agent1")
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// Somebody who watches and keeps what they are told.
pub(crate) struct Watcher {
    told: Arc<Mutex<Vec<Result<Update, Error>>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(crate) fn of(watch: Watch) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let keeps = told.clone();
        let task = tokio::spawn(async move {
            let mut watch = watch;
            while let Some(update) = watch.next().await {
                keeps.lock().unwrap().push(update);
            }
        });
        Self { told, task }
    }

    pub(crate) fn told(&self) -> Vec<Result<Update, Error>> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn updates(&self) -> Vec<Update> {
        self.told().into_iter().map(Result::unwrap).collect()
    }

    /// The notifications about chats, as they were printed.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.updates()
            .into_iter()
            .filter_map(|update| match update {
                Update::Notification(told) if told.channel == "/v2/me/chats" => {
                    Some(told.data.as_str().to_owned())
                }
                _ => None,
            })
            .collect()
    }

    /// Why states were read, in order.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let cause = |update: Update| match update {
            Update::State(state) => Some(state.cause),
            _ => None,
        };
        self.updates().into_iter().filter_map(cause).collect()
    }

    /// Every entry of transcripts, from states and notifications, as number and text.
    pub(crate) fn lines(&self, chat: &ChatId) -> Vec<(u64, Option<String>)> {
        let line = |message: Message| (message.index.unwrap(), message.text);
        let mut lines = Vec::new();
        for update in self.updates() {
            match update {
                Update::State(state) => {
                    let of_chat = state.lines.into_iter().filter(|lines| lines.chat == *chat);
                    lines.extend(of_chat.flat_map(|lines| lines.messages).map(line));
                }
                Update::Notification(told) if told.chat_id().as_ref() == Some(chat) => {
                    let messages = told.about_chat.unwrap().messages.unwrap_or_default();
                    lines.extend(messages.into_iter().map(line));
                }
                _ => {}
            }
        }
        lines
    }

    /// Waits until it is so; the time of the runtime passes at once.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        for _ in 0..6_000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("five minutes later: expected {what}, was told {:#?}", self.told());
    }

    /// Waits until the stream ends.
    pub(crate) async fn ended(self) -> Vec<Result<Update, Error>> {
        self.task.await.unwrap();
        Arc::into_inner(self.told).unwrap().into_inner().unwrap()
    }
}
