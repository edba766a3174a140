//! What clients do that want to hurt: every bound, and that it costs others nothing.

use crate::script::{World, check, check_with, config, shown};

fn status(world: &mut World, body: &str) -> String {
    world.post("ann", None, 0, 1, body.as_bytes());
    shown(&world.answers.remove(&1).expect("an answer"))
}

/// A body beyond the bound is HTTP 413; at the bound it is read.
#[test]
fn bodies_are_bounded() {
    let mut config = config();
    config.limits.body_bytes = 100;
    for (length, expected) in [(100, "400"), (101, "413"), (100_000, "413")] {
        assert_eq!(status(&mut World::new(config.clone()), &" ".repeat(length)), expected);
    }
}

/// Too many messages are HTTP 413, before they are stored; the most allowed are answered.
#[test]
fn messages_are_bounded() {
    let mut config = config();
    config.limits.messages = 3;
    let batch = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let mut world = World::new(config);
    assert!(status(&mut world, &batch(3)).starts_with("200 [{"));
    for count in [4, 300_000] {
        assert_eq!(status(&mut world, &batch(count)), "413", "{count} messages");
    }
}

/// Deep nesting is HTTP 400, wherever it stands; brackets in strings are no nesting.
#[test]
fn nesting_is_bounded() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for body in [
        deep(100_000),
        "[".repeat(1_000_000),
        format!(r#"[{{"channel":"/a","data":{}}}]"#, deep(127)),
        format!(r#"[{{"ext":{}}}]"#, "{\"a\":".repeat(50_000)),
    ] {
        assert_eq!(status(&mut World::new(config()), &body), "400");
    }
    for body in [
        format!(r#"[{{"data":{}}}]"#, deep(126)),
        format!(r#"[{{"data":"{}"}}]"#, "[".repeat(200)),
        format!(r#"[{{"data":"\"{}"}}]"#, "[".repeat(200)),
        format!(r#"[{{"data":"\\","x":"{}"}}]"#, "[".repeat(200)),
    ] {
        let expected = r#"200 [{"error":"400::channel_missing","successful":false}]"#;
        assert_eq!(status(&mut World::new(config()), &body), expected, "{body}");
    }
}

/// A session may hold so many subscriptions; what it has already does not count twice, and leaving
/// one makes room.
#[test]
fn subscriptions_are_bounded() {
    let mut config = config();
    config.limits.subscriptions = 2;
    check_with(
        config,
        r#"
        > 1 handshake
        ? 1
        > 2 [{"channel":"/meta/subscribe","subscription":["/a","/b","/c"],"clientId":"c1"}]
        < 2 200 [{"channel":"/meta/subscribe","subscription":["/a","/b","/c"],"error":"403:too_many_subscriptions:subscribe_denied","successful":false}]
        > 3 [{"channel":"/meta/subscribe","subscription":["/a","/a"],"clientId":"c1"},{"channel":"/meta/subscribe","subscription":["/**","/**"],"clientId":"c1"}]
        ? 3
        > 4 [{"channel":"/meta/subscribe","subscription":["/a","/service/x"],"clientId":"c1"}]
        ? 4
        > 5 subscribe c1 /c
        < 5 200 [{"channel":"/meta/subscribe","subscription":"/c","error":"403:too_many_subscriptions:subscribe_denied","successful":false}]
        > 6 [{"channel":"/meta/unsubscribe","subscription":"/a","clientId":"c1"}]
        ? 6
        > 7 subscribe c1 /c
        ? 7
        * opened c1 ann 0
        * changed c1 /a
        * changed c1 /** /a
        * changed c1 /**
        * changed c1 /** /c
        "#,
    );
}

/// A million names in one message are refused before they are looked at, whichever they are.
#[test]
fn names_of_one_message_are_bounded() {
    for channel in ["/meta/subscribe", "/meta/unsubscribe"] {
        let names = vec![r#""/a""#; 150_000].join(",");
        let message =
            format!(r#"{{"channel":"{channel}","subscription":[{names}],"clientId":"c1"}}"#);
        let mut world = World::new(config());
        world.run("> 2 handshake\n? 2\n> 3 subscribe c1 /a\n? 3");
        let answer = status(&mut world, &message);
        assert!(answer.ends_with(
            r#""error":"403:too_many_subscriptions:subscribe_denied","successful":false}]"#
        ));
    }
}

/// Subscribing and leaving over and over is forgotten in time, never collected.
#[test]
fn former_subscriptions_are_bounded() {
    let mut config = config();
    config.limits.subscriptions = 2;
    let mut script = "> 1 handshake\n? 1\n".to_owned();
    for n in 0..3 {
        script += &format!(
            r#"
            > 2 subscribe c1 /{n}
            ? 2
            > 3 [{{"channel":"/meta/unsubscribe","subscription":"/{n}","clientId":"c1"}}]
            ? 3
            "#
        );
    }
    script += r#"
        > 4 [{"channel":"/meta/unsubscribe","subscription":"/0","clientId":"c1"}]
        < 4 200 [{"channel":"/meta/unsubscribe","subscription":"/0","error":"400::channel_missing","successful":false}]
    "#;
    check_with(config, &script);
}

const NO_ROOM: &str = r#"[{"advice":{"interval":4000,"reconnect":"handshake"},"channel":"/meta/handshake","error":"403:too_many_sessions:handshake_denied","successful":false}]"#;

/// An owner may have so many sessions and is told to come again; others have theirs, and the dead
/// make room.
#[test]
fn sessions_of_an_owner_are_bounded() {
    let mut config = config();
    config.limits.sessions_per_owner = 2;
    check_with(
        config,
        &format!(
            "
            > 1 handshake
            ? 1
            > 2 handshake
            ? 2
            > 3 handshake
            < 3 200 {NO_ROOM}
            >bob 4 handshake
            ? 4
            + 4000
            > 5 handshake
            ? 5
            "
        ),
    );
}

/// The server may have so many sessions.
#[test]
fn sessions_of_the_server_are_bounded() {
    let mut config = config();
    config.limits.sessions = 1;
    check_with(
        config,
        &format!(
            r#"
            > 1 handshake
            ? 1
            >bob 2 handshake
            < 2 200 {NO_ROOM}
            > 3 [{{"channel":"/meta/disconnect","clientId":"c1"}}]
            ? 3
            >bob 4 handshake
            ? 4
            "#
        ),
    );
}

/// Channel names beyond the bound are refused and not repeated.
#[test]
fn channel_names_are_bounded() {
    check(&format!(
        r#"
        > 1 handshake
        ? 1
        > 2 [{{"channel":"/{}","clientId":"c1"}}]
        < 2 200 [{{"error":"405::channel_invalid","successful":false}}]
        "#,
        "x".repeat(256)
    ));
}

/// What is repeated is written as JSON again: nobody breaks out of a string.
#[test]
fn repeated_texts_are_escaped() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 [{"id":"\"},{\n\u0000</script>","channel":"/meta/subscribe","subscription":"\"\\\u0007","clientId":"c1"}]
        < 2 200 [{"channel":"/meta/subscribe","id":"\"},{\n\u0000</script>","subscription":"\"\\\u0007","error":"403::subscription_invalid","successful":false}]
        "#,
    );
}

/// A storm of connects of one session answers each but the last with 500 and leaves one held.
#[test]
fn a_storm_of_connects_holds_one() {
    let mut script = "> 1 handshake\n? 1\n> 2 connect c1\n? 2\n> 3 connect c1\n".to_owned();
    for n in 3..300 {
        script += &format!("> {} connect c1\n< {n} 500\n. {}\n", n + 1, n + 1);
    }
    check(&script);
}
