//! The page of limits: the defaults of the configuration's own table, and what the server answered to
//! requests that were beyond them when the page was made.

use std::fmt::Write as _;

use serde_json::Value;

use super::cases::Cases;

pub(super) fn page(cases: &Cases) -> String {
    let mut out = super::header("Limits", "crates/chat-http/src/config and requests beyond them");
    out.push_str(INTRODUCTION);
    out.push_str("| What is sent | HTTP | Code | `statusMessage` |\n|---|--:|--:|---|\n");
    for case in cases.side("limit") {
        let (about, reply) = (text(&case["about"]), &case["reply"]);
        let (http, code) = (&case["http"], &reply["statusCode"]);
        let message = text(&reply["statusMessage"]).replace('|', "\\|");
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {about} | {http} | {code} | {message} |");
    }
    let _ = write!(
        out,
        "\nWhat is no body is bounded, too: a head (the line of the request and its headers) of more than {} bytes or \
         a hundred\nheaders is HTTP 431, without a body and so without a code, and the connection ends. An \
         `Idempotency-Key` has 1 to 64\nvisible ASCII characters (DEC-48), a session at most 32 channels \
         ([sessions](sessions.md)).\n\n## Defaults\n\nAll are options of `[limits]` in the configuration \
         ([configuration.json](schema/configuration.json)).\n\n| Option | Default | What it bounds |\n|---|--:|---|\n",
        chat_http::HEAD_BYTES,
    );
    let schema: Value =
        serde_json::from_str(&chat_http::Config::schema()).expect("a schema is JSON");
    let limits = schema["$defs"]["Limits"]["properties"].as_object().expect("there are limits");
    for (name, limit) in limits {
        let about = text(&limit["description"]);
        let about = about.rsplit_once(" Default ").map_or(about, |(about, _)| about);
        let _ = writeln!(out, "| `{name}` | {} | {about} |", grouped(&limit["default"]));
    }
    out
}

const INTRODUCTION: &str = "\
What a request may be, what a chat may become (DEC-7, DEC-72), and how much of everything one server serves. Whatever is
refused has changed nothing. User data and transcript are bounded in bytes as they are printed: an operation that would
make either longer is code 10, but who comes and goes is always noted, and Complete and Leave without a text are always
possible (DEC-72). What is worth another try later is HTTP 429 or 503 with `Retry-After` ([status
codes](status-codes.md#as-they-are-sent)).

";

fn text(value: &Value) -> &str {
    value.as_str().expect("it is a text")
}

/// A number with its thousands apart.
fn grouped(number: &Value) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
