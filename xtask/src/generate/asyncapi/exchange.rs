//! The examples of the protocol: a client's life, answered by the server's own state machine.
//!
//! Examples that somebody wrote down would be right once; these are what the server says today.

use bayeux::{
    BrowserId, ChannelName, ClientId, Config, Event, ExchangeId, Instant, NewClientIds, Output,
    Owner, Pattern, Reconnect, Request, Server,
};
use serde_json::{Value, json};

/// One message and the reply to it.
pub(super) struct Exchange {
    /// The id of the channel in the document.
    pub(super) channel: &'static str,
    /// What is special about it.
    pub(super) name: &'static str,
    pub(super) request: Value,
    pub(super) reply: Value,
}

/// How the session of the example is called.
const CLIENT: &str = "2o6i6tlippgi1qyio761fwcp6k";
const TYPES: [&str; 2] = ["long-polling", "websocket"];

pub(super) fn play() -> Vec<Exchange> {
    let mut stage = Stage::new();
    let hello = |ext: Value| {
        json!({
            "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": TYPES, "ext": ext,
        })
    };
    let connect = |more: Value| {
        let mut message = json!({
            "channel": "/meta/connect", "clientId": CLIENT, "connectionType": "long-polling",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            message[name] = value.clone();
        }
        message
    };
    let about = |channel: &str, subscription: Value| json!({ "channel": channel, "clientId": CLIENT, "subscription": subscription });

    stage.says("handshake", "accepted", hello(json!({ "ack": true })));
    let first = json!({ "advice": { "timeout": 0 }, "ext": { "ack": 0 } });
    stage.says("connect", "first", connect(first));
    stage.says("subscribe", "one topic", about("/meta/subscribe", json!("/v2/me/chats")));
    let several = json!(["/v2/me/chats", "/v2/me/channels"]);
    stage.says("subscribe", "several topics", about("/meta/subscribe", several));
    stage.says("subscribe", "not allowed", about("/meta/subscribe", json!("/v2/users")));
    stage.happens();
    stage.says("connect", "woken by an event", connect(json!({ "ext": { "ack": 0 } })));
    stage.says("connect", "nothing happened", connect(json!({ "ext": { "ack": Stage::CURSOR } })));
    stage.says("unsubscribe", "left", about("/meta/unsubscribe", json!("/v2/me/channels")));
    stage.says("unsubscribe", "never seen", about("/meta/unsubscribe", json!("/v2/me/faxes")));
    let news =
        json!({ "channel": "/v2/me/chats", "clientId": CLIENT, "data": { "text": "Hello" } });
    stage.says("publish", "refused", news);
    stage.says(
        "disconnect",
        "closed",
        json!({ "channel": "/meta/disconnect", "clientId": CLIENT }),
    );
    stage.says("connect", "session gone", connect(json!({ "ext": { "ack": Stage::CURSOR } })));
    let from = json!({ "ack": { "enabled": true, "batch": Stage::CURSOR } });
    stage.start = Some(Stage::CURSOR);
    stage.says("handshake", "going on from a checkpoint", hello(from));
    stage.denied = Some(Reconnect::None);
    stage.says("handshake", "refused", hello(json!({ "ack": true })));
    stage.done
}

/// A server, its clock, and what was said so far.
struct Stage {
    server: Server,
    owner: Owner,
    now: u64,
    denied: Option<Reconnect>,
    start: Option<u64>,
    done: Vec<Exchange>,
}

impl Stage {
    /// Where the feed stands after the event.
    const CURSOR: u64 = 7;

    fn new() -> Self {
        let mut config = Config::default();
        config.connection_types = TYPES.map(str::to_owned).to_vec();
        Self {
            server: Server::new(config),
            owner: Owner::new("amy"),
            now: 0,
            denied: None,
            start: None,
            done: Vec::new(),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// Something is told, and waits for the next connect.
    fn happens(&mut self) {
        let channel = ChannelName::new("/v2/me/chats").expect("a topic is a channel");
        let event = Event::new(channel, "{}");
        self.server.publish(self.now(), &self.owner, Self::CURSOR, [event]);
    }

    /// Says `message` and notes what is answered, after as long as that takes.
    fn says(&mut self, channel: &'static str, name: &'static str, mut message: Value) {
        let number = u64::try_from(self.done.len()).expect("a few") + 1;
        message["id"] = json!(number.to_string());
        let exchange = ExchangeId::new(number);
        let body = json!([message]).to_string();
        let denied = [Pattern::new("/v2/users").expect("a topic is a channel")];
        let limits = self.server.limits();
        let mut request = Request::read(exchange, &self.owner, body.as_bytes(), &limits)
            .expect("the messages can be read")
            .with_denied_subscriptions(&denied);
        if let Some(how) = self.denied {
            request = request.with_handshake_denied(how);
        }
        if let Some(start) = self.start {
            request = request.with_cursor(start).with_start(start);
        }
        self.server.handle(self.now(), request, &mut Ids);
        let replies = loop {
            match self.server.poll_output() {
                Some(Output::Respond { response, .. }) => {
                    let text = response.body.to_vec();
                    break serde_json::from_slice::<Vec<Value>>(&text)
                        .expect("an array of messages");
                }
                Some(_) => {}
                None => {
                    let due = self.server.poll_timeout().expect("a connect is held");
                    self.now = due.as_millis();
                    self.server.handle_timeout(due);
                }
            }
        };
        let reply = replies.into_iter().next_back().expect("a response has a reply");
        self.done.push(Exchange { channel, name, request: message, reply });
    }
}

/// The session of the example, and one after it.
struct Ids;

impl NewClientIds for Ids {
    fn client_id(&mut self, _: &Owner) -> ClientId {
        ClientId::new(CLIENT)
    }

    fn browser_id(&mut self) -> BrowserId {
        BrowserId::new("dljj9v08hkc812u1")
    }
}
