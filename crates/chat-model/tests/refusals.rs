//! What is refused: every parameter of every operation missing, `null`, of each wrong type and out
//! of range; every operation in every state; strangers; bodies that are no JSON (DEC-4, DEC-7,
//! DEC-13, DEC-14, DEC-36).
//!
//! The matrices are made from the tables of operations, so a new operation is in them as soon as it
//! has its row, and fails here until it has a sample body. What is refused leaves the chat unchanged
//! bit for bit, which every check asserts.

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stage;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use std::fmt::Write as _;

use chat_model::testing::{Step, World};
use chat_model::{
    CustomerOperation, CustomerOperationKind, Limits, Operation, OperationKind, Parameter,
    ParameterKind, Rejection, Reply, UserId,
};
use serde_json::{Value, json};
use stage::{STAGES, stage};

/// A body that is fine, for agent1 towards agent2 or a stranger, agent3.
fn sample(kind: OperationKind) -> Value {
    let uri = |user: &str| format!("http://localhost:8080/api/v2/users/{user}");
    let mut body = match kind.name() {
        "Accept" => json!({ "nickname": "Agent1", "saveLAR": true }),
        "AttachUserData" | "UpdateUserData" => json!({ "userData": { "k": 1 } }),
        "DeleteUserData" => json!({ "keys": ["k"] }),
        "SetDisposition" => json!({ "disposition": "Resolved", "dispositionKey": "Code" }),
        "AddComment" => json!({ "comment": "A comment" }),
        "SendMessage" | "SendToAgents" => {
            json!({ "text": "Hello", "messageType": "Greeting", "treatAs": "Normal" })
        }
        "SendUrl" => json!({ "url": "http://www.example.com" }),
        "SendCustomNotice" | "SendCustomNoticeToAgents" => json!({ "noticeText": "A notice" }),
        "Transfer" | "Consult" | "Invite" => json!({ "targetUri": uri("agent3") }),
        "RemoveParticipantFromConference" => json!({ "targetUri": uri("agent2"), "text": "Bye" }),
        "Leave" => json!({ "text": "Bye" }),
        "Complete" => json!({ "queueName": "Support", "saveLAR": false, "text": "Bye" }),
        "Reject"
        | "SetInFocus"
        | "CancelConsult"
        | "SwitchToMonitor"
        | "SwitchToCoach"
        | "SwitchToBargeIn"
        | "SendStartTypingNotification"
        | "SendStopTypingNotification"
        | "SendStartTypingToAgentsNotification"
        | "SendStopTypingToAgentsNotification" => json!({}),
        other => panic!("no sample body for {other}"),
    };
    body["operationName"] = kind.name().into();
    body
}

fn customer_sample(kind: CustomerOperationKind) -> Value {
    let mut body = match kind.name() {
        "RequestChat" => {
            json!({ "nickname": "Chris", "subject": "?", "endpoint": "Sales", "userData": {} })
        }
        "SendMessage" => json!({ "text": "Hello" }),
        "SendStartTypingNotification" | "SendStopTypingNotification" | "Complete" => json!({}),
        other => panic!("no sample body for {other}"),
    };
    body["operationName"] = kind.name().into();
    body
}

/// The stage in which the operation is allowed.
fn home(kind: OperationKind) -> World {
    let mut worlds = STAGES.iter().map(|name| stage(name));
    let allowed = |world: &World| {
        let situation = world.chat().situation(&"agent1".into()).unwrap();
        situation.standing(kind).is_allowed()
    };
    worlds.find(allowed).unwrap_or_else(|| {
        assert_eq!(kind, OperationKind::CancelConsult, "no stage allows {kind}");
        let mut world = stage("Chatting");
        stage::agent(&mut world, "agent1", &stage::at("Consult", "agent3")).unwrap();
        world
    })
}

/// What the chat answers; if it refuses, nothing has changed.
#[track_caller]
fn answer(world: &World, user: &str, body: &str) -> Result<(), Rejection> {
    let mut after = world.clone();
    let result = stage::agent(&mut after, user, body);
    if result.is_err() {
        assert_eq!(wire::everything(after.chat()), wire::everything(world.chat()), "{body}");
        assert_eq!(after.past().len(), world.past().len());
    }
    result
}

fn show(result: &Result<(), Rejection>) -> String {
    match result {
        Ok(()) => "0".into(),
        Err(rejection) => {
            let reply: Value = serde_json::from_str(&Reply::from(rejection).to_json()).unwrap();
            // CHAT-1.6: the code and the message, and no other member.
            assert_eq!(reply.as_object().unwrap().len(), 2);
            let pointer = rejection.pointer().map_or("-".into(), |pointer| format!("{pointer:?}"));
            let text = wire::text(&reply, "/statusMessage");
            assert!(!text.is_empty());
            format!("{} {text}  [{} {pointer}]", reply["statusCode"], rejection.code())
        }
    }
}

/// Wrong values for a parameter: the member to set, and what to set it to.
fn wrong(parameter: &Parameter) -> Vec<(&'static str, Value)> {
    let name = parameter.name;
    let types = [json!(null), json!(true), json!(5), json!("text"), json!([]), json!({})];
    let right = match parameter.kind {
        ParameterKind::Boolean => json!(true),
        ParameterKind::UserData => json!({}),
        ParameterKind::Keys => json!([]),
        _ => json!("text"),
    };
    let same_type = |value: &Value| std::mem::discriminant(value) == std::mem::discriminant(&right);
    let mut values: Vec<(&'static str, Value)> =
        types.into_iter().filter(|value| !same_type(value)).map(|value| (name, value)).collect();
    let more: Vec<(&'static str, Value)> = match parameter.kind {
        ParameterKind::Text | ParameterKind::Boolean => vec![],
        ParameterKind::NonEmptyText => vec![(name, json!(""))],
        ParameterKind::UserData => vec![(name, json!({ "": 1 }))],
        ParameterKind::Keys => {
            [json!(5), json!(null), json!(["a"]), json!({})].map(|v| (name, json!(["a", v]))).into()
        }
        ParameterKind::Message => vec![
            (name, json!("")),
            ("messageType", json!(5)),
            ("messageType", json!({})),
            ("treatAs", json!(true)),
            ("treatAs", json!("")),
            ("treatAs", json!("Loud")),
            ("treatAs", json!("normal")),
        ],
        ParameterKind::Agent | ParameterKind::AgentOrQueue | ParameterKind::TransferTarget => {
            let mut values: Vec<(&'static str, Value)> = [
                "",
                "agent2",
                "/users/agent2",
                "http://localhost:8080/api/v2/users/",
                "http://localhost:8080/api/v2/users/a/b",
                "http://localhost:8080/api/v2/users/a b",
                "http://localhost:8080/api/v2/chats/agent2",
                "http://localhost:8080/api/v1/users/agent2",
                "http://localhost:8080/api/v2/users/agent1",
                "http://localhost:8080/api/v2/users/nobody",
                "http://localhost:8080/api/v2/queues/nowhere",
            ]
            .map(|uri| ("targetUri", json!(uri)))
            .into();
            values.push(("targetPath", json!("/users/agent3")));
            if parameter.kind == ParameterKind::TransferTarget {
                values.push(("queueName", json!("Support")));
            }
            values
        }
        other => panic!("no wrong values for {other:?}"),
    };
    values.extend(more);
    values
}

/// DEC-4, DEC-12, DEC-15, DEC-36: each parameter of each operation, and what the reply says. The
/// message names what was expected and what came.
#[test]
fn every_parameter_of_every_operation() {
    let mut matrix = String::new();
    for &kind in OperationKind::ALL {
        let world = home(kind);
        let body = sample(kind);
        let fine = answer(&world, "agent1", &body.to_string());
        assert_eq!(fine, Ok(()), "{body}");
        writeln!(matrix, "{kind}").unwrap();
        for parameter in kind.parameters() {
            let mut missing = body.clone();
            missing.as_object_mut().unwrap().remove(parameter.name);
            for (name, value) in std::iter::once((parameter.name, None))
                .chain(wrong(parameter).into_iter().map(|(n, v)| (n, Some(v))))
            {
                let mut body = missing.clone();
                if name != parameter.name {
                    body = self::sample(kind);
                }
                if let Some(value) = &value {
                    body[name] = value.clone();
                }
                let result = answer(&world, "agent1", &body.to_string());
                let shown = value.map_or("missing".into(), |value| value.to_string());
                writeln!(matrix, "  {name}: {shown} -> {}", show(&result)).unwrap();
                if name == parameter.name
                    && !parameter.required
                    && (shown == "missing" || shown == "null")
                {
                    assert!(result.is_ok(), "{kind} {name} {shown}");
                }
                if name == parameter.name
                    && parameter.required
                    && (shown == "missing" || shown == "null")
                {
                    assert_eq!(result.as_ref().unwrap_err().status().code(), 1, "{kind} {name}");
                }
                // DEC-14: the parameters come before the capability.
                if let Err(rejection) = result
                    && matches!(rejection.status().code(), 1 | 10)
                {
                    let gone = stage("Completed");
                    let there = answer(&gone, "agent1", &body.to_string()).unwrap_err();
                    assert_eq!(there, rejection, "{body} in a chat that is Completed");
                }
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

/// The same for the visitor (DEC-46: DEC-13 and DEC-14 hold for the customer too).
#[test]
fn every_parameter_of_every_customer_operation() {
    let mut matrix = String::new();
    for &kind in CustomerOperationKind::ALL {
        let world = match kind {
            CustomerOperationKind::RequestChat => World::new(Default::default()),
            _ => stage("Chatting"),
        };
        let ask = |body: &Value| {
            let mut after = world.clone();
            let result = stage::customer(&mut after, &body.to_string());
            if result.is_err() {
                assert_eq!(wire::everything(after.chat()), wire::everything(world.chat()));
            }
            result
        };
        let body = customer_sample(kind);
        assert_eq!(ask(&body), Ok(()), "{body}");
        writeln!(matrix, "{kind}").unwrap();
        for parameter in kind.parameters() {
            let mut missing = body.clone();
            missing.as_object_mut().unwrap().remove(parameter.name);
            writeln!(matrix, "  {}: missing -> {}", parameter.name, show(&ask(&missing))).unwrap();
            assert_eq!(ask(&missing).is_err(), parameter.required);
            let mut values = wrong(parameter);
            if parameter.name == "endpoint" {
                values.push(("endpoint", json!("nowhere")));
            }
            for (name, value) in values {
                let mut body = missing.clone();
                body[name] = value.clone();
                writeln!(matrix, "  {name}: {value} -> {}", show(&ask(&body))).unwrap();
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

/// DEC-10, DEC-13: each operation in each state; 2 where nobody may, 3 where only the role may not.
#[test]
fn every_operation_in_every_state() {
    let mut matrix = String::new();
    for name in STAGES {
        let world = stage(name);
        writeln!(matrix, "{name}").unwrap();
        for &kind in OperationKind::ALL {
            let result = answer(&world, "agent1", &sample(kind).to_string());
            let standing = world.chat().situation(&"agent1".into()).unwrap().standing(kind);
            assert_eq!(result.is_ok(), standing.is_allowed(), "{kind} in {name}");
            writeln!(matrix, "  {kind} -> {}", show(&result)).unwrap();
        }
    }
    insta::assert_snapshot!(matrix);
}

/// DEC-13: a stranger cannot tell whether the chat exists.
#[test]
fn a_stranger_learns_nothing() {
    let mut answers = Vec::new();
    for name in STAGES {
        for &kind in OperationKind::ALL {
            answers.push(show(&answer(&stage(name), "agent4", &sample(kind).to_string())));
        }
    }
    answers.dedup();
    assert_eq!(answers, ["6 no such chat among the caller's chats  [chat.not_found -]"]);
}

/// CUST-3.6, CUST-6.1: a visitor whose chat is over, or who asks for it twice.
#[test]
fn a_visitor_whose_chat_is_over() {
    let over = stage("LeftChat");
    let mut matrix = String::new();
    for (name, world) in [("Idle", over), ("WaitingForAgent", stage::waiting())] {
        writeln!(matrix, "{name}").unwrap();
        for &kind in CustomerOperationKind::ALL {
            let mut after = world.clone();
            let result = stage::customer(&mut after, &customer_sample(kind).to_string());
            if result.is_err() {
                assert_eq!(wire::everything(after.chat()), wire::everything(world.chat()));
            }
            writeln!(matrix, "  {kind} -> {}", show(&result)).unwrap();
        }
    }
    insta::assert_snapshot!(matrix);
}

/// DEC-7, DEC-13, DEC-36: bodies that cannot be read, or name no operation. A body that is not JSON
/// is refused whoever reads it.
#[test]
fn bodies_that_cannot_be_read() {
    let attach =
        |pairs: &str| format!(r#"{{"operationName":"AttachUserData","userData":{pairs}}}"#);
    let bodies = [
        String::new(),
        " ".into(),
        "nonsense".into(),
        "null".into(),
        "5".into(),
        "[]".into(),
        "\"Accept\"".into(),
        "{}".into(),
        r#"{"operationName":null}"#.into(),
        r#"{"operationName":5}"#.into(),
        r#"{"operationName":""}"#.into(),
        r#"{"operationName":"Nonsense"}"#.into(),
        r#"{"operationName":"accept"}"#.into(),
        r#"{"operationName":"Accept "}"#.into(),
        r#"{"operationName":"LeaveAndComplete"}"#.into(),
        format!(r#"{{"operationName":"{}"}}"#, "x".repeat(300)),
        r#"{"operationName":"Accept""#.into(),
        r#"{"operationName":"Accept"}}"#.into(),
        r#"{"operationName":"Accept",}"#.into(),
        r#"{'operationName':'Accept'}"#.into(),
        r#"{"operationName":"Accept","nickname":"Chris" "subject":"Question..."}"#.into(),
        r#"{"operationName":"Accept","operationName":"Accept"}"#.into(),
        "{\"operationName\":\"Accept\",\"nickname\":\"a\nb\"}".into(),
        "\u{feff}{\"operationName\":\"Accept\"}".into(),
        attach(r#"{"a":1,"a":2}"#),
        attach(r#"{"a":1,"\u0061":2}"#),
        attach(r#"{"x":{"a":{"a":1,"a":2}}}"#),
        attach(r#"{"a":"\ud800"}"#),
        attach(r#"{"a":"\udc00\ud800"}"#),
        attach(r#"{"\ud800":1}"#),
        attach(r#"{"a":01}"#),
        attach(r#"{"a":1.}"#),
        attach(r#"{"a":.5}"#),
        attach(r#"{"a":+1}"#),
        attach(r#"{"a":NaN}"#),
        attach(r#"{"a":0x10}"#),
        attach(r#"{"a":undefined}"#),
        attach(r#"{"a":[1,]}"#),
        attach(r#"{"a":[1 2]}"#),
        attach(r#"{"a" 1}"#),
        attach(r#"{1:1}"#),
        attach(r#"{"":1}"#),
        attach(r#"{"a":{"":1}}"#),
        attach(r#"{"a":"\x"}"#),
        attach(r#"{"a":"\u12"}"#),
        attach(r#"{"a":tru}"#),
        attach(&nested(64)),
        attach(&format!(r#"{{"{}":1}}"#, "k".repeat(1025))),
        attach(&format!(r#"{{"{}":1}}"#, "é".repeat(513))),
    ];
    let world = stage("Invited");
    let mut matrix = String::new();
    for body in &bodies {
        let result = answer(&world, "agent1", body);
        assert!(result.is_err(), "{body}");
        let shown: String = body.chars().take(90).collect();
        writeln!(matrix, "{shown:?}\n  -> {}", show(&result)).unwrap();
        let for_customers = CustomerOperation::parse(body.as_bytes(), &Limits::default());
        assert!(for_customers.is_err());
    }
    let not_utf8 = Operation::parse(b"{\"operationName\":\"Acc\xffept\"}", &Limits::default());
    writeln!(matrix, "not UTF-8\n  -> {}", show(&not_utf8.map(|_| ()))).unwrap();
    insta::assert_snapshot!(matrix);
}

/// An object in which containers lie `depth` deep, itself counted.
fn nested(depth: usize) -> String {
    let inner = depth - 1;
    format!(r#"{{"a":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
}

/// DEC-7: what is just small enough is accepted, and one more is not.
#[test]
fn limits_are_exact() {
    let world = stage("Chatting");
    let attach =
        |pairs: &str| format!(r#"{{"operationName":"AttachUserData","userData":{pairs}}}"#);
    let update =
        |pairs: &str| format!(r#"{{"operationName":"UpdateUserData","userData":{pairs}}}"#);
    let keys = |n: usize| {
        let pairs: Vec<_> = (0..n).map(|n| format!("\"{n}\":1")).collect();
        format!("{{{}}}", pairs.join(","))
    };
    let in_chat = world.chat().user_data().len();
    let padded = |bytes: usize| {
        let (head, tail) = (r#"{"operationName":"AddComment","comment":""#, r#""}"#);
        format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()))
    };
    let disposition = |bytes: usize| {
        let key = "k".repeat(bytes);
        format!(
            r#"{{"operationName":"SetDisposition","disposition":"x","dispositionKey":"{key}"}}"#
        )
    };
    let mut full = world.clone();
    stage::agent(&mut full, "agent1", &attach(&keys(10_000 - in_chat))).unwrap();

    let check = |world: &World, accepted: &str, refused: &str, message: &str| {
        assert_eq!(answer(world, "agent1", accepted), Ok(()), "{message}");
        assert_eq!(show(&answer(world, "agent1", refused)), message);
    };
    check(
        &world,
        &attach(&nested(64 - 1)),
        &attach(&nested(64)),
        &format!(
            "10 expected at most 64 levels of nesting, found more at byte 112  [body.unreadable \"/userData/a{}\"]",
            "/0".repeat(62)
        ),
    );
    check(
        &world,
        &padded(1 << 20),
        &padded((1 << 20) + 1),
        "10 expected a body of at most 1048576 bytes, found 1048577  [body.too_large \"\"]",
    );
    check(
        &world,
        &attach(&format!(r#"{{"{}":1}}"#, "k".repeat(1024))),
        &attach(&format!(r#"{{"{}":1}}"#, "k".repeat(1025))),
        "10 expected a key of at most 1024 bytes at byte 46, found 1025, in /userData  [body.unreadable \"/userData\"]",
    );
    check(
        &world,
        &disposition(1024),
        &disposition(1025),
        "10 expected `dispositionKey` to be at most 1024 bytes long, found 1025 bytes  [parameter.out_of_range \"/dispositionKey\"]",
    );
    let accept = |name: &str| format!(r#"{{"operationName":"Accept","nickname":"{name}"}}"#);
    check(
        &stage("Invited"),
        &accept(&"é".repeat(128)),
        &accept(&"é".repeat(129)),
        "10 expected `nickname` to be at most 256 bytes long, found 258 bytes  [parameter.out_of_range \"/nickname\"]",
    );
    check(
        &world,
        &attach(&keys(10_000 - in_chat)),
        &attach(&keys(10_001)),
        "10 expected `userData` to be an object of at most 10000 keys, found 10001  [parameter.out_of_range \"/userData\"]",
    );
    check(
        &world,
        &update(&keys(10_000 - in_chat)),
        &update(&keys(10_000 - in_chat + 1)),
        "10 expected `userData` to be at most 10000 keys in the chat, found 10001 after the operation  [parameter.out_of_range \"/userData\"]",
    );
    // A full chat still takes new values for old keys, and one key in place of another.
    check(
        &full,
        &attach(&keys(10_000 - in_chat)),
        &attach(r#"{"one more":1}"#),
        "10 expected `userData` to be at most 10000 keys in the chat, found 10001 after the operation  [parameter.out_of_range \"/userData\"]",
    );
    check(
        &full,
        r#"{"operationName":"SetDisposition","disposition":"x","dispositionKey":"0"}"#,
        r#"{"operationName":"SetDisposition","disposition":"x"}"#,
        "10 expected `disposition` to be at most 10000 keys in the chat, found 10001 after the operation  [parameter.out_of_range \"/disposition\"]",
    );
}

/// DEC-15: the target is named by one parameter; the refusal names the one that came.
#[test]
fn targets_are_named_by_the_parameter_that_came() {
    let world = stage("Chatting");
    let mut matrix = String::new();
    for operation in ["Transfer", "Consult", "Invite", "RemoveParticipantFromConference"] {
        for target in [
            r#""targetPath":"/users/agent1""#,
            r#""targetPath":"/users/nobody""#,
            r#""targetPath":"users/agent2""#,
            r#""targetPath":"/queues/Sales""#,
            r#""targetPath":5"#,
            r#""targetUri":null,"targetPath":null"#,
            r#""targetUri":"x","targetPath":"/users/agent2""#,
            r#""queueName":"nowhere""#,
            r#""queueName":"""#,
            r#""queueName":{}"#,
            r#""queueName":"Sales","targetPath":"/users/agent2""#,
        ] {
            let body = format!(r#"{{"operationName":"{operation}",{target}}}"#);
            let mut world = world.clone();
            if operation.starts_with("Remove") {
                world = stage("Chatting in company");
            }
            let result = answer(&world, "agent1", &body);
            writeln!(matrix, "{operation} {target}\n  -> {}", show(&result)).unwrap();
        }
    }
    insta::assert_snapshot!(matrix);
}

/// Every step that the house may take is refused where it makes no sense, without a trace.
#[test]
fn the_house_is_refused_too() {
    use chat_model::Trigger;
    let mut matrix = String::new();
    for name in STAGES {
        let world = stage(name);
        for user in ["agent1", "agent4"] {
            let user = UserId::new(user);
            for trigger in [
                Trigger::Offer { user: user.clone() },
                Trigger::Expire { user: user.clone() },
                Trigger::LoggedOut { user: user.clone() },
                Trigger::CustomerGone,
            ] {
                let mut after = world.clone();
                let step = Step::House(trigger);
                let shown = step.to_string();
                let result = after.take(step).map(|_| ());
                if result.is_err() {
                    assert_eq!(wire::everything(after.chat()), wire::everything(world.chat()));
                }
                writeln!(matrix, "{name}: {shown} -> {}", show(&result)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(matrix);
}
