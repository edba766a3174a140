//! The parameters of queries, paths and heads.

use serde_json::{Map, Value, json};

use crate::collection::Kind;

/// Parameters that several operations have, by the names that the table of routes uses.
pub(super) fn components() -> Value {
    let whole =
        |least: u64, most: u64| json!({ "type": "integer", "minimum": least, "maximum": most });
    let from_0 = || whole(0, u64::MAX);
    let query = |name: &str, about: &str, schema: Value, example: Value| {
        json!({
            "name": name, "in": "query", "description": about, "schema": schema, "example": example,
        })
    };
    let needed = |name: &str, about: &str, schema: Value, example: Value| {
        let mut parameter = query(name, about, schema, example);
        parameter["required"] = json!(true);
        parameter
    };
    let text = || json!({ "type": "string" });
    let header = |name: &str, about: &str, schema: Value, example: &str| {
        json!({
            "name": name, "in": "header", "description": about, "schema": schema, "example": example,
        })
    };
    json!({
        "fields": query(
            "fields",
            "The members to show, separated by commas, or `*` for all (PLAT-1.3-2). An unknown name is \
                ignored.",
            text(),
            json!("*"),
        ),
        "subresources": query(
            "subresources",
            "The collections to embed, separated by commas, or `*` for all (PLAT-1.3-6).",
            text(),
            json!("*"),
        ),
        "limit": query(
            "limit",
            "How many to return at most (PLAT-1.3-10); all without it.",
            whole(1, 10_000),
            json!(10),
        ),
        "offset": query("offset", "How many to pass over (PLAT-1.3-10).", from_0(), json!(0)),
        "startIndex": query(
            "startIndex",
            "The `index` of the first entry (CHAT-9.7); of agents.",
            from_0(),
            json!(1),
        ),
        "count": query(
            "count",
            "How many entries to return at most (CHAT-9.7); of agents.",
            from_0(),
            json!(50),
        ),
        "index": query(
            "index",
            "The `index` of the first entry; of visitors. Without it, what was not returned yet \
                (CUST-4.4).",
            from_0(),
            json!(1),
        ),
        "filterName": query(
            "filterName",
            "A predefined search (PLAT-1.3-16).",
            json!({ "enum": ["", "NamesOrPhoneNumberMatches"] }),
            json!("NamesOrPhoneNumberMatches"),
        ),
        "filterParameters": query(
            "filterParameters",
            "What is searched for: texts separated by commas, in which `*` stands for anything.",
            text(),
            json!("*agent*"),
        ),
        "jsonp": needed(
            "jsonp",
            "The function that the script calls (BAYEUX-12.1-2); `jsonpcallback` if it is empty. The \
                beginning of a websocket has none.",
            json!({ "type": "string", "pattern": "^[0-9A-Za-z._-]{0,64}$" }),
            json!("callback"),
        ),
        "message": {
            "name": "message",
            "in": "query",
            "required": true,
            "description": "A JSON array of Bayeux messages, or one (BAYEUX-12.1-1). The beginning of a \
                websocket has none.",
            "content": { "application/json": {
                "schema": { "anyOf": [
                    {
                        "type": "array",
                        "items": { "$ref": "#/components/schemas/BayeuxMessage" },
                        "minItems": 1,
                    },
                    { "$ref": "#/components/schemas/BayeuxMessage" },
                ] },
                "example": [{ "channel": "/meta/handshake", "version": "1.0" }],
            } },
        },
        "bayeuxBrowser": {
            "name": "BAYEUX_BROWSER",
            "in": "cookie",
            "description": "Which browser it is, as the server named it, so that of several sessions of one \
                browser only one poll is held (BAYEUX-2.2, BAYEUX-4.6). What the server did not name is \
                passed over.",
            "schema": text(),
            "example": "dljj9v08hkc812u1",
        },
        "contactCenterId": header(
            "ContactCenterId",
            "The UUID of the contact center that the visitor means (CUST-1.1). None is fine, another \
                one's is HTTP 404.",
            text(),
            "6d7466c8-6a21-4e64-b51e-0308e34995ec",
        ),
        "idempotencyKey": header(
            "Idempotency-Key",
            "The client's name for the request, which it may then send again: it is done once, and \
                answered with the same bytes for ten minutes at least (DEC-48). Draw it by chance.",
            json!({ "type": "string", "pattern": "^[!-~]{1,64}$" }),
            "0a6f3f0e-5b0e-4d6f-9a53-3d1f0c6a2b71",
        ),
    })
}

/// What a collection can be asked for, and what it can be filtered by.
pub(super) fn of_collection(kind: &Kind) -> Vec<Value> {
    let mut all = shared(["fields"]);
    if !kind.form.embedded.is_empty() {
        all.push(subresources(kind));
    }
    all.extend(shared(["limit", "offset"]));
    if kind.plural == "contacts" {
        all.extend(shared(["filterName", "filterParameters"]));
    }
    all.extend(kind.fields.iter().map(|field| {
        json!({
            "name": field,
            "in": "query",
            "description": format!("Only those whose `{field}` is this, or one of these (PLAT-1.3-5)."),
            "schema": { "type": "string" },
        })
    }));
    all
}

/// What one resource can be asked for.
pub(super) fn of_resource(kind: &Kind) -> Vec<Value> {
    let mut all = shared(["fields"]);
    if !kind.form.embedded.is_empty() {
        all.push(subresources(kind));
    }
    all
}

/// References to components.
pub(super) fn shared<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    let refer = |name| json!({ "$ref": format!("#/components/parameters/{name}") });
    names.into_iter().map(refer).collect()
}

fn subresources(kind: &Kind) -> Value {
    let names: Vec<_> = kind.form.embedded.iter().map(|(name, _)| *name).collect();
    // What comes along with the channels (PLAT-1.3-12).
    let names: Vec<_> = names.into_iter().filter(|name| *name != "channelStates").collect();
    json!({
        "name": "subresources",
        "in": "query",
        "description": format!(
            "The collections to embed, separated by commas, or `*` for all (PLAT-1.3-6): {}. An unknown \
                name is ignored.",
            names.join(", "),
        ),
        "schema": { "type": "string" },
        "example": names.first(),
    })
}

/// The variable parts of a path, each with its example.
///
/// # Panics
/// If a part has none: whoever adds an address plays it.
pub(super) fn of_path(path: &str, examples: &Map<String, Value>) -> Vec<Value> {
    let mut all = Vec::new();
    let mut before = "";
    for part in path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            let example = examples.get(name);
            let example = example.unwrap_or_else(|| panic!("expected {path} to be played"));
            all.push(json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": of_part(path, before, name),
                "schema": { "type": "string", "minLength": 1 },
                "example": example,
            }));
        }
        before = part;
    }
    all
}

fn of_part(path: &str, collection: &str, name: &str) -> String {
    match (collection, name) {
        ("chats", "id") if !path.contains("/me/") => {
            "The visitor's UUID, or for a user the id of one of the own chats (DEC-46).".to_owned()
        }
        ("chats", _) => "The id of the chat: 16 letters and digits (PLAT-1.5-6).".to_owned(),
        ("channels", _) => "The name of the channel, such as `chat`.".to_owned(),
        ("settings", _) => "The name of the group.".to_owned(),
        (_, "file") => "The name of the file.".to_owned(),
        ("notifications", _) => "Anything, with slashes or without.".to_owned(),
        (collection, _) => {
            format!("The id of one of the {collection}.")
        }
    }
}
