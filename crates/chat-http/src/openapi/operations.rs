//! One route as an operation of the document.

use serde_json::{Map, Value, json};

use super::play::Played;
use super::schemas::Schemas;
use super::{links, parameters, refusals};
use crate::routes::{Access, Chapter, Route, Shape, UNTOLD};

const JSON: &str = "application/json";

/// Where the visitor's interface begins, which knows no login.
const VISITORS: &str = "/api/v2/chats";

/// The path as OpenAPI writes it, which has no parts that go over slashes.
pub(super) fn path(route: &Route) -> String {
    route.path().replace("{*", "{")
}

/// The operation.
pub(super) fn operation(
    chapter: &Chapter,
    route: &Route,
    played: &Played,
    schemas: &mut Schemas,
) -> Value {
    let mut operation = json!({
        "operationId": route.name(),
        "tags": [chapter.title],
        "summary": route.summary().trim_end_matches('.'),
        "description": description(route),
        "parameters": parameters(route, played),
        "security": security(route),
        "responses": responses(route, played, schemas),
    });
    if let Some(body) = body(route, played, schemas) {
        operation["requestBody"] = body;
    }
    operation
}

fn description(route: &Route) -> String {
    let mut text = format!("{} Needs: {}.", route.summary(), route.access().requirement());
    if !route.rules().is_empty() {
        text.push_str(&format!(" Rules: {}.", route.rules().join(", ")));
    }
    text
}

fn parameters(route: &Route, played: &Played) -> Vec<Value> {
    let mut all = parameters::of_path(&path(route), &played.path_of(route.name()));
    all.extend(match route.shape {
        Shape::Many(kind) => parameters::of_collection(kind),
        Shape::One(kind) => parameters::of_resource(kind),
        Shape::Reads { query, .. } => parameters::shared(query.iter().copied()),
        Shape::Does { .. } | Shape::File(_) | Shape::Document(_) => Vec::new(),
        Shape::Messages if is_post(route) => Vec::new(),
        Shape::Messages => parameters::shared(["jsonp", "message"]),
    });
    if matches!(route.shape, Shape::Messages) {
        all.extend(parameters::shared(["bayeuxBrowser"]));
    }
    if is_visitors(route) {
        all.extend(parameters::shared(["contactCenterId"]));
    }
    if route.rules().contains(&"DEC-48") {
        all.extend(parameters::shared(["idempotencyKey"]));
    }
    all
}

fn is_post(route: &Route) -> bool {
    route.method() == hyper::Method::POST
}

fn is_visitors(route: &Route) -> bool {
    route.path().starts_with(VISITORS)
}

/// Credentials, or a session; where something is done, with the token as well where the server wants
/// it. What is empty is nothing: who knows the address may come in.
fn security(route: &Route) -> Value {
    let (basic, session) = (json!({ "basic": [] }), json!({ "session": [] }));
    let mut ways = Vec::new();
    match route.access() {
        Access::Anybody => return json!([]),
        Access::VisitorOrLogin => ways.push(json!({})),
        Access::Login | Access::Supervisor => {}
    }
    ways.extend([basic, session]);
    // DEC-41: notifications are exempt.
    if is_post(route) && !matches!(route.shape, Shape::Messages) {
        ways.push(json!({ "session": [], "csrf": [] }));
    }
    Value::Array(ways)
}

fn body(route: &Route, played: &Played, schemas: &mut Schemas) -> Option<Value> {
    let schema = match route.shape {
        Shape::Does { body, .. } => schemas.any_of(body),
        Shape::Messages if is_post(route) => {
            let message = schemas.named("BayeuxMessage");
            json!({ "anyOf": [
                { "type": "array", "items": message, "minItems": 1 },
                message,
            ] })
        }
        _ => return None,
    };
    let examples = played.requests_of(route.name());
    Some(json!({
        "required": true,
        "content": { JSON: { "schema": schema, "examples": examples } },
    }))
}

fn responses(route: &Route, played: &Played, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    if let Some(success) = success(route, schemas) {
        let (media_type, about, schema) = success;
        let mut content = json!({ "schema": schema });
        let examples = played.replies_of(route.name());
        if !examples.is_empty() {
            content["examples"] = Value::Object(examples);
        }
        let mut response = json!({
            "description": about,
            "headers": headers(route),
            "content": { media_type: content },
        });
        let links = links::of(route);
        if !links.is_empty() {
            response["links"] = Value::Object(links);
        }
        all.insert("200".to_owned(), response);
    }
    if matches!(route.shape, Shape::Messages) {
        all.extend(messages(route).into_iter().map(|(status, told)| (status.to_owned(), told)));
    }
    if matches!(route.shape, Shape::Messages) && !is_post(route) {
        let about = "The messages in the query are longer than the head of a request may be; without a body.";
        all.insert("431".to_owned(), json!({ "description": about }));
    }
    if matches!(route.shape, Shape::Document(_)) {
        let about = "The client has it already (`If-None-Match`).";
        all.insert("304".to_owned(), json!({ "description": about, "headers": headers(route) }));
    }
    for http in refused_with(route) {
        let is_told = !matches!(route.shape, Shape::Messages)
            || UNTOLD.iter().all(|status| status.as_u16() != http);
        let refusal = if is_told { refusals::reference(http) } else { refusals::untold(http) };
        all.insert(http.to_string(), refusal);
    }
    schemas.named("Refusal");
    schemas.named("StatusCode");
    Value::Object(all)
}

/// The media type, what it is, and its schema.
fn success(route: &Route, schemas: &mut Schemas) -> Option<(&'static str, &'static str, Value)> {
    Some(match route.shape {
        Shape::Many(kind) => {
            let total = json!({
                "description": "How many there are beside the page.",
                "type": "integer",
                "minimum": 0,
            });
            let more = [("totalCount", total)];
            let more = if kind.plural == "contacts" { &more[..] } else { &[] };
            (JSON, "The collection, or a part of it.", schemas.many(kind, more))
        }
        Shape::One(kind) => (JSON, "The resource.", schemas.one(kind)),
        Shape::Reads { replies, .. } => (JSON, "What was asked for.", schemas.any_of(replies)),
        Shape::Does { reply, .. } => (JSON, "It is accepted.", schemas.named(reply)),
        Shape::Messages if is_post(route) => {
            let (reply, event) = (schemas.named("BayeuxReply"), schemas.named("BayeuxEvent"));
            let about = "What happened since, and the answers to the messages; a failed one is told in \
                its answer (BAYEUX-1.4).";
            (JSON, about, json!({ "type": "array", "items": { "anyOf": [reply, event] } }))
        }
        Shape::Messages => {
            let about =
                "A script that calls a function with what a POST would answer (BAYEUX-12.1).";
            ("text/javascript", about, json!({ "type": "string" }))
        }
        Shape::File(media_type) => (media_type, "The bytes.", json!({ "type": "string" })),
        Shape::Document(JSON) => (JSON, "The document.", json!({ "type": "object" })),
        Shape::Document("*/*") => ("*/*", "The bytes; the header says what they are.", json!({})),
        Shape::Document(media_type) => (media_type, "The bytes.", json!({ "type": "string" })),
    })
}

/// Bayeux's own refusal, which has no body (BAYEUX-1.14), and the other thing that a GET may become.
fn messages(route: &Route) -> Vec<(&'static str, Value)> {
    let told = |about: &str| json!({ "description": about, "headers": headers(route) });
    if is_post(route) {
        vec![("400", told("The body is no batch of messages; the reply is empty."))]
    } else {
        let refused = "What came is neither the beginning of a websocket nor a poll, which is told; or \
            `message` is no batch of messages, and the reply is empty.";
        vec![("101", told("The beginning of a websocket (BAYEUX-12.2).")), ("400", told(refused))]
    }
}

fn headers(route: &Route) -> Value {
    let refer = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let mut headers = json!({ "X-Request-Id": refer("RequestId") });
    if ["readMe", "operateMe"].contains(&route.name()) {
        headers["Set-Cookie"] = refer("SetCookie");
    }
    if matches!(route.shape, Shape::Messages) {
        headers["Set-Cookie"] = refer("BrowserCookie");
    }
    // Whoever has a session is told its token with every reply.
    if route.access() != Access::Anybody {
        headers["X-CSRF-HEADER"] = refer("CsrfHeader");
        headers["X-CSRF-TOKEN"] = refer("CsrfToken");
    }
    if matches!(route.shape, Shape::Document(_)) {
        headers["ETag"] = refer("ETag");
    }
    headers
}

/// The HTTP statuses with which requests may be refused.
fn refused_with(route: &Route) -> Vec<u16> {
    let mut all = Vec::new();
    let reads_numbers = match route.shape {
        Shape::Many(_) => true,
        Shape::Reads { query, .. } => {
            query.iter().any(|name| ["index", "startIndex", "count"].contains(name))
        }
        _ => false,
    };
    let posts = is_post(route);
    if reads_numbers || (posts && !matches!(route.shape, Shape::Messages)) {
        all.push(400);
    }
    if route.access() != Access::Anybody {
        all.push(403);
    }
    // Without the feature there are no chats to read (PLAT-2.4-4).
    let is_of_chats = matches!(route.shape, Shape::Many(kind) if ["chats", "interactions"].contains(&kind.plural));
    if route.path().contains("/{") && !matches!(route.shape, Shape::Messages)
        || is_of_chats
        // They can be switched off.
        || matches!(route.shape, Shape::Document(_))
        || is_visitors(route)
    {
        all.push(404);
    }
    // Compressed, and nothing else (`crate::docs`).
    if matches!(route.shape, Shape::Document("*/*")) {
        all.push(406);
    }
    if posts {
        all.extend([408, 413, 415]);
    }
    all.extend([429, 500, 503]);
    all
}
