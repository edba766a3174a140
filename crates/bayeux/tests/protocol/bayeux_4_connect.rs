//! BAYEUX-4: what is held, what wakes it, and what it says.

use crate::script::{check, check_with, config};

const BEGIN: &str = "
    > 1 handshake
    ? 1
    > 2 connect c1
    ? 2
    > 3 subscribe c1 /a
    ? 3
";

const ADVISED: &str = r#"{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]"#;
const PLAIN: &str = r#"{"channel":"/meta/connect","successful":true}]"#;

fn after_first_connect(script: &str) {
    check(&format!("{BEGIN}{script}"));
}

/// BAYEUX-4.1: the first connect returns at once, with or without the client's advice.
#[test]
fn the_first_connect_is_answered_at_once() {
    for advice in ["", r#","advice":{"timeout":0}"#, r#","advice":{"timeout":2000}"#] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 [{{"channel":"/meta/connect","clientId":"c1"{advice}}}]
            < 2 200 [{ADVISED}
            "#
        ));
    }
}

/// BAYEUX-4.3, BAYEUX-8.8: held until the time-out, then answered without advice.
#[test]
fn a_connect_is_held_and_answered_without_advice() {
    after_first_connect(&format!(
        r#"
        > 4 connect c1
        + 2999
        . 4
        + 1
        < 4 200 [{PLAIN}
        "#
    ));
}

/// BAYEUX-4.3: an event wakes it at once; a unit of several events comes whole and in order.
#[test]
fn an_event_wakes_a_held_connect() {
    after_first_connect(&format!(
        r#"
        > 4 connect c1
        + 500
        ! 1 /b 1
        . 4
        ! 2 /a 2 /b 3 /a 4
        < 4 200 [{{"data":2,"channel":"/a"}},{{"data":4,"channel":"/a"}},{PLAIN}
        "#
    ));
}

/// BAYEUX-10.5, BAYEUX-4.7: what happens while no connect is held waits for the next one.
#[test]
fn events_between_connects_are_kept() {
    after_first_connect(&format!(
        r#"
        ! 1 /a 1
        + 3999
        ! 2 /a 2
        > 4 connect c1
        < 4 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{PLAIN}
        "#
    ));
}

/// BAYEUX-4.2: the client's time-out is honoured and answered with advice; it may shorten ours and
/// not lengthen it (BAYEUX-8.9).
#[test]
fn the_client_s_timeout_is_honoured() {
    for (timeout, held_ms) in
        [("1000", 1000), ("1000.9", 1000), ("60000", 3000), ("1e99", 3000), ("3000", 3000)]
    {
        after_first_connect(&format!(
            r#"
            > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":{timeout}}}}}]
            + {}
            . 4
            + 1
            < 4 200 [{ADVISED}
            "#,
            held_ms - 1
        ));
    }
}

/// BAYEUX-4.2: zero is at once; what is no time-out does not count, but is advice.
#[test]
fn a_timeout_of_zero_is_at_once() {
    after_first_connect(&format!(
        r#"
        > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":0}}}}]
        < 4 200 [{ADVISED}
        "#
    ));
    for timeout in [r#"{"timeout":-1}"#, r#"{"timeout":"0"}"#, r#"{"timeout":null}"#, "{}"] {
        after_first_connect(&format!(
            r#"
            > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{timeout}}}]
            + 2999
            . 4
            + 1
            < 4 200 [{ADVISED}
            "#
        ));
    }
}

/// BAYEUX-4.5, BAYEUX-1.23: a second connect cancels the first with an empty HTTP 500 and is held
/// itself, for its whole time.
#[test]
fn a_second_connect_cancels_the_first() {
    after_first_connect(&format!(
        r#"
        > 4 connect c1
        + 500
        > 5 connect c1
        < 4 500
        + 2999
        . 5
        > 6 connect c1
        < 5 500
        ! 1 /a 1
        < 6 200 [{{"data":1,"channel":"/a"}},{PLAIN}
        + 3999
        > 7 connect c1
        . 7
        "#
    ));
}

/// BAYEUX-8.8: the advice that a connect was to bring is not lost with its connection.
#[test]
fn advice_survives_a_broken_connection() {
    after_first_connect(&format!(
        r#"
        > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":2000}}}}]
        x 4
        > 5 connect c1
        + 3000
        < 5 200 [{ADVISED}
        > 6 connect c1
        + 3000
        < 6 200 [{PLAIN}
        "#
    ));
}

/// BAYEUX-4.5: also one that is answered itself; and the advice that the first was to bring is not
/// lost with it.
#[test]
fn advice_survives_a_cancelled_connect() {
    after_first_connect(&format!(
        r#"
        > 4 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":2000}}}}]
        > 5 connect c1
        < 4 500
        + 3000
        < 5 200 [{ADVISED}
        > 6 connect c1
        > 7 [{{"channel":"/meta/connect","clientId":"c1","advice":{{"timeout":0}}}}]
        < 6 500
        < 7 200 [{ADVISED}
        "#
    ));
}

/// BAYEUX-1.10: other messages pass a held connect; a batch with a connect in it cancels it.
#[test]
fn other_messages_leave_a_held_connect_alone() {
    after_first_connect(
        r#"
        > 4 connect c1
        > 5 subscribe c1 /b
        ? 5
        . 4
        > 6 [{"channel":"/meta/connect","clientId":"c1"},{"channel":"/service/x","clientId":"c1"}]
        < 4 500
        < 6 200 [{"channel":"/meta/connect","successful":true},{"channel":"/service/x","successful":true}]
        "#,
    );
}

/// BAYEUX-4.7: when the connection under a held connect breaks, nothing is said there any more and
/// what happens later waits.
#[test]
fn a_broken_connection_releases_its_connect() {
    after_first_connect(&format!(
        r#"
        > 4 connect c1
        + 1000
        x 4
        ! 1 /a 1
        + 3999
        > 5 connect c1
        < 5 200 [{{"data":1,"channel":"/a"}},{PLAIN}
        > 6 connect c1
        x 4
        x 5
        x 99
        ! 2 /a 2
        < 6 200 [{{"data":2,"channel":"/a"}},{PLAIN}
        "#
    ));
}

/// BAYEUX-4.9: disconnecting releases the held connect with reconnect none; then the id is gone.
#[test]
fn disconnect_releases_the_held_connect() {
    after_first_connect(
        r#"
        > 4 [{"id":"92","channel":"/meta/connect","clientId":"c1"}]
        ! 1 /b 1
        > 5 [{"id":"93","channel":"/meta/disconnect","clientId":"c1"}]
        < 4 200 [{"advice":{"reconnect":"none"},"channel":"/meta/connect","id":"92","successful":true}]
        < 5 200 [{"channel":"/meta/disconnect","id":"93","successful":true}]
        > 6 connect c1
        < 6 200 [{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]
        * opened c1 ann 0
        * changed c1 /a
        * closed c1 ann Disconnected last
        "#,
    );
}

/// A disconnect in a batch ends it: the rest is answered 402, queued events are dropped.
#[test]
fn nothing_follows_a_disconnect_in_a_batch() {
    after_first_connect(
        r#"
        ! 1 /a 1
        > 4 [{"channel":"/meta/disconnect","clientId":"c1"},{"channel":"/meta/connect","clientId":"c1"}]
        < 4 200 [{"channel":"/meta/disconnect","successful":true},{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]
        "#,
    );
}

const TABS: &str = "
    >ann/b1 1 handshake
    ? 1
    >ann/b1 2 connect c1
    ? 2
    >ann/b1 3 handshake
    ? 3
    >ann/b1 4 connect c2
    ? 4
    >ann/b1 5 connect c1
    . 5
";

const CROWDED: &str = r#"[{"advice":{"multiple-clients":true,"interval":2000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]"#;

/// BAYEUX-4.6: the second held connect of a browser is answered at once and asked to poll slowly,
/// lives long enough for that (BAYEUX-10.1), and hears when it may be quick again.
#[test]
fn a_second_tab_polls_slowly() {
    check(&format!(
        r#"
        {TABS}
        >ann/b1 6 connect c2
        < 6 200 {CROWDED}
        + 2000
        >ann/b1 7 connect c2
        < 7 200 {CROWDED}
        + 1000
        ? 5
        + 3999
        >ann/b1 8 connect c2
        + 3000
        < 8 200 [{ADVISED}
        "#
    ));
}

/// BAYEUX-4.6: events go to the slow tab at once when it polls; what it does not see is another
/// connect of its own.
#[test]
fn a_slow_tab_gets_its_events() {
    check(&format!(
        r#"
        {TABS}
        >ann/b1 6 subscribe c2 /a
        ? 6
        ! 1 /a 1
        . 5
        >ann/b1 7 connect c2
        < 7 200 [{{"data":1,"channel":"/a"}},{PLAIN}
        >ann/b1 8 connect c1
        < 5 500
        . 8
        "#
    ));
}

/// BAYEUX-4.6 is about one user's one browser: not about requests without the cookie, other
/// browsers, or other users.
#[test]
fn others_are_not_counted() {
    for who in ["ann", "ann/b2"] {
        check(&format!("{TABS}\n>{who} 6 connect c2\n. 6"));
    }
    check(&format!(
        "{TABS}\n>bob/b1 6 handshake\n? 6\n>bob/b1 7 connect c3\n? 7\n>bob/b1 8 connect c3\n. 8"
    ));
}

/// BAYEUX-4.6: the number and the interval are the host's; without an interval the tab is stopped.
#[test]
fn the_crowd_is_configurable() {
    let mut unlimited = config();
    unlimited.max_sessions_per_browser = None;
    check_with(unlimited, &format!("{TABS}\n>ann/b1 6 connect c2\n. 6"));
    let mut two = config();
    two.max_sessions_per_browser = Some(2);
    check_with(two, &format!("{TABS}\n>ann/b1 6 connect c2\n. 6"));
    let mut strict = config();
    strict.multi_session_interval_ms = None;
    check_with(
        strict,
        &format!(
            r#"
            {TABS}
            >ann/b1 6 connect c2
            < 6 200 [{{"advice":{{"multiple-clients":true,"reconnect":"none"}},"channel":"/meta/connect","successful":false}}]
            "#
        ),
    );
}

/// BAYEUX-4.2: what is read from the feed at once is said at once.
#[test]
fn a_held_connect_hears_all_that_came_together() {
    check(&format!(
        r#"
        {BEGIN}
        > 4 connect c1
        . 4
        ! 1 /a 1 ; 2 /b 0 ; 3 /a 3
        < 4 200 [{{"data":1,"channel":"/a"}},{{"data":3,"channel":"/a"}},{PLAIN}
        ! 2 /b 0 ; 3 /a 3
        > 5 connect c1
        . 5
        "#
    ));
}

/// BAYEUX-10.4: who waits for news is not too slow for them, however many come together; who does not
/// come back for the rest is.
#[test]
fn a_held_connect_is_answered_before_the_queue_overflows() {
    let mut config = config();
    config.limits.queue_events = 2;
    let units = "! 1 /a 1 ; 2 /a 2 ; 3 /a 3 ; 4 /a 4";
    let heard = format!(
        r#"
        {BEGIN}
        > 4 connect c1
        {units}
        < 4 200 [{{"data":1,"channel":"/a"}},{{"data":2,"channel":"/a"}},{PLAIN}
        "#
    );
    check_with(
        config.clone(),
        &format!(
            r#"
            {heard}
            > 5 connect c1
            < 5 200 [{{"data":3,"channel":"/a"}},{{"data":4,"channel":"/a"}},{PLAIN}
            "#
        ),
    );
    check_with(
        config,
        &format!(
            "{}\n> 5 connect c1\n* opened c1 ann 0\n* changed c1 /a\n* acknowledged c1 2\n* closed c1 ann Overflow last\n< 5 200 [{{\"advice\":{{\"interval\":0,\"reconnect\":\"handshake\"}},\"channel\":\"/meta/connect\",\"error\":\"402::Unknown client\",\"successful\":false}}]",
            heard.replace(units, &format!("{units} ; 5 /a 5"))
        ),
    );
}
