//! `/console`: a window to look through, for agents and for visitors.
//!
//! Outside `/api/v2` and without authentication, because the pages carry nothing; whoever uses them logs
//! in by the interface. `server.console` switches them on.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use hyper::{HeaderMap, Method, Uri};

use super::{Access, Route, Shape};
use crate::asset::File;
use crate::console;
use crate::path::Named;
use crate::reply::Refusal;
use crate::server::{Server, Shared};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/console",
        name: "showConsole",
        access: Access::Anybody,
        rules: &[],
        summary: "A page on which an agent works.",
        shape: Shape::Document("text/html"),
        handler: || get(agent),
    },
    Route {
        method: Method::GET,
        path: "/console/customer",
        name: "showCustomerConsole",
        access: Access::Anybody,
        rules: &[],
        summary: "A page on which a visitor chats.",
        shape: Shape::Document("text/html"),
        handler: || get(customer),
    },
    Route {
        method: Method::GET,
        path: "/console/assets/{file}",
        name: "readConsoleAsset",
        access: Access::Anybody,
        rules: &[],
        summary: "A part of the pages at `/console`.",
        shape: Shape::Document("*/*"),
        handler: || get(asset),
    },
    Route {
        method: Method::GET,
        path: "/console/cometd/{file}",
        name: "readConsoleCometd",
        access: Access::Anybody,
        rules: &[],
        summary: "A part of the notification client that the pages at `/console` use.",
        shape: Shape::Document("*/*"),
        handler: || get(cometd),
    },
];

async fn agent(
    State(server): State<Shared>,
    uri: Uri,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    // With a slash at the end of its address, what it links to is beside it.
    let here = if uri.path().ends_with('/') { "" } else { "console/" };
    let file = console::agent(here, server.config.is_demo());
    answer(&server, Some(&file), &asked)
}

async fn customer(
    State(server): State<Shared>,
    uri: Uri,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    let here = if uri.path().ends_with('/') { "../" } else { "" };
    answer(&server, Some(&console::customer(here)), &asked)
}

async fn asset(
    State(server): State<Shared>,
    Named(file): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&server, console::asset(&file), &asked)
}

async fn cometd(
    State(server): State<Shared>,
    Named(file): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&server, console::cometd(&file), &asked)
}

fn answer(server: &Server, file: Option<&File>, asked: &HeaderMap) -> Result<Response, Refusal> {
    match file {
        Some(file) if server.config.server.console => file.answer(asked),
        _ => Err(Refusal::no_such_route()),
    }
}
