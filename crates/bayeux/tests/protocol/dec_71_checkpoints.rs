//! DEC-71: a client that knows how far it was sent goes on from there in a new session.

use crate::script::check;

fn handshake(ack: &str) -> String {
    format!(r#"[{{"channel":"/meta/handshake","ext":{{"ack":{ack}}}}}]"#)
}

/// The session hears nothing before it has subscribed, then what it missed, in order, and then what
/// is new; the number it was given is its start.
#[test]
fn a_new_session_goes_on_where_the_old_one_was() {
    check(&format!(
        r#"
        >ann@30 1 {}
        <+b1 1 200 [{{"ext":{{"ack":{{"enabled":true,"batch":12}}}},"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/handshake","version":"1.0","successful":true}}]
        * opened c1 ann 30
        ! 31 /a 31
        > 2 connect c1 ack 12
        < 2 200 [{{"ext":{{"ack":12}},"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/connect","successful":true}}]
        > 3 [{{"channel":"/meta/subscribe","subscription":"/a","clientId":"c1"}},{{"channel":"/meta/subscribe","subscription":"/b","clientId":"c1"}}]
        ? 3
        * changed c1 /a
        * behind ann 12
        * changed c1 /a /b
        ! 12 /a 12
        ! 13 /a 13
        ! 20 /b 20
        ! 31 /a 31
        > 4 connect c1 ack 12
        < 4 200 [{{"data":13,"channel":"/a"}},{{"data":20,"channel":"/b"}},{{"data":31,"channel":"/a"}},{{"ext":{{"ack":31}},"channel":"/meta/connect","successful":true}}]
        > 5 connect c1 ack 20
        < 5 200 [{{"data":31,"channel":"/a"}},{{"ext":{{"ack":31}},"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/connect","successful":true}}]
        * acknowledged c1 30
        "#,
        handshake(r#"{"enabled":true,"batch":12}"#)
    ));
}

/// Whoever has all of it, asks for nothing, or makes no sense starts at the head, as everybody.
#[test]
fn others_start_at_the_head() {
    for ack in [
        r#"{"enabled":true,"batch":30}"#,
        r#"{"enabled":true,"batch":31}"#,
        r#"{"enabled":true,"batch":0}"#,
        r#"{"enabled":true,"batch":-1}"#,
        r#"{"enabled":true,"batch":"12"}"#,
        r#"{"enabled":true}"#,
        "true",
    ] {
        check(&format!(
            r#"
            >ann@30 1 {}
            <+b1 1 200 [{{"ext":{{"ack":true}},"minimumVersion":"1.0","clientId":"c1","supportedConnectionTypes":["long-polling"],"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/handshake","version":"1.0","successful":true}}]
            > 2 subscribe c1 /a
            ? 2
            * opened c1 ann 30
            * changed c1 /a
            "#,
            handshake(ack)
        ));
    }
    check(&format!(
        r#"
        >ann@30 1 {}
        ? 1
        > 2 subscribe c1 /a
        ? 2
        * opened c1 ann 30
        * changed c1 /a
        "#,
        handshake(r#"{"enabled":false,"batch":12}"#)
    ));
}
