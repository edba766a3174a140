//! Recorded exchanges of real CometD servers (`tests/samples/platform/bayeux.*`), which files name
//! and whose answers they expect (BAYEUX-15.16).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::slice;

use serde::Deserialize;
use serde_json::Value;

use super::exchange::{Exchanges, Step};

/// Samples that no file plays, and why.
const NOT_PLAYED: &[(&str, &str)] = &[
    (
        "handshake_denied",
        "a user who has logged in is not refused; a stranger hears it as everywhere (NOTIF-1.3)",
    ),
    (
        "genesys_observed_advice",
        "a reply without its request; 4.8-unknown-session.json expects the same",
    ),
    ("multi_topic_start.inferred", "a request without its reply"),
];

/// One recorded exchange.
#[derive(Deserialize)]
pub(crate) struct Sample {
    pub(crate) request: Posted,
    #[serde(rename = "response")]
    got: Got,
    #[serde(skip)]
    pub(crate) response: Recorded,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) cookie: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) method: String,
    body: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Got {
    http_status: u16,
    headers: Value,
    body: Value,
}

/// What is compared of the answer.
#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) status: u16,
    pub(crate) sets_cookie: bool,
    /// None if it is empty.
    pub(crate) body: Option<Value>,
    /// The function that is called with the body, if it is a script.
    pub(crate) calls: Option<String>,
}

impl Sample {
    /// # Panics
    /// If there is no such sample.
    pub(crate) fn read(name: &str) -> Self {
        let path = folder().join(format!("bayeux.{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut sample: Self =
            serde_json::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut recorded = Recorded {
            status: sample.got.http_status,
            sets_cookie: sample.got.headers.get("Set-Cookie").is_some(),
            ..Recorded::default()
        };
        match &sample.got.body {
            Value::String(text) if text.is_empty() => {}
            Value::String(script) => {
                let (function, rest) = script.split_once('(').expect("a script is a call");
                let argument = rest.strip_suffix(')').expect("a script is a call");
                let argument = serde_json::from_str(argument).expect("its argument is JSON");
                recorded.calls = Some(function.to_owned());
                recorded.body = Some(with_client_ids(&argument, "${*}"));
            }
            body => recorded.body = Some(with_client_ids(body, "${*}")),
        }
        sample.response = recorded;
        sample
    }
}

impl Posted {
    /// The body in the name of `client`.
    pub(crate) fn body_of(&self, client: &str) -> String {
        if self.body.is_null() {
            return String::new();
        }
        with_client_ids(&self.body, client).to_string()
    }
}

/// Names that no server gave stay.
fn with_client_ids(body: &Value, client: &str) -> Value {
    let mut body = body.clone();
    let messages = match &mut body {
        Value::Array(messages) => messages.as_mut_slice(),
        one => slice::from_mut(one),
    };
    for message in messages {
        if let Some(id) = message.get_mut("clientId").filter(|id| **id != "bogus") {
            *id = client.into();
        }
    }
    body
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/platform")
}

/// No sample lies about unused.
#[test]
fn every_recorded_exchange_is_played() {
    let mut named: BTreeSet<String> =
        NOT_PLAYED.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (_, file) in Exchanges::all() {
        for step in &file.steps {
            match step {
                Step::Request(request) => named.extend(request.sample.clone()),
                Step::Answer(answer) => named.extend(answer.sample.clone()),
                _ => {}
            }
        }
    }
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the samples are there")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter_map(|name| Some(name.strip_prefix("bayeux.")?.strip_suffix(".json")?.to_owned()))
        .collect();
    assert_eq!(found, named);
}
