//! `/docs`: the interface, described for people and for programs.
//!
//! Outside `/api/v2` and without authentication, because it tells nothing of this contact centre;
//! `server.docs` switches it off.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use hyper::{HeaderMap, Method, Uri};

use super::{Access, Route, Shape};
use crate::asset::File;
use crate::docs;
use crate::path::Named;
use crate::reply::Refusal;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/docs",
        name: "showDocuments",
        access: Access::Anybody,
        rules: &[],
        summary: "A page that shows the OpenAPI document.",
        shape: Shape::Document("text/html"),
        handler: || get(page),
    },
    Route {
        method: Method::GET,
        path: "/docs/openapi.json",
        name: "readOpenapi",
        access: Access::Anybody,
        rules: &[],
        summary: "The OpenAPI document of this interface.",
        shape: Shape::Document("application/json"),
        handler: || get(openapi),
    },
    Route {
        method: Method::GET,
        path: "/docs/asyncapi.json",
        name: "readAsyncapi",
        access: Access::Anybody,
        rules: &[],
        summary: "The AsyncAPI document of the notifications.",
        shape: Shape::Document("application/json"),
        handler: || get(asyncapi),
    },
    Route {
        method: Method::GET,
        path: "/docs/types.d.ts",
        name: "readTypes",
        access: Access::Anybody,
        rules: &[],
        summary: "The types of the OpenAPI document for TypeScript.",
        shape: Shape::Document("text/plain"),
        handler: || get(types),
    },
    Route {
        method: Method::GET,
        path: "/docs/schema/{file}",
        name: "readSchema",
        access: Access::Anybody,
        rules: &[],
        summary: "A JSON Schema, such as `operation.json`.",
        shape: Shape::Document("application/json"),
        handler: || get(schema),
    },
    Route {
        method: Method::GET,
        path: "/docs/assets/{file}",
        name: "readAsset",
        access: Access::Anybody,
        rules: &[],
        summary: "A part of the page at `/docs`.",
        shape: Shape::Document("*/*"),
        handler: || get(asset),
    },
];

async fn page(
    State(server): State<Shared>,
    uri: Uri,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    let file = docs::page(uri.path().ends_with('/'));
    answer(&server, Some(&file), &asked)
}

async fn openapi(State(server): State<Shared>, asked: HeaderMap) -> Result<Response, Refusal> {
    answer(&server, server.documents.find("openapi.json"), &asked)
}

async fn asyncapi(State(server): State<Shared>, asked: HeaderMap) -> Result<Response, Refusal> {
    answer(&server, server.documents.find("asyncapi.json"), &asked)
}

async fn types(State(server): State<Shared>, asked: HeaderMap) -> Result<Response, Refusal> {
    answer(&server, server.documents.find("types.d.ts"), &asked)
}

async fn schema(
    State(server): State<Shared>,
    Named(file): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&server, server.documents.find(&format!("schema/{file}")), &asked)
}

async fn asset(
    State(server): State<Shared>,
    Named(file): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&server, docs::asset(&file), &asked)
}

fn answer(server: &Server, file: Option<&File>, asked: &HeaderMap) -> Result<Response, Refusal> {
    match file {
        Some(file) if server.config.server.docs => file.answer(asked),
        _ => Err(Refusal::no_such_route()),
    }
}
