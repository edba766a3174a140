//! Requests: every operation as clients write it, with parameters that are fine.
//!
//! The bodies are derived from the tables of operations, so a new operation is covered as soon as
//! it has its row; a new kind of parameter does not compile until it has a strategy here.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::sample::select;

use super::{Cast, key, string_source, user_data_patch};
use crate::{
    CustomerOperation, CustomerOperationKind, Limits, Operation, OperationKind, Parameter,
    ParameterKind, UserId,
};

/// A request body of `kind` whose parameters are fine; whether the chat allows it is another matter,
/// and a target may be unknown.
pub fn operation_body(kind: OperationKind) -> BoxedStrategy<String> {
    body(kind.name(), kind.parameters())
}

/// A request body of any operation.
pub fn any_operation_body() -> impl Strategy<Value = String> {
    select(OperationKind::ALL).prop_flat_map(operation_body)
}

/// Any operation of an agent, as it was read from a body.
pub fn operation() -> impl Strategy<Value = Operation> {
    any_operation_body().prop_map(|body| {
        Operation::parse(body.as_bytes(), &Limits::default())
            .unwrap_or_else(|rejection| panic!("{rejection}: {body}"))
    })
}

/// A request body of a visitor's operation whose parameters are fine; an endpoint may be unknown.
pub fn customer_operation_body(kind: CustomerOperationKind) -> BoxedStrategy<String> {
    body(kind.name(), kind.parameters())
}

/// Any operation of a visitor, as it was read from a body.
pub fn customer_operation() -> impl Strategy<Value = CustomerOperation> {
    select(CustomerOperationKind::ALL).prop_flat_map(customer_operation_body).prop_map(|body| {
        CustomerOperation::parse(body.as_bytes(), &Limits::default())
            .unwrap_or_else(|rejection| panic!("{rejection}: {body}"))
    })
}

fn body(name: &'static str, parameters: &'static [Parameter]) -> BoxedStrategy<String> {
    let cast = Cast::new();
    let patch = if parameters.iter().any(|parameter| parameter.kind == ParameterKind::UserData) {
        user_data_patch().prop_map(|patch| patch.as_json().to_string()).boxed()
    } else {
        Just("{}".to_string()).boxed()
    };
    (material(), patch)
        .prop_map(move |(mut material, patch)| {
            material.pairs = patch;
            material.body(name, parameters, &cast)
        })
        .boxed()
}

/// What parameters are made of, whichever the operation takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Material {
    /// A JSON string of at least one character, in any notation.
    text: String,
    /// A JSON object.
    pairs: String,
    /// A JSON array of strings.
    keys: String,
    target: u8,
    /// What optional members are there, and how the body is written.
    form: u16,
}

pub(super) fn material() -> impl Strategy<Value = Material> + Clone {
    let text =
        (key(), vec(any::<u8>(), 0..3)).prop_map(|(text, choices)| string_source(&text, &choices));
    let pairs = vec((key(), select(VALUES)), 0..5).prop_map(|pairs| {
        let mut object = String::from("{");
        for (at, (key, value)) in pairs.iter().enumerate() {
            if pairs[..at].iter().all(|(earlier, _)| earlier != key) {
                object += &format!("{}{}:{value}", if at > 0 { "," } else { "" }, json(key));
            }
        }
        object + "}"
    });
    let keys = vec(key(), 0..4).prop_map(|keys| {
        let keys: Vec<_> = keys.iter().map(|key| json(key)).collect();
        format!("[{}]", keys.join(","))
    });
    (text, pairs, keys, any::<u8>(), any::<u16>())
        .prop_map(|(text, pairs, keys, target, form)| Material { text, pairs, keys, target, form })
        .boxed()
}

const VALUES: &[&str] =
    &["1", "1.0", "1e2", "null", "\"\"", "\"x\\u0041\"", "{ \"b\" : [ 1 , 2 ] }", "-0.0", "true"];

fn json(text: &str) -> String {
    string_source(text, &[])
}

impl Material {
    /// A body of the operation `name`.
    pub(super) fn body(&self, name: &str, parameters: &[Parameter], cast: &Cast) -> String {
        let mut members = alloc::vec![format!("\"operationName\":\"{name}\"")];
        for (at, parameter) in parameters.iter().enumerate() {
            let choice = self.form >> (at * 2) & 3;
            match choice {
                0 if !parameter.required => {}
                1 if !parameter.required => members.push(format!("\"{}\":null", parameter.name)),
                _ => members.push(self.member(parameter, cast)),
            }
        }
        if self.form & 0x700 == 0 {
            // PLAT-1.1-13: unknown members are ignored.
            members.push("\"x\":[{}]".into());
        }
        if self.form & 0x800 == 0 {
            members.reverse();
        }
        format!("{{{}}}", members.join(","))
    }

    /// `"name": value`, or the members of a group.
    fn member(&self, parameter: &Parameter, cast: &Cast) -> String {
        let name = parameter.name;
        let value = match parameter.kind {
            ParameterKind::Text if self.target % 5 == 0 => "\"\"",
            ParameterKind::NonEmptyText if matches!(name, "queueName" | "endpoint") => self.queue(),
            ParameterKind::Text | ParameterKind::NonEmptyText => &self.text,
            ParameterKind::Boolean if self.target % 2 == 0 => "true",
            ParameterKind::Boolean => "false",
            ParameterKind::UserData => &self.pairs,
            ParameterKind::Keys => &self.keys,
            ParameterKind::Message => return self.message(name),
            ParameterKind::TransferTarget if self.target % 4 == 0 => {
                return format!("\"queueName\":{}", self.queue());
            }
            ParameterKind::Agent | ParameterKind::TransferTarget => {
                return self.address(false, cast);
            }
            ParameterKind::AgentOrQueue => return self.address(true, cast),
            ParameterKind::SupervisionScope => ["\"NextChat\"", "\"AllChats\""][self.pick(2)],
            ParameterKind::SupervisionMode => {
                ["\"Monitor\"", "\"Coach\"", "\"BargeIn\""][self.pick(3)]
            }
        };
        format!("\"{name}\":{value}")
    }

    /// The trio (CHAT-7.0).
    fn message(&self, name: &str) -> String {
        let Self { text, target, .. } = self;
        let message_type =
            if target % 3 == 0 { format!(",\"messageType\":{text}") } else { String::new() };
        let treat_as = match target % 4 {
            0 => "",
            1 => ",\"treatAs\":null",
            2 => ",\"treatAs\":\"Normal\"",
            _ => ",\"treatAs\":\"System\"",
        };
        format!("\"{name}\":{text}{message_type}{treat_as}")
    }

    fn address(&self, queues: bool, cast: &Cast) -> String {
        let mut paths: Vec<String> =
            cast.agents().iter().map(|user| format!("/users/{user}")).collect();
        // Those who can take part are likelier than those who cannot.
        paths.extend(paths.clone());
        paths.extend(cast.supervisors().iter().map(|user| format!("/users/{user}")));
        paths.push(format!("/users/{}", cast.absent()));
        paths.push(format!("/users/{}", UserId::new("nobody")));
        if queues {
            paths.extend(["Sales", "nowhere"].map(|queue| format!("/queues/{queue}")));
        }
        let path = &paths[usize::from(self.target) % paths.len()];
        match self.form >> 12 & 3 {
            0 => format!("\"targetPath\":\"{path}\""),
            1 => format!("\"targetUri\":\"https://any.example.com:9090/api/v2{path}\""),
            _ => {
                format!("\"targetUri\":\"http://localhost:8080/api/v2{path}\",\"targetPath\":null")
            }
        }
    }

    fn pick(&self, among: u8) -> usize {
        usize::from(self.target % among)
    }

    fn queue(&self) -> &'static str {
        match self.target % 7 {
            0..3 => "\"Sales\"",
            3..6 => "\"Support\"",
            _ => "\"nowhere\"",
        }
    }
}
