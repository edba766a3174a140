//! Refusals as the document's responses: one for each HTTP status, with an example for each way to
//! come to it, printed by what prints them for clients.

use chat_model::{Rejection, StatusCode};
use serde_json::{Map, Value, json};

use crate::reply::Refusal;

/// One HTTP status with which requests are refused.
struct Status {
    http: u16,
    name: &'static str,
    about: &'static str,
    examples: Vec<(&'static str, Refusal)>,
}

/// THE table of them.
fn table() -> Vec<Status> {
    let refusal = |code, message: &'static str| Refusal::new(code, message);
    vec![
        Status {
            http: 400,
            name: "BadRequest",
            about: "Something in the request is missing or cannot be read, or now is not the time.",
            examples: vec![
                (
                    "missingParameter",
                    Rejection::MissingParameter { parameter: "operationName" }.into(),
                ),
                (
                    "notNow",
                    Rejection::NotNow {
                        operation: "SendMessage",
                        expected: "a chat in state Chatting".into(),
                        found: "the chat is Invited".into(),
                    }
                    .into(),
                ),
                ("invalidValue", Rejection::UnknownOperation { name: "Explode".to_owned() }.into()),
            ],
        },
        Status {
            http: 403,
            name: "Forbidden",
            about: "Nobody is logged in, or not with what it takes.",
            examples: vec![
                ("notAuthenticated", Refusal::access_denied()),
                ("csrf", Refusal::csrf()),
                ("foreignOrigin", Refusal::foreign_origin()),
                (
                    "noPermission",
                    refusal(
                        StatusCode::NoPermission,
                        "expected a user with ROLE_SUPERVISOR, ROLE_ADMIN or ROLE_APIUSER, found one \
                         with ROLE_AGENT",
                    ),
                ),
            ],
        },
        Status {
            http: 404,
            name: "NotFound",
            about: "There is no such thing, or not for whoever asks.",
            examples: vec![
                ("chat", Rejection::ChatNotFound.into()),
                ("address", Refusal::no_such_route()),
            ],
        },
        Status {
            http: 406,
            name: "NotAcceptable",
            about: "The client says that it cannot read what there is.",
            examples: vec![(
                "gzip",
                Refusal::not_acceptable("expected an Accept-Encoding with gzip"),
            )],
        },
        Status {
            http: 408,
            name: "BodyTooSlow",
            about: "The body did not arrive in time.",
            examples: vec![("body", Refusal::body_too_slow(30))],
        },
        Status {
            http: 413,
            name: "BodyTooLarge",
            about: "The body is too long.",
            examples: vec![("body", Refusal::body_too_large(1 << 20))],
        },
        Status {
            http: 415,
            name: "UnsupportedMediaType",
            about: "The body is not declared as JSON, or is compressed (DEC-37).",
            examples: vec![
                ("mediaType", Refusal::media_type("text/plain")),
                ("contentCoding", Refusal::content_coding("gzip")),
            ],
        },
        Status {
            http: 429,
            name: "TooManyRequests",
            about: "Too many failed logins, or as much as one may have; worth another try later.",
            examples: vec![
                ("logins", Refusal::too_many_logins(60)),
                (
                    "connections",
                    Refusal::too_many("too many connections from this address; try again"),
                ),
            ],
        },
        Status {
            http: 500,
            name: "InternalError",
            about: "A defect of the server.",
            examples: vec![("internal", Refusal::internal())],
        },
        Status {
            http: 503,
            name: "Unavailable",
            about: "Something that the server needs does not answer; worth another try.",
            examples: vec![
                ("store", Refusal::unavailable("the store does not answer; try again")),
                ("stopping", Refusal::unavailable("the server is stopping; try again")),
            ],
        },
    ]
}

/// A reference to the response of this HTTP status.
///
/// # Panics
/// If the table has no such status.
pub(super) fn reference(http: u16) -> Value {
    let found = table().into_iter().find(|status| status.http == http);
    let name = found.map(|status| status.name).expect("the table has every status that is used");
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// The response of this HTTP status where it has no body (BAYEUX-14.8).
///
/// # Panics
/// If the table has no such status.
pub(super) fn untold(http: u16) -> Value {
    let found = table().into_iter().find(|status| status.http == http);
    let mut response = response(&found.expect("the table has every status that is used"));
    response["description"] = json!(format!(
        "{} The reply is empty.",
        response["description"].as_str().unwrap_or_default()
    ));
    if let Some(response) = response.as_object_mut() {
        response.remove("content");
    }
    response
}

/// Every one of them, by name.
pub(super) fn responses() -> Map<String, Value> {
    table().into_iter().map(|status| (status.name.to_owned(), response(&status))).collect()
}

fn response(status: &Status) -> Value {
    let mut codes: Vec<u64> = Vec::new();
    let mut examples = Map::new();
    for (name, refusal) in &status.examples {
        assert_eq!(refusal.http(), status.http, "{name}");
        let body: Value = serde_json::from_str(&refusal.body()).unwrap_or_default();
        let code = body["statusCode"].as_u64().unwrap_or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
        let meaning = StatusCode::from_code(code).map_or("", StatusCode::meaning);
        let example = json!({ "summary": format!("{code}: {meaning}"), "value": body });
        examples.insert((*name).to_owned(), example);
    }
    codes.sort_unstable();
    let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/RequestId" } });
    // By then it is known who asks.
    if [400, 403, 404].contains(&status.http) {
        headers["X-CSRF-HEADER"] = json!({ "$ref": "#/components/headers/CsrfHeader" });
        headers["X-CSRF-TOKEN"] = json!({ "$ref": "#/components/headers/CsrfToken" });
    }
    if [429, 503].contains(&status.http) {
        headers["Retry-After"] = json!({ "$ref": "#/components/headers/RetryAfter" });
    }
    json!({
        "description": status.about,
        "headers": headers,
        "content": { "application/json": {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Refusal" },
                { "properties": { "statusCode": { "enum": codes, "description": meanings(&codes) } } },
            ] },
            "examples": examples,
        } },
    })
}

fn meanings(codes: &[u64]) -> String {
    let each: Vec<String> = codes
        .iter()
        .filter_map(|code| StatusCode::from_code(*code))
        .map(|code| format!("{}: {}", code.code(), code.meaning()))
        .collect();
    format!("{}.", each.join("; "))
}

/// The headers of replies.
pub(super) fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "The name of the request, under which the server's log speaks of it.",
            "schema": { "type": "string" },
            "example": "3f9c0a7d1e5b4826-1",
        },
        "RetryAfter": {
            "description": "After so many seconds another try is worth it.",
            "schema": { "type": "integer", "minimum": 0 },
            "example": 1,
        },
        "ETag": {
            "description": "The name of these bytes; with `If-None-Match` they are not sent again.",
            "schema": { "type": "string" },
            "example": "\"6f1ed002ab5595859014ebf0951522d9\"",
        },
        "SetCookie": {
            "description": "The HTTP session that was opened, or that is over.",
            "schema": { "type": "string" },
            "example": "JSESSIONID=0f1e2d3c4b5a69788796a5b4c3d2e1f0; Path=/; HttpOnly; SameSite=Lax",
        },
        "BrowserCookie": {
            "description": "`BAYEUX_BROWSER`, the name of the browser, with the reply to a handshake that \
                came without one (BAYEUX-2.2).",
            "schema": { "type": "string" },
            "example": "BAYEUX_BROWSER=dljj9v08hkc812u1; Path=/; HttpOnly; SameSite=Lax",
        },
        "CsrfHeader": {
            "description": "The name of the header in which the token is wanted (PLAT-2.2-2); only where \
                `server.csrf_protection` is on, for a request that has a session.",
            "schema": { "type": "string", "const": "X-CSRF-TOKEN" },
            "example": "X-CSRF-TOKEN",
        },
        "CsrfToken": {
            "description": "The token of the session, which the server wants back with whatever changes \
                something (PLAT-2.2-2); told where `X-CSRF-HEADER` is.",
            "schema": { "type": "string", "format": "uuid" },
            "example": "70fdfc46-4e5a-4b64-a1fd-a1a8d8a3a9bb",
        },
    })
}

/// Every status code with its HTTP status and an example: what a client may be told.
pub(super) fn status_codes() -> Value {
    let each: Vec<Value> = StatusCode::ALL
        .iter()
        .map(|code| {
            json!({
                "const": code.code(),
                "title": format!("{code:?}"),
                "description": format!("HTTP {}: {}.", code.http(), code.meaning()),
            })
        })
        .collect();
    json!({
        "description": "What the server says of a request (CHAT-1.13, PLAT-1.2). Some are for servers \
            that can do more than this one, and readers should know them all the same.",
        "type": "integer",
        "oneOf": each,
    })
}

/// Any refusal, whatever its HTTP status.
pub(super) fn any() -> Value {
    let examples: Vec<Value> = StatusCode::ALL
        .iter()
        .filter(|code| code.http() >= 400)
        .map(|code| json!({ "statusCode": code.code(), "statusMessage": code.meaning() }))
        .collect();
    json!({
        "description": "Why a request was refused: the code, and what was expected and what came.",
        "type": "object",
        "properties": {
            "statusCode": { "$ref": "#/components/schemas/StatusCode" },
            "statusMessage": { "description": "In words.", "type": "string" },
        },
        "required": ["statusCode", "statusMessage"],
        "examples": examples,
    })
}
