//! JSON that is nearly right: what clients get wrong, one or a few things at a time.

use chat_model::{OperationKind, Parameter, ParameterKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// One thing done to a document, somewhere in it.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    /// Something else in its place.
    Replace(usize, Value),
    /// A member or an element that is not there any more.
    Drop(usize),
    /// A member under another name.
    Rename(usize, String),
    /// A member that is there twice, the second time under another name.
    Duplicate(usize, String),
    /// A further member.
    Add(usize, String, Value),
    /// Arrays or objects around it, this many.
    Nest(usize, u8, bool),
}

pub(crate) fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = 0..64_usize;
    let mutation = prop_oneof![
        4 => (at.clone(), any_value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        2 => at.clone().prop_map(Mutation::Drop),
        2 => (at.clone(), name()).prop_map(|(at, name)| Mutation::Rename(at, name)),
        2 => (at.clone(), name()).prop_map(|(at, name)| Mutation::Duplicate(at, name)),
        4 => (at.clone(), name(), any_value()).prop_map(|(at, name, value)| Mutation::Add(at, name, value)),
        1 => (at, 1..90_u8, any::<bool>()).prop_map(|(at, levels, objects)| Mutation::Nest(at, levels, objects)),
    ];
    vec(mutation, 1..4)
}

/// An object of members that somebody reads, with values of every kind.
pub(crate) fn of_pool() -> impl Strategy<Value = Value> {
    vec(member(), 0..6).prop_flat_map(|members| {
        let members: Map<String, Value> = members.into_iter().collect();
        prop_oneof![
            1 => Just(members.clone()),
            6 => select(OPERATIONS).prop_map(move |name| {
                let mut members = members.clone();
                members.insert("operationName".into(), json!(name));
                members
            }),
        ]
        .prop_map(Value::Object)
    })
}

/// An operation with some of its own parameters, whose values nearly fit.
pub(crate) fn of_table() -> impl Strategy<Value = Value> {
    select(OperationKind::ALL).prop_flat_map(|kind| {
        let names = kind.parameters().iter().flat_map(members_of);
        let members: Vec<_> = names.map(|name| (any::<bool>(), Just(name), suited(name))).collect();
        members.prop_map(move |members| {
            let there = members.into_iter().filter(|(there, ..)| *there);
            let name = ("operationName".to_owned(), json!(kind.name()));
            let members = there.map(|(_, name, value)| (name.to_owned(), value));
            Value::Object([name].into_iter().chain(members).collect())
        })
    })
}

/// The members that a parameter is read from.
fn members_of(parameter: &Parameter) -> Vec<&'static str> {
    match parameter.kind {
        ParameterKind::Message => vec![parameter.name, "messageType", "treatAs"],
        ParameterKind::Agent | ParameterKind::AgentOrQueue | ParameterKind::TransferTarget => {
            vec!["targetUri", "targetPath", "queueName"]
        }
        _ => vec![parameter.name],
    }
}

/// A value that fits the member, or nearly does.
fn suited(name: &str) -> BoxedStrategy<Value> {
    let text = |texts: &'static [&'static str]| select(texts).prop_map(Value::from).boxed();
    let near = match name {
        "targetUri" | "targetPath" => text(ADDRESSES),
        "text" | "queueName" | "comment" | "url" => text(&["", " ", "x", "\u{0}"]),
        "treatAs" => text(&["Normal", "System", "normal", ""]),
        "nickname" => long_text(),
        "saveLAR" => any::<bool>().prop_map(Value::from).boxed(),
        "userData" => vec(member(), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
            .boxed(),
        "keys" => vec(long_text(), 0..3).prop_map(Value::Array).boxed(),
        _ => any_value(),
    };
    prop_oneof![8 => near, 1 => Just(Value::Null), 1 => any_value()].boxed()
}

fn member() -> impl Strategy<Value = (String, Value)> {
    prop_oneof![
        1 => select(NAMES).prop_flat_map(|name| {
            let value = match name {
                // Inside, user data is like any other object.
                "userData" => any_value(),
                name => suited(name),
            };
            (Just(name.to_owned()), value)
        }),
        1 => (name(), any_value()),
    ]
}

fn long_text() -> BoxedStrategy<Value> {
    let len = select(&[0_usize, 1, 255, 256, 257, 128, 129][..]);
    (len, select(&["n", "é"][..])).prop_map(|(len, c)| json!(c.repeat(len))).boxed()
}

pub(crate) fn mutated(mut document: Value, mutations: &[Mutation]) -> Value {
    for mutation in mutations {
        apply(&mut document, mutation);
    }
    document
}

fn apply(document: &mut Value, mutation: &Mutation) {
    let (Mutation::Replace(at, _)
    | Mutation::Drop(at)
    | Mutation::Rename(at, _)
    | Mutation::Duplicate(at, _)
    | Mutation::Add(at, ..)
    | Mutation::Nest(at, ..)) = mutation;
    let mut places = Vec::new();
    collect(document, &mut Vec::new(), &mut places);
    // The outermost place is in the middle of the list as often as any other.
    let place = places.swap_remove(at % places.len());
    let Some((last, parents)) = place.split_last() else {
        match mutation {
            Mutation::Replace(_, value) => *document = value.clone(),
            _ => change(document, mutation),
        }
        return;
    };
    let mut parent = document;
    for step in parents {
        parent = match step {
            Step::Member(key) => &mut parent[key.as_str()],
            Step::Element(index) => &mut parent[*index],
        };
    }
    match (parent, last, mutation) {
        (Value::Object(members), Step::Member(key), Mutation::Drop(_)) => {
            members.remove(key);
        }
        (Value::Object(members), Step::Member(key), Mutation::Rename(_, name)) => {
            if let Some(value) = members.remove(key) {
                members.insert(name.clone(), value);
            }
        }
        (Value::Object(members), Step::Member(key), Mutation::Duplicate(_, name)) => {
            let value = members[key].clone();
            members.insert(name.clone(), value);
        }
        (Value::Array(elements), Step::Element(index), Mutation::Drop(_)) => {
            elements.remove(*index);
        }
        (parent, Step::Member(key), mutation) => change(&mut parent[key.as_str()], mutation),
        (parent, Step::Element(index), mutation) => change(&mut parent[*index], mutation),
    }
}

fn change(value: &mut Value, mutation: &Mutation) {
    match mutation {
        Mutation::Replace(_, other) => *value = other.clone(),
        Mutation::Add(_, name, other) => match value {
            Value::Object(members) => {
                members.insert(name.clone(), other.clone());
            }
            Value::Array(elements) => elements.push(other.clone()),
            _ => *value = other.clone(),
        },
        Mutation::Nest(_, levels, objects) => *value = nested(value.take(), *levels, *objects),
        Mutation::Drop(_) => *value = Value::Null,
        Mutation::Rename(..) | Mutation::Duplicate(..) => {}
    }
}

/// `value` inside `levels` containers.
pub(crate) fn nested(value: Value, levels: u8, objects: bool) -> Value {
    let wrap = |inner| if objects { json!({ "a": inner }) } else { json!([inner]) };
    (0..levels).fold(value, |inner, _| wrap(inner))
}

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Element(usize),
}

fn collect(value: &Value, path: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    out.push(path.clone());
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                path.push(Step::Member(key.clone()));
                collect(member, path, out);
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Step::Element(index));
                collect(element, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Members that somebody reads, and some that nobody does or may.
fn name() -> impl Strategy<Value = String> {
    let known = select(NAMES).prop_map(str::to_owned);
    let odd = select(&["", " ", "x", "TargetUri", "\u{0}", "é"][..]).prop_map(str::to_owned);
    let long = select(&[1_023_usize, 1_024, 1_025, 512, 513][..])
        .prop_flat_map(|n| select(&["k", "é"][..]).prop_map(move |c| c.repeat(n)));
    prop_oneof![12 => known, 2 => odd, 1 => long]
}

fn any_value() -> BoxedStrategy<Value> {
    let numbers = vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(255),
        json!(256),
        json!(1.0),
        json!(-0.0),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(u64::MAX as f64),
        json!(i64::MIN),
        json!(i64::MIN as f64 * 2.0),
    ];
    let leaf = prop_oneof![
        4 => select(VALUES).prop_map(Value::from),
        3 => select(OPERATIONS).prop_map(Value::from),
        2 => select(&[Value::Null, json!(true), json!(false)][..]),
        2 => select(numbers),
        1 => long_text(),
        1 => select(ADDRESSES).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

const OPERATIONS: &[&str] = &[
    "Accept",
    "Reject",
    "AttachUserData",
    "UpdateUserData",
    "DeleteUserData",
    "SetDisposition",
    "AddComment",
    "SetInFocus",
    "InFocus",
    "SendMessage",
    "SendToAgents",
    "SendUrl",
    "SendCustomNotice",
    "Transfer",
    "Consult",
    "CancelConsult",
    "Invite",
    "RemoveParticipantFromConference",
    "Leave",
    "Complete",
    "SwitchBargeIn",
    "SwitchToBargeIn",
    "Monitor",
    "Coach",
    "BargeIn",
    "CancelSupervisorMonitoring",
    "Intrude",
    "RequestChat",
    "accept",
    "Explode",
];

const NAMES: &[&str] = &[
    "operationName",
    "userData",
    "keys",
    "nickname",
    "saveLAR",
    "disposition",
    "dispositionKey",
    "comment",
    "text",
    "messageType",
    "treatAs",
    "url",
    "noticeText",
    "targetUri",
    "targetPath",
    "queueName",
    "supervisorMonitoringMode",
    "supervisorVisibilityMode",
    "subject",
    "endpoint",
    "chat",
    "messages",
    "notificationType",
    "referenceId",
    "errorMessage",
    "errorCode",
    "chatUri",
    "chatPath",
    "state",
    "capabilities",
    "uri",
    "path",
    "participants",
    "id",
    "chatType",
    "receivedDate",
    "type",
    "participantId",
    "visibility",
    "index",
    "from",
    "timestamp",
    "timestampSeconds",
    "statusCode",
    "statusMessage",
    "owner",
    "queue",
    "snapshot",
];

const VALUES: &[&str] = &[
    "",
    "x",
    "Normal",
    "System",
    "normal",
    "NextChat",
    "AllChats",
    "Monitor",
    "Coach",
    "BargeIn",
    "All",
    "Chatting",
    "Text",
    "Agent",
    "2014-01-09 11:58:12.035+0200",
];

/// Addresses of users and queues, and what looks like one.
const ADDRESSES: &[&str] = &[
    "/users/1e553fa1b4164908a5f36d43cec96086",
    "/queues/Sales",
    "/users/",
    "/users/a/b",
    "/users/a b",
    "/users/a?b",
    "/users/a#b",
    "/users/a\u{85}",
    "/users/a\u{a0}",
    "/users/a\u{feff}",
    "/users/a\u{3000}",
    "/users/a\n",
    "/users/a\u{b}",
    "/users/\u{1f600}",
    "users/a",
    "//users/a",
    " /users/a",
    "http://localhost:8080/api/v2/users/a",
    "http://localhost:8080/api/v2/queues/a",
    "http://localhost:8080/proxy/api/v2/users/a",
    "http://localhost/api/v2/api/v2/users/a",
    "/api/v2/users/a",
    "//api/v2/users/a",
    "x//api/v2/users/a",
    "http://api/v2/users/a",
    "://api/v2/users/a",
    ":/api/v2/users/a",
    "/api/v2/users/a/",
    "api/v2/users/a",
    "/api/v2/api/v2/users/a",
    "a://b://api/v2/users/c",
    "http:///api/v2/users/a",
    "\n/api/v2/users/a",
    "http://h/api/v2/users/a\n",
    "http://h/api/v2/users/a?b=c",
    "/users/a/api/v2/users/b",
];
