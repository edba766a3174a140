//! The few addresses of the vendor's internal interface that its own desktop and a sample client
//! read when they start (PLAT-1.1-3, PLAT-3.6-3, 3.6-5, 3.6-16).
//!
//! They stand beside `/api/v2` and not below it. Operations of the internal interface are absent on
//! purpose: those desktops work without.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use hyper::Method;

use super::{Access, Route, Shape, me};
use crate::collection::print;
use crate::identity::Caller;
use crate::query::Query;
use crate::reply;
use crate::resources;
use crate::server::Shared;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: "/internal-api/me/settings",
        name: "readInternalSettings",
        access: Access::Login,
        rules: &["PLAT-3.6-3"],
        summary: "The settings that hold for the user.",
        shape: Shape::Reads { replies: &["UserSettingsReply"], query: &["fields"] },
        handler: || get(me::settings),
    },
    Route {
        method: Method::GET,
        path: "/internal-api/contact-center",
        name: "readContactCenter",
        access: Access::Login,
        rules: &["PLAT-3.6-5", "PLAT-3.6-16"],
        summary: "The contact center, with `subresources=businessAttributes` its lists of values.",
        shape: Shape::Reads { replies: &["ContactCenterReply"], query: &["subresources"] },
        handler: || get(contact_center),
    },
    Route {
        method: Method::GET,
        path: "/internal-api/business-attributes",
        name: "listBusinessAttributes",
        access: Access::Login,
        rules: &["PLAT-3.6-16"],
        summary: "The lists of values that clients offer.",
        shape: Shape::Reads { replies: &["BusinessAttributesReply"], query: &[] },
        handler: || get(business_attributes),
    },
];

async fn contact_center(
    _: Caller,
    State(server): State<Shared>,
    RawQuery(query): RawQuery,
) -> Response {
    let id = print(&server.config.server.contact_center_id);
    let attributes = match Query::parse(query.as_deref()).wants("businessAttributes") {
        true => {
            let attributes = resources::business_attributes(&server.config.business_attributes);
            format!(r#","businessAttributes":{attributes}"#)
        }
        false => String::new(),
    };
    reply::json(format!(r#"{{"statusCode":0,"resources":{{"id":{id}{attributes}}}}}"#))
}

async fn business_attributes(_: Caller, State(server): State<Shared>) -> Response {
    let attributes = resources::business_attributes(&server.config.business_attributes);
    reply::json(format!(r#"{{"statusCode":0,"businessAttributes":{attributes}}}"#))
}
