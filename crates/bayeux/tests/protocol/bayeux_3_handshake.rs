//! BAYEUX-3: the handshake.

use crate::script::{check, check_with, config};

const OPENED: &str = r#""clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","version":"1.0","successful":true}]"#;

/// BAYEUX-3.1 and what real clients leave out: version, minimumVersion, id, advice, even the types.
/// A clientId is ignored.
#[test]
fn little_is_needed() {
    for members in [
        r#""version":"1.0","supportedConnectionTypes":["long-polling"]"#,
        r#""supportedConnectionTypes":["websocket","long-polling"]"#,
        r#""version":"1.0","minimumVersion":"0.9""#,
        r#""clientId":"bogus","advice":{"timeout":60000,"interval":0}"#,
        r#""ext":{"ack":false}"#,
        r#""ext":7"#,
    ] {
        check(&format!(
            r#"
            > 1 [{{"channel":"/meta/handshake",{members}}}]
            <+b1 1 200 [{{"minimumVersion":"1.0",{OPENED}
            "#
        ));
    }
}

/// BAYEUX-3.3: the server's list is told, not the intersection.
#[test]
fn the_server_s_types_are_listed() {
    let mut config = config();
    config.connection_types = ["websocket", "long-polling"].map(str::to_owned).to_vec();
    check_with(
        config,
        r#"
        > 1 handshake
        <+b1 1 200 [{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["websocket","long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","version":"1.0","successful":true}]
        "#,
    );
}

/// BAYEUX-3.3: nothing in common is no success, no session and no cookie.
#[test]
fn nothing_in_common_fails() {
    for types in [r#"["websocket","callback-polling"]"#, "[]", "7", r#""long-polling""#, "[1]"] {
        check(&format!(
            r#"
            > 1 [{{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":{types}}}]
            < 1 200 [{{"supportedConnectionTypes":["long-polling"],"advice":{{"reconnect":"none"}},"channel":"/meta/handshake","id":"1","error":"403::handshake_failed","successful":false}}]
            > 2 connect c1
            < 2 200 [{{"advice":{{"interval":0,"reconnect":"handshake"}},"channel":"/meta/connect","error":"402::Unknown client","successful":false}}]
            "#
        ));
    }
}

/// BAYEUX-9.2-1: acknowledgement is confirmed in the reply, in the old form; a server may not offer
/// it.
#[test]
fn ack_is_confirmed_if_offered() {
    for ext in [r#"{"ack":true}"#, r#"{"ack":{"enabled":true}}"#, r#"{"x":[],"ack":true}"#] {
        let handshake = format!(r#"> 1 [{{"channel":"/meta/handshake","ext":{ext}}}]"#);
        check(&format!(
            "{handshake}\n<+b1 1 200 [{{\"ext\":{{\"ack\":true}},\"minimumVersion\":\"1.0\",{OPENED}"
        ));
        let mut without = config();
        without.ack = false;
        check_with(
            without,
            &format!("{handshake}\n<+b1 1 200 [{{\"minimumVersion\":\"1.0\",{OPENED}"),
        );
    }
}

/// A second handshake makes a second session; the first lives on until its time is up.
#[test]
fn a_second_handshake_is_a_second_session() {
    check(
        r#"
        > 1 handshake
        ? 1
        + 2000
        > 2 handshake
        ? 2
        * opened c1 ann 0
        * opened c2 ann 0
        + 2000
        * closed c1 ann TimedOut
        + 2000
        * closed c2 ann TimedOut last
        "#,
    );
}
