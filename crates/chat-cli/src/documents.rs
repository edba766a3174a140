//! The contract as it is committed, so that what is printed and served is what was reviewed.

use chat_http::Documents;
use chat_model::schema::{NAMES, text};

/// A schema that the model does not know, because only the server reads what it is of.
const CONFIGURATION: (&str, &str) =
    ("configuration", include_str!("../../../docs/api/schema/configuration.json"));

/// The documents about whole interfaces.
const INTERFACES: [(&str, &str); 2] = [
    ("openapi", include_str!("../../../docs/api/openapi.json")),
    ("asyncapi", include_str!("../../../docs/api/asyncapi.json")),
];

/// The types of the OpenAPI document, for TypeScript.
const TYPES: &str = include_str!("../../../docs/api/types.d.ts");

/// The names of all schemas, then those of the documents.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    schemas().chain(INTERFACES).map(|(name, _)| name)
}

/// The schema or document of this name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    let mut all = schemas().chain(INTERFACES);
    all.find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// Everything, where a server shows it.
pub(crate) fn below_docs() -> Documents {
    let documents = INTERFACES
        .iter()
        .fold(Documents::new(), |all, (name, text)| all.with(format!("{name}.json"), text));
    let documents = documents.with("types.d.ts", TYPES);
    schemas().fold(documents, |all, (name, text)| all.with(format!("schema/{name}.json"), text))
}

fn schemas() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.iter().filter_map(|name| Some((*name, text(name)?))).chain([CONFIGURATION])
}
