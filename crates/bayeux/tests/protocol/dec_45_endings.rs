//! DEC-45: how sessions end when the server ends them, and what a held connect hears.

use crate::script::{check, check_with, config};

const HELD: &str = "
    > 1 handshake
    ? 1
    > 2 connect c1
    ? 2
    > 3 subscribe c1 /a
    ? 3
    > 4 connect c1
    . 4
";

const FORGOTTEN: &str = r#"[{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]"#;
const STOPPED: &str = r#"[{"channel":"/meta/disconnect","successful":true},{"advice":{"reconnect":"none"},"channel":"/meta/connect","successful":true}]"#;
const MOVED: &str = r#"[{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]"#;

/// DEC-45: dropping, ending and shutting down; THE table of who hears what, and why the session is
/// gone.
#[test]
fn a_held_connect_is_answered_at_once() {
    for (act, heard, reason) in [
        ("drop c1 handshake", FORGOTTEN, "Ended"),
        ("drop c1 none", STOPPED, "Ended"),
        ("drop c1 retry", MOVED, "Released"),
        ("end ann", STOPPED, "Ended"),
        ("drop-owner ann handshake", FORGOTTEN, "Ended"),
        ("drop-owner ann retry", MOVED, "Released"),
        ("shutdown handshake", FORGOTTEN, "Ended"),
        ("shutdown retry", MOVED, "Released"),
        ("shutdown none", STOPPED, "Ended"),
    ] {
        check(&format!(
            "
            {HELD}
            * opened c1 ann 0
            * changed c1 /a
            do {act}
            < 4 200 {heard}
            * closed c1 ann {reason} last
            "
        ));
    }
}

/// Without a held connect the next one hears it: to stop, once, or as of any unknown session.
#[test]
fn later_connects_hear_it() {
    for act in ["drop c1 handshake", "drop c1 retry"] {
        check(&format!(
            "
            > 1 handshake
            ? 1
            do {act}
            > 2 connect c1
            < 2 200 {FORGOTTEN}
            "
        ));
    }
    for act in ["drop c1 none", "end ann"] {
        check(&format!(
            "
            > 1 handshake
            ? 1
            do {act}
            > 2 connect c1
            < 2 200 {STOPPED}
            > 3 connect c1
            < 3 200 {FORGOTTEN}
            "
        ));
    }
}

/// After a shutdown everything is HTTP 503, which clients take as a failure and try again
/// (BAYEUX-14.1), on another node.
#[test]
fn after_a_shutdown_nothing_is_answered() {
    check(&format!(
        "
        {HELD}
        do shutdown retry
        < 4 200 {MOVED}
        > 5 connect c1
        < 5 503
        > 6 handshake
        < 6 503
        "
    ));
}

/// NOTIF-5.5: ending an owner ends all the owner's sessions, and nobody else's.
#[test]
fn ending_an_owner_leaves_others_alone() {
    check(&format!(
        "
        {HELD}
        > 5 handshake
        ? 5
        >bob 6 handshake
        ? 6
        do end ann
        do end nobody
        < 4 200 {STOPPED}
        * opened c1 ann 0
        * changed c1 /a
        * opened c2 ann 0
        * opened c3 bob 0
        * closed c1 ann Ended
        * closed c2 ann Ended last
        "
    ));
}

/// BAYEUX-10.4, DEC-45: one event more than the queue holds removes the session; a connect that is
/// held meanwhile hears it at once, and the owner's other sessions go on.
#[test]
fn a_full_queue_removes_the_session() {
    let mut config = config();
    config.limits.queue_events = 2;
    check_with(
        config.clone(),
        &format!(
            "
            > 1 handshake
            ? 1
            > 2 subscribe c1 /a
            ? 2
            > 3 handshake
            ? 3
            * opened c1 ann 0
            * changed c1 /a
            * opened c2 ann 0
            ! 1 /a 1
            ! 2 /b 2
            ! 3 /a 3
            * -
            ! 4 /a 4
            * closed c1 ann Overflow
            > 4 connect c1
            < 4 200 {FORGOTTEN}
            > 5 connect c2
            ? 5
            * acknowledged c2 4
            "
        ),
    );
    check_with(config, &format!("{HELD}\n! 1 /a 1 /a 2 /a 3\n< 4 200 {FORGOTTEN}"));
}

/// BAYEUX-10.4: bytes are bounded as well; what was sent makes room again.
#[test]
fn the_queue_is_bounded_in_bytes() {
    let mut config = config();
    config.limits.queue_bytes = 100; // {"data":"…","channel":"/a"} with ten letters: 36 bytes
    check_with(
        config,
        r#"
        > 1 handshake
        ? 1
        > 2 subscribe c1 /a
        ? 2
        * opened c1 ann 0
        * changed c1 /a
        ! 1 /a "0123456789"
        ! 2 /a "0123456789"
        > 3 connect c1
        ? 3
        * acknowledged c1 2
        ! 3 /a "0123456789"
        ! 4 /a "0123456789"
        * -
        ! 5 /a "0123456789"
        * closed c1 ann Overflow last
        "#,
    );
}
