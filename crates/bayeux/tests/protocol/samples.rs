//! Recorded exchanges of real CometD servers, replayed: the same requests, and replies equal to the
//! letter but for client ids and cookies (BAYEUX-15.16).
//!
//! Where we answer otherwise on purpose, [`DIFFERENCES`] says what and why; a difference that is
//! gone fails as loudly as a new one.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use bayeux::Pattern;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::script::{World, config, shown};

/// An exchange, the state it needs, and what happens while it is open.
struct Case {
    sample: &'static str,
    before: &'static [&'static str],
    during: &'static str,
}

const SHAKEN: &str = "> 901 handshake\n? 901";
const CONNECTED: &str = "> 902 connect c1\n? 902\n> 903 subscribe c1 /v2/me/chats\n? 903";
/// Feed cursors are chosen so that the numbers of the recorded batches come out (DEC-44).
const ACKNOWLEDGED: &str = ">ann@1 901 handshake ack\n? 901";

const fn case(sample: &'static str, before: &'static [&'static str], during: &'static str) -> Case {
    Case { sample, before, during }
}

const CASES: &[Case] = &[
    case("handshake", &[], ""),
    case("handshake_minimal", &[], ""),
    case("handshake_denied", &["do deny none"], ""),
    case("connect_first", &[SHAKEN], ""),
    case("connect_timeout_empty", &[SHAKEN, CONNECTED], "+ 3000"),
    case(
        "connect_woken",
        &[SHAKEN, CONNECTED],
        "+ 500\n! 1 /v2/me/chats {\"messageType\":\"ChatStateChangeMessage\"}",
    ),
    case(
        "connect_two_queued",
        &[
            SHAKEN,
            CONNECTED,
            "! 1 /v2/me/chats {\"messageType\":\"A\"}\n! 2 /v2/me/chats {\"messageType\":\"B\"}",
        ],
        "",
    ),
    case("connect_batched_not_held", &[SHAKEN, CONNECTED], ""),
    case("connect_duplicate_first", &[SHAKEN, CONNECTED], "+ 500\n> 904 connect c1\n. 904"),
    case("connect_unknown_client", &[SHAKEN, CONNECTED], ""),
    case("connect_after_sweep", &[SHAKEN, CONNECTED, "+ 4000"], ""),
    case("disconnect", &[SHAKEN, CONNECTED], ""),
    case(
        "disconnect_releases_held_connect",
        &[SHAKEN, CONNECTED],
        "> 904 [{\"channel\":\"/meta/disconnect\",\"clientId\":\"c1\"}]\n? 904",
    ),
    case("subscribe_single", &[SHAKEN], ""),
    case("subscribe_batch", &[SHAKEN, CONNECTED], ""),
    case("subscribe_array", &[SHAKEN, CONNECTED], ""),
    case("subscribe_wildcard", &[SHAKEN, CONNECTED], ""),
    case("subscribe_denied", &[SHAKEN, CONNECTED], ""),
    case("subscribe_missing", &[SHAKEN, CONNECTED], ""),
    case("subscribe_unknown_client", &[SHAKEN, CONNECTED], ""),
    case(
        "subscribe_piggyback",
        &[SHAKEN, CONNECTED, "! 1 /v2/me/chats {\"messageType\":\"Piggy\"}"],
        "",
    ),
    case("unsubscribe", &[SHAKEN, CONNECTED, "> 904 subscribe c1 /v2/me/emails\n? 904"], ""),
    case("publish_denied", &[SHAKEN, CONNECTED], ""),
    case("publish_echo", &[SHAKEN, CONNECTED, "> 904 subscribe c1 /foo/bar\n? 904"], ""),
    case("single_object_body", &[SHAKEN, CONNECTED], ""),
    case("ack.handshake", &[], ""),
    case("ack.connect_first", &[ACKNOWLEDGED], ""),
    case(
        "ack.connect_event",
        &[ACKNOWLEDGED, CONNECTED],
        "+ 500\n! 4 /v2/me/chats {\"messageType\":\"ChatStateChangeMessage\"}",
    ),
    case(
        "ack.subscribe_not_piggybacked",
        &[ACKNOWLEDGED, CONNECTED, "! 8 /v2/me/chats {\"messageType\":\"Piggy\"}"],
        "",
    ),
    case(
        "ack.connect_collects",
        &[ACKNOWLEDGED, CONNECTED, "! 8 /v2/me/chats {\"messageType\":\"Piggy\"}"],
        "",
    ),
    case("v5.channel_missing", &[SHAKEN, CONNECTED], ""),
    case("v5.connect_unknown_client", &[SHAKEN, CONNECTED], ""),
    case("v5.publish_denied", &[SHAKEN, CONNECTED], ""),
    case("v5.subscribe_invalid", &[SHAKEN, CONNECTED], ""),
];

/// Sample, what it says, what we say, why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    (
        "handshake_denied",
        "403::Handshake denied",
        "403::handshake_denied",
        "BAYEUX-7.3: the words of CometD 5 and later; clients read the number",
    ),
    (
        "publish_denied",
        "publish denied",
        "publish_denied",
        "BAYEUX-7.5: the words of CometD 5 and later",
    ),
    (
        "publish_echo",
        r#"{"data":{"x":1},"channel":"/foo/bar"},{"channel":"/foo/bar","id":"22","successful":true}"#,
        r#"{"channel":"/foo/bar","id":"22","error":"403:denied_by_security_policy:publish_denied","successful":false}"#,
        "NOTIF-2.15: clients do not publish; the recorded server let them, for the recording",
    ),
    (
        "ack.subscribe_not_piggybacked",
        r#""ext":{},"#,
        "",
        "BAYEUX-9.1: an empty ext says nothing; the extension of the Java server adds it everywhere",
    ),
    (
        "v5.connect_unknown_client",
        "402::session_unknown",
        "402::Unknown client",
        "BAYEUX-7.12: the words that were recorded from a Genesys server",
    ),
];

/// Samples that are no exchange of this transport, and what is done with them instead.
const NOT_REPLAYED: &[(&str, &str)] = &[
    ("callback_polling_handshake", "a transport that this server does not offer (BAYEUX-12.1-4)"),
    ("genesys_observed_advice", "a reply without its request, see its own test"),
    ("multi_topic_start.inferred", "a request without its reply, see its own test"),
];

#[test]
fn recorded_exchanges_are_answered_alike() {
    for case in CASES {
        check(case);
    }
}

/// The reply that a Genesys server gave to an unknown client.
#[test]
fn the_recorded_genesys_reply_is_ours() {
    let recorded = compact(&read("genesys_observed_advice"));
    let mut world = World::new(config());
    world.run(&format!("> 1 connect bogus\n< 1 200 {recorded}"));
}

/// The topics of an agent client, in one batch.
#[test]
fn an_agent_client_starts() {
    let body = compact(&read("multi_topic_start.inferred")).replace("CLIENTID", "c1");
    let mut world = World::new(config());
    world.run(&format!("{SHAKEN}\n> 1 {body}\n? 1"));
    assert_eq!(world.server.export("c1").map(|row| row.subscriptions.len()), Some(7));
}

/// No sample lies about unused, and no difference names one that is not played.
#[test]
fn every_sample_is_accounted_for() {
    let named: BTreeSet<String> = CASES
        .iter()
        .map(|case| case.sample)
        .chain(NOT_REPLAYED.iter().map(|(sample, _)| *sample))
        .map(str::to_owned)
        .collect();
    let found: BTreeSet<String> = fs::read_dir(folder())
        .expect("the samples lie beside the other crates")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .filter_map(|name| Some(name.strip_prefix("bayeux.")?.strip_suffix(".json")?.to_owned()))
        .collect();
    assert_eq!(found, named);
    for (sample, ..) in DIFFERENCES {
        assert!(CASES.iter().any(|case| case.sample == *sample), "{sample} is not played");
    }
}

fn check(case: &Case) {
    let text = read(case.sample);
    let exchange: Exchange<'_> = serde_json::from_str(&text).expect(case.sample);
    let mut config = config();
    config.connection_types = ["long-polling", "callback-polling"].map(str::to_owned).to_vec();
    config.denied = vec![Pattern::new("/v2/forbidden/**").unwrap()];
    let mut world = World::new(config);
    for script in case.before {
        world.run(script);
    }
    let body = with_our_client_id(&compact(exchange.request.body.get()));
    world.post("ann", exchange.request.cookie.as_deref(), 0, 1, body.as_bytes());
    world.run(case.during);
    let response = world.answers.remove(&1).unwrap_or_else(|| panic!("{}: held", case.sample));

    let body = compact(exchange.response.body.get());
    let body = if body == r#""""# { String::new() } else { with_our_client_id(&body) };
    let recorded = format!("{} {body}", exchange.response.http_status).trim_end().to_owned();
    assert_eq!(shown(&response), expected(case.sample, &recorded), "{}", case.sample);
    assert_eq!(
        response.set_browser_cookie.is_some(),
        exchange.response.headers.set_cookie.is_some(),
        "{}: cookie",
        case.sample
    );
}

/// The recorded answer with our differences.
fn expected(sample: &str, recorded: &str) -> String {
    DIFFERENCES.iter().filter(|(name, ..)| *name == sample).fold(
        recorded.to_owned(),
        |answer, (_, theirs, ours, _)| {
            assert!(answer.contains(theirs), "{sample}: {theirs} is not in {answer}");
            answer.replace(theirs, ours)
        },
    )
}

/// The session of the recording is our first one; names that no server gave stay.
fn with_our_client_id(json: &str) -> String {
    const MARK: &str = r#""clientId":""#;
    let mut rest = json;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once(MARK) {
        let (client_id, after) = after.split_once('"').expect("a closed string");
        let ours = if client_id == "bogus" { client_id } else { "c1" };
        out += &format!("{before}{MARK}{ours}\"");
        rest = after;
    }
    out + rest
}

/// The JSON text without the white space between its tokens; the order of keys stays.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|&c| {
            let keep = quoted || !c.is_whitespace();
            (quoted, escaped) = match c {
                '"' if !escaped => (!quoted, false),
                '\\' => (quoted, !escaped),
                _ => (quoted, false),
            };
            keep
        })
        .collect()
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/samples/platform"))
}

fn read(sample: &str) -> String {
    fs::read_to_string(folder().join(format!("bayeux.{sample}.json"))).expect(sample)
}

#[derive(Deserialize)]
struct Exchange<'a> {
    #[serde(borrow)]
    request: Posted<'a>,
    #[serde(borrow)]
    response: Got<'a>,
}

#[derive(Deserialize)]
struct Posted<'a> {
    cookie: Option<String>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Got<'a> {
    http_status: u16,
    headers: Headers,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Headers {
    #[serde(rename = "Set-Cookie")]
    set_cookie: Option<String>,
}
