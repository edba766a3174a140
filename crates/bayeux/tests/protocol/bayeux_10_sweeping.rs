//! BAYEUX-10: when a session dies, to the millisecond of a virtual clock.

use crate::script::{check, check_with, config};

/// BAYEUX-10.2: shaken hands and never connected.
#[test]
fn a_session_that_never_connects_dies() {
    check(
        "
        > 1 handshake
        ? 1
        * opened c1 ann 0
        + 3999
        * -
        + 1
        * closed c1 ann TimedOut last
        ",
    );
}

/// BAYEUX-10.1: interval + maxInterval after the last connect reply, then 402 (BAYEUX-15.9).
#[test]
fn a_session_without_connect_dies() {
    for interval in [0, 500] {
        let mut config = config();
        config.interval_ms = interval;
        check_with(
            config,
            &format!(
                r#"
                > 1 handshake
                ? 1
                > 2 connect c1
                ? 2
                > 3 connect c1
                + 3000
                ? 3
                * opened c1 ann 0
                + {}
                > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":0}}}}]
                ? 4
                + {}
                * -
                + 1
                * closed c1 ann TimedOut last
                > 5 connect c1
                < 5 200 [{{"advice":{{"interval":0,"reconnect":"handshake"}},"channel":"/meta/connect","error":"402::Unknown client","successful":false}}]
                "#,
                interval + 3999,
                interval + 3999,
            ),
        );
    }
}

/// BAYEUX-10.1: a held connect never dies, however long.
#[test]
fn a_held_connect_never_dies() {
    let mut config = config();
    config.timeout_ms = 3_600_000;
    check_with(
        config,
        "
        > 1 handshake
        ? 1
        > 2 connect c1
        ? 2
        > 3 connect c1
        + 3599999
        . 3
        ! 1 /a 1
        + 1
        ? 3
        ",
    );
}

/// BAYEUX-10.1: any other message moves the end to at least now + maxInterval; it shortens nothing.
#[test]
fn other_messages_prolong() {
    let mut config = config();
    config.interval_ms = 1_000;
    check_with(
        config,
        "
        > 1 handshake
        ? 1
        > 2 connect c1
        ? 2
        + 500
        > 3 subscribe c1 /a
        ? 3
        * opened c1 ann 0
        * changed c1 /a
        + 4499
        > 4 subscribe c1 /a
        ? 4
        + 3999
        * -
        + 1
        * closed c1 ann TimedOut last
        ",
    );
}

/// BAYEUX-10.1: a broken connection starts the time; one under a held connect does not prolong.
#[test]
fn a_broken_connection_starts_the_time() {
    check(
        "
        > 1 handshake
        ? 1
        > 2 connect c1
        ? 2
        > 3 connect c1
        + 1000
        x 3
        * opened c1 ann 0
        + 3999
        * -
        + 1
        * closed c1 ann TimedOut last
        ",
    );
}

/// Sessions die in the order of their ends, each alone, and the last one of an owner is told.
#[test]
fn each_dies_at_its_own_time() {
    check(
        "
        > 1 handshake
        ? 1
        + 10
        > 2 handshake
        ? 2
        >bob 3 handshake
        ? 3
        > 4 connect c1
        ? 4
        * opened c1 ann 0
        * opened c2 ann 0
        * opened c3 bob 0
        + 3999
        * -
        + 1
        * closed c1 ann TimedOut
        * closed c2 ann TimedOut last
        * closed c3 bob TimedOut last
        ",
    );
}
