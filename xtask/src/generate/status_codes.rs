//! The page of status codes: the table of chat-model, and how the server sends them, which the OpenAPI
//! document says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chat_model::StatusCode;
use serde_json::Value;

use super::cases::Cases;

/// The page; `openapi` is the document.
pub(super) fn page(openapi: &str, cases: &Cases) -> String {
    let openapi: Value = serde_json::from_str(openapi).expect("the document is JSON");
    let mut refusals = refusals(&openapi);
    let fields = |case: &Value| {
        let reply = &case["reply"];
        let message = reply["statusMessage"].as_str()?.to_owned();
        Some((reply["statusCode"].as_u64()?, case["http"].as_u64()?, message))
    };
    refusals.extend(cases.side("address").filter_map(fields));
    refusals.sort();
    let sent: BTreeSet<u64> =
        refusals.iter().map(|(code, ..)| *code).chain(successes(&openapi)).collect();
    let mut out =
        super::header("Status codes", "crates/chat-model/src/status.rs and docs/api/openapi.json");
    out.push_str(
        "Every reply has a `statusCode`; a failure has a `statusMessage` beside it, which names what \
         was expected and what came\n(PLAT-1.2, DEC-36). Programs go by the code, whatever the HTTP \
         status; the message is for people and may change.\nA refused request has changed nothing.\n\n\
         The HTTP status is the one that carries the code where nothing more specific is documented; \
         [below](#as-they-are-sent)\nare the others. Bayeux has its own ([notifications](notifications.md)). \
         Codes that this server never sends are\nin *italics*; other servers of this interface do.\n\n\
         | `statusCode` | HTTP | Meaning | What a client does | Rule |\n|---:|---:|---|---|---|\n",
    );
    for status in StatusCode::ALL {
        let code = status.code();
        let is_sent = sent.contains(&u64::from(code));
        let number = if is_sent { format!("{code}") } else { format!("*{code}*") };
        let does = if is_sent { what_to_do(*status) } else { "-" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {number} | {} | {} | {does} | PLAT-1.2-c{code} |",
            status.http(),
            status.meaning(),
        );
    }
    out.push_str("\n## As they are sent\n\n| `statusCode` | HTTP | `statusMessage`, for instance |\n|---:|---:|---|\n");
    for (code, reply) in successes_of(cases) {
        let _ = writeln!(out, "| {code} | 200 | (none) `{reply}` |");
    }
    for (code, http, message) in refusals {
        let _ = writeln!(out, "| {code} | {http} | {} |", message.replace('|', "\\|"));
    }
    out.push_str(
        "\nReplies with HTTP 429 and 503 have a `Retry-After`, in seconds; one with 405 names in `Allow` what \
         the address has.\nWithout a code are: 304 (a document that the client has), 431 (a head that is too \
         long; [limits](limits.md)) and 400 for\na head that cannot be read, all without a body; and \
         every refusal of a Bayeux request with 429 or 503\n(BAYEUX-14.8).\n\n```json\n{ \"statusCode\": 1, \"statusMessage\": \"required parameter \
         `userData` is missing\" }\n```\n",
    );
    out
}

/// Each code of success, with the shortest reply that has it.
fn successes_of(cases: &Cases) -> BTreeMap<u64, Value> {
    let mut found: BTreeMap<u64, Value> = BTreeMap::new();
    for case in cases.side("session").filter(|case| case["http"] == 200) {
        let reply = &case["reply"];
        let code = reply["statusCode"].as_u64().expect("a reply has a code");
        let shorter =
            found.get(&code).is_none_or(|it| it.to_string().len() > reply.to_string().len());
        if shorter {
            found.insert(code, reply.clone());
        }
    }
    found
}

/// What helps against it.
fn what_to_do(status: StatusCode) -> &'static str {
    match status {
        StatusCode::Success => "goes on; the outcome of an operation on a chat is a notification",
        StatusCode::MissingParameter | StatusCode::InvalidValue => {
            "mends the request; sending it again does not help"
        }
        StatusCode::InvalidForState => {
            "takes the chat as its newest notification shows it, or reads it again"
        }
        StatusCode::Forbidden => {
            "offers only what `capabilities` has; brings the session's token where the server wants it (PLAT-2.2)"
        }
        StatusCode::InternalError => "tries again after `Retry-After`, if there is one",
        StatusCode::NoPermission => "asks for a user with the role or feature",
        StatusCode::NotFound => "forgets the resource: it is not there, or no longer the user's",
        StatusCode::PartialSuccess => "looks which parts succeeded",
        StatusCode::NotAuthenticated => "logs in and asks again",
        // A code that this page does not describe yet must not go unnoticed.
        other => panic!("say in {} what a client does about {other:?}", file!()),
    }
}

/// Code, HTTP status and message of every refusal that the document shows.
fn refusals(openapi: &Value) -> Vec<(u64, u64, String)> {
    let mut out = Vec::new();
    let responses = &openapi["components"]["responses"];
    for (name, response) in responses.as_object().into_iter().flatten() {
        let http = http_of(openapi, name);
        let examples = &response["content"]["application/json"]["examples"];
        for example in examples.as_object().into_iter().flat_map(|all| all.values()) {
            let reply = &example["value"];
            let code = reply["statusCode"].as_u64().expect("a refusal has a code");
            let message = reply["statusMessage"].as_str().expect("a refusal has a message");
            out.push((code, http, message.to_owned()));
        }
    }
    out.sort();
    out
}

/// The HTTP status under which operations name a response.
fn http_of(openapi: &Value, name: &str) -> u64 {
    let reference = format!("#/components/responses/{name}");
    let responses = operations(openapi).flat_map(|operation| {
        operation["responses"].as_object().into_iter().flatten().collect::<Vec<_>>()
    });
    let mut named = responses.filter(|(_, response)| response["$ref"] == reference.as_str());
    let http = named.next().and_then(|(http, _)| http.parse().ok());
    http.unwrap_or_else(|| panic!("no operation is refused with {name}"))
}

/// The codes of successful replies.
fn successes(openapi: &Value) -> Vec<u64> {
    let examples = operations(openapi).flat_map(|operation| {
        let content = &operation["responses"]["200"]["content"]["application/json"];
        content["examples"].as_object().into_iter().flat_map(|all| all.values()).collect::<Vec<_>>()
    });
    examples.filter_map(|example| example["value"]["statusCode"].as_u64()).collect()
}

fn operations(openapi: &Value) -> impl Iterator<Item = &Value> {
    let paths = openapi["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(_, methods)| methods.as_object().into_iter().flat_map(|all| all.values()))
}
