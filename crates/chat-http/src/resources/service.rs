//! The parts of the contact centre and whether they work (PLAT-3.2).

use chat_store::{LeaseKey, Leases as _};
use serde::Serialize;

use crate::collection::Item;
use crate::server::Server;

/// Id, name and type of every service. Fixed, so that clients can remember them.
const SERVICES: [(&str, &str, &str); 3] = [
    ("ON_PREMISE_ENVIRONMENT", "Provisioning", "Provisioning"),
    ("7c2d9a54-0b1e-4c8f-9d63-5a8e1f0b2c01", "Chat", "MultiMediaState"),
    ("7c2d9a54-0b1e-4c8f-9d63-5a8e1f0b2c02", "Contacts", "MultiMediaContent"),
];

/// The services, each `Active` or `Inactive` (PLAT-3.2-2).
///
/// Provisioning is the configuration, which is there as long as the server is. Chats need the
/// store. A history of contacts is not kept, and a client is told so rather than left to guess
/// (PLAT-3.2-3).
pub(crate) async fn services(server: &Server) -> Vec<Item> {
    // Whether there is such a lease does not matter; that the store says so does.
    let store_answers = server.store.get(&LeaseKey::new("health")).await.is_ok();
    let base = server.rules.base();
    let print = |(id, name, kind): (&str, &str, &str)| {
        let is_active = match kind {
            "Provisioning" => true,
            "MultiMediaState" => store_answers && !server.is_stopping(),
            _ => false,
        };
        let path = format!("/services/{id}");
        let uri = format!("{base}{path}");
        let state = if is_active { "Active" } else { "Inactive" };
        let printed = ServiceResource { id, name, r#type: kind, state, uri: &uri, path: &path };
        Item::new(uri.as_str(), &printed)
    };
    SERVICES.into_iter().map(print).collect()
}

/// A part of the server (PLAT-3.2).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Service"))]
pub(crate) struct ServiceResource<'a> {
    /// Its id.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// What it is for.
    r#type: &'a str,
    /// Whether it works.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["Active", "Inactive"])))]
    state: &'a str,
    /// Its absolute address.
    uri: &'a str,
    /// Its address below `/api/v2`.
    path: &'a str,
}
