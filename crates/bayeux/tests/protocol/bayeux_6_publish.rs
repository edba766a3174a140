//! BAYEUX-6 and NOTIF-2: who gets an event, and that clients make none.

use crate::script::check;

/// BAYEUX-6.2, BAYEUX-6.4, NOTIF-2.15: publishing is denied, in the words for each kind of channel.
#[test]
fn clients_do_not_publish() {
    const DENIED: &str =
        r#","error":"403:denied_by_security_policy:publish_denied","successful":false"#;
    const NOT_CREATED: &str =
        r#","error":"403:denied_by_security_policy:channel_create_denied","successful":false"#;
    for (channel, result) in [
        ("/v2/me/chats", DENIED),
        ("/foo/*", DENIED),
        ("/**", DENIED),
        ("/meta/other", NOT_CREATED),
        ("/meta/connect/x", NOT_CREATED),
        ("/service/x", r#","successful":true"#),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 subscribe c1 /**
            ? 2
            > 3 [{{"channel":"{channel}","id":"21","data":{{"x":1}},"clientId":"c1"}}]
            < 3 200 [{{"channel":"{channel}","id":"21"{result}}}]
            "#
        ));
    }
}

/// NOTIF-2.11, NOTIF-2.14: all sessions of the owner, and nobody else's; subscribed ones only
/// (NOTIF-2.12).
#[test]
fn events_reach_all_sessions_of_their_owner() {
    check(
        r#"
        > 1 handshake
        > 2 handshake
        > 3 handshake
        >bob 4 handshake
        ? 1
        ? 2
        ? 3
        ? 4
        > 5 subscribe c1 /v2/me/chats
        > 6 subscribe c2 /**
        > 7 subscribe c3 /v2/me/calls
        >bob 8 subscribe c4 /**
        ? 5
        ? 6
        ? 7
        ? 8
        ! 1 /v2/me/chats 1
        !carl 1 /v2/me/chats 9
        > 11 connect c1
        > 12 connect c2
        > 13 connect c3
        >bob 14 connect c4
        < 11 200 [{"data":1,"channel":"/v2/me/chats"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        < 12 200 [{"data":1,"channel":"/v2/me/chats"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        < 13 200 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        < 14 200 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        "#,
    );
}

/// DEC-44: nothing from before the handshake, and nothing twice, however often a hub publishes.
#[test]
fn cursors_are_published_once() {
    check(
        r#"
        >ann@7 1 handshake
        ? 1
        > 2 subscribe c1 /a
        ? 2
        ! 6 /a 6
        ! 7 /a 7
        ! 8 /a 8
        ! 8 /a 8
        ! 9 /b 9
        ! 9 /a 9
        ! 12 /a 12
        ! 10 /a 10
        > 3 connect c1
        < 3 200 [{"data":8,"channel":"/a"},{"data":12,"channel":"/a"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        ! 12 /a 12
        > 4 connect c1
        . 4
        "#,
    );
}

/// BAYEUX-6.3: data is copied as it is, byte for byte.
#[test]
fn data_is_not_rewritten() {
    for data in
        [r#"{"b":1,"a":1.0,"c":1e400}"#, r#""\u00e4\/""#, "[]", "null", "12345678901234567890123"]
    {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 subscribe c1 /a
            ? 2
            ! 1 /a {data}
            > 3 subscribe c1 /b
            < 3 200 [{{"data":{data},"channel":"/a"}},{{"channel":"/meta/subscribe","subscription":"/b","successful":true}}]
            "#
        ));
    }
}
