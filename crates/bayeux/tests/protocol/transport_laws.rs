//! One session, whichever transports its client goes through, whatever breaks on the way.
//!
//! The laws: with acknowledgement the client hears every event exactly once and in order, and what
//! the server has forgotten the client has; without it, nothing twice and nothing out of order.

use bayeux::{ChannelName, Event, ExchangeId, Owner};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::Value;

use crate::script::{World, config};

#[derive(Clone, Debug)]
enum Step {
    /// So many events at the next place of the feed, or beside it.
    Publish {
        events: u8,
        aside: bool,
    },
    /// The client connects by HTTP; whatever went before it has given up.
    Poll,
    /// It connects over its websocket, or over a new one.
    Push {
        anew: bool,
    },
    /// It reads what there is: an answer, or at most so many frames.
    Read(u8),
    /// The answer is lost, or the connection under the poll breaks before there is one.
    LoseAnswer,
    /// The websocket breaks; so many frames were on their way.
    LoseSocket(u8),
    Wait(u16),
    /// Another node goes on with the session.
    Move,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u8, any::<bool>()).prop_map(|(events, aside)| Step::Publish { events, aside }),
        3 => Just(Step::Poll),
        3 => any::<bool>().prop_map(|anew| Step::Push { anew }),
        4 => (1..5_u8).prop_map(Step::Read),
        1 => Just(Step::LoseAnswer),
        1 => (0..3_u8).prop_map(Step::LoseSocket),
        1 => (0..1_500_u16).prop_map(Step::Wait),
        1 => Just(Step::Move),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// DEC-44: exactly once, in order, up to what was confirmed, and complete when all is read.
    #[test]
    fn with_acknowledgement_nothing_is_lost_or_doubled(steps in vec(step(), 1..60)) {
        let mut trial = Trial::new(true);
        for step in &steps {
            // What has no cursor cannot be confirmed.
            let step = match step {
                Step::Publish { events, .. } => Step::Publish { events: *events, aside: false },
                other => other.clone(),
            };
            trial.play(&step);
            let expected: Vec<u64> = (1..=trial.heard.len() as u64).collect();
            prop_assert_eq!(&trial.heard, &expected);
            if let Some(row) = trial.world.server.export("c1") {
                let mut forgotten = trial.feed.iter().filter(|unit| unit.cursor <= row.checkpoint);
                let heard = trial.heard.len() as u64;
                prop_assert!(forgotten.all(|unit| unit.last() <= heard), "{row:?} {heard}");
            }
        }
        trial.read_to_the_end();
        if !trial.over {
            prop_assert_eq!(trial.heard.len() as u64, trial.published);
        }
    }

    /// At most once, in order.
    #[test]
    fn without_it_nothing_is_doubled_or_overtaken(steps in vec(step(), 1..60)) {
        let mut trial = Trial::new(false);
        for step in &steps {
            trial.play(step);
            prop_assert!(trial.heard.is_sorted_by(|a, b| a < b), "{:?}", trial.heard);
        }
    }

    /// Where nothing breaks everything is heard, also without acknowledgement.
    #[test]
    fn over_one_websocket_everything_is_heard(steps in vec(step(), 1..60)) {
        let mut trial = Trial::new(false);
        trial.play(&Step::Push { anew: false });
        for step in &steps {
            match step {
                Step::Publish { .. } | Step::Read(_) | Step::Wait(_) => trial.play(step),
                _ => trial.play(&Step::Push { anew: false }),
            }
            if trial.socket.is_none() || trial.over {
                return Ok(());
            }
        }
        trial.read(u8::MAX);
        prop_assert_eq!(trial.heard.len() as u64, trial.published);
    }
}

/// What the feed has under one cursor: events with successive numbers.
#[derive(Clone, Copy, Debug)]
struct Unit {
    cursor: u64,
    first: u64,
    count: u8,
}

impl Unit {
    fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    fn events(&self) -> Vec<Event> {
        let event = |n: u64| Event::new(ChannelName::new("/a").unwrap(), n.to_string());
        (self.first..=self.last()).map(event).collect()
    }
}

/// A session of ann's, subscribed to everything, and its client.
struct Trial {
    world: World,
    acknowledged: bool,
    /// What another node reads again.
    feed: Vec<Unit>,
    published: u64,
    heard: Vec<u64>,
    ack: u64,
    exchange: u64,
    /// The poll that the client waits for.
    poll: Option<u64>,
    sockets: u64,
    socket: Option<u64>,
    /// The server has forgotten the session.
    over: bool,
}

impl Trial {
    fn new(acknowledged: bool) -> Self {
        let mut config = config();
        config.connection_types.push("websocket".to_owned());
        let mut world = World::new(config);
        let handshake = if acknowledged { "handshake ack" } else { "handshake" };
        world.run(&format!("> 1 {handshake}\n? 1\n> 2 subscribe c1 /**\n? 2"));
        Self {
            world,
            acknowledged,
            feed: Vec::new(),
            published: 0,
            heard: Vec::new(),
            ack: 0,
            exchange: 2,
            poll: None,
            sockets: 0,
            socket: None,
            over: false,
        }
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Publish { events, aside } => self.publish(events, aside),
            Step::Poll => {
                self.poll = None;
                self.socket = None;
                self.exchange += 1;
                let body = self.connect();
                self.world.post("ann", None, 0, self.exchange, body.as_bytes());
                self.poll = Some(self.exchange);
            }
            Step::Push { anew } => {
                self.poll = None;
                if anew {
                    self.socket = None;
                }
                // Nobody says more over a websocket before it has read what is there.
                self.read(u8::MAX);
                let socket = self.socket.unwrap_or_else(|| {
                    self.sockets += 1;
                    self.sockets
                });
                self.socket = Some(socket);
                let body = self.connect();
                self.world.say("ann", 0, socket, &body);
            }
            Step::Read(frames) => self.read(frames),
            Step::LoseAnswer => {
                let Some(poll) = self.poll.take() else { return };
                if self.world.answers.remove(&poll).is_none() {
                    self.world.server.exchange_lost(self.world.now, ExchangeId::new(poll));
                    self.world.drain();
                }
            }
            Step::LoseSocket(frames) => {
                if let Some(socket) = self.socket.take() {
                    for _ in 0..frames {
                        self.world.read(socket);
                    }
                    self.world.run(&format!("x ~{socket}"));
                }
            }
            Step::Wait(millis) => self.world.wait(millis.into()),
            Step::Move => self.move_on(),
        }
    }

    fn publish(&mut self, count: u8, aside: bool) {
        let cursor = self.feed.last().map_or(3, |unit| unit.cursor + 2);
        let unit = Unit { cursor, first: self.published + 1, count };
        self.published = unit.last();
        if aside {
            self.world.server.publish_aside(self.world.now, &Owner::new("ann"), unit.events());
            self.world.drain();
        } else {
            self.feed.push(unit);
            self.world.publish("ann", cursor, unit.events());
        }
    }

    fn connect(&self) -> String {
        let ext = if self.acknowledged {
            format!(r#","ext":{{"ack":{}}}"#, self.ack)
        } else {
            String::new()
        };
        format!(r#"[{{"channel":"/meta/connect","clientId":"c1"{ext}}}]"#)
    }

    fn read(&mut self, frames: u8) {
        if let Some(answer) = self.poll.and_then(|poll| self.world.answers.remove(&poll)) {
            self.poll = None;
            self.hear(std::str::from_utf8(&answer.body).unwrap());
        }
        for _ in 0..frames {
            let Some(socket) = self.socket else { return };
            match self.world.read(socket) {
                Some(close) if close.starts_with("close") => self.socket = None,
                Some(text) => self.hear(&text),
                None => return,
            }
        }
    }

    fn hear(&mut self, text: &str) {
        let messages: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        for message in messages {
            if let Some(n) = message["data"].as_u64() {
                self.heard.push(n);
            }
            self.ack = message["ext"]["ack"].as_u64().unwrap_or(self.ack);
            self.over |= message["error"].as_str().is_some_and(|error| error.starts_with("402"));
        }
    }

    fn move_on(&mut self) {
        let Some(row) = self.world.server.export("c1") else { return };
        self.world.run("do move c1");
        self.world.opened.clear();
        self.world.ready.clear();
        self.world.answers.clear();
        (self.poll, self.socket) = (None, None);
        for unit in self.feed.clone() {
            if unit.cursor > row.checkpoint {
                self.world.publish("ann", unit.cursor, unit.events());
            }
        }
    }

    fn read_to_the_end(&mut self) {
        for _ in 0..3 {
            self.read(u8::MAX);
            self.play(&Step::Poll);
            self.read(1);
        }
    }
}
