//! BAYEUX-12.1: polls by callback, whose answers are scripts.

use bayeux::Callback;

use crate::script::check;

/// BAYEUX-12.1-2: THE table of names; whatever is not one could be a script of its own.
#[test]
fn only_names_are_callbacks() {
    let long = "x".repeat(64);
    for name in ["f", "a.b.c", "_1-x", &long] {
        assert!(Callback::new(name).is_some(), "{name}");
    }
    let longer = "x".repeat(65);
    for name in ["", "f(", "alert(1);//", "f g", "f\n", "[f]", "<f>", "ä", &longer] {
        assert!(Callback::new(name).is_none(), "{name}");
    }
}

/// BAYEUX-12.1-1, -3: the array in a call; events only with connect replies; a poll is held, and
/// superseded as any.
#[test]
fn answers_are_scripts_and_events_wait_for_connects() {
    check(
        r#"
        do callback app.on
        > 1 [{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["callback-polling","long-polling"]}]
        <+b1 1 200 /**/app.on([{"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","id":"1","version":"1.0","successful":true}])
        > 2 subscribe c1 /a
        ? 2
        ! 1 /a 1
        > 3 subscribe c1 /b
        < 3 200 /**/app.on([{"channel":"/meta/subscribe","subscription":"/b","successful":true}])
        > 4 connect c1
        < 4 200 /**/app.on([{"data":1,"channel":"/a"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}])
        > 5 connect c1
        > 6 connect c1
        < 5 500
        ! 2 /b 2
        < 6 200 /**/app.on([{"data":2,"channel":"/b"},{"channel":"/meta/connect","successful":true}])
        > 7 connect c1
        do callback (
        > 8 subscribe c1 /c
        ? 8
        + 3000
        < 7 200 /**/app.on([{"channel":"/meta/connect","successful":true}])
        "#,
    );
}
