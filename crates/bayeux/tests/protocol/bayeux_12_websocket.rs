//! BAYEUX-12.2: sessions over websockets: frames, pushes, heart-beats, and how connections end.

use bayeux::Config;

use crate::script::{self, World, check_with};

const CONNECTED: &str = "
    w 1 handshake
    r 1 ?
    w 1 connect c1
    r 1 ?
    w 1 subscribe c1 /a
    r 1 ?
    w 1 connect c1
    r 1 -
";

const BEAT: &str = r#"[{"channel":"/meta/connect","successful":true}]"#;
const ADVISED: &str = r#"[{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]"#;
const UNKNOWN: &str = r#"[{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]"#;

/// As everywhere, and with websockets.
fn config() -> Config {
    let mut config = script::config();
    config.connection_types.push("websocket".to_owned());
    config
}

fn check(script: &str) {
    check_with(config(), script);
}

fn connected(script: &str) {
    check(&format!("{CONNECTED}{script}"));
}

/// BAYEUX-12.2-1, -2: the messages of long-polling in frames; no cookie.
#[test]
fn messages_are_those_of_long_polling() {
    check(
        r#"
        w 1 [{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket","long-polling"]}]
        r 1 [{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling","websocket"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","id":"1","version":"1.0","successful":true}]
        w 1 [{"id":"2","channel":"/meta/connect","connectionType":"websocket","advice":{"timeout":0},"clientId":"c1"},{"id":"3","channel":"/meta/subscribe","subscription":"/a","clientId":"c1"}]
        r 1 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","id":"2","successful":true},{"channel":"/meta/subscribe","id":"3","subscription":"/a","successful":true}]
        w 1 {"id":4,"channel":"/meta/connect","clientId":"c1"}
        r 1 -
        + 3000
        r 1 [{"channel":"/meta/connect","id":"4","successful":true}]
        * opened c1 ann 0
        * changed c1 /a
        "#,
    );
}

/// BAYEUX-12.2-3: each event at once in its own frame; the connect goes on being held for as long as
/// it would have been.
#[test]
fn events_are_pushed_and_do_not_wake_the_connect() {
    connected(&format!(
        r#"
        + 1000
        ! 1 /a 1 /b 0 /a 2
        r 1 [{{"data":1,"channel":"/a"}}]
        r 1 [{{"data":2,"channel":"/a"}}]
        r 1 -
        + 1999
        ! - /a 3
        r 1 [{{"data":3,"channel":"/a"}}]
        r 1 -
        + 1
        r 1 {BEAT}
        ! 2 /a 4
        r 1 [{{"data":4,"channel":"/a"}}]
        w 1 connect c1
        r 1 -
        * opened c1 ann 0
        * changed c1 /a
        * acknowledged c1 1
        * acknowledged c1 2
        "#
    ));
}

/// Events and replies keep the order in which they came to be: a reply is not overtaken by an event
/// that happened later, however late both are written.
#[test]
fn replies_and_events_keep_their_order() {
    connected(&format!(
        r#"
        ! 1 /a 1
        w 1 subscribe c1 /b
        ! 2 /b 2
        + 3000
        ! 3 /a 3
        r 1 [{{"data":1,"channel":"/a"}}]
        r 1 [{{"channel":"/meta/subscribe","subscription":"/b","successful":true}}]
        r 1 [{{"data":2,"channel":"/b"}}]
        r 1 {BEAT}
        r 1 [{{"data":3,"channel":"/a"}}]
        "#
    ));
}

/// BAYEUX-4.1, BAYEUX-12.2-2: nothing is pushed before the first connect, which is answered at once,
/// after what is queued.
#[test]
fn events_wait_for_the_first_connect() {
    check(&format!(
        r#"
        w 1 handshake
        r 1 ?
        w 1 subscribe c1 /a
        r 1 ?
        ! 1 /a 1
        r 1 -
        w 1 connect c1
        r 1 [{{"data":1,"channel":"/a"}}]
        r 1 {ADVISED}
        "#
    ));
}

/// BAYEUX-4.2: the time-out that the client asks for.
#[test]
fn the_time_out_of_the_client_is_honoured() {
    check(&format!(
        r#"
        w 1 handshake
        r 1 ?
        w 1 connect c1
        r 1 ?
        w 1 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":0}}}}]
        r 1 {ADVISED}
        w 1 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":1000}}}}]
        + 999
        r 1 -
        + 1
        r 1 {ADVISED}
        "#
    ));
}

/// BAYEUX-4.5: over one websocket both connects are answered, the older one at once.
#[test]
fn a_second_connect_takes_the_place_of_the_first() {
    connected(&format!(
        r#"
        w 1 connect c1
        r 1 {BEAT}
        r 1 -
        + 3000
        r 1 {BEAT}
        "#
    ));
}

/// BAYEUX-9.2-1 over websockets: events ride connect replies only, whole units in one frame, and are
/// sent again when the frame was lost.
#[test]
fn with_acknowledgement_events_ride_connect_replies() {
    check(
        r#"
        w@10 1 handshake ack
        r 1 ?
        w 1 connect c1 ack 0
        r 1 [{"ext":{"ack":10},"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        w 1 connect c1 ack 10
        w 1 subscribe c1 /a
        r 1 ?
        ! 11 /a 1 /a 2
        r 1 [{"data":1,"channel":"/a"},{"data":2,"channel":"/a"},{"ext":{"ack":11},"channel":"/meta/connect","successful":true}]
        ! 12 /a 3
        r 1 -
        x ~1
        w 2 connect c1 ack 10
        r 2 [{"data":1,"channel":"/a"},{"data":2,"channel":"/a"},{"data":3,"channel":"/a"},{"ext":{"ack":12},"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        w 2 connect c1 ack 12
        r 2 -
        w 2 connect c1 ack 12
        r 2 [{"ext":{"ack":12},"channel":"/meta/connect","successful":true}]
        "#,
    );
}

/// BAYEUX-12.2-2: what was not written when the connection broke is pushed on the next one, from its
/// connect on; and what was written is not said again.
#[test]
fn a_new_connection_goes_on_with_the_session() {
    connected(
        r#"
        ! 1 /a 1 /a 2 /a 3
        r 1 [{"data":1,"channel":"/a"}]
        x ~1
        ! 2 /a 4
        + 3999
        w 2 subscribe c1 /b
        r 2 ?
        r 2 -
        w 2 connect c1
        r 2 [{"data":2,"channel":"/a"}]
        r 2 [{"data":3,"channel":"/a"}]
        r 2 [{"data":4,"channel":"/a"}]
        r 2 -
        ! 3 /a 5
        r 2 [{"data":5,"channel":"/a"}]
        r 1 -
        "#,
    );
}

/// A client that comes back while its old connection is half-open: the old one is closed, and nothing
/// is said twice.
#[test]
fn the_newest_connection_counts() {
    connected(
        r#"
        ! 1 /a 1 /a 2
        r 1 [{"data":1,"channel":"/a"}]
        w 2 connect c1
        r 2 [{"data":2,"channel":"/a"}]
        r 2 -
        r 1 close 1000
        ! 2 /a 3
        r 2 [{"data":3,"channel":"/a"}]
        "#,
    );
}

/// Clients fall back: from websocket to long-polling and the other way round, in the middle of a
/// session.
#[test]
fn a_session_changes_its_transport() {
    connected(&format!(
        r#"
        ! 1 /a 1 /a 2
        r 1 [{{"data":1,"channel":"/a"}}]
        > 5 connect c1
        r 1 close 1000
        < 5 200 [{{"data":2,"channel":"/a"}},{BEAT_TAIL}
        > 6 connect c1
        w 2 connect c1
        < 6 500
        ! 2 /a 3
        r 2 [{{"data":3,"channel":"/a"}}]
        r 2 -
        "#,
        BEAT_TAIL = &BEAT[1..],
    ));
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 subscribe c1 /a
        ? 2
        ! 1 /a 1
        w 1 connect c1
        r 1 [{"data":1,"channel":"/a"}]
        r 1 ?
        w 1 connect c1
        ! 2 /a 2
        r 1 [{"data":2,"channel":"/a"}]
        "#,
    );
}

/// BAYEUX-2.5: an unknown session hears 402 and may shake hands on the same connection; client ids
/// of others are as unknown.
#[test]
fn an_unknown_session_shakes_hands_again() {
    check(&format!(
        r#"
        > 1 handshake
        ? 1
        wbob 1 connect c1
        r 1 {UNKNOWN}
        wbob 1 subscribe c1 /a
        r 1 [{{"channel":"/meta/subscribe","subscription":"/a","error":"402::Unknown client","successful":false}}]
        wbob 1 handshake
        r 1 ?
        wbob 1 connect c2
        r 1 {ADVISED}
        "#
    ));
}

/// Several sessions on one connection and several connections of one owner: everybody hears
/// everything once.
#[test]
fn sessions_share_connections_and_owners() {
    connected(&format!(
        r#"
        w 1 handshake
        r 1 ?
        w 1 connect c2
        r 1 ?
        w 1 subscribe c2 /**
        r 1 ?
        w 2 handshake
        r 2 ?
        w 2 connect c3
        r 2 ?
        w 2 subscribe c3 /*
        r 2 ?
        ! 1 /a 1
        r 1 [{{"data":1,"channel":"/a"}}]
        r 1 [{{"data":1,"channel":"/a"}}]
        r 1 -
        r 2 [{{"data":1,"channel":"/a"}}]
        r 2 -
        w 1 [{{"channel":"/meta/disconnect","clientId":"c2"}}]
        r 1 [{{"channel":"/meta/disconnect","successful":true}}]
        ! 2 /a 2
        r 1 [{{"data":2,"channel":"/a"}}]
        r 2 [{{"data":2,"channel":"/a"}}]
        + 3000
        r 1 {BEAT}
        + 4000
        r 1 close 1000
        r 2 close 1000
        "#
    ));
}

/// BAYEUX-4.9: the held connect is answered before the disconnect, as clients expect that close the
/// socket then. It stays open for another handshake.
#[test]
fn a_disconnect_releases_the_held_connect() {
    connected(
        r#"
        w 1 [{"id":"9","channel":"/meta/disconnect","clientId":"c1"}]
        r 1 [{"advice":{"reconnect":"none"},"channel":"/meta/connect","successful":true}]
        r 1 [{"channel":"/meta/disconnect","id":"9","successful":true}]
        r 1 -
        w 1 handshake
        r 1 ?
        "#,
    );
}

/// BAYEUX-12.2-4, BAYEUX-10.1: a session whose client does not connect is swept, and its connection
/// closed with 1000; one that never connected, too.
#[test]
fn a_swept_session_closes_its_connection() {
    connected(&format!(
        r#"
        + 3000
        r 1 {BEAT}
        + 3999
        r 1 -
        + 1
        r 1 close 1000
        * opened c1 ann 0
        * changed c1 /a
        * closed c1 ann TimedOut last
        "#
    ));
    check("w 1 handshake\nr 1 ?\n+ 4000\nr 1 close 1000");
}

/// BAYEUX-12.2-4: a frame that is no batch closes the connection with 1011, one that is too large
/// with 1009, after what is to be written; the session waits for its client.
#[test]
fn broken_frames_close_the_connection() {
    let long = format!(r#"[{{"data":"{}"}}]"#, "x".repeat(64 << 10));
    let many = format!("[{}]", vec!["{}"; 101].join(","));
    for (frame, code) in
        [("[{", 1011), ("[]", 1011), ("", 1011), ("7", 1011), (&*long, 1009), (&*many, 1009)]
    {
        connected(&format!(
            r#"
            ! 1 /a 1
            w 1 subscribe c1 /b
            w 1 {frame}
            w 1 handshake
            r 1 [{{"channel":"/meta/subscribe","subscription":"/b","successful":true}}]
            r 1 close {code}
            w 2 connect c1
            r 2 [{{"data":1,"channel":"/a"}}]
            r 2 -
            "#
        ));
    }
}

/// A connection on which nothing is heard is closed after its time (BAYEUX-12.2-4); any message
/// moves it, and a held connect is longer than the shortest setting.
#[test]
fn silent_connections_are_closed() {
    let mut config = config();
    config.connection_idle_ms = 10_000;
    check_with(
        config.clone(),
        r#"
        w 1 []x
        r 1 close 1011
        w 2 [{"channel":"/service/x"}]
        r 2 [{"channel":"/service/x","error":"402::Unknown client","successful":false}]
        + 9999
        r 2 -
        w 2 [{"channel":"/service/x"}]
        r 2 [{"channel":"/service/x","error":"402::Unknown client","successful":false}]
        + 9999
        r 2 -
        + 1
        r 2 close 1000
        "#,
    );
    config.connection_idle_ms = 1;
    check_with(
        config,
        &format!("{CONNECTED}\n+ 3000\nr 1 {BEAT}\n+ 3999\nr 1 -\n+ 1\nr 1 close 1000"),
    );
}

/// BAYEUX-10.4: a client that does not read loses its session when the queue is full, and nothing
/// is kept for it then but one answer.
#[test]
fn a_client_that_does_not_read_loses_its_session() {
    let mut config = config();
    config.limits.queue_events = 3;
    check_with(
        config,
        &format!(
            r#"
            {CONNECTED}
            ! 1 /a 1 /a 2
            ! 2 /a 3
            r 1 [{{"data":1,"channel":"/a"}}]
            ! 3 /a 4
            ! 4 /a 5
            r 1 {UNKNOWN}
            r 1 close 1000
            "#
        ),
    );
}

/// The number of open websockets is bounded, per owner and in total; closed ones make room when the
/// host has seen that they are.
#[test]
fn connections_are_bounded() {
    use bayeux::{ConnectionId, ConnectionRefused, Owner};
    let mut config = config();
    config.limits.connections_per_owner = 2;
    config.limits.connections = 3;
    let mut world = World::new(config);
    let open = |world: &mut World, number, owner| {
        let connection = ConnectionId::new(number);
        world.server.open_connection(world.now, connection, &Owner::new(owner))
    };
    for (number, owner, outcome) in [
        (1, "ann", Ok(())),
        (2, "ann", Ok(())),
        (3, "ann", Err(ConnectionRefused::TooManyOfOwner)),
        (4, "bob", Ok(())),
        (5, "cy", Err(ConnectionRefused::TooMany)),
    ] {
        assert_eq!(open(&mut world, number, owner), outcome, "{number}");
    }
    assert_eq!(world.server.connection_count(), 3);
    world.server.connection_lost(world.now, ConnectionId::new(2));
    assert_eq!(open(&mut world, 6, "ann"), Ok(()));
    world.run("do end bob");
    assert_eq!(open(&mut world, 7, "cy"), Err(ConnectionRefused::TooMany));
    assert_eq!(world.read(4).as_deref(), Some("close 1000"));
    assert_eq!(open(&mut world, 7, "cy"), Ok(()));
    world.run("do shutdown retry");
    for number in [1, 6, 7] {
        assert_eq!(world.read(number).as_deref(), Some("close 1001"));
    }
    assert_eq!(open(&mut world, 8, "ann"), Err(ConnectionRefused::Closed));
    assert_eq!((world.server.connection_count(), world.server.poll_timeout()), (0, None));
}

/// DEC-45 over websockets: THE table of what a held connect hears, and how its socket is closed.
#[test]
fn endings_are_said_and_then_the_socket_is_closed() {
    const STOPPED: &str = r#"[{"channel":"/meta/disconnect","successful":true},{"advice":{"reconnect":"none"},"channel":"/meta/connect","successful":true}]"#;
    for (act, heard, code) in [
        ("drop c1 handshake", UNKNOWN, 1000),
        ("drop c1 none", STOPPED, 1000),
        ("drop c1 retry", ADVISED, 1001),
        ("end ann", STOPPED, 1000),
        ("drop-owner ann handshake", UNKNOWN, 1000),
        ("drop-owner ann retry", ADVISED, 1001),
        ("shutdown handshake", UNKNOWN, 1001),
        ("shutdown retry", ADVISED, 1001),
        ("drop-connection 1 handshake", UNKNOWN, 1000),
        ("drop-connection 1 none", STOPPED, 1000),
    ] {
        connected(&format!("do {act}\nr 1 {heard}\nr 1 close {code}\nw 1 handshake\nr 1 -"));
    }
}

/// When the sockets are gone nothing of them is left.
#[test]
fn nothing_is_left_behind() {
    for ending in
        ["x ~1\n+ 4000", "do end ann\nr 1 ?\nr 1 close 1000", "w 1 x\nr 1 close 1011\n+ 4000"]
    {
        let mut world = World::new(config());
        world.run(CONNECTED);
        world.run(ending);
        let left = format!("{:?}", world.server);
        let names = ["Owner(", "ClientId(", "Key(", "ConnectionId("];
        assert!(!names.iter().any(|name| left.contains(name)), "{ending}: {left}");
        assert_eq!(world.server.poll_timeout(), None, "{ending}");
    }
}
