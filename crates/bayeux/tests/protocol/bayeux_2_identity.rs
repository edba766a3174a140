//! BAYEUX-2: whose session it is, and the browser cookie.

use crate::script::check;

/// BAYEUX-2.2: the handshake sets the cookie if, and only if, none came.
#[test]
fn the_cookie_is_set_once() {
    const OPENED: &str = r#","supportedConnectionTypes":["long-polling"],"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/handshake","version":"1.0","successful":true}]"#;
    check(&format!(
        r#"
        > 1 handshake
        <+b1 1 200 [{{"minimumVersion":"1.0","clientId":"c1"{OPENED}
        >ann/b1 2 handshake
        < 2 200 [{{"minimumVersion":"1.0","clientId":"c2"{OPENED}
        > 3 connect c1
        ? 3
        "#
    ));
}

/// BAYEUX-2.4 against BAYEUX-2.3: a client id is good with any cookie and with none.
#[test]
fn a_client_id_needs_no_cookie() {
    for cookie in ["", "/b1", "/other"] {
        check(&format!(">ann/b1 1 handshake\n? 1\n>ann{cookie} 2 connect c1\n? 2"));
    }
}

/// BAYEUX-2.4, BAYEUX-2.5, BAYEUX-7.2: unknown, missing, wrongly typed and foreign client ids are
/// all the same 402; only connect gets advice (BAYEUX-7.13).
#[test]
fn nobody_else_s_client_id_is_accepted() {
    for (who, client_id) in [
        (">", r#""clientId":"bogus","#),
        (">", ""),
        (">", r#""clientId":1,"#),
        (">", r#""clientId":null,"#),
        (">", r#""clientId":"\ud800","#),
        (">bob", r#""clientId":"c1","#),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 connect c1
            ? 2
            {who} 3 [{{{client_id}"id":"3","channel":"/meta/connect","connectionType":"long-polling"}}]
            < 3 200 [{{"advice":{{"interval":0,"reconnect":"handshake"}},"channel":"/meta/connect","id":"3","error":"402::Unknown client","successful":false}}]
            {who} 4 [{{{client_id}"channel":"/meta/subscribe","subscription":["/a"]}}]
            < 4 200 [{{"channel":"/meta/subscribe","subscription":["/a"],"error":"402::Unknown client","successful":false}}]
            {who} 5 [{{{client_id}"channel":"/meta/unsubscribe","subscription":"/a"}}]
            < 5 200 [{{"channel":"/meta/unsubscribe","subscription":"/a","error":"402::Unknown client","successful":false}}]
            {who} 6 [{{{client_id}"channel":"/meta/disconnect"}}]
            < 6 200 [{{"channel":"/meta/disconnect","error":"402::Unknown client","successful":false}}]
            {who} 7 [{{{client_id}"channel":"/meta/other"}}]
            < 7 200 [{{"channel":"/meta/other","error":"402::Unknown client","successful":false}}]
            {who} 8 [{{{client_id}"channel":"/v2/me/chats","data":{{}}}}]
            < 8 200 [{{"channel":"/v2/me/chats","error":"402::Unknown client","successful":false}}]
            * opened c1 ann 0
            "#
        ));
    }
}

/// BAYEUX-2.4: a stranger with a stolen client id neither wakes, cancels nor prolongs the session.
#[test]
fn a_stranger_leaves_no_trace() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 connect c1
        ? 2
        > 3 connect c1
        >bob 4 connect c1
        < 4 200 [{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]
        . 3
        + 3000
        ? 3
        + 3999
        >bob 5 connect c1
        < 5 200 [{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","error":"402::Unknown client","successful":false}]
        * opened c1 ann 0
        * -
        + 1
        * closed c1 ann TimedOut last
        "#,
    );
}
