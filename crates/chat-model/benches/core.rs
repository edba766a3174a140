//! What does one operation cost, from the bytes of the request to the bytes of the notification?
//!
//! Ours is the whole path of the model: parse the body, decide with the capability guard, evolve,
//! print the journal's record, print the notification for one receiver. The naive way is what one
//! would write first: a typed request, an `IndexMap<String, Value>`, the whole chat serialised each
//! time; it keeps no journal, which is in its favour. The floor is copying the finished output.
//!
//! Run with `cargo bench -p chat-model --bench core`. Where valgrind is installed, instructions per
//! operation are counted too, which no other load on the machine can disturb.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

#[path = "support/instructions.rs"]
mod counter;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use chat_model::{
    Applied, Chat, ChatFile, Command, Context, CountingIds, Limits, OpenDirectory, Operation,
    OperationKind, Rules, Timestamp, UserId,
};
use counter::instructions as instructions_of;
use indexmap::IndexMap;
use measure::{interleave, ratio};
use memory::{allocations, live_bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use workload::{document, patches};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let way = arguments.next();
    let mut steps = || arguments.next().and_then(|steps| steps.parse().ok()).unwrap_or(0);
    match way.as_deref() {
        Some("--steps") => return run_steps(steps()),
        Some("--naive-steps") => return run_naive_steps(steps()),
        _ => {}
    }
    println!(
        "{:<44} {:>12} {:>12} {:>12} {:>8}",
        "per operation", "naive", "floor", "ours", "allocs"
    );
    for keys in [32, 1_000, 10_000] {
        attach(keys);
    }
    second_receiver();
    send_message();
    accept_with_history();
    load_snapshot();
    capabilities();
    for keys in [32, 1_000, 10_000] {
        heap(keys);
    }
    instructions();
}

/// The seed's operation: two keys of a chat that has `keys` of them.
fn attach(keys: usize) {
    let bodies = bodies(keys);
    let mut naive = NaiveChat::new(keys);
    let mut ours = Desk::new(keys);
    let output = ours.attach(&bodies[0]).1;

    let [mut turn, mut our_turn] = [0; 2];
    let medians = interleave(&mut [
        &mut || {
            turn += 1;
            black_box(naive.apply(black_box(bodies[turn % 2].as_bytes())));
        },
        &mut || {
            let mut copy = String::with_capacity(output.len());
            copy.push_str(black_box(&output));
            black_box(copy);
        },
        &mut || {
            our_turn += 1;
            black_box(ours.attach(black_box(&bodies[our_turn % 2])));
        },
    ]);
    let allocations = allocations(|| {
        black_box(ours.attach(&bodies[0]));
    });
    row(&format!("AttachUserData, {keys} keys"), medians, Some(allocations));
    ratio(&format!("attach_{keys}_vs_naive"), medians[2] / medians[0]);
    ratio(&format!("attach_{keys}_vs_copy"), medians[2] / medians[1]);
    ratio(&format!("attach_{keys}_allocations"), allocations as f64);
}

/// A conference of three: the two who did not ask see the same chat and share its bytes.
fn second_receiver() {
    let bodies = bodies(32);
    let mut two = Desk::with_colleagues(32, 1);
    let mut three = Desk::with_colleagues(32, 2);
    let [mut turn, mut other_turn] = [0; 2];
    let medians = interleave(&mut [
        &mut || {
            turn += 1;
            black_box(two.attach(black_box(&bodies[turn % 2])));
        },
        &mut || {},
        &mut || {
            other_turn += 1;
            black_box(three.attach(black_box(&bodies[other_turn % 2])));
        },
    ]);
    let for_two = allocations(|| {
        black_box(two.attach(&bodies[0]));
    });
    let for_three = allocations(|| {
        black_box(three.attach(&bodies[0]));
    });
    row("AttachUserData, 3 agents (naive: 2 agents)", medians, Some(for_three));
    ratio("same_view_receiver_vs_without", medians[2] / medians[0]);
    ratio("same_view_receiver_allocations", for_three as f64 - for_two as f64);
}

fn send_message() {
    let body = r#"{"operationName":"SendMessage","text":"How may I help you?"}"#;
    let mut ours = Desk::new(32);
    let operation = Operation::parse(body.as_bytes(), &ours.rules.limits).unwrap();
    let output = ours.perform(&operation).notices[0].data.clone();
    // Each call lengthens the transcript, as it does in life.
    let allocations = allocations(|| {
        let operation = Operation::parse(body.as_bytes(), &ours.rules.limits).unwrap();
        black_box(ours.perform(&operation));
    });
    let medians = interleave(&mut [
        &mut || {
            black_box(serde_json::from_str::<NaiveMessage>(black_box(body)).unwrap());
        },
        &mut || {
            black_box(String::from(black_box(&output[..])));
        },
        &mut || {
            let operation =
                Operation::parse(black_box(body.as_bytes()), &Limits::default()).unwrap();
            let applied = ours.perform(&operation);
            black_box((applied.record.to_json(), applied.notices));
        },
    ]);
    row("SendMessage (naive: reading it alone)", medians, Some(allocations));
    ratio("send_message_vs_copy", medians[2] / medians[1]);
}

/// Accept sends the whole history: 200 messages.
fn accept_with_history() {
    let mut desk = Desk::new(32);
    for n in 0..200 {
        let body = format!("{{\"operationName\":\"SendMessage\",\"text\":\"message number {n}\"}}");
        let operation = Operation::parse(body.as_bytes(), &desk.rules.limits).unwrap();
        desk.perform(&operation);
    }
    desk.invite("colleague");
    let accept = Operation::parse(br#"{"operationName":"Accept"}"#, &desk.rules.limits).unwrap();
    let colleague = UserId::new("colleague");
    let output: usize = {
        let mut chat = desk.chat.clone();
        let applied = desk.perform_on(&mut chat, &colleague, &accept);
        applied.notices.iter().map(|notice| notice.data.len()).sum()
    };
    let output = "x".repeat(output);
    let medians = interleave(&mut [
        &mut || {
            black_box(desk.chat.clone());
        },
        &mut || {
            black_box(String::from(black_box(&output[..])));
        },
        &mut || {
            let mut chat = desk.chat.clone();
            black_box(desk.perform_on(&mut chat, &colleague, &accept));
        },
    ]);
    row("Accept, 200 messages (naive: clone alone)", medians, None);
    ratio("accept_200_less_clone_vs_copy", (medians[2] - medians[0]) / medians[1]);
}

fn load_snapshot() {
    let desk = Desk::new(32);
    let snapshot = serde_json::to_string(&desk.chat).unwrap();
    let medians = interleave(&mut [
        &mut || {
            black_box(serde_json::from_str::<Value>(black_box(&snapshot)).unwrap());
        },
        &mut || {
            black_box(String::from(black_box(&snapshot[..])));
        },
        &mut || {
            black_box(serde_json::from_str::<Chat>(black_box(&snapshot)).unwrap());
        },
    ]);
    row("load a snapshot, 32 keys (naive: Value)", medians, None);
    ratio("load_snapshot_vs_value", medians[2] / medians[0]);
}

fn capabilities() {
    let desk = Desk::new(32);
    let allocations = allocations(|| {
        black_box(desk.chat.capabilities(&desk.user).count());
    });
    println!(
        "{:<44} {:>12} {:>12} {:>12} {allocations:>8}",
        "capabilities of an agent", "", "", ""
    );
    ratio("capabilities_allocations", allocations as f64);
}

/// Live bytes of a whole chat in both forms.
fn heap(keys: usize) {
    let before = live_bytes();
    let naive = NaiveChat::new(keys);
    let naive_bytes = live_bytes() - before;
    drop(naive);
    let before = live_bytes();
    let desk = Desk::new(keys);
    let bytes = live_bytes() - before;
    drop(desk);
    println!(
        "{:<44} {naive_bytes:>10} B {:>12} {bytes:>10} B",
        format!("live heap of a chat with {keys} keys"),
        ""
    );
    ratio(&format!("heap_{keys}_vs_naive"), bytes as f64 / naive_bytes as f64);
}

/// Instructions per operation: two runs of different length under callgrind, and their difference.
fn instructions() {
    match (instructions_of("--steps"), instructions_of("--naive-steps")) {
        (Some(per_operation), Some(naive)) => {
            println!("{:<44} {per_operation:>38.0} instructions", "AttachUserData, 32 keys");
            ratio("attach_32_instructions", per_operation);
            ratio("attach_32_instructions_vs_naive", per_operation / naive);
        }
        _ => println!("instructions: not counted, because valgrind is not installed"),
    }
}

fn run_naive_steps(steps: usize) {
    let bodies = bodies(32);
    let mut naive = NaiveChat::new(32);
    for step in 0..steps {
        black_box(naive.apply(black_box(bodies[step % 2].as_bytes())));
    }
}

fn run_steps(steps: usize) {
    let bodies = bodies(32);
    let mut desk = Desk::new(32);
    for step in 0..steps {
        black_box(desk.attach(black_box(&bodies[step % 2])));
    }
}

/// One line of the table; a figure that was not measured is a dash.
fn row(name: &str, [naive, floor, ours]: [f64; 3], allocations: Option<usize>) {
    let allocations = allocations.map_or("-".to_owned(), |count| count.to_string());
    println!("{name:<44} {naive:>9.0} ns {floor:>9.0} ns {ours:>9.0} ns {allocations:>8}");
}

/// Ours, as a server drives it.
struct Desk {
    chat: Chat,
    user: UserId,
    rules: Rules,
    directory: OpenDirectory,
    reference_id: u64,
}

impl Desk {
    fn new(keys: usize) -> Self {
        let json = format!(
            r#"{{"userData":{},"state":"Chatting","owner":"1e553fa1b4164908a5f36d43cec96086","participants":[
                {{"nickname":"test_consult_clientL","type":"Customer","participantId":"007352CE982D031B"}},
                {{"nickname":"TestName","type":"Agent","participantId":"007352CE984F0321"}}],
                "id":"0000Wa9CAM6W00J"}}"#,
            document(keys)
        );
        let file = ChatFile::read(json.as_bytes(), &Limits::default()).unwrap();
        Self {
            chat: file.chat,
            user: file.owner.unwrap(),
            rules: Rules::default(),
            directory: OpenDirectory::new(),
            reference_id: 82,
        }
    }

    fn with_colleagues(keys: usize, colleagues: usize) -> Self {
        let mut desk = Self::new(keys);
        let accept =
            Operation::parse(br#"{"operationName":"Accept"}"#, &desk.rules.limits).unwrap();
        for n in 0..colleagues {
            let name = format!("colleague{n}");
            desk.invite(&name);
            let mut chat = desk.chat.clone();
            desk.perform_on(&mut chat, &UserId::new(&name), &accept);
            desk.chat = chat;
        }
        desk
    }

    fn invite(&mut self, name: &str) {
        let body = format!(
            r#"{{"operationName":"Invite","targetUri":"http://localhost/api/v2/users/{name}"}}"#
        );
        let invite = Operation::parse(body.as_bytes(), &self.rules.limits).unwrap();
        self.perform(&invite);
    }

    /// The whole path, ending with what goes to the journal and to the receiver.
    fn attach(&mut self, body: &str) -> (String, String) {
        let operation = Operation::parse(body.as_bytes(), &self.rules.limits).unwrap();
        let mut applied = self.perform(&operation);
        let notice = applied.notices.swap_remove(0);
        (applied.record.to_json(), notice.data)
    }

    fn perform(&mut self, operation: &Operation) -> Applied {
        self.reference_id += 1;
        let context =
            Context::new(Timestamp::from_millis(1_389_261_492_035), &self.rules, &self.directory)
                .with_reference_id(self.reference_id);
        let mut ids = CountingIds::from_seed(1);
        self.chat.apply(&Command::user(&self.user, operation), &context, &mut ids).unwrap()
    }

    fn perform_on(&self, chat: &mut Chat, user: &UserId, operation: &Operation) -> Applied {
        let context =
            Context::new(Timestamp::from_millis(1_389_261_492_035), &self.rules, &self.directory);
        chat.apply(&Command::user(user, operation), &context, &mut CountingIds::from_seed(9))
            .unwrap()
    }
}

/// What one would write first.
struct NaiveChat {
    chat: NaiveResource,
    reference_id: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NaiveResource {
    user_data: IndexMap<String, Value>,
    state: String,
    capabilities: Vec<String>,
    uri: String,
    path: String,
    participants: Vec<NaiveParticipant>,
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NaiveParticipant {
    nickname: String,
    #[serde(rename = "type")]
    kind: String,
    participant_id: String,
    id: String,
    visibility: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NaiveNotification<'a> {
    reference_id: u64,
    chat: &'a NaiveResource,
    notification_type: &'static str,
    message_type: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NaiveRequest {
    operation_name: String,
    user_data: IndexMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "reading it is the measurement")]
struct NaiveMessage {
    operation_name: String,
    text: String,
}

impl NaiveChat {
    fn new(keys: usize) -> Self {
        let base = "http://localhost:8080/api/v2";
        let participant =
            |nickname: &str, kind: &str, id: &str, user: Option<&str>| NaiveParticipant {
                nickname: nickname.into(),
                kind: kind.into(),
                participant_id: id.into(),
                id: id.into(),
                visibility: "All".into(),
                uri: user.map(|user| format!("{base}/users/{user}")),
                path: user.map(|user| format!("/users/{user}")),
            };
        let user = Some("1e553fa1b4164908a5f36d43cec96086");
        let desk = Desk::new(1);
        Self {
            chat: NaiveResource {
                user_data: serde_json::from_str(&document(keys)).unwrap(),
                state: "Chatting".into(),
                capabilities: desk
                    .chat
                    .capabilities(&desk.user)
                    .map(|kind| kind.name().to_owned())
                    .collect(),
                uri: format!("{base}/chats/0000Wa9CAM6W00J"),
                path: "/chats/0000Wa9CAM6W00J".into(),
                participants: vec![
                    participant("test_consult_clientL", "Customer", "007352CE982D031B", None),
                    participant("TestName", "Agent", "007352CE984F0321", user),
                ],
                id: "0000Wa9CAM6W00J".into(),
            },
            reference_id: 82,
        }
    }

    fn apply(&mut self, body: &[u8]) -> String {
        let request: NaiveRequest = serde_json::from_slice(body).unwrap();
        assert!(OperationKind::from_name(&request.operation_name).is_some());
        assert!(self.chat.capabilities.contains(&request.operation_name));
        for (key, value) in request.user_data {
            self.chat.user_data.insert(key, value);
        }
        self.reference_id += 1;
        serde_json::to_string(&NaiveNotification {
            reference_id: self.reference_id,
            chat: &self.chat,
            notification_type: "PropertiesUpdated",
            message_type: "ChatStateChangeMessage",
        })
        .unwrap()
    }
}

/// The requests that carry [`patches`].
fn bodies(keys: usize) -> [String; 2] {
    patches(keys)
        .map(|pairs| format!("{{\"operationName\":\"AttachUserData\",\"userData\":{pairs}}}"))
}
