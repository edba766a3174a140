//! A server, a clock and the lines that happen to them.
//!
//! Real exchanges are text, so the tests are too. One line is one step:
//!
//! ```text
//! > 1 BODY            ann posts BODY as exchange 1 (`>bob` for bob, `>ann/b1` with a cookie,
//!                     `>ann@7` when ann's feed stands at 7)
//! < 1 200 BODY        exchange 1 was answered just so; `<+b1` also sets that cookie
//! ? 1                 exchange 1 was answered and everything in it is successful
//! . 1                 exchange 1 is held
//! + 3000              3,000 ms pass
//! ! 5 /a 1 /b 2       ann's feed has, at cursor 5, event 1 on /a and event 2 on /b (`!bob`)
//! ! 5 /a 1 ; 6 /a 2   the host reads both from the feed at once
//! ! - /a 1            event 1 on /a happens to ann beside the feed
//! x 1                 the connection of exchange 1 breaks; `x ~1`: websocket 1
//! w 1 BODY            ann says BODY in a frame of websocket 1 (`wbob`), which is opened when it is
//!                     first named
//! r 1 BODY            the next frame that she reads there; `r 1 close 1000`: it is closed so;
//!                     `r 1 ?`: everything in the frame is successful; `r 1 -`: there is none
//! do WORDS            the host acts: `end ann`, `drop c1 retry`, `drop-owner ann retry`, `shutdown handshake`, `deny none`
//!                     (handshakes from now on), `callback f` (all posts from now on are GETs that
//!                     name it; `callback (` is none), `move c1` (to a new node, through storage)
//! * WORDS             the next lifecycle output; a script with one such line names them all
//! * -                 no lifecycle output until now but those named
//! ```
//!
//! `handshake`, `handshake ack`, `connect c1`, `connect c1 ack 4` and `subscribe c1 /a` stand for the
//! bodies that everybody sends. Client ids are `c1`, `c2` …, cookies `b1`, `b2` ….

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bayeux::{
    BrowserId, Callback, ChannelName, ClientId, Config, ConnectionId, Event, ExchangeId, Frame,
    Instant, NewClientIds, Output, Owner, Reconnect, Request, Response, Server,
};
use bytes::Bytes;

/// Plays a script on a server with default configuration and a hold of 3,000 ms.
pub(crate) fn check(script: &str) {
    check_with(config(), script);
}

/// The configuration of [`check`]: the timers of the recorded transcripts.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.timeout_ms = 3_000;
    config.max_interval_ms = 4_000;
    config
}

/// Plays a script.
pub(crate) fn check_with(config: Config, script: &str) {
    let mut world = World::new(config);
    world.run(script);
    let strict = script.lines().any(|line| line.trim().starts_with("* "));
    assert!(world.answers.is_empty(), "unexpected answers: {:?}", world.answers);
    for connection in world.ready.clone() {
        let frame = world.read(connection);
        assert!(frame.is_none(), "unexpected frame of websocket {connection}: {frame:?}");
    }
    assert!(!strict || world.lifecycle.is_empty(), "unnamed lifecycle: {:?}", world.lifecycle);
}

/// Ids in the order in which they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    clients: u32,
    browsers: u32,
}

impl NewClientIds for Counted {
    fn client_id(&mut self, _: &Owner) -> ClientId {
        self.clients += 1;
        ClientId::new(format!("c{}", self.clients))
    }

    fn browser_id(&mut self) -> BrowserId {
        self.browsers += 1;
        BrowserId::new(format!("b{}", self.browsers))
    }
}

/// A server, its clock, and what came out of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    pub(crate) answers: BTreeMap<u64, Response>,
    pub(crate) lifecycle: VecDeque<String>,
    /// The websockets that were ever named, and those on which there is something to read.
    pub(crate) opened: BTreeSet<u64>,
    pub(crate) ready: BTreeSet<u64>,
    config: Config,
    ids: Counted,
    deny: Option<Reconnect>,
    callback: Option<Callback>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            server: Server::new(config.clone()),
            now: Instant::from_millis(1_000_000),
            answers: BTreeMap::new(),
            lifecycle: VecDeque::new(),
            opened: BTreeSet::new(),
            ready: BTreeSet::new(),
            config,
            ids: Counted::default(),
            deny: None,
            callback: None,
        }
    }

    /// Plays a script, line by line.
    pub(crate) fn run(&mut self, script: &str) {
        for (number, line) in script.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() {
                let step = number + 1;
                self.play(line).unwrap_or_else(|why| panic!("line {step}: {line}\n{why}"));
            }
        }
    }

    /// Posts a body the way a host does.
    pub(crate) fn post(
        &mut self,
        owner: &str,
        browser: Option<&str>,
        cursor: u64,
        number: u64,
        body: &[u8],
    ) {
        let (exchange, owner) = (ExchangeId::new(number), Owner::new(owner));
        match Request::read(exchange, &owner, body, &self.server.limits()) {
            Ok(request) => {
                let request = request.with_browser(browser.map(BrowserId::new)).with_cursor(cursor);
                // A host whose feed has lost nothing.
                let request = match request.checkpoint() {
                    Some(checkpoint) => request.with_start(checkpoint),
                    None => request,
                };
                let request = match self.deny {
                    Some(reconnect) => request.with_handshake_denied(reconnect),
                    None => request,
                };
                let request = match &self.callback {
                    Some(callback) => request.with_callback(callback.clone()),
                    None => request,
                };
                self.server.handle(self.now, request, &mut self.ids);
            }
            Err(response) => drop(self.answers.insert(number, response)),
        }
        self.drain();
    }

    /// Says something in a frame the way a host does.
    pub(crate) fn say(&mut self, owner: &str, cursor: u64, number: u64, text: &str) {
        let (connection, owner) = (ConnectionId::new(number), Owner::new(owner));
        if self.opened.insert(number) {
            self.server.open_connection(self.now, connection, &owner).expect("there is room");
        }
        match Request::read_frame(connection, &owner, text.as_bytes(), &self.server.limits()) {
            Ok(request) => {
                self.server.handle(self.now, request.with_cursor(cursor), &mut self.ids);
            }
            Err(code) => self.server.close_connection(self.now, connection, code),
        }
        self.drain();
    }

    /// The next frame of a websocket; the server must have said that there is one.
    pub(crate) fn read(&mut self, number: u64) -> Option<String> {
        let frame = self.server.next_frame(ConnectionId::new(number));
        assert!(frame.is_none() || self.ready.contains(&number), "unannounced: {frame:?}");
        if !matches!(frame, Some(Frame::Text(_))) {
            self.ready.remove(&number);
        }
        self.drain();
        frame.map(|frame| match frame {
            Frame::Text(text) => String::from_utf8(text.to_vec()).expect("frames are UTF-8"),
            Frame::Close(code) => format!("close {}", code.get()),
            other => format!("{other:?}"),
        })
    }

    pub(crate) fn publish(&mut self, owner: &str, cursor: u64, events: Vec<Event>) {
        self.server.publish(self.now, &Owner::new(owner), cursor, events);
        self.drain();
    }

    /// Lets time pass, and whatever is due on the way happen when it is due.
    pub(crate) fn wait(&mut self, millis: u64) {
        let end = self.now.after(millis);
        let mut steps = 0;
        while let Some(due) = self.server.poll_timeout().filter(|due| *due <= end) {
            steps += 1;
            assert!(steps < 10_000, "time stands still");
            self.now = self.now.max(due);
            self.server.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Respond { exchange, response } => {
                    let twice = self.answers.insert(exchange.get(), response);
                    assert!(twice.is_none(), "exchange {} was answered twice", exchange.get());
                }
                Output::FramesReady { connection } => {
                    let number = connection.get();
                    assert!(self.ready.insert(number), "websocket {number} was announced twice");
                }
                other => self.lifecycle.push_back(told(&other)),
            }
        }
    }

    fn play(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').ok_or("expected a verb and words")?;
        let (sign, who) = verb.split_at(1);
        let (who, cursor) = who.split_once('@').unwrap_or((who, "0"));
        let (who, browser) = who.split_once('/').map_or((who, None), |(who, b)| (who, Some(b)));
        let owner = if who.is_empty() || sign == "<" { "ann" } else { who };
        match sign {
            ">" => {
                let (number, body) = rest.split_once(' ').unwrap_or((rest, ""));
                let body = expand(body);
                self.post(owner, browser, parse(cursor)?, parse(number)?, body.as_bytes());
                Ok(())
            }
            "<" => self.expect_answer(who, rest),
            "?" => self.expect_success(parse(rest)?),
            "." => match self.answers.get(&parse(rest)?) {
                None => Ok(()),
                Some(response) => Err(format!("expected it held, got {}", shown(response))),
            },
            "+" => {
                self.wait(parse(rest)?);
                Ok(())
            }
            "!" => {
                let mut units = Vec::new();
                for unit in rest.split(" ; ") {
                    let (cursor, unit) = unit.split_once(' ').unwrap_or((unit, ""));
                    let mut words = unit.split(' ');
                    let mut events = Vec::new();
                    while let (Some(channel), Some(data)) = (words.next(), words.next()) {
                        let channel = ChannelName::new(channel).map_err(|why| why.to_string())?;
                        events.push(Event::new(channel, Bytes::from(data.to_owned())));
                    }
                    units.push((cursor, events));
                }
                match &mut units[..] {
                    [("-", events)] => {
                        let (owner, events) = (Owner::new(owner), std::mem::take(events));
                        self.server.publish_aside(self.now, &owner, events);
                        self.drain();
                    }
                    [(cursor, events)] => {
                        let events = std::mem::take(events);
                        self.publish(owner, parse(cursor)?, events);
                    }
                    _ => {
                        let units = units.into_iter();
                        let units = units.map(|(at, events)| Ok((parse(at)?, events.into())));
                        let units = units.collect::<Result<Vec<_>, String>>()?;
                        self.server.publish_all(self.now, &Owner::new(owner), &units);
                        self.drain();
                    }
                }
                Ok(())
            }
            "w" => {
                let (number, body) = rest.split_once(' ').unwrap_or((rest, ""));
                let body = expand(body).replace("long-polling", "websocket");
                self.say(owner, parse(cursor)?, parse(number)?, &body);
                Ok(())
            }
            "r" => {
                let (number, expected) = rest.split_once(' ').ok_or("expected a frame")?;
                let frame = self.read(parse(number)?);
                let is_fine = match (expected, &frame) {
                    ("-", frame) => frame.is_none(),
                    ("?", Some(text)) => {
                        text.starts_with('[') && !text.contains(r#""successful":false"#)
                    }
                    (expected, frame) => frame.as_deref() == Some(expected),
                };
                let found = frame.as_deref().unwrap_or("nothing");
                is_fine.then_some(()).ok_or(format!("expected {expected}\ngot      {found}"))
            }
            "x" if rest.starts_with('~') => {
                let connection = ConnectionId::new(parse(&rest[1..])?);
                self.server.connection_lost(self.now, connection);
                self.ready.remove(&connection.get());
                self.drain();
                Ok(())
            }
            "x" => {
                self.server.exchange_lost(self.now, ExchangeId::new(parse(rest)?));
                self.drain();
                Ok(())
            }
            "d" => self.act(rest),
            "*" if rest == "-" => match self.lifecycle.front() {
                None => Ok(()),
                Some(told) => Err(format!("expected nothing, got {told:?}")),
            },
            "*" => match self.lifecycle.pop_front() {
                Some(told) if told == rest => Ok(()),
                told => Err(format!("expected {rest:?}, got {told:?}")),
            },
            _ => Err("unknown verb".to_owned()),
        }
    }

    fn expect_answer(&mut self, cookie: &str, rest: &str) -> Result<(), String> {
        let (number, expected) = rest.split_once(' ').ok_or("expected a number and an answer")?;
        let response =
            self.answers.remove(&parse(number)?).ok_or("expected an answer, got none")?;
        let cookie_set = response.set_browser_cookie.as_ref().map(BrowserId::as_str);
        if cookie.strip_prefix('+') != cookie_set {
            return Err(format!("expected cookie {cookie:?}, got {cookie_set:?}"));
        }
        if shown(&response) == expected {
            return Ok(());
        }
        Err(format!("expected {expected}\ngot      {}", shown(&response)))
    }

    fn expect_success(&mut self, number: u64) -> Result<(), String> {
        let response = self.answers.remove(&number).ok_or("expected an answer, got none")?;
        let text = shown(&response);
        let fine = response.status == 200 && !text.contains(r#""successful":false"#);
        fine.then_some(()).ok_or(format!("expected success, got {text}"))
    }

    fn act(&mut self, words: &str) -> Result<(), String> {
        match words.split(' ').collect::<Vec<_>>()[..] {
            ["drop-owner", owner, how] => {
                self.server.drop_owner(self.now, &Owner::new(owner), reconnect(how)?);
            }
            ["end", owner] => self.server.end_owner(self.now, &Owner::new(owner)),
            ["drop", client_id, how] => {
                if !self.server.drop_session(self.now, client_id, reconnect(how)?) {
                    return Err("expected a session, found none".to_owned());
                }
            }
            ["drop-connection", number, how] => {
                let connection = ConnectionId::new(parse(number)?);
                self.server.drop_connection(connection, reconnect(how)?);
            }
            ["callback", name] => self.callback = Callback::new(name),
            ["deny", how] => self.deny = Some(reconnect(how)?),
            ["shutdown", how] => self.server.shutdown(self.now, reconnect(how)?),
            // Another node takes over, from the row as storage keeps it.
            ["move", client_id] => {
                let row = self.server.export(client_id).ok_or("expected a session, found none")?;
                let stored = serde_json::to_string(&row).map_err(|why| why.to_string())?;
                let row = serde_json::from_str(&stored).map_err(|why| why.to_string())?;
                self.server = Server::new(self.config.clone());
                self.server.restore(self.now, row).map_err(|why| why.to_string())?;
            }
            _ => return Err("unknown act".to_owned()),
        }
        self.drain();
        Ok(())
    }
}

/// A response as scripts write it.
pub(crate) fn shown(response: &Response) -> String {
    let body = std::str::from_utf8(&response.body).expect("bodies are UTF-8");
    format!("{} {body}", response.status).trim_end().to_owned()
}

fn told(output: &Output) -> String {
    match output {
        Output::SessionOpened { client_id, owner, cursor } => {
            format!("opened {} {} {cursor}", client_id.as_str(), owner.as_str())
        }
        Output::SessionChanged { client_id, subscriptions } => {
            let all: Vec<_> = subscriptions.iter().map(|pattern| pattern.as_str()).collect();
            format!("changed {} {}", client_id.as_str(), all.join(" ")).trim_end().to_owned()
        }
        Output::SessionAcknowledged { client_id, cursor } => {
            format!("acknowledged {} {cursor}", client_id.as_str())
        }
        Output::SessionBehind { owner, cursor } => format!("behind {} {cursor}", owner.as_str()),
        Output::SessionClosed { client_id, owner, reason, last_of_owner } => {
            let last = if *last_of_owner { " last" } else { "" };
            format!("closed {} {} {reason:?}{last}", client_id.as_str(), owner.as_str())
        }
        other => format!("{other:?}"),
    }
}

/// The bodies that everybody sends.
fn expand(body: &str) -> String {
    let handshake = |ext: &str| {
        format!(
            r#"[{{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]{ext}}}]"#
        )
    };
    let connect = |client_id: &str, ext: &str| {
        format!(
            r#"[{{"channel":"/meta/connect","clientId":"{client_id}","connectionType":"long-polling"{ext}}}]"#
        )
    };
    match body.split(' ').collect::<Vec<_>>()[..] {
        ["handshake"] => handshake(""),
        ["handshake", "ack"] => handshake(r#","ext":{"ack":true}"#),
        ["connect", client_id] => connect(client_id, ""),
        ["connect", client_id, "ack", ack] => {
            connect(client_id, &format!(r#","ext":{{"ack":{ack}}}"#))
        }
        ["subscribe", client_id, channel] => format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client_id}","subscription":"{channel}"}}]"#
        ),
        _ => body.to_owned(),
    }
}

fn reconnect(word: &str) -> Result<Reconnect, String> {
    match word {
        "retry" => Ok(Reconnect::Retry),
        "handshake" => Ok(Reconnect::Handshake),
        "none" => Ok(Reconnect::None),
        _ => Err(format!("expected retry, handshake or none, found {word}")),
    }
}

fn parse(number: &str) -> Result<u64, String> {
    number.parse().map_err(|_| format!("expected a number, found {number:?}"))
}
