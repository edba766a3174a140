//! What does it cost to tell everybody: server time per delivered event, publish-to-deliver
//! latency, and memory of sessions that wait, beside servers that nobody here wrote.
//!
//! Every session listens to the same; each message is published once the one before was heard by
//! all (nothing is batched, which would flatter), has the bytes of a real notification, and every
//! delivery is counted: none may be lost, none may come twice. Ours is published by AttachUserData
//! on the program as it is shipped; the model's work and the journal are in its figures. The peers
//! are published to by their own protocol. Run with `cargo bench -p chat-benches --bench
//! notifications`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

use std::rc::Rc;
use std::time::Duration;

use chat_benches::audience::Audience;
use chat_benches::client::Connection;
use chat_benches::contact_center::{ContactCenter, MEMORY};
use chat_benches::measure::{Goals, median, percentile, ratio};
use chat_benches::peers::{self, Peer};
use chat_benches::process::{Processors, Server};
use chat_benches::session::{Session, Target, Transport};
use serde_json::Value;

const ROUNDS: usize = 31;
/// Audiences, the messages of one round, and what one delivery may be by the best peer's.
const AUDIENCES: [(usize, usize); 2] = [(100, 8), (1_000, 2)];
/// Messages of ours in one round; more, because a delivery takes less and must last to be measured.
const TIMES: usize = 4;
/// Sessions that wait; the peers' memory is in proportion long before.
const IDLE: usize = 10_000;
const IDLE_OF_PEERS: usize = 1_000;

const PATH: &str = "/api/v2/notifications";
const CHANNEL: &str = "/v2/me/chats";

fn main() {
    let processors = Processors::take();
    peers::install();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system has what a runtime needs");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut goals = Goals::default();
        for transport in [Transport::LongPolling, Transport::WebSocket] {
            if !is_spoken(&processors, transport).await {
                println!("{}: the program does not speak it; not measured", transport.name());
                continue;
            }
            for (size, messages) in AUDIENCES {
                deliveries(&processors, transport, size, messages, &mut goals).await;
            }
            idle(&processors, transport, &mut goals).await;
        }
        goals.print();
    });
}

async fn is_spoken(processors: &Processors, transport: Transport) -> bool {
    let center = ContactCenter::open(processors, 1, MEMORY).await;
    Session::open(&ours(&center), transport).await.is_ok()
}

async fn deliveries(
    processors: &Processors,
    transport: Transport,
    size: usize,
    messages: usize,
    goals: &mut Goals,
) {
    let center = ContactCenter::open(processors, 1, MEMORY).await;
    let servers: Vec<(Peer, Server)> = Peer::ALL
        .into_iter()
        .filter(|peer| peer.speaks(transport))
        .map(|peer| (peer, peer.start(processors)))
        .collect();
    let notification = notification(&center, transport).await;
    let mut ways = vec![
        Way::open("ours", &center.server, ours(&center), transport, size, messages * TIMES).await,
    ];
    ways[0].publisher = Publisher::Rest(rest(&center).await, &center);
    for (peer, server) in &servers {
        let target = Peer::target(server);
        let mut way = Way::open(peer.name(), server, target, transport, size, messages).await;
        way.publisher = Publisher::Bayeux(Peer::target(server), &notification);
        ways.push(way);
    }
    for round in 0..=ROUNDS {
        for way in &mut ways {
            // The first round warms up.
            way.round(round > 0).await;
        }
    }

    println!(
        "\n{:<44} {:>12} {:>10} {:>10} {:>8} {:>10}",
        format!("{} bytes to {size}, {}", notification.len(), transport.name()),
        "CPU/delivery",
        "p50",
        "p99",
        "lost",
        "duplicates"
    );
    for way in &ways {
        let summary = way.audience.summary();
        println!(
            "{:<44} {:>9.2} µs {:>7.0} µs {:>7.0} µs {:>8} {:>10}",
            way.name,
            median(&way.cpu),
            median(&way.p50),
            median(&way.p99),
            summary.lost,
            summary.duplicates
        );
        for (complaint, times) in &summary.complaints {
            println!("    {times} × {complaint}");
        }
    }
    let [ours, peers @ ..] = &ways[..] else { return };
    let best = |figure: fn(&Way<'_>) -> f64| peers.iter().map(figure).fold(f64::INFINITY, f64::min);
    let name = |figure: &str| format!("{}_{size}_{figure}", transport.name().replace('-', "_"));
    let summary = ours.audience.summary();
    goals.at_most(&name("lost_or_twice"), (summary.lost + summary.duplicates) as f64, 0.0);
    let cpu = median(&ours.cpu);
    let micros = if transport == Transport::LongPolling { 10.0 } else { 6.0 };
    goals.at_most(&name("cpu_us_per_delivery"), cpu, micros);
    goals.at_most(&name("cpu_vs_best_peer"), cpu / best(|way| median(&way.cpu)), 0.25);
    let p99 = median(&ours.p99) / best(|way| median(&way.p99));
    if size == 100 {
        goals.at_most(&name("p99_vs_best_peer"), p99, 1.0 / 3.0);
    } else {
        ratio(&name("p99_vs_best_peer"), p99);
    }
}

/// What a session takes in memory that waits for something to happen.
async fn idle(processors: &Processors, transport: Transport, goals: &mut Goals) {
    println!(
        "\n{:<44} {:>12} {:>16}",
        format!("idle, {}", transport.name()),
        "sessions",
        "bytes each"
    );
    for peer in Peer::ALL.into_iter().filter(|peer| peer.speaks(transport)) {
        let server = peer.start(processors);
        let mut audience = Audience::new(Peer::target(&server), transport);
        let each = bytes_each(&server, &mut audience, IDLE_OF_PEERS).await;
        println!("{:<44} {IDLE_OF_PEERS:>12} {each:>16.0}", peer.name());
    }
    let center = ContactCenter::open(processors, 1, MEMORY).await;
    let mut audience = Audience::new(ours(&center), transport);
    let each = bytes_each(&center.server, &mut audience, IDLE).await;
    println!("{:<44} {IDLE:>12} {each:>16.0}", "ours");

    // All of them are alive: one message reaches each.
    rest(&center).await.exchange(&center.announce(audience.next_number())).await.expect("a reply");
    let everybody = audience.hear().await;
    let summary = audience.summary();
    assert!(everybody, "expected {IDLE} to hear a message, found {summary:?}");
    let name = transport.name().replace('-', "_");
    let most = if transport == Transport::LongPolling { 12.0 } else { 8.0 };
    goals.at_most(&format!("{name}_idle_kb_per_session"), each / 1_024.0, most);
    goals.at_most(
        &format!("{name}_{IDLE}_lost_or_twice"),
        (summary.lost + summary.duplicates) as f64,
        0.0,
    );
}

/// The slope from a quarter of the sessions to all: what a process takes anyway is not theirs.
async fn bytes_each(server: &Server, audience: &mut Audience, size: usize) -> f64 {
    let mut resident = Vec::new();
    for size in [size / 4, size] {
        audience.grow(size).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        resident.push(server.resident());
    }
    (resident[1] - resident[0]) / (size - size / 4) as f64
}

/// A server, its audience, and what each round took.
struct Way<'a> {
    name: &'static str,
    server: &'a Server,
    audience: Audience,
    messages: usize,
    publisher: Publisher<'a>,
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

enum Publisher<'a> {
    Nobody,
    Rest(Connection, &'a ContactCenter),
    Bayeux(Rc<Target>, &'a str),
}

impl<'a> Way<'a> {
    async fn open(
        name: &'static str,
        server: &'a Server,
        target: Rc<Target>,
        transport: Transport,
        size: usize,
        messages: usize,
    ) -> Self {
        let mut audience = Audience::new(target, transport);
        audience.grow(size).await;
        let publisher = Publisher::Nobody;
        Self { name, server, audience, messages, publisher, cpu: vec![], p50: vec![], p99: vec![] }
    }

    async fn round(&mut self, counts: bool) {
        // A session of the round's own: one that does not connect is forgotten between two rounds.
        let mut session = match &self.publisher {
            Publisher::Bayeux(target, _) => {
                Some(Session::open(target, Transport::LongPolling).await.expect("a session"))
            }
            _ => None,
        };
        let before = self.server.cpu();
        let mut first = None;
        for _ in 0..self.messages {
            let number = self.audience.next_number();
            first.get_or_insert(number);
            match (&mut self.publisher, &mut session) {
                (Publisher::Rest(connection, center), _) => {
                    let reply = connection.exchange(&center.announce(number)).await;
                    assert_eq!(reply.expect("the server answers").status, 200);
                }
                (Publisher::Bayeux(_, data), Some(session)) => {
                    let data = data.replace(PLACE, &format!("{number}-"));
                    session.publish(&data).await.expect("the server publishes");
                }
                _ => {}
            }
            // What does not come is counted as lost.
            self.audience.hear().await;
        }
        let deliveries = self.messages * self.audience.size();
        let cpu = self.server.cpu().micros_since(&before) / deliveries as f64;
        let latencies = self.audience.latencies(first.unwrap_or_default());
        if counts {
            self.cpu.push(cpu);
            self.p50.push(percentile(&latencies, 0.5));
            self.p99.push(percentile(&latencies, 0.99));
        }
    }
}

/// Where the number of a message goes in a notification.
const PLACE: &str = "NUMBER";

/// A notification of ours, for the peers to carry the same.
async fn notification(center: &ContactCenter, transport: Transport) -> String {
    let mut audience = Audience::new(ours(center), transport);
    audience.grow(1).await;
    let number = audience.next_number();
    rest(center).await.exchange(&center.announce(number)).await.expect("the server answers");
    assert!(audience.hear().await, "expected a notification, found none");
    let body: Value = serde_json::from_slice(&audience.example().unwrap_or_default())
        .expect("a response is JSON");
    let events = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let event = events.iter().find(|event| event["channel"] == CHANNEL).expect("an event");
    event["data"].to_string().replace(&format!("\"{number}-\""), &format!("\"{PLACE}\""))
}

async fn rest(center: &ContactCenter) -> Connection {
    Connection::open(center.server.address()).await.expect("the server listens")
}

fn ours(center: &ContactCenter) -> Rc<Target> {
    Target::new(center.server.address(), PATH, &center.cookie, CHANNEL)
}
