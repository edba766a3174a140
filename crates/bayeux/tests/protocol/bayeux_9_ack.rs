//! BAYEUX-9.2 and DEC-44: acknowledged messages, numbered by the feed cursor.

use crate::script::{check, check_with, config};

const BEGIN: &str = "
    >ann@10 1 handshake ack
    ? 1
    > 2 subscribe c1 /a
    ? 2
";

fn begun(script: &str) {
    check(&format!("{BEGIN}{script}"));
}

/// One connect reply with this number.
fn reply(ack: u64) -> String {
    format!(r#"{{"ext":{{"ack":{ack}}},"channel":"/meta/connect","successful":true}}]"#)
}

fn advised(ack: u64) -> String {
    format!(
        r#"{{"ext":{{"ack":{ack}}},"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/connect","successful":true}}]"#
    )
}

/// DEC-44: the number is the cursor of the last event sent; it starts at the handshake's and stays
/// while nothing is sent.
#[test]
fn the_number_is_the_cursor() {
    begun(&format!(
        r#"
        > 3 connect c1 ack 0
        < 3 200 [{}
        > 4 connect c1 ack 10
        + 3000
        < 4 200 [{}
        > 5 connect c1 ack 10
        ! 11 /b 1
        . 5
        ! 15 /a 2
        < 5 200 [{{"data":2,"channel":"/a"}},{}
        > 6 connect c1 ack 15
        + 3000
        < 6 200 [{}
        "#,
        advised(10),
        reply(10),
        reply(15),
        reply(15),
    ));
}

/// BAYEUX-9.2-1: events travel in connect replies only, also in a batch.
#[test]
fn events_wait_for_a_connect() {
    begun(&format!(
        r#"
        ! 11 /a 1
        > 3 subscribe c1 /b
        < 3 200 [{{"channel":"/meta/subscribe","subscription":"/b","successful":true}}]
        > 4 [{{"channel":"/meta/subscribe","subscription":"/c","clientId":"c1"}},{{"channel":"/meta/connect","clientId":"c1"}}]
        < 4 200 [{{"data":1,"channel":"/a"}},{{"channel":"/meta/subscribe","subscription":"/c","successful":true}},{}
        "#,
        advised(11),
    ));
}

/// BAYEUX-9.2-4: what was sent and not confirmed comes again, in order, in front of what is new, at
/// once and with advice.
#[test]
fn a_lost_response_is_sent_again() {
    begun(&format!(
        r#"
        > 3 connect c1 ack 0
        ? 3
        > 4 connect c1 ack 10
        ! 11 /a 1 /a 2
        < 4 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{}
        > 5 connect c1 ack 10
        < 5 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{}
        ! 12 /a 3
        > 6 connect c1 ack 10
        < 6 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{{"data":3,"channel":"/a"}},{}
        > 7 connect c1 ack 11
        < 7 200 [{{"data":3,"channel":"/a"}},{}
        > 8 connect c1 ack 12
        . 8
        "#,
        reply(11),
        advised(11),
        advised(12),
        advised(12),
    ));
}

/// DEC-44: zero, nothing, nonsense and anything below the start mean the start.
#[test]
fn less_than_the_start_means_the_start() {
    for ext in [
        "",
        r#","ext":{"ack":0}"#,
        r#","ext":{"ack":9}"#,
        r#","ext":{"ack":-1}"#,
        r#","ext":{"ack":"11"}"#,
        r#","ext":{"ack":10.5}"#,
        r#","ext":{"ack":null}"#,
        r#","ext":[]"#,
    ] {
        begun(&format!(
            r#"
            ! 11 /a 1
            > 3 connect c1 ack 0
            < 3 200 [{{"data":1,"channel":"/a"}},{}
            > 4 [{{"channel":"/meta/connect","clientId":"c1"{ext}}}]
            < 4 200 [{{"data":1,"channel":"/a"}},{}
            > 5 connect c1 ack 11
            . 5
            "#,
            advised(11),
            advised(11),
        ));
    }
}

/// A number that was never sent confirms what was, and nothing that is still to come.
#[test]
fn more_than_was_sent_means_what_was_sent() {
    begun(&format!(
        r#"
        ! 11 /a 1
        > 3 connect c1 ack 0
        < 3 200 [{{"data":1,"channel":"/a"}},{}
        ! 12 /a 2
        > 4 connect c1 ack 18446744073709551615
        < 4 200 [{{"data":2,"channel":"/a"}},{}
        > 5 connect c1 ack 99
        ! 13 /a 3
        < 5 200 [{{"data":3,"channel":"/a"}},{}
        "#,
        advised(11),
        reply(12),
        reply(13),
    ));
}

/// BAYEUX-9.2-4: an old number again, after it was confirmed, brings nothing back.
#[test]
fn the_confirmed_is_forgotten() {
    begun(&format!(
        r#"
        ! 11 /a 1
        > 3 connect c1 ack 0
        < 3 200 [{{"data":1,"channel":"/a"}},{}
        > 4 connect c1 ack 11
        > 5 connect c1 ack 0
        < 4 500
        + 3000
        < 5 200 [{}
        "#,
        advised(11),
        reply(11),
    ));
}

/// BAYEUX-4.7 with acknowledgement: what was written to a dying connection is not lost.
#[test]
fn events_survive_a_dying_connection() {
    begun(&format!(
        r#"
        > 3 connect c1 ack 0
        ? 3
        > 4 connect c1 ack 10
        ! 11 /a 1
        < 4 200 [{{"data":1,"channel":"/a"}},{}
        x 4
        > 5 connect c1 ack 10
        < 5 200 [{{"data":1,"channel":"/a"}},{}
        "#,
        reply(11),
        advised(11),
    ));
}

/// BAYEUX-9.2-5, DEC-44: a new session starts at its own handshake.
#[test]
fn a_new_session_starts_at_its_own_cursor() {
    begun(&format!(
        r#"
        ! 11 /a 1
        + 4000
        >ann@11 3 handshake ack
        ? 3
        > 4 connect c2 ack 0
        < 4 200 [{}
        "#,
        advised(11),
    ));
}

/// STORE's "any node": a session that another node had goes on where its client says, whatever the
/// checkpoint was, and the host may publish again from there.
#[test]
fn another_node_goes_on() {
    begun(&format!(
        r#"
        ! 11 /a 1
        ! 12 /a 2
        > 3 connect c1 ack 0
        < 3 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{}
        do move c1
        ! 11 /a 1
        ! 12 /a 2
        ! 13 /a 3
        > 4 connect c1 ack 12
        < 4 200 [{{"data":3,"channel":"/a"}},{}
        do move c1
        ! 13 /a 3
        > 5 connect c1 ack 12
        < 5 200 [{{"data":3,"channel":"/a"}},{}
        do move c1
        ! 13 /a 3
        > 6 connect c1 ack 13
        + 3000
        < 6 200 [{}
        "#,
        advised(12),
        advised(13),
        advised(13),
        advised(13),
    ));
}

/// The same when the host publishes again only after the client's request: what another node sent
/// and the client confirms does not come again, and the number does not fall (DEC-44).
#[test]
fn another_node_goes_on_before_it_has_read() {
    begun(&format!(
        r#"
        ! 11 /a 1
        do move c1
        > 3 connect c1 ack 12
        . 3
        ! 11 /a 1
        ! 12 /a 2
        . 3
        ! 13 /a 3
        < 3 200 [{{"data":3,"channel":"/a"}},{}
        > 4 connect c1 ack 99
        . 4
        ! 14 /a 4
        < 4 200 [{{"data":4,"channel":"/a"}},{}
        "#,
        advised(13),
        reply(14),
    ));
}

/// What has no cursor is sent once, in its place, and moves neither number nor checkpoint; it does
/// not come again, while what has a cursor does.
#[test]
fn events_beside_the_feed_are_sent_once() {
    begun(&format!(
        r#"
        ! - /a 0
        ! 11 /a 1
        ! - /a 2
        ! - /b 9
        > 3 connect c1 ack 0
        < 3 200 [{{"data":0,"channel":"/a"}},{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{}
        > 4 connect c1 ack 10
        < 4 200 [{{"data":1,"channel":"/a"}},{}
        > 5 connect c1 ack 11
        . 5
        ! - /b 3
        . 5
        ! - /a 4
        < 5 200 [{{"data":4,"channel":"/a"}},{}
        > 6 connect c1 ack 11
        ! 12 /b 5
        ! - /a 6
        < 6 200 [{{"data":6,"channel":"/a"}},{}
        * opened c1 ann 10
        * changed c1 /a
        * acknowledged c1 11
        * acknowledged c1 12
        "#,
        advised(11),
        advised(11),
        reply(11),
        reply(11),
    ));
    let mut config = config();
    config.limits.queue_events = 1;
    check_with(
        config,
        &format!(
            "{BEGIN}\n! - /a 1\n! - /a 2\n* opened c1 ann 10\n* changed c1 /a\n* closed c1 ann Overflow last"
        ),
    );
}

/// Without acknowledgement what was written is done with: the checkpoint is what was sent.
#[test]
fn without_ack_another_node_goes_on_after_what_was_sent() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 subscribe c1 /a
        ? 2
        > 3 connect c1
        ? 3
        > 4 connect c1
        ! 1 /a 1
        ? 4
        ! 2 /a 2
        do move c1
        ! 1 /a 1
        ! 2 /a 2
        > 5 connect c1
        < 5 200 [{"data":2,"channel":"/a"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        * opened c1 ann 0
        * changed c1 /a
        * acknowledged c1 1
        * acknowledged c1 2
        "#,
    );
}

/// The checkpoint moves with what the client confirms, and over what it does not want.
#[test]
fn the_host_hears_of_the_checkpoint() {
    begun(
        r#"
        * opened c1 ann 10
        * changed c1 /a
        ! 11 /a 1
        ! 12 /b 2
        > 3 connect c1 ack 0
        ? 3
        > 4 connect c1 ack 11
        * acknowledged c1 12
        ! 15 /a 3
        ? 4
        * acknowledged c1 14
        > 5 connect c1 ack 15
        * acknowledged c1 15
        "#,
    );
}

/// BAYEUX-10.4: what was sent and not confirmed counts against the queue bound.
#[test]
fn a_client_that_never_confirms_is_removed() {
    let mut config = config();
    config.limits.queue_events = 2;
    check_with(
        config,
        &format!(
            r#"
            {BEGIN}
            * opened c1 ann 10
            * changed c1 /a
            ! 11 /a 1
            > 3 connect c1 ack 0
            ? 3
            ! 12 /a 2
            > 4 connect c1 ack 0
            ? 4
            * -
            ! 13 /a 3
            * closed c1 ann Overflow last
            "#
        ),
    );
}

/// BAYEUX-10.4: what is confirmed makes room, events and bytes.
#[test]
fn a_client_that_confirms_lives_on() {
    let mut config = config();
    config.limits.queue_events = 2;
    config.limits.queue_bytes = 60; // {"data":1,"channel":"/a"} is 26 bytes long with two digits
    let mut script = format!("{BEGIN}\n> 3 connect c1 ack 0\n? 3\n");
    for cursor in 11..99 {
        script += &format!("! {cursor} /a {cursor}\n> 4 connect c1 ack {}\n? 4\n", cursor - 1);
    }
    script += "* opened c1 ann 10\n* changed c1 /a\n";
    for cursor in 11..98 {
        script += &format!("* acknowledged c1 {cursor}\n");
    }
    check_with(config, &script);
}

/// The same after an adoption, where a client may confirm what is still queued.
#[test]
fn what_another_node_sent_makes_room() {
    let mut config = config();
    config.limits.queue_events = 2;
    check_with(
        config,
        &format!(
            r#"
            {BEGIN}
            do move c1
            ! 11 /a 1
            ! 12 /a 2
            > 3 connect c1 ack 12
            ! 13 /a 3
            < 3 200 [{{"data":3,"channel":"/a"}},{}
            "#,
            advised(13),
        ),
    );
}
