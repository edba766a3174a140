//! The client half, against replies that any Bayeux server may give (BAYEUX-14.1).
//!
//! Like the server's, its tests are lines:
//!
//! ```text
//! do WORDS            the user acts: `start`, `subscribe /a`, `unsubscribe /a`, `disconnect`
//! > 1 /path BODY      the next request, exchange 1, goes to /path (`-` for the address itself)
//! < 1 200 BODY        exchange 1 is answered
//! x 1                 exchange 1 fails
//! + 3000              time passes
//! * WORDS             the next thing that the client tells
//! ```
//!
//! Every request and everything told must be named.

use bayeux::{Client, ClientConfig, ClientEvent, ExchangeId, Instant, Pattern};
use bytes::Bytes;

const OPENED: &str = r#"[{"channel":"/meta/handshake","clientId":"c","successful":true,"ext":{"ack":true},"advice":{"reconnect":"retry","interval":0,"timeout":20000}}]"#;
pub(crate) const CONNECTED: &str =
    r#"[{"channel":"/meta/connect","successful":true,"ext":{"ack":5}}]"#;
pub(crate) const FORGOTTEN: &str = r#"[{"channel":"/meta/connect","successful":false,"error":"402::Unknown client","advice":{"interval":0,"reconnect":"handshake"}}]"#;

/// A session that holds its second connect, exchange 3.
pub(crate) fn begin() -> String {
    format!(
        r#"
        do start
        > 1 /handshake [{{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
        < 1 200 {OPENED}
        * opened c
        > 2 /connect [{{"channel":"/meta/connect","id":"2","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":0}}}}]
        < 2 200 {CONNECTED}
        > 3 /connect [{{"channel":"/meta/connect","id":"3","clientId":"c","connectionType":"long-polling","ext":{{"ack":5}}}}]
        "#
    )
}

fn begun(script: &str) {
    check(ClientConfig::default(), &format!("{}{script}", begin()));
}

/// Events reach the user in order, and the number that came with them goes back.
#[test]
fn events_and_numbers() {
    begun(
        r#"
        < 3 200 [{"data":{"n": 1},"channel":"/a"},{"channel":"/b","data":null},{"channel":"/c","data":[]},{"id":"3","channel":"/meta/connect","successful":true,"ext":{"ack":9}}]
        * event /a {"n": 1}
        * event /b null
        * event /c []
        > 4 /connect [{"channel":"/meta/connect","id":"4","clientId":"c","connectionType":"long-polling","ext":{"ack":9}}]
        "#,
    );
}

/// The extension is used only if the server confirms it, in either form (BAYEUX-9.2-6).
#[test]
fn ack_is_used_if_confirmed() {
    let with = r#","ext":{"ack":0}"#;
    for (ext, sent) in [
        (r#","ext":{"ack":true}"#, with),
        (r#","ext":{"ack":{"enabled":true,"batch":1}}"#, with),
        (r#","ext":{"ack":false}"#, ""),
        (r#","ext":{}"#, ""),
        ("", ""),
    ] {
        check(
            ClientConfig::default(),
            &format!(
                r#"
                do start
                > 1 /handshake [{{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
                < 1 200 [{{"channel":"/meta/handshake","clientId":"c","successful":true{ext}}}]
                * opened c
                > 2 /connect [{{"channel":"/meta/connect","id":"2","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}}{sent}}}]
                "#
            ),
        );
    }
    let mut without = ClientConfig::default();
    without.ack = false;
    check(
        without,
        r#"
        do start
        > 1 /handshake [{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"]}]
        "#,
    );
}

/// NOTIF-5.1: after a 402 it shakes hands at once, connects, and subscribes again by itself.
#[test]
fn a_forgotten_session_comes_back() {
    begun(&format!(
        r#"
        do subscribe /a
        > 4 - [{{"channel":"/meta/subscribe","id":"4","clientId":"c","subscription":"/a"}}]
        < 4 200 [{{"channel":"/meta/subscribe","id":"4","successful":true}}]
        * subscribed /a
        < 3 200 {FORGOTTEN}
        * lost 402::Unknown client
        > 5 /handshake [{{"channel":"/meta/handshake","id":"5","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
        < 5 200 {OPENED}
        * opened c
        > 6 /connect [{{"channel":"/meta/connect","id":"6","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":0}}}}]
        > 7 - [{{"channel":"/meta/subscribe","id":"7","clientId":"c","subscription":"/a"}}]
        "#
    ));
}

/// 402 alone is enough, without advice.
#[test]
fn the_number_402_is_enough() {
    begun(
        r#"
        < 3 200 [{"channel":"/meta/connect","successful":false,"error":"402::session_unknown"}]
        * lost 402::session_unknown
        > 4 /handshake [{"channel":"/meta/handshake","id":"4","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        "#,
    );
}

/// A server that forgets at once is not asked at once again.
#[test]
fn a_forgetful_server_is_given_time() {
    check(
        ClientConfig::default(),
        &format!(
            r#"
            do start
            > 1 /handshake [{{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
            < 1 200 {OPENED}
            * opened c
            > 2 /connect [{{"channel":"/meta/connect","id":"2","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":0}}}}]
            < 2 200 {FORGOTTEN}
            * lost 402::Unknown client
            * failing 1000
            + 999
            + 1
            > 3 /handshake [{{"channel":"/meta/handshake","id":"3","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
            "#
        ),
    );
}

/// BAYEUX-14.1: HTTP errors, empty and unreadable bodies, and bodies without the reply are failures;
/// each waits longer, and the first connect after them asks not to be held.
#[test]
fn failures_back_off() {
    let connect = |n: u32| {
        format!(
            r#"> {n} /connect [{{"channel":"/meta/connect","id":"{n}","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":5}}}}]"#
        )
    };
    begun(&format!(
        r#"
        < 3 500
        * failing 1000
        + 1000
        {}
        < 4 200
        * failing 2000
        + 2000
        {}
        < 5 200 <html>
        * failing 3000
        + 3000
        {}
        < 6 200 []
        * failing 4000
        + 4000
        {}
        < 7 200 [{{"channel":"/meta/subscribe","successful":true}}]
        * failing 5000
        + 5000
        {}
        x 8
        * failing 6000
        + 6000
        {}
        < 9 200 [{{"channel":"/meta/connect","successful":false,"error":"500::"}}]
        * failing 7000
        + 7000
        {}
        < 10 200 {CONNECTED}
        > 11 /connect [{{"channel":"/meta/connect","id":"11","clientId":"c","connectionType":"long-polling","ext":{{"ack":5}}}}]
        x 11
        * failing 1000
        "#,
        connect(4),
        connect(5),
        connect(6),
        connect(7),
        connect(8),
        connect(9),
        connect(10),
    ));
}

/// The wait ends at its maximum.
#[test]
fn backing_off_is_bounded() {
    let mut config = ClientConfig::default();
    config.max_backoff_ms = 1_500;
    check(
        config,
        r#"
        do start
        > 1 /handshake [{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        x 1
        * failing 1000
        + 1000
        > 2 /handshake [{"channel":"/meta/handshake","id":"2","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        x 2
        * failing 1500
        + 1500
        > 3 /handshake [{"channel":"/meta/handshake","id":"3","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        x 3
        * failing 1500
        "#,
    );
}

/// BAYEUX-8.3: a connect is awaited for its hold and the network's delay, then given up; what comes
/// later is ignored.
#[test]
fn patience_ends() {
    begun(
        r#"
        + 29999
        + 1
        * abandoned 3
        * failing 1000
        < 3 200 [{"channel":"/a","data":1},{"channel":"/meta/connect","successful":true,"ext":{"ack":6}}]
        + 1000
        > 4 /connect [{"channel":"/meta/connect","id":"4","clientId":"c","connectionType":"long-polling","advice":{"timeout":0},"ext":{"ack":5}}]
        "#,
    );
}

/// BAYEUX-8.1, BAYEUX-8.2: the interval is waited, none stops, and so does a negative interval.
#[test]
fn advice_is_followed() {
    begun(
        r#"
        < 3 200 [{"channel":"/meta/connect","successful":true,"advice":{"reconnect":"retry","interval":2000,"multiple-clients":true}}]
        + 1999
        + 1
        > 4 /connect [{"channel":"/meta/connect","id":"4","clientId":"c","connectionType":"long-polling","ext":{"ack":5}}]
        < 4 200 [{"channel":"/meta/connect","successful":true}]
        + 2000
        > 5 /connect [{"channel":"/meta/connect","id":"5","clientId":"c","connectionType":"long-polling","ext":{"ack":5}}]
        < 5 200 [{"channel":"/meta/connect","successful":true,"advice":{"reconnect":"none"}}]
        * stopped None
        + 100000
        "#,
    );
    begun(
        r#"
        < 3 200 [{"channel":"/meta/connect","successful":false,"error":"no","advice":{"interval":-1}}]
        * stopped Some("no")
        "#,
    );
    check(
        ClientConfig::default(),
        r#"
        do start
        > 1 /handshake [{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        < 1 200 [{"channel":"/meta/handshake","successful":false,"error":"403::handshake_denied","advice":{"reconnect":"none"}}]
        * stopped Some("403::handshake_denied")
        do start
        > 2 /handshake [{"channel":"/meta/handshake","id":"2","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        < 2 200 [{"channel":"/meta/handshake","successful":false,"error":"403::","advice":{"reconnect":"handshake","interval":4000}}]
        * failing 5000
        + 5000
        > 3 /handshake [{"channel":"/meta/handshake","id":"3","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}]
        "#,
    );
}

/// Subscriptions travel together, are refused one by one, and are asked again when they were not
/// heard; a refused one only in the next session.
#[test]
fn subscriptions_settle() {
    begun(
        r#"
        do subscribe /a
        > 4 - [{"channel":"/meta/subscribe","id":"4","clientId":"c","subscription":"/a"}]
        do subscribe /b
        do subscribe /c
        x 4
        + 1000
        > 5 - [{"channel":"/meta/subscribe","id":"5","clientId":"c","subscription":"/a"},{"channel":"/meta/subscribe","id":"6","clientId":"c","subscription":"/b"},{"channel":"/meta/subscribe","id":"7","clientId":"c","subscription":"/c"}]
        < 5 200 [{"channel":"/x","data":7},{"channel":"/meta/subscribe","id":"5","successful":true},{"channel":"/meta/subscribe","id":6,"successful":false,"error":"403:denied:no"}]
        * event /x 7
        * subscribed /a
        * refused /b 403:denied:no
        + 1000
        > 6 - [{"channel":"/meta/subscribe","id":"8","clientId":"c","subscription":"/c"}]
        < 6 200 [{"channel":"/meta/subscribe","id":"8","successful":false,"error":"402::Unknown client"}]
        do unsubscribe /c
        do unsubscribe /a
        + 1000
        > 7 - [{"channel":"/meta/unsubscribe","id":"9","clientId":"c","subscription":"/a"}]
        < 7 200 [{"channel":"/meta/unsubscribe","id":"9","successful":false,"error":"400::channel_missing"}]
        + 5000
        "#,
    );
}

/// What one session was refused the next one may get.
#[test]
fn a_refusal_lasts_a_session() {
    begun(&format!(
        r#"
        do subscribe /a
        > 4 - [{{"channel":"/meta/subscribe","id":"4","clientId":"c","subscription":"/a"}}]
        < 4 200 [{{"channel":"/meta/subscribe","id":"4","successful":false,"error":"403::"}}]
        * refused /a 403::
        < 3 200 {FORGOTTEN}
        * lost 402::Unknown client
        > 5 /handshake [{{"channel":"/meta/handshake","id":"5","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":true}}}}]
        < 5 200 {OPENED}
        * opened c
        > 6 /connect [{{"channel":"/meta/connect","id":"6","clientId":"c","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":0}}}}]
        > 7 - [{{"channel":"/meta/subscribe","id":"7","clientId":"c","subscription":"/a"}}]
        "#
    ));
}

/// Good-bye is said once; the held connect is given up; what follows is silence.
#[test]
fn disconnecting() {
    let goodbye = r#"> 4 /disconnect [{"channel":"/meta/disconnect","id":"4","clientId":"c"}]"#;
    for heard in [
        r#"< 4 200 [{"channel":"/meta/disconnect","id":"4","successful":true}]"#,
        "x 4",
        "+ 10000\n* abandoned 4",
    ] {
        begun(&format!(
            "do disconnect\n{goodbye}\ndo disconnect\n{heard}\n* abandoned 3\n* stopped None\n+ 100000"
        ));
    }
    begun(&format!(
        r#"
        do disconnect
        {goodbye}
        < 3 200 [{{"channel":"/meta/connect","successful":true,"advice":{{"reconnect":"none"}}}}]
        < 4 200 [{{"channel":"/meta/disconnect","successful":true}}]
        * stopped None
        "#
    ));
}

pub(crate) fn check(config: ClientConfig, script: &str) {
    let mut run = Run { client: Client::new(config), now: Instant::from_millis(7) };
    for (number, line) in script.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() {
            let step = number + 1;
            run.play(line).unwrap_or_else(|why| panic!("line {step}: {line}\n{why}"));
        }
    }
    assert_eq!(run.client.poll_transmit(), None);
    assert_eq!(run.client.poll_event(), None);
}

struct Run {
    client: Client,
    now: Instant,
}

impl Run {
    fn play(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').ok_or("expected a verb and words")?;
        // Nothing may happen unnamed before something else does.
        if !matches!(verb, ">" | "*") {
            if let Some(transmit) = self.client.poll_transmit() {
                return Err(format!("unnamed before: {transmit:?}"));
            }
            if let Some(event) = self.client.poll_event() {
                return Err(format!("unnamed before: {event:?}"));
            }
        }
        match verb {
            "do" => self.act(rest),
            ">" => {
                let sent = self.client.poll_transmit().ok_or("expected a request, got none")?;
                let path = if sent.path.is_empty() { "-" } else { sent.path };
                let body = std::str::from_utf8(&sent.body).map_err(|why| why.to_string())?;
                same(rest, &format!("{} {path} {body}", sent.exchange.get()))
            }
            "<" => {
                let mut words = rest.splitn(3, ' ');
                let exchange = exchange(words.next())?;
                let status = words.next().and_then(|word| word.parse().ok()).ok_or("a status?")?;
                let body = Bytes::copy_from_slice(words.next().unwrap_or_default().as_bytes());
                self.client.handle_response(self.now, exchange, status, &body);
                Ok(())
            }
            "x" => {
                self.client.handle_failure(self.now, exchange(Some(rest))?);
                Ok(())
            }
            "+" => {
                let millis: u64 = rest.parse().map_err(|_| "expected milliseconds")?;
                self.now = self.now.after(millis);
                if self.client.poll_timeout().is_some_and(|due| due <= self.now) {
                    self.client.handle_timeout(self.now);
                }
                Ok(())
            }
            "*" => {
                let event = self.client.poll_event().ok_or("expected an event, got none")?;
                same(rest, &told(&event))
            }
            _ => Err("unknown verb".to_owned()),
        }
    }

    fn act(&mut self, words: &str) -> Result<(), String> {
        let (act, pattern) = words.split_once(' ').unwrap_or((words, "/unused"));
        let pattern = Pattern::new(pattern).map_err(|why| why.to_string())?;
        match act {
            "start" => self.client.start(self.now),
            "disconnect" => self.client.disconnect(self.now),
            "subscribe" => self.client.subscribe(self.now, pattern),
            "unsubscribe" => self.client.unsubscribe(self.now, &pattern),
            _ => return Err("unknown act".to_owned()),
        }
        Ok(())
    }
}

fn told(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Opened { client_id, resumed: true } => {
            format!("resumed {}", client_id.as_str())
        }
        ClientEvent::Opened { client_id, .. } => format!("opened {}", client_id.as_str()),
        ClientEvent::Subscribed { pattern } => format!("subscribed {}", pattern.as_str()),
        ClientEvent::Refused { pattern, error } => format!("refused {} {error}", pattern.as_str()),
        ClientEvent::Event { channel, data } => {
            format!("event {channel} {}", std::str::from_utf8(data).expect("JSON is UTF-8"))
        }
        ClientEvent::Lost { error } => format!("lost {error}"),
        ClientEvent::Failing { retry_in_ms } => format!("failing {retry_in_ms}"),
        ClientEvent::Abandoned { exchange } => format!("abandoned {}", exchange.get()),
        ClientEvent::Stopped { error } => format!("stopped {error:?}"),
        other => format!("{other:?}"),
    }
}

fn same(expected: &str, got: &str) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("got {got}")) }
}

fn exchange(word: Option<&str>) -> Result<ExchangeId, String> {
    let number = word.and_then(|word| word.parse().ok());
    number.map(ExchangeId::new).ok_or("expected an exchange".to_owned())
}
