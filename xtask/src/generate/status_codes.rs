//! The page of status codes: the table of chat-model, and how the server sends them, which the OpenAPI
//! document says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chat_model::StatusCode;
use serde_json::Value;

/// The page; `openapi` is the document.
pub(super) fn page(openapi: &str) -> String {
    let openapi: Value = serde_json::from_str(openapi).expect("the document is JSON");
    let refusals = refusals(&openapi);
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
    for (code, http, message) in refusals {
        let _ = writeln!(out, "| {code} | {http} | {} |", message.replace('|', "\\|"));
    }
    out.push_str(
        "\nReplies with HTTP 429 and 503 have a `Retry-After`, in seconds. A method that an address does not \
         have is HTTP 405 with code 3.\n\n```json\n{ \"statusCode\": 1, \"statusMessage\": \"required parameter \
         `userData` is missing\" }\n```\n",
    );
    out
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
