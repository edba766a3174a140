//! The contract against what really happens and what the documents really print: replies and
//! notifications of every scenario, and every JSON in every page.

mod announced;
mod conversations;
mod pages;

pub(crate) use announced::Announced;
use chat_model::schema;
use jsonschema::Validator;
use serde_json::Value;

fn validator(name: &str) -> Validator {
    let text = schema::generate(name).unwrap_or_else(|| panic!("no schema is called {name}"));
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[track_caller]
fn check(name: &str, validator: &Validator, json: &str) {
    let value: Value = serde_json::from_str(json).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{name}: {problems:?} in {json}");
}
