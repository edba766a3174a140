//! The two halves against each other, over a network that loses what it likes.
//!
//! The laws: with acknowledgement every session hears every event of its subscriptions exactly
//! once and in order, whatever is lost and whichever node serves it; without it, nothing twice and
//! nothing out of order. And everybody gets back to a working session by himself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bayeux::{
    ChannelName, Client, ClientConfig, ClientEvent, Config, Event, ExchangeId, Instant, Output,
    Owner, Pattern, Request, Server, SessionRow,
};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::script::{Counted, config};

/// What happens to one request and its response.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    /// The server never sees it; the client hears of it, or has to run out of patience.
    RequestLost {
        told: bool,
    },
    /// The server answers and nobody hears; it may learn that the connection broke.
    ResponseLost {
        told: bool,
    },
    /// It arrives twice, and only the second answer comes back.
    Doubled,
}

#[derive(Clone, Debug)]
enum Step {
    Publish(Vec<u8>),
    Wait(u64),
    Subscribe(usize, u8),
    Unsubscribe(usize, u8),
    /// Another node takes every session over, with rows as old as their last subscription or
    /// fresh, and reads the feed before it hears from the clients or later.
    Move {
        stale: bool,
        late: bool,
    },
}

const CHANNELS: [&str; 4] = ["/a", "/b/c", "/b/d/e", "/f"];
const PATTERNS: [&str; 4] = ["/a", "/b/*", "/b/**", "/**"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// Exactly once, in order, complete at the end (DEC-44).
    #[test]
    fn acknowledged_events_come_exactly_once(
        steps in vec(step(false), 1..60),
        fates in vec(fate(), 1..40),
    ) {
        let mut sim = Sim::new([true, true], fates);
        sim.run(&steps);
        for peer in &sim.peers {
            for (client_id, got) in &peer.heard {
                let due = sim.due.get(client_id).cloned().unwrap_or_default();
                prop_assert!(due.starts_with(got), "{}: due {:?}, got {:?}", client_id, due, got);
            }
            let current = peer.client.client_id().map(|id| id.as_str().to_owned());
            let current = current.expect("a session at the end");
            prop_assert_eq!(peer.heard.get(&current), sim.due.get(&current));
        }
    }

    /// The same when nodes take over: nothing lost, nothing twice, in order.
    #[test]
    fn acknowledged_events_survive_nodes(
        steps in vec(step(true), 1..60),
        fates in vec(fate(), 1..40),
    ) {
        let mut sim = Sim::new([true, true], fates);
        sim.run(&steps);
        for peer in &sim.peers {
            for got in peer.heard.values() {
                prop_assert!(got.is_sorted_by(|a, b| a < b), "twice or out of order: {:?}", got);
            }
            let current = peer.client.client_id().map(|id| id.as_str().to_owned());
            let current = current.expect("a session at the end");
            let got: BTreeSet<_> = peer.heard.get(&current).into_iter().flatten().collect();
            let due: BTreeSet<_> = sim.due.get(&current).into_iter().flatten().collect();
            prop_assert!(due.is_subset(&got), "lost: due {:?}, got {:?}", due, got);
        }
    }

    /// Without acknowledgement: nothing twice, nothing out of order, nothing that is not due; and
    /// over a network that loses nothing, nothing is lost.
    #[test]
    fn unacknowledged_events_come_at_most_once(
        steps in vec(step(false), 1..60),
        fates in vec(fate(), 1..40),
        lossless in any::<bool>(),
    ) {
        let fates = if lossless { vec![Fate::Arrives] } else { fates };
        let mut sim = Sim::new([false, true], fates);
        sim.run(&steps);
        for (client_id, got) in &sim.peers[0].heard {
            let due = sim.due.get(client_id).cloned().unwrap_or_default();
            prop_assert!(got.is_sorted_by(|a, b| a < b), "twice or out of order: {:?}", got);
            prop_assert!(got.iter().all(|event| due.contains(event)));
            prop_assert!(!lossless || *got == due, "due {:?}, got {:?}", due, got);
        }
        prop_assert!(sim.peers[0].client.client_id().is_some());
    }
}

fn step(moves: bool) -> impl Strategy<Value = Step> {
    let peer = 0..2_usize;
    prop_oneof![
        6 => vec(0..4_u8, 0..4).prop_map(Step::Publish),
        3 => (0..3_000_u64).prop_map(Step::Wait),
        1 => (3_000..20_000_u64).prop_map(Step::Wait),
        1 => (peer.clone(), 0..4_u8).prop_map(|(peer, pattern)| Step::Subscribe(peer, pattern)),
        1 => (peer, 0..4_u8, any::<[bool; 2]>()).prop_map(move |(peer, pattern, [stale, late])| {
            if moves { Step::Move { stale, late } } else { Step::Unsubscribe(peer, pattern) }
        }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => proptest::strategy::Just(Fate::Arrives),
        1 => any::<bool>().prop_map(|told| Fate::RequestLost { told }),
        2 => any::<bool>().prop_map(|told| Fate::ResponseLost { told }),
        1 => proptest::strategy::Just(Fate::Doubled),
    ]
}

/// Which event: its cursor and its place in the unit.
type Name = (u64, usize);

struct Peer {
    client: Client,
    session: Option<String>,
    heard: BTreeMap<String, Vec<Name>>,
    awaited: BTreeSet<u64>,
}

/// One owner with two clients, a server, and the network between.
struct Sim {
    server: Server,
    config: Config,
    ids: Counted,
    owner: Owner,
    now: Instant,
    peers: [Peer; 2],
    fates: VecDeque<Fate>,
    calm: bool,
    /// Server exchanges on their way: whose, the client's number, and whether the answer is lost.
    open: BTreeMap<u64, (usize, ExchangeId, bool)>,
    exchanges: u64,
    cursor: u64,
    feed: Vec<(u64, Vec<Event>)>,
    /// What storage knows of each session, as of its handshake or its last subscription.
    stored: BTreeMap<String, SessionRow>,
    /// What each session must hear.
    due: BTreeMap<String, Vec<Name>>,
}

impl Sim {
    fn new(acknowledged: [bool; 2], fates: Vec<Fate>) -> Self {
        let config = config();
        let peers = acknowledged.map(|ack| {
            let mut config = ClientConfig::default();
            config.ack = ack;
            let client = Client::new(config);
            Peer { client, session: None, heard: BTreeMap::new(), awaited: BTreeSet::new() }
        });
        Self {
            server: Server::new(config.clone()),
            config,
            ids: Counted::default(),
            owner: Owner::new("ann"),
            now: Instant::from_millis(0),
            peers,
            fates: fates.into(),
            calm: false,
            open: BTreeMap::new(),
            exchanges: 0,
            cursor: 0,
            feed: Vec::new(),
            stored: BTreeMap::new(),
            due: BTreeMap::new(),
        }
    }

    fn run(&mut self, steps: &[Step]) {
        for peer in 0..2 {
            self.peers[peer].client.subscribe(self.now, pattern(3));
            self.peers[peer].client.start(self.now);
        }
        self.settle();
        for step in steps {
            match step {
                Step::Publish(channels) => self.publish(channels),
                Step::Wait(millis) => self.wait(*millis),
                Step::Subscribe(peer, which) => {
                    self.peers[*peer].client.subscribe(self.now, pattern(*which));
                }
                Step::Unsubscribe(peer, which) => {
                    self.peers[*peer].client.unsubscribe(self.now, &pattern(*which));
                }
                Step::Move { stale, late } => self.move_to_another_node(*stale, *late),
            }
            self.settle();
        }
        // Calm weather: everybody recovers, and hears what is due.
        self.calm = true;
        self.wait(200_000);
        self.publish(&[0, 1, 2, 3]);
        self.wait(1_000);
    }

    fn publish(&mut self, channels: &[u8]) {
        self.cursor += 2;
        let event = |(place, channel): (usize, &u8)| {
            let name = ChannelName::new(CHANNELS[usize::from(*channel)]).expect("a channel");
            Event::new(name, format!("[{},{place}]", self.cursor))
        };
        let events: Vec<Event> = channels.iter().enumerate().map(event).collect();
        for row in self.server.rows() {
            let wanted = events.iter().enumerate().filter(|(_, event)| {
                row.subscriptions.iter().any(|pattern| pattern.matches(event.channel()))
            });
            let names = wanted.map(|(place, _)| (self.cursor, place));
            self.due.entry(row.client_id.as_str().to_owned()).or_default().extend(names);
        }
        self.feed.push((self.cursor, events.clone()));
        self.server.publish(self.now, &self.owner, self.cursor, events.clone());
        // A hub may publish again.
        self.server.publish(self.now, &self.owner, self.cursor, events);
        self.settle();
    }

    fn move_to_another_node(&mut self, stale: bool, late: bool) {
        let rows: Vec<SessionRow> = self.server.rows().collect();
        self.server = Server::new(self.config.clone());
        let mut read_from = self.cursor;
        for mut row in rows {
            if stale {
                row = self.stored[row.client_id.as_str()].clone();
            }
            read_from = read_from.min(row.checkpoint);
            self.server.restore(self.now, row).expect("room");
        }
        if !late {
            self.read_feed(read_from);
        }
        // The old node's connections break.
        for (_, (peer, exchange, lost)) in std::mem::take(&mut self.open) {
            if !lost {
                self.peers[peer].client.handle_failure(self.now, exchange);
            }
        }
        if late {
            self.wait(1_000);
            self.read_feed(read_from);
        }
    }

    fn read_feed(&mut self, from: u64) {
        for (cursor, events) in self.feed.iter().filter(|(cursor, _)| *cursor > from) {
            self.server.publish(self.now, &self.owner, *cursor, events.clone());
        }
    }

    fn wait(&mut self, millis: u64) {
        let end = self.now.after(millis);
        for _ in 0..100_000 {
            self.settle();
            let clients = self.peers.iter().filter_map(|peer| peer.client.poll_timeout());
            let Some(due) = clients.chain(self.server.poll_timeout()).min() else { break };
            if due > end {
                break;
            }
            self.now = self.now.max(due);
            self.server.handle_timeout(self.now);
            for peer in &mut self.peers {
                peer.client.handle_timeout(self.now);
            }
        }
        assert!(self.server.poll_timeout().is_none_or(|due| due > end), "time stands still");
        self.now = end;
        self.settle();
    }

    /// Moves everything that moves without time.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let moved = self.hear() | self.carry_requests() | self.carry_responses();
            if !moved {
                return;
            }
        }
        panic!("the two halves never come to rest");
    }

    fn hear(&mut self) -> bool {
        let mut moved = false;
        for peer in &mut self.peers {
            while let Some(event) = peer.client.poll_event() {
                moved = true;
                match event {
                    ClientEvent::Opened { client_id, .. } => {
                        peer.heard.insert(client_id.as_str().to_owned(), Vec::new());
                        peer.session = Some(client_id.as_str().to_owned());
                    }
                    ClientEvent::Event { data, .. } => {
                        let name = serde_json::from_slice(&data).expect("a name");
                        let session = peer.session.clone().expect("a session");
                        peer.heard.entry(session).or_default().push(name);
                    }
                    ClientEvent::Abandoned { exchange } => {
                        peer.awaited.remove(&exchange.get());
                    }
                    _ => {}
                }
            }
        }
        moved
    }

    fn carry_requests(&mut self) -> bool {
        let mut moved = false;
        for peer in 0..2 {
            while let Some(sent) = self.peers[peer].client.poll_transmit() {
                moved = true;
                let lost = match self.next_fate() {
                    Fate::RequestLost { told: true } => {
                        self.peers[peer].client.handle_failure(self.now, sent.exchange);
                        continue;
                    }
                    Fate::RequestLost { told: false } => continue,
                    Fate::ResponseLost { told } => {
                        let number = self.post(peer, sent.exchange, &sent.body, true);
                        if told {
                            // Both ends learn that the connection broke.
                            self.server.exchange_lost(self.now, ExchangeId::new(number));
                            self.peers[peer].client.handle_failure(self.now, sent.exchange);
                        }
                        continue;
                    }
                    Fate::Doubled => {
                        self.post(peer, sent.exchange, &sent.body, true);
                        false
                    }
                    Fate::Arrives => false,
                };
                self.post(peer, sent.exchange, &sent.body, lost);
            }
        }
        moved
    }

    fn post(&mut self, peer: usize, exchange: ExchangeId, body: &[u8], lost: bool) -> u64 {
        self.exchanges += 1;
        self.open.insert(self.exchanges, (peer, exchange, lost));
        let limits = self.server.limits();
        let number = ExchangeId::new(self.exchanges);
        let request = Request::read(number, &self.owner, body, &limits).expect("our client's body");
        let request = request.with_cursor(self.cursor);
        self.server.handle(self.now, request, &mut self.ids);
        self.exchanges
    }

    fn carry_responses(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.server.poll_output() {
            moved = true;
            match output {
                Output::Respond { exchange, response } => {
                    let open = self.open.remove(&exchange.get());
                    if let Some((peer, exchange, false)) = open {
                        let client = &mut self.peers[peer].client;
                        client.handle_response(self.now, exchange, response.status, &response.body);
                    }
                }
                Output::SessionOpened { client_id, .. }
                | Output::SessionChanged { client_id, .. } => {
                    if let Some(row) = self.server.export(client_id.as_str()) {
                        self.stored.insert(client_id.as_str().to_owned(), row);
                    }
                }
                _ => {}
            }
        }
        moved
    }

    fn next_fate(&mut self) -> Fate {
        if self.calm {
            return Fate::Arrives;
        }
        let fate = self.fates.pop_front().expect("fates");
        self.fates.push_back(fate);
        fate
    }
}

fn pattern(which: u8) -> Pattern {
    Pattern::new(PATTERNS[usize::from(which)]).expect("a pattern")
}
