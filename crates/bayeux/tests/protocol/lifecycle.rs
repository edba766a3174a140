//! What the host hears, in which order, and what it can ask.

use bayeux::{
    ClientId, ExchangeId, Instant, Output, Owner, Pattern, Reconnect, Request, RestoreError,
    SessionRow,
};

use crate::script::{Counted, World, check, config, shown};

/// Changes come out before the response that they belong to, so that a host can store them first.
#[test]
fn changes_come_before_their_response() {
    let owner = Owner::new("ann");
    let mut world = World::new(config());
    let mut ids = Counted::default();
    let bodies = [
        (r#"[{"channel":"/meta/handshake"}]"#, "opened"),
        (r#"[{"channel":"/meta/subscribe","clientId":"c1","subscription":"/a"}]"#, "changed"),
        (r#"[{"channel":"/meta/disconnect","clientId":"c1"}]"#, "closed"),
    ];
    for (body, what) in bodies {
        let limits = world.server.limits();
        let request = Request::read(ExchangeId::new(1), &owner, body.as_bytes(), &limits).unwrap();
        world.server.handle(world.now, request, &mut ids);
        let first = world.server.poll_output();
        let matched = match &first {
            Some(Output::SessionOpened { .. }) => what == "opened",
            Some(Output::SessionChanged { .. }) => what == "changed",
            Some(Output::SessionClosed { .. }) => what == "closed",
            _ => false,
        };
        assert!(matched, "expected {what}, got {first:?}");
        assert!(matches!(world.server.poll_output(), Some(Output::Respond { .. })), "{what}");
        assert_eq!(world.server.poll_output(), None);
    }
}

/// Nothing is told that did not change.
#[test]
fn repetition_changes_nothing() {
    check(
        r#"
        >ann@3 1 handshake
        ? 1
        > 2 subscribe c1 /b
        > 3 subscribe c1 /a
        > 4 subscribe c1 /a
        > 5 [{"channel":"/meta/unsubscribe","subscription":["/a","/b"],"clientId":"c1"}]
        > 6 [{"channel":"/meta/unsubscribe","subscription":["/a","/b"],"clientId":"c1"}]
        ? 2
        ? 3
        ? 4
        ? 5
        ? 6
        * opened c1 ann 3
        * changed c1 /b
        * changed c1 /a /b
        * changed c1
        "#,
    );
}

/// What a host must know before it hands a request over: whose session, and whether a cursor is
/// needed.
#[test]
fn a_request_tells_what_it_needs() {
    let handshake = r#"{"channel":"/meta/handshake","clientId":"old"}"#;
    let connect = r#"{"channel":"/meta/connect","clientId":"c\u0031"}"#;
    for (body, client_id, is_handshake) in [
        (handshake.to_owned(), None, true),
        (format!("[{connect},{handshake}]"), None, true),
        (format!("[{connect}]"), Some("c1"), false),
        (format!("[{{}},{connect}]"), None, false),
        (r#"{"channel":"/meta/connect","clientId":{}}"#.to_owned(), None, false),
    ] {
        let limits = World::new(config()).server.limits();
        let read = Request::read(ExchangeId::new(7), &Owner::new("ann"), body.as_bytes(), &limits);
        let request = read.unwrap();
        assert_eq!(request.client_id().as_deref(), client_id, "{body}");
        assert_eq!(request.is_handshake(), is_handshake, "{body}");
        assert_eq!(request.exchange(), Some(ExchangeId::new(7)));
    }
}

/// BAYEUX-3.4: the host refuses a handshake; no session, no cookie, and nothing else is refused.
#[test]
fn the_host_denies_a_handshake() {
    for reconnect in ["none", "handshake"] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            do deny {reconnect}
            > 2 [{{"id":"60","channel":"/meta/handshake"}}]
            < 2 200 [{{"advice":{{"reconnect":"{reconnect}"}},"channel":"/meta/handshake","id":"60","error":"403::handshake_denied","successful":false}}]
            > 3 connect c1
            ? 3
            * opened c1 ann 0
            "#
        ));
    }
}

/// A stored session comes back whole, is found, and goes again; once only, and only if there is
/// room.
#[test]
fn a_row_is_restored_as_it_was() {
    let mut row = SessionRow::new(ClientId::new("c9"), Owner::new("ann"), 5, true);
    row.subscriptions = ["/**", "/a", "/b"].map(|text| Pattern::new(text).unwrap()).to_vec();
    row.checkpoint = 8;
    let mut config = config();
    config.limits.sessions_per_owner = 1;
    let mut world = World::new(config);
    assert!(!world.server.knows("c9"));
    assert_eq!(world.server.restore(world.now, row.clone()), Ok(()));
    assert!(world.server.knows("c9"));
    assert_eq!(world.server.export("c9"), Some(row.clone()));
    assert_eq!(world.server.export("c8"), None);
    assert_eq!(world.server.rows().collect::<Vec<_>>(), [row.clone()]);
    assert_eq!(world.server.session_count_of(&Owner::new("ann")), 1);
    assert_eq!(world.server.restore(world.now, row.clone()), Err(RestoreError::Present));
    row.client_id = ClientId::new("c10");
    assert_eq!(world.server.restore(world.now, row), Err(RestoreError::NoRoom));
    assert_eq!(world.server.poll_timeout(), Some(world.now.after(4_000)));
    assert!(!world.server.drop_session(world.now, "c10", Reconnect::Retry));
}

/// A restored session serves its owner only, and its next connect is held, with news at the end.
#[test]
fn a_restored_session_is_still_its_owner_s() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 subscribe c1 /a
        ? 2
        do move c1
        >bob 3 connect c1
        < 3 200 [{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]
        > 4 connect c1
        . 4
        ! 1 /a 1
        < 4 200 [{"data":1,"channel":"/a"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        "#,
    );
}

/// Rows are stored as JSON; a row that names no channel is refused.
#[test]
fn rows_have_a_stored_form() {
    let mut row = SessionRow::new(ClientId::new("c"), Owner::new("o"), 5, false);
    row.subscriptions = vec![Pattern::new("/a/**").unwrap()];
    let text = r#"{"client_id":"c","owner":"o","subscriptions":["/a/**"],"start":5,"checkpoint":5,"ack":false}"#;
    assert_eq!(serde_json::to_string(&row).unwrap(), text);
    assert_eq!(serde_json::from_str::<SessionRow>(text).unwrap(), row);
    assert!(serde_json::from_str::<SessionRow>(&text.replace("/a/**", "a")).is_err());
}

/// An id source that repeats itself makes no second session of the same name.
#[test]
fn a_client_id_is_never_given_twice() {
    struct Stuck;
    impl bayeux::NewClientIds for Stuck {
        fn client_id(&mut self, _: &Owner) -> ClientId {
            ClientId::new("c1")
        }
        fn browser_id(&mut self) -> bayeux::BrowserId {
            bayeux::BrowserId::new("b1")
        }
    }
    let mut world = World::new(config());
    for (number, owner) in [(1, "ann"), (2, "bob")] {
        let body = br#"[{"channel":"/meta/handshake"}]"#;
        let limits = world.server.limits();
        let request =
            Request::read(ExchangeId::new(number), &Owner::new(owner), body, &limits).unwrap();
        world.server.handle(Instant::from_millis(1), request, &mut Stuck);
        world.drain();
    }
    assert!(shown(&world.answers[&1]).contains(r#""successful":true"#));
    assert_eq!(
        shown(&world.answers[&2]),
        r#"200 [{"advice":{"interval":4000,"reconnect":"handshake"},"channel":"/meta/handshake","error":"403::handshake_failed","successful":false}]"#
    );
    assert_eq!(world.server.export("c1").unwrap().owner, Owner::new("ann"));
}

/// When all is over nothing is left: neither names nor deadlines.
#[test]
fn nothing_is_left_behind() {
    for ending in [
        "do end ann",
        "do drop c1 handshake",
        "+ 7000\n? 4",
        r#"> 5 [{"channel":"/meta/disconnect","clientId":"c1"}]
           ? 4
           ? 5"#,
        "x 4\n+ 4000",
    ] {
        let mut world = World::new(config());
        world.run(
            "
            >ann/b1 1 handshake
            ? 1
            > 2 subscribe c1 /a
            ? 2
            >ann/b1 3 connect c1
            ? 3
            >ann/b1 4 connect c1
            . 4
            ",
        );
        world.run(ending);
        let left = format!("{:?}", world.server);
        assert!(
            !["Owner(", "BrowserId(", "ClientId(", "Key("].iter().any(|name| left.contains(name)),
            "{ending}: {left}"
        );
        assert_eq!(world.server.poll_timeout(), None, "{ending}");
    }
}

/// Secrets do not get into logs by `Debug`.
#[test]
fn debug_does_not_show_client_ids() {
    let client_id = ClientId::new("2o6i6tlippgi1qyio761fwcp6");
    assert_eq!(format!("{client_id:?}"), r#"ClientId("2o6i")"#);
}
