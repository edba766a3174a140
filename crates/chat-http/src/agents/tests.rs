//! Readiness as the rest of the server sees it: announcements, the line of those who wait, numbers
//! that never repeat, and stores that fail.

use std::sync::{Arc, Mutex};

use chat_model::UserId;
use chat_store::MemoryStore;
use chat_store::fault::{Faults, Faulty};
use serde_json::Value;

use super::{Agents, ChannelsChanged, Readiness, Which};
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::hooks::{Hooked, Hooks};
use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::{AnyStore, Later};

const AGENT1: &str = "a5e9c0ffee0000000000000000000001";
const AGENT2: &str = "a5e9c0ffee0000000000000000000002";
const CHAT: Which<'_> = Which::One("chat");

/// A node: agents over a store that others may share.
struct Node {
    agents: Agents,
    clock: Arc<ManualClock>,
    heard: Arc<Heard>,
}

/// What was announced.
#[derive(Default)]
struct Heard(Mutex<Vec<(UserId, Value)>>);

impl Hooks for Heard {
    fn channels_changed(&self, change: &ChannelsChanged) {
        let data = serde_json::from_str(&change.data()).unwrap();
        self.0.lock().unwrap().push((change.user().clone(), data));
    }

    fn logged_out<'a>(&'a self, _: &'a UserId) -> Later<'a, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    fn left_chat<'a>(&'a self, _: &'a UserId) -> Later<'a, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    fn stopping(&self) {}
}

impl Node {
    fn new(store: impl chat_store::Store + chat_store::Leases, clock: &Arc<ManualClock>) -> Self {
        let config = Config::demo("127.0.0.1:8090".parse().unwrap());
        let hooks = Hooked::default();
        let heard = Arc::new(Heard::default());
        hooks.install(heard.clone());
        let roster = Roster::new(&config);
        let store = AnyStore::new(store);
        let agents = Agents::new(store, clock.clone(), hooks, config.agent_states.clone(), &roster);
        Self { agents, clock: clock.clone(), heard }
    }

    async fn start(&self, user: &str) {
        self.agents.start(&user.into(), &["chat".to_owned()]).await.unwrap();
    }

    async fn set(&self, user: &str, to: &Readiness) {
        self.agents.set(&user.into(), CHAT, to).await.unwrap();
    }

    fn heard(&self) -> Vec<(UserId, Value)> {
        std::mem::take(&mut *self.heard.0.lock().unwrap())
    }

    async fn line(&self) -> Vec<(String, i64)> {
        let ready = self.agents.ready("chat").await.unwrap();
        ready.into_iter().map(|(user, since)| (user.as_str().to_owned(), since)).collect()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(1_000))
}

fn memory(clock: &Arc<ManualClock>) -> MemoryStore {
    let hands = clock.clone();
    MemoryStore::new(Arc::new(move || hands.now_ms()))
}

fn node() -> Node {
    let clock = clock();
    Node::new(memory(&clock), &clock)
}

/// NOTIF-3.3: the events that the documents print.
#[tokio::test]
async fn changes_are_announced_as_printed() {
    let sample = |text: &str| serde_json::from_str::<Value>(text).unwrap()["data"].clone();
    let ready =
        sample(include_str!("../../../../tests/samples/platform/notif.channels.ready.json"));
    let not_ready =
        sample(include_str!("../../../../tests/samples/platform/notif.channels.not_ready.json"));

    let node = node();
    let user = UserId::from(AGENT1);
    node.agents.start(&user, &["email".to_owned()]).await.unwrap();
    assert_eq!(node.heard(), [(user.clone(), not_ready)]);
    node.agents.start(&user, &["chat".to_owned()]).await.unwrap();
    node.heard();
    for _ in 0..2 {
        // The second time nothing changes; who asked is told all the same.
        node.set(AGENT1, &Readiness::Ready).await;
        assert_eq!(node.heard(), [(user.clone(), ready.clone())]);
    }

    // Only what changed: chat is ready already.
    node.agents.set(&user, Which::All, &Readiness::Ready).await.unwrap();
    let heard = node.heard();
    assert_eq!(heard[0].1["channels"].as_array().unwrap().len(), 1);
    assert_eq!(heard[0].1["channels"][0]["channel"], "email");

    node.agents.log_out(&user).await.unwrap();
    let heard = node.heard();
    for channel in heard[0].1["channels"].as_array().unwrap() {
        assert_eq!(channel["userState"]["state"], "LoggedOut");
        assert_eq!(channel.get("dndState"), None);
    }
    node.agents.log_out(&user).await.unwrap();
    assert_eq!(node.heard(), []);
}

/// DEC-40: who waits longest is in front; asking again does not lose the place.
#[tokio::test]
async fn the_line_is_in_the_order_of_becoming_ready() {
    let node = node();
    node.start(AGENT1).await;
    node.start(AGENT2).await;
    assert_eq!(node.line().await, []);
    node.set(AGENT2, &Readiness::Ready).await;
    node.clock.advance(10);
    node.set(AGENT1, &Readiness::Ready).await;
    node.clock.advance(10);
    node.set(AGENT2, &Readiness::Ready).await;
    assert_eq!(node.line().await, [(AGENT2.into(), 1_000), (AGENT1.into(), 1_010)]);

    // Do-not-disturb leaves the line and keeps the place; NotReady loses it.
    node.set(AGENT2, &Readiness::DoNotDisturb(true)).await;
    assert_eq!(node.line().await, [(AGENT1.into(), 1_010)]);
    node.set(AGENT2, &Readiness::DoNotDisturb(false)).await;
    assert_eq!(node.line().await, [(AGENT2.into(), 1_000), (AGENT1.into(), 1_010)]);
    node.set(AGENT2, &Readiness::NotReady).await;
    node.set(AGENT2, &Readiness::Ready).await;
    assert_eq!(node.line().await, [(AGENT1.into(), 1_010), (AGENT2.into(), 1_020)]);
    node.agents.log_out(&AGENT1.into()).await.unwrap();
    assert_eq!(node.line().await, [(AGENT2.into(), 1_020)]);
}

/// DEC-31: increasing on a node, and never twice, whatever restarts and whoever else hands out.
#[tokio::test]
async fn reference_ids_increase_and_never_repeat() {
    let clock = clock();
    let store = memory(&clock);
    let nodes = [Node::new(store.clone(), &clock), Node::new(store.clone(), &clock)];
    let user = UserId::from(AGENT1);
    let mut all = Vec::new();
    for node in &nodes {
        let mut last = 0;
        for _ in 0..600 {
            let id = node.agents.reference_id(&user).await.unwrap();
            assert!(id > last);
            last = id;
            all.push(id);
        }
    }
    assert_eq!(all[0], 1);
    let restarted = Node::new(store, &clock);
    all.push(restarted.agents.reference_id(&user).await.unwrap());
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    // Another user's numbers are the user's own.
    assert_eq!(restarted.agents.reference_id(&AGENT2.into()).await.unwrap(), 1);
}

/// Compare-and-set: two nodes that change one agent at once lose neither change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_do_not_lose_each_others_changes() {
    let clock = clock();
    let store = memory(&clock);
    let (a, b) = (Node::new(store.clone(), &clock), Node::new(store, &clock));
    let names = |prefix: &str| (0..16).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
    let user = UserId::from(AGENT1);
    let start = async |node: &Node, names: Vec<String>| {
        for name in names {
            node.agents.start(&user, &[name]).await.unwrap();
        }
    };
    for _ in 0..4 {
        tokio::join!(start(&a, names("a")), start(&b, names("b")));
        let session = a.agents.session(&user).await.unwrap().unwrap();
        for name in names("a").iter().chain(&names("b")) {
            assert!(session.has_channel(name), "{name}");
        }
        a.agents.log_out(&user).await.unwrap();
    }
}

/// A write of unknown outcome is looked up, not believed: what is answered as done is done.
#[tokio::test]
async fn an_unreliable_store_loses_no_accepted_change() {
    for seed in 0..20 {
        let mut faults = Faults::default();
        faults.leases = 40;
        let clock = clock();
        let store = memory(&clock);
        let (shaky, sound) =
            (Node::new(Faulty::new(store.clone(), seed, faults), &clock), Node::new(store, &clock));
        let user = UserId::from(AGENT1);
        let mut last = None;
        for i in 0..20 {
            let to = if i % 2 == 0 { Readiness::Ready } else { Readiness::NotReady };
            sound.start(AGENT1).await;
            if shaky.agents.set(&user, CHAT, &to).await.is_ok() {
                let session = sound.agents.session(&user).await.unwrap().unwrap();
                assert_eq!(session.ready_since("chat").is_some(), to == Readiness::Ready);
                last = Some(to);
            }
        }
        assert!(last.is_some(), "seed {seed} let nothing through");
    }
}
