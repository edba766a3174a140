//! Colleagues, and whom an agent can turn to: `/users` and `/contacts` (PLAT-3.1, PLAT-1.3-16).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use chat_model::{StatusCode, UserId};
use hyper::Method;

use super::{Access, Route, Shape};
use crate::collection::{list, list_with, one};
use crate::identity::Caller;
use crate::path::Named;
use crate::query::Query;
use crate::reply::{self, Refusal};
use crate::resources::{self, CONTACTS, USERS};
use crate::server::Shared;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/api/v2/users",
        name: "listUsers",
        access: Access::Login,
        rules: &["PLAT-3.1-1", "DEC-62"],
        summary: "The people of the contact center.",
        shape: Shape::Many(&USERS),
        handler: || get(users),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/users/{id}",
        name: "readUser",
        access: Access::Login,
        rules: &["PLAT-1.3-4", "DEC-62"],
        summary: "One of the people of the contact center.",
        shape: Shape::One(&USERS),
        handler: || get(user),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/contacts",
        name: "listContacts",
        access: Access::Login,
        rules: &["PLAT-1.3-11", "PLAT-1.3-16"],
        summary: "Whom an agent can turn to: people and queues.",
        shape: Shape::Many(&CONTACTS),
        handler: || get(contacts),
    },
    Route {
        method: Method::GET,
        path: "/api/v2/contacts/{id}",
        name: "readContact",
        access: Access::Login,
        rules: &["PLAT-1.3-16", "PLAT-3.6-7"],
        summary: "One person or queue as a contact.",
        shape: Shape::One(&CONTACTS),
        handler: || get(contact),
    },
];

async fn users(
    caller: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let users = resources::colleagues(&server, &caller.user, None, &query).await?;
    Ok(reply::json(list(&USERS, users, &query)?))
}

async fn user(
    caller: Caller,
    State(server): State<Shared>,
    Named(id): Named<UserId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let found = resources::colleagues(&server, &caller.user, Some(&id), &query).await?;
    match found.first() {
        Some(user) => Ok(reply::json(one(&USERS, user, &query))),
        None => Err(not_found("user", id.as_str())),
    }
}

/// `GET /contacts` (PLAT-1.3-16): whole contacts whatever the query says, and how many there are
/// beside the page.
async fn contacts(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref());
    let found = resources::contacts(&server, &resources::search(&query)?);
    let total = |total: usize| format!(r#","totalCount":{total}"#);
    Ok(reply::json(list_with(&CONTACTS, found, &query, total)?))
}

/// `GET /contacts/{id}`; a client adds `?type=User` (PLAT-3.6-7), which the id tells anyway.
async fn contact(
    _: Caller,
    State(server): State<Shared>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    match resources::contact(&server, &id) {
        Some(contact) => Ok(reply::json(one(&CONTACTS, &contact, &Query::parse(query.as_deref())))),
        None => Err(not_found("contact", &id)),
    }
}

/// Code 6: `what` of this id does not exist.
pub(super) fn not_found(what: &str, id: &str) -> Refusal {
    Refusal::new(StatusCode::NotFound, format!("expected the id of a {what}, found {id:?}"))
}
