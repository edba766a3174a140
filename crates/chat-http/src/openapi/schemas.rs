//! The document's components: schemas of what goes in and out, each by the name that clients will
//! generate types from.

use std::collections::BTreeMap;

use chat_model::schema::{generate, tidied};
use chat_model::{CustomerChat, Message, Notification};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::own;
use crate::agents::ChannelStateChange;
use crate::collection::{Bare, Kind};
use crate::resources::{BusinessAttributeResource, CHATS, KINDS, SettingsOfGroup};
use crate::routes::PartialSuccess;

const AT: &str = "#/components/schemas/";

/// The visitor's operation that has an address of its own.
const ALONE: &str = "CustomerOperationRequestChat";

/// The model's name of what everybody else calls a chat.
const RENAMED: (&str, &str) = ("ChatResource", "Chat");

/// Makes schemas, and remembers those that were asked for.
pub(super) struct Schemas {
    generator: SchemaGenerator,
    made: BTreeMap<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = AT.trim_start_matches('#').into())
            .for_serialize();
        Self { generator: settings.into_generator(), made: BTreeMap::new() }
    }

    /// A reference to the component of this name.
    pub(super) fn named(&mut self, name: &str) -> Value {
        if name == "ChatReply" {
            return self.one(&CHATS);
        }
        if !self.made.contains_key(name) {
            let schema = self.make(name);
            self.made.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// One of several components, or the only one.
    pub(super) fn any_of(&mut self, names: &[&str]) -> Value {
        match names {
            [name] => self.named(name),
            names => {
                let each: Vec<Value> = names.iter().map(|name| self.named(name)).collect();
                json!({ "anyOf": each })
            }
        }
    }

    /// The reply with one resource of a kind.
    pub(super) fn one(&mut self, kind: &Kind) -> Value {
        let resource = (kind.form.resource)(&mut self.generator).to_value();
        let about = format!("One {}; without what `fields` leaves out.", kind.singular);
        self.reply(&pascal(kind.singular), &about, &[(kind.singular, resource)], &[])
    }

    /// The reply with several resources of a kind: addresses, or the resources themselves.
    pub(super) fn many(&mut self, kind: &Kind, more: &[(&str, Value)]) -> Value {
        let items = (kind.form.resource)(&mut self.generator).to_value();
        let array = match items["type"].as_str() {
            Some("null") => json!({ "type": "array", "maxItems": 0, "items": {} }),
            _ => json!({ "type": "array", "items": items }),
        };
        let uris = json!({ "type": "array", "items": { "type": "string" },
            "description": "The absolute addresses." });
        let mut members = vec![(kind.plural, array)];
        members.extend(more.iter().cloned());
        let optional = match kind.bare {
            Bare::Both => vec![("uris", uris.clone())],
            Bare::Uris | Bare::Whole => Vec::new(),
        };
        let about = "Without what `fields` leaves out.";
        let whole = self.reply(&pascal(kind.plural), about, &members, &optional);
        match kind.bare {
            Bare::Both | Bare::Whole => whole,
            Bare::Uris => {
                let about = "What a collection is without `fields` and `subresources`.";
                let addresses = self.reply("Addresses", about, &[("uris", uris)], &[]);
                json!({ "oneOf": [addresses, whole] })
            }
        }
    }

    /// The component `{name}Reply`: a success with these members.
    fn reply(
        &mut self,
        name: &str,
        about: &str,
        required: &[(&str, Value)],
        optional: &[(&str, Value)],
    ) -> Value {
        let name = format!("{name}Reply");
        let mut schema = own::success(about);
        for (member, form) in required.iter().chain(optional) {
            schema["properties"][*member] = form.clone();
        }
        let names = std::iter::once("statusCode").chain(required.iter().map(|(name, _)| *name));
        schema["required"] = names.collect();
        let before = self.made.insert(name.clone(), schema.clone());
        assert!(before.is_none_or(|before| before == schema), "two of the name {name}");
        reference(&name)
    }

    fn make(&mut self, name: &str) -> Value {
        match name {
            "Operation" => self.union("operation", "Operation"),
            "CustomerOperation" => self.union("customer-operation", "CustomerOperation"),
            "MonitoringOperation" => self.union("monitoring-operation", "MonitoringOperation"),
            "SupervisorOperation" => self.union("supervisor-operation", "SupervisorOperation"),
            // One of the visitor's operations has an address of its own.
            name if name.starts_with("CustomerOperation") => {
                self.named("CustomerOperation");
                self.made[name].clone()
            }
            "RequestJson" | "RequestKey" => {
                self.named("Operation");
                self.made[name].clone()
            }
            _ => own::make(name, self),
        }
    }

    /// The model's schema of a table of operations: a union that `operationName` tells apart. What it
    /// defines becomes components.
    fn union(&mut self, file: &str, prefix: &str) -> Value {
        let text = generate(file).unwrap_or_default();
        let mut schema: Value = serde_json::from_str(&text).unwrap_or_default();
        let definitions = schema["$defs"].take();
        let named = |name: &str| match name {
            // What all tables have in common.
            "Json" | "Key" | "UserData" => format!("Request{name}"),
            name => format!("{prefix}{name}"),
        };
        let mut mapping = Map::new();
        for (name, mut definition) in definitions.as_object().cloned().unwrap_or_default() {
            let component = named(&name);
            let operation = &definition["properties"]["operationName"];
            let one = operation.get("const").cloned().into_iter();
            let several = operation["enum"].as_array().cloned().unwrap_or_default();
            for spelling in one.chain(several) {
                let spelling = spelling.as_str().unwrap_or_default().to_owned();
                mapping.insert(spelling, json!(format!("{AT}{component}")));
            }
            redirect(&mut definition, &|path| Some(named(path.strip_prefix("#/$defs/")?)));
            // Of targets, which exclude each other; a linter sees that they may be absent, and not that
            // one is text where the others are `null`.
            if let Some(targets) = definition.as_object_mut().and_then(|one| one.remove("oneOf")) {
                definition["anyOf"] = targets;
            }
            if component == ALONE {
                // It is a body of its own; of the others the union says what they all have in common.
                for rule in ["propertyNames", "additionalProperties"] {
                    definition[rule] = schema[rule].clone();
                    redirect(&mut definition[rule], &|path| {
                        Some(named(path.strip_prefix("#/$defs/")?))
                    });
                }
            }
            self.made.insert(component, definition);
        }
        redirect(&mut schema, &|path| Some(named(path.strip_prefix("#/$defs/")?)));
        schema["discriminator"] = json!({ "propertyName": "operationName", "mapping": mapping });
        // `examples` are shown where the operation is asked for.
        for member in ["$schema", "$id", "$defs", "examples"] {
            schema.as_object_mut().map(|schema| schema.remove(member));
        }
        schema
    }

    /// A reference to the schema of a type.
    pub(super) fn of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// Every component that was asked for, or that one of them refers to.
    pub(super) fn finish(mut self) -> Value {
        let mut all = Map::new();
        let mut embedded = Vec::new();
        for kind in KINDS {
            let resource = (kind.form.resource)(&mut self.generator).to_value();
            for (member, form) in kind.form.embedded {
                let form = form(&mut self.generator).to_value();
                embedded.push((component(&resource), *member, form));
            }
        }
        let mut definitions = self.generator.take_definitions(true);
        for (name, member, form) in embedded {
            let name = name.unwrap_or_default();
            definitions[&name]["properties"][member] = form;
        }
        for kind in KINDS {
            // PLAT-1.3-2: `fields` may leave anything out.
            let resource = (kind.form.resource)(&mut self.generator).to_value();
            let definition = component(&resource).and_then(|name| definitions.get_mut(&name));
            definition.and_then(Value::as_object_mut).map(|schema| schema.remove("required"));
        }
        for (name, definition) in definitions {
            let definition = if name == "Json" { definition } else { without_null(definition) };
            all.insert(name, definition);
        }
        for (name, file) in [
            ("ChatResource", "chat"),
            ("Message", "message"),
            ("Participant", "participant"),
            ("Notification", "notification"),
            ("CustomerChat", "customer-chat"),
        ] {
            let file: Value =
                serde_json::from_str(&generate(file).unwrap_or_default()).unwrap_or_default();
            all[name]["examples"] = file["examples"].clone();
        }
        all.extend(self.made);
        let mut all = tidied(Value::Object(all));
        redirect(&mut all, &|path| {
            let name = path.strip_prefix(AT)?;
            (name == RENAMED.0).then(|| RENAMED.1.to_owned())
        });
        let chat = all[RENAMED.0].take();
        all.as_object_mut().map(|all| all.remove(RENAMED.0));
        all[RENAMED.1] = chat;
        all
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{AT}{name}") })
}

/// The name of the component that a schema refers to.
fn component(schema: &Value) -> Option<String> {
    schema["$ref"].as_str()?.strip_prefix(AT).map(str::to_owned)
}

/// Lets references go to the components that `to` names.
fn redirect(schema: &mut Value, to: &dyn Fn(&str) -> Option<String>) {
    match schema {
        Value::Array(elements) => elements.iter_mut().for_each(|element| redirect(element, to)),
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(path) if key == "$ref" => {
                        if let Some(name) = to(path) {
                            *path = format!("{AT}{name}");
                        }
                    }
                    member => redirect(member, to),
                }
            }
        }
        _ => {}
    }
}

/// The schema of what is printed: a member without a value is left out and never `null`.
fn without_null(schema: Value) -> Value {
    let is_null = |schema: &Value| schema.is_null() || schema["type"] == "null";
    match schema {
        Value::Array(elements) => elements.into_iter().map(without_null).collect(),
        Value::Object(members) => {
            let mut out = Map::new();
            for (key, value) in members {
                let value = match (key.as_str(), value) {
                    ("type", Value::Array(types)) => {
                        let types: Vec<_> = types.into_iter().filter(|one| one != "null").collect();
                        match <[Value; 1]>::try_from(types) {
                            Ok([only]) => only,
                            Err(types) => Value::Array(types),
                        }
                    }
                    ("enum", Value::Array(values)) => {
                        values.into_iter().filter(|value| !value.is_null()).collect()
                    }
                    ("anyOf", Value::Array(each)) => {
                        let mut each: Vec<Value> = each
                            .into_iter()
                            .filter(|one| !is_null(one))
                            .map(without_null)
                            .collect();
                        if each.len() == 1
                            && let Some(Value::Object(only)) = each.pop()
                        {
                            out.extend(only);
                            continue;
                        }
                        Value::Array(each)
                    }
                    ("examples" | "const" | "default", value) => value,
                    (_, value) => without_null(value),
                };
                out.insert(key, value);
            }
            // Of what there is none, but tools want to know of what.
            if out.get("type").is_some_and(|kind| kind == "array") {
                out.entry("items").or_insert_with(|| json!({}));
            }
            Value::Object(out)
        }
        other => other,
    }
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The types that the schemas of [`own`] refer to.
pub(super) fn customer_chat(schemas: &mut Schemas) -> Value {
    schemas.of::<CustomerChat>()
}

pub(super) fn messages(schemas: &mut Schemas) -> Value {
    schemas.of::<Vec<Message>>()
}

pub(super) fn events(schemas: &mut Schemas) -> [Value; 2] {
    [schemas.of::<Notification>(), schemas.of::<ChannelStateChange<'static>>()]
}

pub(super) fn partial_success(schemas: &mut Schemas) -> Value {
    schemas.of::<PartialSuccess<'static>>()
}

pub(super) fn inside_of_settings(schemas: &mut Schemas) -> Value {
    schemas.of::<SettingsOfGroup<'static>>()
}

pub(super) fn business_attributes(schemas: &mut Schemas) -> Value {
    schemas.of::<Vec<BusinessAttributeResource<'static>>>()
}
