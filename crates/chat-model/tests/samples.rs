//! The documented and captured samples, held against the model (CHAT, CUST; point 3).
//!
//! Every sample of the agent's chat and of the customer's reads into the crate's types and prints
//! back the same value; every request is accepted in the state it belongs to; replies are the
//! printed ones; and what the model tells contains every printed member. Differences that have to
//! stay are listed with their reason, and the test fails when one is gone. A file that is in no list
//! fails too.

#[path = "support/stage.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stage;
#[path = "support/wire.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod wire;

use std::collections::BTreeSet;
use std::path::PathBuf;

use chat_model::{
    Applied, Chat, ChatFile, ChatResource, Command, Context, CustomerOperation, Limits, Message,
    NewIds, Notification, OpenDirectory, Operation, OperationKind, ParticipantId, Reply, Rules,
    Timestamp, Trigger, UserId, VisitorId,
};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/samples"))
}

fn load(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Requests of agents, and the stage on which agent1 is when it sends them. `+target` says that the
/// target is joined.
const REQUESTS: &[(&str, &str)] = &[
    ("chat/accept.request", "Invited"),
    ("chat/reject.request", "Invited"),
    ("chat/add_comment.request", "Chatting"),
    ("chat/attach_user_data.request", "Chatting"),
    ("chat/attach_user_data.request", "LeftChat"),
    ("chat/attach_user_data.request", "JoinFailed"),
    ("chat/complete.request", "Chatting"),
    ("chat/complete.request", "LeftChat"),
    ("chat/complete.request", "JoinFailed"),
    ("chat/complete.to_queue.request", "Chatting"),
    ("chat/consult.request", "Chatting"),
    ("chat/delete_user_data.request", "Chatting"),
    ("chat/invite.request", "Chatting"),
    ("chat/leave.request", "Chatting"),
    ("chat/leave.request", "LeftChat"),
    ("chat/remove_participant.request", "+target"),
    ("chat/send_custom_notice.request", "Chatting"),
    ("chat/send_custom_notice_to_agents.request", "Chatting in company"),
    ("chat/send_message.request", "Chatting"),
    ("chat/send_message.message_type.request", "Chatting"),
    ("chat/send_start_typing.request", "Chatting"),
    ("chat/send_start_typing_to_agents.request", "Chatting in company"),
    ("chat/send_stop_typing.request", "Chatting"),
    ("chat/send_to_agents.request", "Chatting in company"),
    ("chat/send_url.request", "Chatting"),
    ("chat/set_disposition.request", "Chatting"),
    ("chat/switch_to_monitor.request", "coaching"),
    ("chat/switch_to_monitor.request", "barged in"),
    ("chat/transfer.to_agent.request", "Chatting"),
    ("chat/transfer.to_agent.request", "LeftChat"),
    ("chat/transfer.to_queue.request", "Chatting"),
    ("chat/update_user_data.request", "Chatting"),
];

/// Requests of visitors.
const CUSTOMER_REQUESTS: &[&str] = &[
    "platform/customer.request_chat.request",
    "platform/customer.send_message.request",
    "platform/customer.send_start_typing.request",
    "platform/customer.send_stop_typing.request",
    "platform/customer.complete.request",
];

/// Replies, and the operation whose page prints them.
const REPLIES: &[(&str, OperationKind)] = &[
    ("chat/accept.response", OperationKind::Accept),
    ("chat/reject.response", OperationKind::Reject),
    ("chat/add_comment.response", OperationKind::AddComment),
    ("chat/attach_user_data.response", OperationKind::AttachUserData),
    ("chat/complete.response", OperationKind::Complete),
    ("chat/consult.response", OperationKind::Consult),
    ("chat/delete_user_data.response", OperationKind::DeleteUserData),
    ("chat/invite.response", OperationKind::Invite),
    ("chat/leave.response", OperationKind::Leave),
    ("chat/remove_participant.response", OperationKind::RemoveParticipantFromConference),
    ("chat/send_custom_notice.response", OperationKind::SendCustomNotice),
    ("chat/send_custom_notice_to_agents.response", OperationKind::SendCustomNoticeToAgents),
    ("chat/send_message.response", OperationKind::SendMessage),
    ("chat/send_start_typing.response", OperationKind::SendStartTypingNotification),
    (
        "chat/send_start_typing_to_agents.response",
        OperationKind::SendStartTypingToAgentsNotification,
    ),
    ("chat/send_stop_typing.response", OperationKind::SendStopTypingNotification),
    ("chat/send_to_agents.response", OperationKind::SendToAgents),
    ("chat/send_url.response", OperationKind::SendUrl),
    ("chat/set_disposition.response", OperationKind::SetDisposition),
    ("chat/switch_to_monitor.response", OperationKind::SwitchToMonitor),
    ("chat/transfer.response", OperationKind::Transfer),
    ("chat/update_user_data.response", OperationKind::UpdateUserData),
    ("platform/platform.ok.response", OperationKind::SetInFocus),
    ("platform/platform.reference_id.response", OperationKind::CancelConsult),
];

/// Failures: the shape alone, their texts are examples.
const FAILURES: &[&str] = &[
    "chat/error.response",
    "platform/customer.error_unknown_chat.inferred",
    "platform/platform.error20.http403",
    "platform/platform.error4.http500",
    "platform/platform.error_generic.inferred",
];

/// Makes with the model what a page prints; the printed notification says what the chat is like.
type Make = fn(&Value) -> Value;

/// Notifications: the file, where the content of `data` stands in it, and how the model makes it.
const NOTIFICATIONS: &[(&str, &str, Make)] = &[
    ("chat/accept.notification.1_status_change", "", |_| accept().remove(0)),
    ("chat/accept.notification.2_participants_updated", "", |_| accept().remove(1)),
    ("chat/accept.notification.3_history.partial", "", |_| accept().remove(2)),
    ("chat/reject.notification", "", |_| {
        let mut scene = Scene::invited("0000Wa9CAM6W00FF");
        told(&scene.ask("agent1", &load("chat/reject.request"), 5)).remove(0)
    }),
    ("chat/leave.notification.not_in_conference", "", |_| {
        let mut scene = Scene::invited("0000Na9B26EF002X");
        scene.ask("agent1", &json!({ "operationName": "Accept", "nickname": "AgentNick" }), 13);
        told(&scene.ask("agent1", &load("chat/leave.request"), 17)).remove(0)
    }),
    ("chat/consult.notification.1_participants_updated", "", |_| {
        let mut scene = Scene::invited("0000Na9B26EF006E");
        scene.ids = vec!["009052CB05C900EA", "009052CB05CA00EB"];
        scene.ask("agent1", &json!({ "operationName": "Accept", "nickname": "AgentNick" }), 34);
        scene.ask("agent1", &load("chat/consult.request"), 35);
        let consulted = "429a55994ef64991a77acb77c1cf9041";
        let accept = json!({ "operationName": "Accept", "nickname": "ConsultNick" });
        let applied = scene.ask(consulted, &accept, 1);
        let mut for_agent1 = applied.notices.iter().filter(|n| n.to.contains(&"agent1".into()));
        wire::data(for_agent1.next().unwrap())
    }),
    ("chat/attach_user_data.notification", "", |data| {
        properties(data, &load("chat/attach_user_data.request"))
    }),
    ("chat/cometd.properties_updated.envelope", "/data", |data| {
        properties(
            data,
            &json!({ "operationName": "AttachUserData", "userData": data["chat"]["userData"] }),
        )
    }),
    ("platform/notif.chats.properties_updated", "/data", |data| {
        properties(
            data,
            &json!({ "operationName": "UpdateUserData", "userData": data["chat"]["userData"] }),
        )
    }),
    ("chat/send_message.notification", "", |data| said(data, &load("chat/send_message.request"))),
    ("chat/send_message.message_type.notification", "", |data| {
        said(data, &load("chat/send_message.message_type.request"))
    }),
    ("platform/notif.chats.new_messages", "/data", |data| {
        said(data, &load("chat/send_message.message_type.request"))
    }),
    ("chat/send_start_typing.notification", "", |data| {
        said(data, &load("chat/send_start_typing.request"))
    }),
    ("chat/send_stop_typing.notification", "", |data| {
        said(data, &load("chat/send_stop_typing.request"))
    }),
    ("chat/send_to_agents.notification", "", |data| {
        said(data, &load("chat/send_to_agents.request"))
    }),
    ("chat/send_custom_notice.notification", "", |data| {
        said(data, &load("chat/send_custom_notice.request"))
    }),
    ("platform/notif.chats.error", "/data", |_| {
        let mut scene = Scene::invited("0000Wa9CAM6W00FN");
        scene.ids = vec!["007352CE984F0321", "007352CE984F0322"];
        scene.ask("agent1", &json!({ "operationName": "Accept", "nickname": "AgentNick" }), 34);
        scene.ask("agent1", &load("chat/consult.request"), 34);
        scene.ask("429a55994ef64991a77acb77c1cf9041", &load("chat/accept.request"), 1);
        let cancel = json!({ "operationName": "CancelConsult" });
        told(&scene.ask("agent1", &cancel, 35)).remove(0)
    }),
];

/// Where the model prints something else than the page, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "chat/reject.response",
        "/status",
        "the page prints `status`; statusCode is everywhere else (DEC-30)",
    ),
    ("chat/reject.response", "/statusCode", "as above (DEC-30)"),
    (
        "chat/accept.notification.1_status_change",
        "/chat/capabilities",
        "the older list of seven (CHAT-11.2, DEC-11), with InFocus for SetInFocus (DEC-12)",
    ),
    (
        "chat/accept.notification.2_participants_updated",
        "/chat/capabilities",
        "the older list of seven (CHAT-11.2, DEC-11), with InFocus for SetInFocus (DEC-12)",
    ),
    (
        "chat/accept.notification.2_participants_updated",
        "/chat/participants",
        "the page prints the agent first; ours are in the order of joining (DEC-32)",
    ),
    (
        "chat/leave.notification.not_in_conference",
        "/chat/capabilities",
        "the page's list contradicts its prose (CHAT-11.7, DEC-11)",
    ),
    (
        "chat/consult.notification.1_participants_updated",
        "/chat/participants",
        "the page prints the initiating agent twice (CHAT-5.8)",
    ),
    ("platform/notif.chats.error", "/errorMessage", "an example; ours says what was expected"),
    ("platform/notif.chats.error", "/chat/capabilities", "shortened; lists are whole (DEC-11)"),
    ("platform/notif.chats.error", "/chat/participants", "shortened; lists are whole (DEC-32)"),
];

/// Shapes that are read and printed back, and that the model does not make itself.
const READ_ONLY: &[(&str, &str)] = &[
    (
        "chat/get_chats.chat_object",
        "a capability list of its own, with LeaveAndComplete (CHAT-7.0-32)",
    ),
    ("chat/remove_participant.notification.old_notice", "dropped by later pages (CHAT-11.6)"),
];

/// What the customer gets, as JSON of the customer's view.
const CUSTOMER_READS: &[&str] = &[
    "platform/customer.get_chat.waiting.response",
    "platform/customer.get_messages.1.response",
    "platform/customer.get_messages.empty.inferred",
];

/// Files that are not about what this crate does, or that other tests hold it to; `*` stands for the rest of a name.
const ELSEWHERE: &[(&str, &str)] = &[
    ("chat/barge_in.*", "in supervision.rs"),
    ("chat/cancel_supervisor_monitoring.*", "in supervision.rs"),
    ("chat/coach.*", "in supervision.rs"),
    ("chat/intrude.*", "in supervision.rs"),
    ("chat/monitor.*", "in supervision.rs"),
    ("chat/facebook.*", "a sibling interface (CHAT-12.3)"),
    ("chat/sms.*", "a sibling interface (CHAT-12.1)"),
    ("chat/workitem.*", "a sibling interface (CHAT-12.6)"),
    ("platform/bayeux.*", "the channel of notifications, which knows nothing of chats"),
    ("platform/customer.request_chat.response", "the server puts it together (CUST-2.1)"),
    ("platform/notif.calls.*", "voice"),
    ("platform/notif.channels.*", "the state of channels, which the server keeps"),
    ("platform/notif.devices.*", "voice"),
    ("platform/notif.me.*", "the user's own topic"),
    ("platform/notif.ucs.*", "contacts"),
    ("platform/notif.workbins.*", "workbins"),
    ("platform/platform.contact_user.*", "contacts"),
    ("platform/platform.csrf.*", "the server's headers"),
    ("platform/platform.diagnostics_version.*", "the server"),
    ("platform/platform.list_*", "the server's lists"),
    ("platform/platform.me.*", "the server's user resource"),
    ("platform/session.*", "the agent's session, which the server keeps"),
];

/// A file that nobody looks at is a file that nobody holds us to.
#[test]
fn every_sample_is_in_one_list() {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    listed.extend(REQUESTS.iter().map(|(name, _)| (*name).into()));
    listed.extend(REPLIES.iter().map(|(name, _)| (*name).into()));
    listed.extend(NOTIFICATIONS.iter().map(|(name, ..)| (*name).into()));
    listed.extend(READ_ONLY.iter().map(|(name, _)| (*name).into()));
    for names in [CUSTOMER_REQUESTS, CUSTOMER_READS, FAILURES] {
        listed.extend(names.iter().map(|name| (*name).into()));
    }
    let mut present: BTreeSet<String> = BTreeSet::new();
    for part in ["chat", "platform"] {
        for entry in std::fs::read_dir(folder().join(part)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            present.insert(format!("{part}/{}", name.strip_suffix(".json").unwrap()));
        }
    }
    let matches = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    for name in &present {
        let elsewhere = ELSEWHERE.iter().filter(|(pattern, _)| matches(pattern, name)).count();
        assert_eq!(usize::from(listed.contains(name)) + elsewhere, 1, "{name}");
    }
    assert!(listed.is_subset(&present), "{:?}", listed.difference(&present));
    for (pattern, _) in ELSEWHERE {
        assert!(present.iter().any(|name| matches(pattern, name)), "{pattern} names no file");
    }
}

/// Invariant "every documented sample round-trips".
#[test]
fn every_shape_reads_and_prints_back() {
    #[track_caller]
    fn check<T: serde::de::DeserializeOwned + serde::Serialize>(name: &str, value: &Value) {
        let read: T =
            serde_json::from_str(&value.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(serde_json::to_value(&read).unwrap(), *value, "{name}");
    }
    for (name, pointer, _) in NOTIFICATIONS {
        let file = load(name);
        check::<Notification>(name, file.pointer(pointer).unwrap());
        if !pointer.is_empty() && file.get("channel").is_some() {
            assert_eq!(file["channel"], chat_model::Notice::CHANNEL);
        }
    }
    for (name, _) in READ_ONLY {
        let value = load(name);
        if value.get("messageType").is_some() || value.get("chat").is_some() {
            check::<Notification>(name, &value);
        } else {
            check::<ChatResource>(name, &value);
        }
    }
    for (name, _) in REPLIES.iter().filter(|(name, _)| *name != "chat/reject.response") {
        check::<Reply>(name, &load(name));
    }
    for name in FAILURES {
        check::<Reply>(name, &load(name));
    }
    for name in CUSTOMER_READS {
        let value = load(name);
        match value.get("chat") {
            Some(chat) => check::<ChatResource>(name, chat),
            None => check::<Vec<Message>>(name, &value["messages"]),
        }
    }
}

/// Point 3: every request sample is accepted by the state it belongs to.
#[test]
fn every_request_is_accepted_in_its_state() {
    for (name, on) in REQUESTS {
        let body = load(name);
        let (rules, directory) = (Rules::default(), OpenDirectory::new());
        let context = Context::new(Timestamp::from_millis(0), &rules, &directory);
        let operation = Operation::parse(body.to_string().as_bytes(), &rules.limits).unwrap();
        let mut scene = Scene {
            chat: stage::stage(if *on == "+target" { "Chatting" } else { on }).chat().clone(),
            rules: rules.clone(),
            at: Timestamp::from_millis(0),
            ids: vec![],
        };
        if let Operation::RemoveParticipantFromConference { target, .. } = &operation {
            let mut invite = body.clone();
            invite["operationName"] = "Invite".into();
            scene.ask("agent1", &invite, 1);
            scene.ask(target.user().as_str(), &json!({ "operationName": "Accept" }), 1);
        }
        let user = UserId::new("agent1");
        let command = Command::user(&user, &operation);
        let answer = scene.chat.decide(&command, &context, &mut Ids(&mut vec![], ""));
        assert_eq!(answer.map(|_| ()), Ok(()), "{name} in {on}");
    }
    for name in CUSTOMER_REQUESTS {
        let body = load(name);
        let new = name.ends_with("request_chat.request");
        let mut world =
            if new { chat_model::testing::World::new(Rules::default()) } else { stage::waiting() };
        assert_eq!(stage::customer(&mut world, &body.to_string()), Ok(()), "{name}");
    }
}

/// DEC-30: bodies exactly as printed.
#[test]
fn every_reply_is_the_printed_one() {
    for (name, kind) in REPLIES {
        let printed = load(name);
        let number = printed.get("referenceId").and_then(Value::as_u64).or(Some(83));
        let reply: Value =
            serde_json::from_str(&Reply::accepted(*kind, number, &Rules::default()).to_json())
                .unwrap();
        let mut found = missing(&printed, &reply, "", false);
        found.extend(missing(&reply, &printed, "", false));
        check_differences(name, found);
    }
}

/// Point 3: what the model tells contains every printed member.
#[test]
fn every_notification_is_made() {
    for (name, pointer, make) in NOTIFICATIONS {
        let file = load(name);
        let printed = file.pointer(pointer).unwrap();
        let made = make(printed);
        check_differences(name, missing(printed, &made, "", name.ends_with(".partial")));
    }
    let files: BTreeSet<&str> =
        NOTIFICATIONS.iter().map(|n| n.0).chain(REPLIES.iter().map(|r| r.0)).collect();
    assert!(DIFFERENCES.iter().all(|(name, ..)| files.contains(name)));
}

/// CUST-2.2, CUST-2.3: what the visitor reads, by the visitor's own conversation.
#[test]
fn the_customer_reads_what_is_printed() {
    let mut scene = Scene::new("0000Wa9CAM6W00J");
    let id = load("platform/customer.get_chat.waiting.response")["chat"]["id"].clone();
    scene.request("platform/customer.request_chat.request", id.as_str().unwrap());
    let waiting = wire::customer_resource(&scene.chat);
    let printed = load("platform/customer.get_chat.waiting.response");
    assert_eq!(waiting.as_ref(), Some(&printed["chat"]));

    scene.customer("platform/customer.send_message.request");
    scene.offer("agent1");
    scene.ask("agent1", &json!({ "operationName": "Accept", "nickname": "AgentNick" }), 1);
    let printed = load("platform/customer.get_messages.1.response");
    let messages = wire::customer_messages(&scene.chat);
    assert_eq!(Value::from(messages), printed["messages"]);

    let view = scene.chat.customer_view().unwrap();
    let (nothing_new, last) = view.messages_json(scene.chat.log_len() + 1);
    let printed = load("platform/customer.get_messages.empty.inferred");
    assert_eq!(serde_json::from_str::<Value>(&nothing_new).unwrap(), printed["messages"]);
    assert_eq!(last, None);
}

/// The members of `printed` that `made` lacks or has with another value.
fn missing(printed: &Value, made: &Value, at: &str, partial: bool) -> BTreeSet<String> {
    match (printed, made) {
        (Value::Object(printed), Value::Object(made)) => printed
            .iter()
            .flat_map(|(key, value)| {
                let at = format!("{at}/{key}");
                match made.get(key) {
                    Some(made) => missing(value, made, &at, partial),
                    None => BTreeSet::from([at]),
                }
            })
            .collect(),
        (Value::Array(all), Value::Array(made)) if all.first().is_some_and(Value::is_object) => {
            let fits = all.len() == made.len() || partial && all.len() < made.len();
            let differ = |(a, b)| !missing(a, b, "", partial).is_empty();
            if !fits || all.len() > 1 && all.iter().zip(made).any(differ) {
                return BTreeSet::from([at.to_owned()]);
            }
            all.iter()
                .zip(made)
                .flat_map(|(a, b)| missing(a, b, &format!("{at}/0"), partial))
                .collect()
        }
        _ if printed == made => BTreeSet::new(),
        _ => BTreeSet::from([at.to_owned()]),
    }
}

#[track_caller]
fn check_differences(name: &str, found: BTreeSet<String>) {
    let known: BTreeSet<String> = DIFFERENCES
        .iter()
        .filter(|(file, ..)| *file == name)
        .map(|(_, pointer, _)| (*pointer).to_owned())
        .collect();
    assert_eq!(found, known, "{name}: found differences, known differences");
}

/// A chat like the one of a page: its ids, its address, its time.
struct Scene {
    chat: Chat,
    rules: Rules,
    at: Timestamp,
    /// The next ids of participants, in order; then they count.
    ids: Vec<&'static str>,
}

struct Ids<'a>(&'a mut Vec<&'static str>, &'a str);

impl NewIds for Ids<'_> {
    fn participant(&mut self) -> ParticipantId {
        if self.0.is_empty() {
            return ParticipantId::new("00000000000000FF");
        }
        ParticipantId::new(self.0.remove(0))
    }

    fn visitor(&mut self) -> VisitorId {
        VisitorId::new(self.1)
    }
}

impl Scene {
    fn new(id: &str) -> Self {
        let at = Timestamp::from_millis(0);
        Self { chat: Chat::new(id.into()), rules: Rules::default(), at, ids: vec![] }
    }

    /// Agent1 is invited to the chat of the Accept page.
    fn invited(id: &str) -> Self {
        let mut scene = Self::new(id);
        scene.ids = vec!["009052C5E6D6004A", "009052C5E743004C"];
        let request = json!({ "operationName": "RequestChat", "nickname": "CustomerNick" });
        scene.customer_body(&request, "visitor");
        scene.offer("agent1");
        scene
    }

    fn apply(&mut self, command: &Command<'_>, reference_id: u64, visitor: &str) -> Applied {
        let directory = OpenDirectory::new();
        let context =
            Context::new(self.at, &self.rules, &directory).with_reference_id(reference_id);
        self.chat.apply(command, &context, &mut Ids(&mut self.ids, visitor)).unwrap()
    }

    fn ask(&mut self, user: &str, body: &Value, reference_id: u64) -> Applied {
        let operation = Operation::parse(body.to_string().as_bytes(), &Limits::default()).unwrap();
        self.apply(&Command::user(&user.into(), &operation), reference_id, "")
    }

    fn offer(&mut self, user: &str) {
        self.apply(&Command::House(&Trigger::Offer { user: user.into() }), 0, "");
    }

    fn request(&mut self, sample: &str, visitor: &str) {
        self.customer_body(&load(sample), visitor);
    }

    fn customer(&mut self, sample: &str) {
        self.customer_body(&load(sample), "");
    }

    fn customer_body(&mut self, body: &Value, visitor: &str) {
        let operation =
            CustomerOperation::parse(body.to_string().as_bytes(), &Limits::default()).unwrap();
        self.apply(&Command::Customer(&operation), 0, visitor);
    }
}

fn told(applied: &Applied) -> Vec<Value> {
    applied.notices.iter().map(wire::data).collect()
}

/// The three notifications of the Accept page.
fn accept() -> Vec<Value> {
    let mut scene = Scene::invited("0000Na9B26EF002X");
    told(&scene.ask("agent1", &json!({ "operationName": "Accept", "nickname": "AgentNick" }), 13))
}

/// A change of user data: the chat before it is the printed one without the keys of the request.
fn properties(data: &Value, request: &Value) -> Value {
    let mut resource = data["chat"].clone();
    for key in request["userData"].as_object().unwrap().keys() {
        resource["userData"].as_object_mut().unwrap().remove(key);
    }
    resource["owner"] = "agent1".into();
    let file = ChatFile::read(resource.to_string().as_bytes(), &Limits::default()).unwrap();
    let at = Timestamp::from_millis(0);
    let mut scene = Scene { chat: file.chat, rules: Rules::default(), at, ids: vec![] };
    told(&scene.ask("agent1", request, data["referenceId"].as_u64().unwrap())).remove(0)
}

/// A message: the chat before it has the printed sender and as many entries as the index says.
fn said(data: &Value, request: &Value) -> Value {
    let message = &data["messages"][0];
    let (base, id) = wire::text(data, "/chatUri").rsplit_once("/chats/").unwrap();
    let user = wire::text(message, "/from/path").rsplit('/').next().unwrap();
    let user = if user.is_empty() { "agent1" } else { user };
    let mut participants = vec![
        json!({ "nickname": "CustomerNick", "type": "Customer", "participantId": "007352CE72D5028F" }),
        message["from"].clone(),
    ];
    if message["visibility"] == "Agents" {
        participants.push(
            json!({ "nickname": "ConsultNick", "type": "Agent", "participantId": "007352CE72D50291",
            "path": "/users/agent2", "visibility": "Agents" }),
        );
    }
    let resource =
        json!({ "id": id, "state": "Chatting", "owner": user, "participants": participants });
    let file = ChatFile::read(resource.to_string().as_bytes(), &Limits::default()).unwrap();
    let mut rules = Rules::default().with_base(base).unwrap();
    assert!(wire::text(message, "/timestamp").ends_with("+0200"));
    rules.time_offset_minutes = 120;
    let at = Timestamp::from_millis(message["timestampSeconds"].as_i64().unwrap());
    let mut scene = Scene { chat: file.chat, rules, at, ids: vec![] };
    for _ in 1..message["index"].as_u64().unwrap() {
        scene.ask(user, &json!({ "operationName": "SendStopTypingNotification" }), 1);
    }
    told(&scene.ask(user, request, 1)).remove(0)
}
