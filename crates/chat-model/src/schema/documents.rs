//! Each schema's body: from the table of operations, or from the type that is read and printed.

use alloc::borrow::{Cow, ToOwned};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::example::{self, Examples};
use super::operation::{Row, union};
use crate::chat::{Chat, MODEL_REVISION};
use crate::event::Record;
use crate::operation::{
    CustomerOperationKind, MonitoringOperationKind, OperationKind, SupervisorOperationKind,
};
use crate::reply::Reply;
use crate::resource::{ChatResource, CustomerChat, Message, Notification, Participant};

macro_rules! unions {
    ($($make:ident: $Kind:ident;)+) => {$(
        pub(super) fn $make() -> Value {
            let row = |kind: &$Kind| Row {
                spellings: kind.spellings(),
                parameters: kind.parameters(),
                summary: kind.summary(),
            };
            let rows: alloc::vec::Vec<Row> = $Kind::ALL.iter().map(row).collect();
            union(&rows)
        }
    )+};
}

unions! {
    operation: OperationKind;
    customer_operation: CustomerOperationKind;
    monitoring_operation: MonitoringOperationKind;
    supervisor_operation: SupervisorOperationKind;
}

pub(super) fn chat() -> Value {
    of::<ChatResource>(|examples| examples.chats)
}

pub(super) fn message() -> Value {
    of::<Message>(|examples| examples.messages)
}

pub(super) fn participant() -> Value {
    of::<Participant>(|examples| examples.participants)
}

pub(super) fn notification() -> Value {
    of::<Notification>(|examples| examples.notifications)
}

pub(super) fn reply() -> Value {
    of::<Reply>(|examples| examples.replies)
}

pub(super) fn customer_chat() -> Value {
    of::<CustomerChat>(|examples| examples.customer_chats)
}

pub(super) fn event() -> Value {
    of::<Record>(|examples| examples.records)
}

/// The stored form of a chat, with the mark that tells the file from a chat resource.
pub(super) fn snapshot() -> Value {
    let mut schema = of::<Chat>(|examples| examples.snapshots);
    schema["properties"]["snapshot"] = json!({
        "description": "That it is a snapshot, and of which revision of the model.",
        "const": MODEL_REVISION,
    });
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(json!("snapshot"));
    }
    schema
}

fn of<T: JsonSchema>(choose: fn(Examples) -> alloc::vec::Vec<Value>) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["examples"] = Value::Array(choose(example::play()));
    schema
}

/// Any JSON that user data can hold: without empty keys, at every depth (DEC-7). Lengths are rules for
/// requests, and what was accepted under other rules stays readable.
pub(crate) struct Json;

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inner = generator.subschema_for::<Self>();
        json_schema!({
            "description": "Any JSON without empty keys.",
            "anyOf": [
                { "type": "null" },
                { "type": "boolean" },
                { "type": "number" },
                { "type": "string" },
                { "type": "array", "items": inner },
                pairs(generator),
            ],
        })
    }
}

/// An object of [`Json`] values.
pub(crate) fn pairs(generator: &mut SchemaGenerator) -> Value {
    let inner = generator.subschema_for::<Json>();
    json!({
        "type": "object",
        "propertyNames": { "minLength": 1, "type": "string" },
        "additionalProperties": inner,
    })
}

/// [`pairs`] with a description.
pub(crate) fn described_pairs(generator: &mut SchemaGenerator, description: &str) -> Schema {
    let mut schema = pairs(generator);
    schema["description"] = json!(description.to_owned());
    schema.try_into().unwrap_or_default()
}
