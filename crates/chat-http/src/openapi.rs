//! The OpenAPI document: what the server answers where, for tools and for people who write clients.
//!
//! Nothing in it is written twice: paths, access and summaries come from the table of routes, the forms
//! of bodies from the model's schemas and from the types that are printed, statuses from how refusals
//! are made, and examples from a conversation that is played when the document is made. What is written
//! here is what OpenAPI wants to hear beside that.

mod cases;
mod links;
mod operations;
mod own;
mod parameters;
mod play;
mod refusals;
mod schemas;

use chat_model::schema::pretty;
use serde_json::{Map, Value, json};

use crate::routes::CHAPTERS;
pub use cases::cases;
use play::Played;
use schemas::Schemas;

/// The OpenAPI document, as `docs/api/openapi.json` has it: indented, keys sorted at every depth, the
/// same bytes on every machine.
///
/// # Panics
/// Inside an asynchronous runtime: it starts one, to play its examples.
pub fn openapi() -> String {
    pretty(document(&play::play()))
}

fn document(played: &Played) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for chapter in CHAPTERS {
        for route in chapter.routes {
            let operation = operations::operation(chapter, route, played, &mut schemas);
            let path = paths.entry(operations::path(route)).or_insert_with(|| json!({}));
            path[route.method().as_str().to_ascii_lowercase()] = operation;
        }
    }
    let tags: Vec<Value> = CHAPTERS
        .iter()
        .map(|chapter| json!({ "name": chapter.title, "description": chapter.about }))
        .collect();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "GWS v2 Chat API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Chats of a contact center: agents, supervisors and visitors.",
            "description": ABOUT,
            "contact": { "name": "The authors of chat" },
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server that serves this document." }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "parameters": parameters::components(),
            "headers": refusals::headers(),
            "responses": refusals::responses(),
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Name and password of a user (PLAT-2.1). They count with every \
                        request that carries them.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "JSESSIONID",
                    "description": "The HTTP session that `GET /api/v2/me` opens for whoever shows \
                        credentials (PLAT-2.1-3). Pages of other origins may read by it and not act.",
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-TOKEN",
                    "description": "Beside the session, where the server is configured so (PLAT-2.2): \
                        the token that every reply tells in the header of the same name.",
                },
            },
        },
    })
}

const ABOUT: &str = "An open implementation of the Genesys Web Services (GWS) v2 Chat API.\n\n\
    Every reply is JSON with a `statusCode`: 0, or why the request failed, with a `statusMessage` that \
    says what was expected and what came. Clients read the body before the HTTP status. The outcome of \
    an operation on a chat comes as a notification, over Bayeux at `/api/v2/notifications`.\n\n\
    Visitors have no login: who knows the UUID of a visitor's chat, which only the reply to RequestChat \
    tells, has part in it.\n\n\
    Every path may end in a slash, and what answers GET answers HEAD. A method that a path does not \
    have is HTTP 405 with code 3, and `Allow` names those that it has; a path that does not exist is HTTP \
    404 with code 6. A head that is too long is HTTP 431 without a body, and one that cannot be read 400.\n\n\
    Ids such as `CHAT-7.1-3` name rules of the protocol's pages (`docs/protocol`).";
