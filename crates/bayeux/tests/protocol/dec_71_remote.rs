//! DEC-71 from the client's side: a lost session is asked to go on where it was, and the client says
//! whether it does.

use bayeux::ClientConfig;

use crate::remote::{CONNECTED, FORGOTTEN, begin, check};

fn resuming() -> ClientConfig {
    let mut config = ClientConfig::default();
    config.resume = true;
    config
}

/// A handshake, number `n`, and what it says of acknowledgement.
fn handshake(n: u32, ack: &str) -> String {
    format!(
        r#"> {n} /handshake [{{"channel":"/meta/handshake","id":"{n}","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"ext":{{"ack":{ack}}}}}]"#
    )
}

fn shaken(n: u32, ack: &str) -> String {
    format!(
        r#"< {n} 200 [{{"channel":"/meta/handshake","clientId":"d","successful":true,"ext":{{"ack":{ack}}}}}]"#
    )
}

fn connect(n: u32, client: &str, ack: u64) -> String {
    format!(
        r#"> {n} /connect [{{"channel":"/meta/connect","id":"{n}","clientId":"{client}","connectionType":"long-polling","advice":{{"timeout":0}},"ext":{{"ack":{ack}}}}}]"#
    )
}

const FROM_5: &str = r#"{"enabled":true,"batch":5}"#;

/// The first handshake is everybody's; the next one names the last number, and so does the next connect.
#[test]
fn a_lost_session_goes_on() {
    check(
        resuming(),
        &format!(
            "{}\n< 3 200 {FORGOTTEN}\n* lost 402::Unknown client\n{}\n{}\n* resumed d\n{}",
            begin(),
            handshake(4, FROM_5),
            shaken(4, FROM_5),
            connect(5, "d", 5),
        ),
    );
}

/// Lost again before anything came, it still asks for the same.
#[test]
fn a_session_lost_twice_goes_on_from_the_same_place() {
    check(
        resuming(),
        &format!(
            "{}\n< 3 200 {FORGOTTEN}\n* lost 402::Unknown client\n{}\n{}\n* resumed d\n{}\n< 5 200 \
             {FORGOTTEN}\n* lost 402::Unknown client\n* failing 1000\n+ 1000\n{}\n{}\n* resumed d\n{}",
            begin(),
            handshake(4, FROM_5),
            shaken(4, FROM_5),
            connect(5, "d", 5),
            handshake(6, FROM_5),
            shaken(6, FROM_5),
            connect(7, "d", 5),
        ),
    );
}

/// A server that starts at the head says so, and the old number is worth nothing any more.
#[test]
fn a_session_that_starts_anew_says_so() {
    for ack in ["true", r#"{"enabled":true}"#, r#"{"enabled":true,"batch":9}"#] {
        check(
            resuming(),
            &format!(
                "{}\n< 3 200 {FORGOTTEN}\n* lost 402::Unknown client\n{}\n{}\n* opened d\n{}\n< 5 200 \
                 {FORGOTTEN}\n* lost 402::Unknown client\n* failing 1000\n+ 1000\n{}",
                begin(),
                handshake(4, FROM_5),
                shaken(4, ack),
                connect(5, "d", 0),
                handshake(6, "true"),
            ),
        );
    }
}

/// Who takes the form for no wish at all is asked in the plain form from then on.
#[test]
fn a_server_that_does_not_know_the_form_is_asked_plainly() {
    let unacknowledged = r#"> 5 /connect [{"channel":"/meta/connect","id":"5","clientId":"d","connectionType":"long-polling","advice":{"timeout":0}}]"#;
    check(
        resuming(),
        &format!(
            "{}\n< 3 200 {FORGOTTEN}\n* lost 402::Unknown client\n{}\n{}\n* opened d\n{unacknowledged}\n\
             < 5 200 {FORGOTTEN}\n* lost 402::Unknown client\n* failing 1000\n+ 1000\n{}\n{}\n* opened d\n\
             {}\n< 7 200 {CONNECTED}\n> 8 /connect [{{\"channel\":\"/meta/connect\",\"id\":\"8\",\"clientId\":\"d\",\"connectionType\":\"long-polling\",\"ext\":{{\"ack\":5}}}}]\n\
             < 8 200 {FORGOTTEN}\n* lost 402::Unknown client\n{}",
            begin(),
            handshake(4, FROM_5),
            shaken(4, "false"),
            handshake(6, "true"),
            shaken(6, "true"),
            connect(7, "d", 0),
            handshake(9, "true"),
        ),
    );
}
