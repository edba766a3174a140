//! BAYEUX-1: what a body may be, what it is answered with, and in which order.

use crate::script::check;

/// BAYEUX-1.14 to -1.16: what is not a batch of messages is HTTP 400 with an empty body.
#[test]
fn unreadable_bodies_are_400() {
    for body in [
        "",
        " ",
        "{",
        "[",
        "[]",
        "null",
        "1",
        "\"text\"",
        "[1]",
        "[null]",
        "[[]]",
        "[[\"/meta/handshake\"]]",
        "[{}",
        "[{}]]",
        "[{}] {}",
        "{} {}",
        "[{\"channel\":}]",
        "[{'channel':'/a'}]",
        "[{\"channel\":\"/a\",}]",
        "[{\"id\":NaN}]",
        "message=%5B%5D",
        "\u{feff}[{}]",
    ] {
        check(&format!("> 1 {body}\n < 1 400"));
    }
}

/// BAYEUX-1.1: a body is UTF-8, also where nobody looks at it.
#[test]
fn a_body_that_is_not_utf8_is_400() {
    let mut world = crate::script::World::new(crate::script::config());
    world.post("ann", None, 0, 1, b"[{\"channel\":\"/a\",\"unknown\":\"\xff\"}]");
    assert_eq!(crate::script::shown(&world.answers[&1]), "400");
}

/// BAYEUX-1.2: a single object is as good as an array; the answer is an array.
#[test]
fn a_single_object_is_accepted() {
    check(
        r#"
        > 1 handshake
        <+b1 1 200 [{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","version":"1.0","successful":true}]
        > 2 {"id":"55","channel":"/meta/subscribe","subscription":"/obj","clientId":"c1"}
        < 2 200 [{"channel":"/meta/subscribe","id":"55","subscription":"/obj","successful":true}]
        "#,
    );
}

/// BAYEUX-1.6: the id of the request, as a string; none where there was none.
#[test]
fn ids_come_back_as_strings() {
    for (sent, repeated) in [
        (r#""id":"a\"b\\cö","#, r#","id":"a\"b\\cö""#),
        (r#""id":"\u0041","#, r#","id":"A""#),
        (r#""id":"","#, r#","id":"""#),
        (r#""id":12,"#, r#","id":"12""#),
        (r#""id":-1.50e2,"#, r#","id":"-1.50e2""#),
        (r#""id":null,"#, ""),
        ("", ""),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 [{{{sent}"channel":"/meta/subscribe","clientId":"c1","subscription":"/a"}}]
            < 2 200 [{{"channel":"/meta/subscribe"{repeated},"subscription":"/a","successful":true}}]
            "#
        ));
    }
}

/// BAYEUX-7.9: an id that is neither string nor number, or endless, spoils its message only.
#[test]
fn other_ids_are_refused_message_by_message() {
    let long = format!("\"{}\"", "x".repeat(257));
    for id in ["{}", "[1]", "true", "\"\\ud800\"", &long] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 [{{"id":{id},"channel":"/meta/subscribe","clientId":"c1","subscription":"/a"}},{{"id":"2","channel":"/meta/subscribe","clientId":"c1","subscription":"/b"}}]
            < 2 200 [{{"channel":"/meta/subscribe","error":"405::message_id_invalid","successful":false}},{{"channel":"/meta/subscribe","id":"2","subscription":"/b","successful":true}}]
            "#
        ));
    }
}

/// BAYEUX-1.17, BAYEUX-7.8, BAYEUX-7.9: no channel, and channels that are none.
#[test]
fn messages_without_a_good_channel_are_refused_message_by_message() {
    for (member, reply) in [
        ("", r#"{"id":"56","error":"400::channel_missing","successful":false}"#),
        (r#""channel":null,"#, r#"{"id":"56","error":"400::channel_missing","successful":false}"#),
        (r#""channel":7,"#, r#"{"id":"56","error":"405::channel_invalid","successful":false}"#),
        (
            r#""channel":"meta","#,
            r#"{"channel":"meta","id":"56","error":"405::channel_invalid","successful":false}"#,
        ),
        (
            r#""channel":"/a\"?","#,
            r#"{"channel":"/a\"?","id":"56","error":"405::channel_invalid","successful":false}"#,
        ),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 [{{{member}"id":"56","clientId":"c1"}}]
            < 2 200 [{reply}]
            "#
        ));
    }
}

/// BAYEUX-9.1: what nobody knows is skipped; of a member sent twice the last one counts.
#[test]
fn unknown_members_are_ignored() {
    check(
        r#"
        > 1 [{"channel":"/meta/handshake","deep":{"er":[1,{"x":null}]},"version":"1.0","id":"1","ext":{"com.example":[true]},"supportedConnectionTypes":["long-polling"],"id":"2"}]
        <+b1 1 200 [{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","id":"2","version":"1.0","successful":true}]
        "#,
    );
}

/// BAYEUX-1.22: a handshake stands alone wherever it stands; the rest of the batch is ignored.
#[test]
fn a_handshake_among_others_is_answered_alone() {
    let handshake = r#"{"id":"h","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}"#;
    let other = r#"{"id":"s","channel":"/meta/subscribe","subscription":"/a","clientId":"c1"}"#;
    for batch in [[handshake, other], [other, handshake], [handshake, handshake]] {
        check(&format!(
            r#"
            > 1 [{},{}]
            <+b1 1 200 [{{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/handshake","id":"h","version":"1.0","successful":true}}]
            * opened c1 ann 0
            "#,
            batch[0], batch[1]
        ));
    }
}

/// BAYEUX-1.11: the first message's client id speaks for the batch, whatever the others say.
#[test]
fn the_session_of_a_batch_is_the_first_message_s() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 [{"channel":"/meta/subscribe","clientId":"c1","subscription":"/a"},{"channel":"/meta/subscribe","clientId":"bogus","subscription":"/b"},{"channel":"/meta/subscribe","subscription":"/c"}]
        ? 2
        > 3 [{"channel":"/meta/subscribe","clientId":"bogus","subscription":"/a"},{"channel":"/meta/subscribe","clientId":"c1","subscription":"/d"}]
        < 3 200 [{"channel":"/meta/subscribe","subscription":"/a","error":"402::Unknown client","successful":false},{"channel":"/meta/subscribe","subscription":"/d","error":"402::Unknown client","successful":false}]
        * opened c1 ann 0
        * changed c1 /a
        * changed c1 /a /b
        * changed c1 /a /b /c
        "#,
    );
}

/// BAYEUX-1.8, BAYEUX-1.9: queued events come first, in any response but the handshake's, oldest
/// first; the replies follow in the order of the request.
#[test]
fn events_come_before_replies() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 subscribe c1 /**
        ? 2
        ! 1 /a 1 /b 2
        ! 2 /a 3
        > 3 handshake
        ? 3
        > 4 [{"id":"4","channel":"/x","data":{},"clientId":"c1"},{"id":"5","channel":"/meta/subscribe","subscription":"/o","clientId":"c1"}]
        < 4 200 [{"data":1,"channel":"/a"},{"data":2,"channel":"/b"},{"data":3,"channel":"/a"},{"channel":"/x","id":"4","error":"403:denied_by_security_policy:publish_denied","successful":false},{"channel":"/meta/subscribe","id":"5","subscription":"/o","successful":true}]
        > 5 connect c1
        < 5 200 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        "#,
    );
}

/// BAYEUX-4.4 and what faye and ruby-faye send: connect and subscribe in one array, either order;
/// both are answered, nothing is held, events wait in front.
#[test]
fn connect_and_subscribe_in_one_array() {
    let connect =
        r#"{"id":"1","channel":"/meta/connect","connectionType":"long-polling","clientId":"c1"}"#;
    let subscribe = r#"{"id":"2","channel":"/meta/subscribe","subscription":"/a","clientId":"c1"}"#;
    let connected = r#"{"channel":"/meta/connect","id":"1","successful":true}"#;
    let subscribed =
        r#"{"channel":"/meta/subscribe","id":"2","subscription":"/a","successful":true}"#;
    for (sent, got) in [
        ([connect, subscribe], [connected, subscribed]),
        ([subscribe, connect], [subscribed, connected]),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 connect c1
            ? 2
            > 3 [{},{}]
            < 3 200 [{},{}]
            ! 1 /a 1
            > 4 [{},{}]
            < 4 200 [{{"data":1,"channel":"/a"}},{},{}]
            "#,
            sent[0], sent[1], got[0], got[1], sent[0], sent[1], got[0], got[1]
        ));
    }
}
