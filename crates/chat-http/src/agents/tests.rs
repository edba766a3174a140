//! Readiness as the rest of the server sees it: announcements, the line of those who wait, numbers
//! that never repeat, and stores that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_model::UserId;
use chat_store::fault::{Fault, Faults, Faulty};
use chat_store::{FeedEntry, FeedId, Inspect as _, MemoryStore, Store as _};
use serde_json::Value;

use super::{Agents, Announcement, Readiness, Which, is_of_agent};
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::hooks::Hooked;
use crate::roster::Roster;
use crate::storage::AnyStore;

const AGENT1: &str = "a5e9c0ffee0000000000000000000001";
const AGENT2: &str = "a5e9c0ffee0000000000000000000002";
const CHAT: Which<'_> = Which::One("chat");

/// A node: agents over a store that others may share.
struct Node {
    agents: Agents,
    clock: Arc<ManualClock>,
    store: AnyStore,
    /// Up to where the first agent's feed was read.
    cursor: AtomicU64,
}

impl Node {
    fn new(store: impl chat_store::Store + chat_store::Leases, clock: &Arc<ManualClock>) -> Self {
        let config = Config::demo("127.0.0.1:8090".parse().unwrap());
        let roster = Roster::new(&config);
        let store = AnyStore::new(store);
        let (clock, states) = (clock.clone(), config.agent_states.clone());
        let agents = Agents::new(store.clone(), clock.clone(), Hooked::default(), states, &roster);
        Self { agents, clock, store, cursor: AtomicU64::new(0) }
    }

    async fn start(&self, user: &str) {
        self.agents.start(&user.into(), &["chat".to_owned()]).await.unwrap();
    }

    async fn set(&self, user: &str, to: &Readiness) {
        self.agents.set(&user.into(), CHAT, to).await.unwrap();
    }

    /// What was announced to the first agent since the last call.
    async fn heard(&self) -> Vec<Value> {
        let after = self.cursor.load(Ordering::Relaxed);
        let page = self.store.feed(&FeedId::user(&AGENT1.into()), after, 1_000).await.unwrap();
        assert!(!page.gap_after(after));
        self.cursor.store(page.entries.last().map_or(after, |e| e.cursor), Ordering::Relaxed);
        let data = |entry: &FeedEntry| {
            assert!(is_of_agent(&entry.chat));
            let announcement = Announcement::read(&entry.record).unwrap();
            assert_eq!(announcement.channel, "/v2/me/channels");
            serde_json::from_str(announcement.data.get()).unwrap()
        };
        page.entries.iter().map(data).collect()
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
    assert_eq!(node.heard().await, [not_ready]);
    node.agents.start(&user, &["chat".to_owned()]).await.unwrap();
    node.heard().await;
    for _ in 0..2 {
        // The second time nothing changes; who asked is told all the same.
        node.set(AGENT1, &Readiness::Ready).await;
        assert_eq!(node.heard().await, std::slice::from_ref(&ready));
    }

    // Only what changed: chat is ready already.
    node.agents.set(&user, Which::All, &Readiness::Ready).await.unwrap();
    let heard = node.heard().await;
    assert_eq!(heard[0]["channels"].as_array().unwrap().len(), 1);
    assert_eq!(heard[0]["channels"][0]["channel"], "email");

    node.agents.log_out(&user).await.unwrap();
    let heard = node.heard().await;
    for channel in heard[0]["channels"].as_array().unwrap() {
        assert_eq!(channel["userState"]["state"], "LoggedOut");
        assert_eq!(channel.get("dndState"), None);
    }
    node.agents.log_out(&user).await.unwrap();
    assert_eq!(node.heard().await, [Value::Null; 0]);
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

/// What the announcements say, in order: channel and state.
fn told(heard: &[Value]) -> Vec<String> {
    let channels = heard.iter().flat_map(|data| data["channels"].as_array().unwrap());
    channels
        .map(|c| {
            let state = c["userState"]["state"].as_str().unwrap();
            format!("{}:{state}", c["channel"].as_str().unwrap())
        })
        .collect()
}

/// BAYEUX-9.2, DEC-44: announcements are in the order of the states, also of two nodes that change one
/// agent at once; and what they wrote is forgotten after the session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcements_of_two_nodes_are_in_the_order_of_the_states() {
    let clock = clock();
    let store = memory(&clock);
    let (a, b) = (Node::new(store.clone(), &clock), Node::new(store.clone(), &clock));
    let user = UserId::from(AGENT1);
    let start = async |node: &Node, prefix: &str| {
        for n in 0..16 {
            node.agents.start(&user, &[format!("{prefix}{n}")]).await.unwrap();
        }
    };
    for _ in 0..8 {
        tokio::join!(start(&a, "a"), start(&b, "b"));
        let session = a.agents.session(&user).await.unwrap().unwrap();
        // New channels go to the end, so this is the order in which they came.
        let came: Vec<_> =
            session.channels.iter().map(|c| format!("{}:NotReady", c.name)).collect();
        assert_eq!(told(&a.heard().await), came);
        b.agents.log_out(&user).await.unwrap();
        assert_eq!(a.heard().await.len(), 1);
        assert_eq!(a.agents.kept(&user).await.unwrap(), None, "nothing is kept of it");
    }
    clock.advance(2 * 3_600_000);
    while store.expire(clock.now_ms(), 1_000).await.unwrap() > 0 {}
    assert_eq!(store.chats(None, 100).await.unwrap(), []);
}

/// A session of many changes: its journal ends and another one goes on, and no node reads a long one.
#[tokio::test]
async fn long_sessions_are_announced_through_several_journals() {
    let clock = clock();
    let store = memory(&clock);
    let nodes = [Node::new(store.clone(), &clock), Node::new(store.clone(), &clock)];
    nodes[0].start(AGENT1).await;
    let mut expected = vec!["chat:NotReady".to_owned()];
    for n in 0..200 {
        let (to, name) =
            [(Readiness::Ready, "Ready"), (Readiness::NotReady, "NotReady")][n % 2].clone();
        nodes[n / 3 % 2].set(AGENT1, &to).await;
        expected.push(format!("chat:{name}"));
    }
    assert_eq!(told(&nodes[0].heard().await), expected);
    let journals = store.chats(None, 100).await.unwrap();
    assert_eq!(journals.len(), 4);
    assert_eq!(journals.iter().filter(|row| row.expire_at_ms.is_none()).count(), 1, "the last one");
    assert!(journals.iter().all(|row| is_of_agent(&row.chat) && row.head.version <= 64));
}

/// A crash between the lease and the journal: whoever looks or changes next announces it, once and
/// before everything else.
#[tokio::test(start_paused = true)]
async fn what_a_crash_left_unannounced_is_announced_once_and_first() {
    for (fault, is_looked_for) in
        [Fault::Retry, Fault::UnknownLost, Fault::UnknownLate, Fault::UnknownApplied]
            .into_iter()
            .flat_map(|fault| [(fault, false), (fault, true)])
    {
        let clock = clock();
        let store = memory(&clock);
        let shaky = Faulty::new(store.clone(), 0, Faults::NONE);
        let (dying, other) = (Node::new(shaky.clone(), &clock), Node::new(store, &clock));
        let user = UserId::from(AGENT1);
        dying.start(AGENT1).await;
        // It never comes to an answer of the journal.
        shaky.meet(vec![fault; 6]);
        dying.set(AGENT1, &Readiness::Ready).await;
        drop(dying);
        let mut expected = vec!["chat:NotReady", "chat:Ready"];
        if is_looked_for {
            for _ in 0..2 {
                let session = other.agents.settled(&user).await.unwrap().unwrap();
                assert!(session.ready_since("chat").is_some());
                assert!(!other.agents.owes_words(&user, &session));
            }
        } else {
            other.set(AGENT1, &Readiness::NotReady).await;
            expected.push("chat:NotReady");
        }
        // What is under way still comes too late.
        shaky.deliver().await;
        assert_eq!(told(&other.heard().await), expected, "{fault:?}");
        other.agents.log_out(&user).await.unwrap();
        assert_eq!(told(&other.heard().await), ["chat:LoggedOut"]);
        // The chats are given back.
        other.agents.settle(&user).await.unwrap();
        assert_eq!(other.agents.kept(&user).await.unwrap(), None);
    }
}

/// Over a store that lies two times in three, what was answered as done is announced exactly once, and
/// everything in the order of the states.
#[tokio::test(start_paused = true)]
async fn an_unreliable_store_announces_every_accepted_change_once() {
    for seed in 0..30 {
        let clock = clock();
        let store = memory(&clock);
        let lies = Faults::LIES_TWO_TIMES_IN_THREE;
        let shaky = [
            Node::new(Faulty::new(store.clone(), seed, lies), &clock),
            Node::new(Faulty::new(store.clone(), seed + 1_000, lies), &clock),
        ];
        let sound = Node::new(store, &clock);
        let user = UserId::from(AGENT1);
        let mut accepted = Vec::new();
        for n in 0..30 {
            let name = format!("c{n}");
            if shaky[n % 2].agents.start(&user, std::slice::from_ref(&name)).await.is_ok() {
                accepted.push(format!("{name}:NotReady"));
            }
        }
        let session = sound.agents.settled(&user).await.unwrap().expect("something got through");
        let came: Vec<_> =
            session.channels.iter().map(|c| format!("{}:NotReady", c.name)).collect();
        assert_eq!(told(&sound.heard().await), came, "seed {seed}");
        assert!(accepted.iter().all(|one| came.contains(one)), "seed {seed}");
        assert!(accepted.len() > 5, "seed {seed} let too little through");
    }
}
