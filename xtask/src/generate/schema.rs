//! The JSON Schemas, one file each, made by the crates whose types they describe.

/// Path and text of every schema.
pub(super) fn files() -> impl Iterator<Item = (String, String)> {
    let of_the_model = chat_model::schema::NAMES.iter().map(|name| {
        let text = chat_model::schema::generate(name).expect("every name of the table is a schema");
        (path(name), text)
    });
    of_the_model.chain([(path("configuration"), chat_http::Config::schema())])
}

fn path(name: &str) -> String {
    format!("docs/api/schema/{name}.json")
}
