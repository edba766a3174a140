//! A crowd in a contact centre, and the proof that nobody missed anything.
//!
//! Agents, supervisors and customers do at random what their clients let them do, over sockets of
//! the loopback, against one server in this process. Networks fail, sessions are swept, agents log
//! out. Afterwards the journal is read from scratch, and what it says is compared with what
//! everybody heard, with the snapshots, and with what the server answers.

mod actors;
pub(crate) mod checker;
mod dice;
pub(crate) mod floor;
mod line;
mod listener;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chat_http::{App, Clock as _, SystemClock};
use chat_store::{FeedId, MemoryStore, Store as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use checker::Truth;
use dice::Dice;
use floor::{Floor, code, config};
use line::Line;
use listener::Listener;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) agents: usize,
    pub(crate) chats: usize,
    pub(crate) seconds: u32,
    pub(crate) seed: u64,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) floor: Arc<Floor>,
    pub(crate) truth: Truth,
    /// Everything that is wrong; nothing may be.
    pub(crate) faults: Vec<String>,
    /// Events that were heard as they were to be.
    pub(crate) agreed: usize,
    /// Those of them that had to be heard before the end.
    pub(crate) due: usize,
    pub(crate) sessions: usize,
    /// The server's own figures.
    pub(crate) metrics: String,
}

/// Plays it. Panics anywhere in the process are among the faults.
pub(crate) async fn play(plan: Plan) -> Outcome {
    let panics = count_panics();
    let config = config(plan.agents);
    let clock = Arc::new(SystemClock::new());
    let hands = clock.clone();
    let store = MemoryStore::new(Arc::new(move || hands.now_ms()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = listener.local_addr().expect("it is bound");
    let app = App::new(config.clone(), store.clone(), clock).expect("the configuration is valid");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(chat_http::serve(listener, app, async {
        let _ = stopped.await;
    }));
    let floor = Arc::new(Floor::new(address, store, &config));

    let (actors, listeners) = begin(plan, &floor).await;
    tokio::time::sleep(Duration::from_secs(plan.seconds.into())).await;
    floor.is_quiet.store(true, Ordering::Relaxed);
    actors.join_all().await;
    for agent in &floor.agents {
        let head = floor.head(&FeedId::user(&agent.id)).await;
        agent.last_head.store(head, Ordering::Relaxed);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    floor.is_over.store(true, Ordering::SeqCst);
    listeners.join_all().await;

    let mut line = Line::new(address);
    let users: Vec<_> = floor.agents.iter().map(|agent| agent.id.clone()).collect();
    let mut faults = compare_live(&floor).await;
    let metrics = match line.ask("GET", "/metrics", "", "").await {
        Ok(reply) => String::from_utf8_lossy(&reply.body).into_owned(),
        Err(error) => error.to_string(),
    };
    let _ = stop.send(());
    drop(line);
    server.await.expect("the server ends").expect("and without an error");

    let (truth, differing) = Truth::read(&floor.store, &floor.rules, &users).await;
    faults.extend(differing);
    faults.append(&mut floor.faults.lock().unwrap());
    let (mut agreed, mut due, mut sessions) = (0, 0, 0);
    for transcript in floor.transcripts.lock().unwrap().iter() {
        sessions += 1;
        match truth.judge(transcript) {
            Ok(judged) => {
                agreed += judged.count;
                due += judged.due;
            }
            Err(fault) => faults.push(fault),
        }
    }
    match panics.load(Ordering::Relaxed) {
        0 => {}
        count => faults.push(format!("{count} panics")),
    }
    Outcome { floor, truth, faults, agreed, due, sessions, metrics }
}

/// Everybody comes in.
async fn begin(plan: Plan, floor: &Arc<Floor>) -> (JoinSet<()>, JoinSet<()>) {
    let (mut actors, mut listeners) = (JoinSet::new(), JoinSet::new());
    // Passwords are slow on purpose; a crowd that logs in at one moment is turned away.
    for first in (0..plan.agents).step_by(4) {
        for number in first..plan.agents.min(first + 4) {
            let floor = floor.clone();
            actors.spawn(async move {
                floor.agents[number].log_in(&floor, &mut Line::new(floor.address)).await;
            });
        }
        while actors.join_next().await.is_some() {}
    }
    for number in 0..plan.agents {
        // Everybody has two sessions, by different ways and with different promises.
        for second in [false, true] {
            let listener = Listener {
                floor: floor.clone(),
                agent: floor.agents[number].clone(),
                by_socket: (number % 3 == 1) != second && number % 3 != 2,
                acknowledges: (number % 2 == 0) != second,
                paints: !second,
                dice: Dice::new(plan.seed, (2 * number + usize::from(second)) as u64),
            };
            listeners.spawn(listener.run());
        }
        let dice = Dice::new(plan.seed, (10_000 + number) as u64);
        actors.spawn(actors::agent(floor.clone(), number, dice));
    }
    for number in 0..plan.chats {
        let dice = Dice::new(plan.seed, (100_000 + number) as u64);
        actors.spawn(actors::customers(floor.clone(), dice));
    }
    (actors, listeners)
}

/// Compares what the server answers with the fold of the journal, for every agent. What changes
/// during the comparison is compared again.
async fn compare_live(floor: &Floor) -> Vec<String> {
    let mut faults = Vec::new();
    let mut line = Line::new(floor.address);
    for agent in &floor.agents {
        let feed = FeedId::user(&agent.id);
        for attempt in 0.. {
            let head = floor.head(&feed).await;
            let users = std::slice::from_ref(&agent.id);
            let (truth, _) = Truth::read(&floor.store, &floor.rules, users).await;
            let cookie = agent.cookie_header();
            let Ok(reply) = line.ask("GET", "/me/chats?fields=*", &cookie, "").await else {
                faults.push(format!("{}: no reply", agent.name));
                break;
            };
            if floor.head(&feed).await != head && attempt < 50 {
                continue;
            }
            if code(&reply.body) != 0 {
                faults.push(format!("{}: {}", agent.name, String::from_utf8_lossy(&reply.body)));
                break;
            }
            let live: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let mut folded = Vec::new();
            for id in floor.store.listed(&feed).await.expect("memory answers") {
                let Some(view) = truth.chats.get(&id).and_then(|c| c.view(&agent.id, &floor.rules))
                else {
                    continue;
                };
                let chat: serde_json::Value =
                    serde_json::from_str(&view.to_json()).expect("a view is JSON");
                folded.push(chat);
            }
            if live["chats"] != serde_json::Value::Array(folded) {
                faults.push(format!("{}: live chats differ from the journal", agent.name));
            }
            break;
        }
    }
    faults
}

fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        counted.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    count
}
