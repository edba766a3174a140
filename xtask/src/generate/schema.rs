//! The JSON Schemas, one file each, made by the crates whose types they describe.

/// Path and text of every schema.
pub(super) fn files() -> impl Iterator<Item = (String, String)> {
    chat_model::schema::NAMES.iter().map(|name| {
        let text = chat_model::schema::generate(name).expect("every name of the table is a schema");
        (path(name), text)
    })
}

fn path(name: &str) -> String {
    format!("docs/api/schema/{name}.json")
}
