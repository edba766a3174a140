//! The examples inside the schemas: a conversation, played through the model.
//!
//! Examples that somebody wrote down would be right once; these are what the model says today.

use alloc::format;
use alloc::vec::Vec;

use serde_json::Value;

use crate::chat::{Applied, Chat, Command, Trigger};
use crate::id::{ChatId, CountingIds, UserId};
use crate::operation::{CustomerOperation, Operation};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::rules::{Context, OpenDirectory, Rules};
use crate::time::Timestamp;

/// What went over the wire and into the journal.
#[derive(Default)]
pub(super) struct Examples {
    pub(super) chats: Vec<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) participants: Vec<Value>,
    pub(super) notifications: Vec<Value>,
    pub(super) replies: Vec<Value>,
    pub(super) customer_chats: Vec<Value>,
    pub(super) records: Vec<Value>,
    pub(super) snapshots: Vec<Value>,
}

const AMY: &str = "1e553fa1b4164908a5f36d43cec96086";
const BEN: &str = "5c0f2a7f1d9d4c8c9b7d2f7f6a1e0b44";

/// A visitor asks, Amy accepts and attaches data, and Ben does not want to be consulted.
pub(super) fn play() -> Examples {
    let mut stage = Stage {
        chat: Chat::new(ChatId::new("0000Wa9CAM6W00JB")),
        rules: Rules::default(),
        ids: CountingIds::from_seed(0x0073_52CE_982D_031B),
        number: 0,
        out: Examples::default(),
    };
    let consult = format!(r#"{{"operationName":"Consult","targetPath":"/users/{BEN}"}}"#);
    stage.visitor(r#"{"operationName":"RequestChat","nickname":"Chris","subject":"Question"}"#);
    stage.offer(AMY);
    stage.agent(AMY, r#"{"operationName":"Accept","nickname":"Amy"}"#);
    stage.visitor(r#"{"operationName":"SendMessage","text":"Hello?"}"#);
    stage.agent(
        AMY,
        r#"{"operationName":"AttachUserData","userData":{"topic":"billing","priority":2}}"#,
    );
    stage.agent(AMY, &consult);
    stage.agent(BEN, r#"{"operationName":"Reject"}"#);
    stage.agent(AMY, r#"{"operationName":"CancelConsult"}"#);
    stage.agent(BEN, r#"{"operationName":"Accept"}"#);
    stage.finish()
}

struct Stage {
    chat: Chat,
    rules: Rules,
    ids: CountingIds,
    /// How many commands there were; a second passes with each.
    number: u64,
    out: Examples,
}

impl Stage {
    fn visitor(&mut self, body: &str) {
        let operation = CustomerOperation::parse(body.as_bytes(), &self.rules.limits);
        let operation = operation.expect("the visitor's requests can be read");
        let reply = self.apply(&Command::Customer(&operation)).map(|_| Reply::success());
        self.reply(&reply.unwrap_or_else(|rejection| Reply::from(&rejection)));
    }

    fn offer(&mut self, user: &str) {
        let user = UserId::new(user);
        let offered = self.apply(&Command::House(&Trigger::Offer { user }));
        offered.expect("the chat waits");
    }

    fn agent(&mut self, user: &str, body: &str) {
        let operation = Operation::parse(body.as_bytes(), &self.rules.limits);
        let operation = operation.expect("the agents' requests can be read");
        let applied = self.apply(&Command::user(&UserId::new(user), &operation));
        let reply = match applied {
            Ok(applied) => applied.reply(operation.kind(), &self.rules),
            Err(rejection) => Reply::from(&rejection),
        };
        self.reply(&reply);
    }

    fn reply(&mut self, reply: &Reply) {
        let reply = value(&reply.to_json());
        if !self.out.replies.contains(&reply) {
            self.out.replies.push(reply);
        }
    }

    fn apply(&mut self, command: &Command<'_>) -> Result<Applied, Rejection> {
        self.number += 1;
        let at = i64::try_from(self.number).unwrap_or_default() * 1_000;
        let at = Timestamp::from_millis(1_389_261_492_035).plus_millis(at);
        let directory = OpenDirectory::new();
        let mut context = Context::new(at, &self.rules, &directory);
        if matches!(command, Command::User { .. }) {
            context = context.with_reference_id(self.number);
        }
        let applied = self.chat.apply(command, &context, &mut self.ids)?;
        self.out.records.push(value(&applied.record.to_json()));
        for notice in &applied.notices {
            let told = value(&notice.data);
            // Of each kind one for whoever asked and one for everybody else (DEC-31).
            let shape =
                |one: &Value| (one["notificationType"].clone(), one.get("referenceId").is_some());
            let is_known = |other: &Value| shape(other) == shape(&told);
            if !self.out.notifications.iter().any(is_known) {
                self.out.notifications.push(told);
            }
        }
        Ok(applied)
    }

    /// What the chat looks like in the end.
    fn finish(self) -> Examples {
        let Self { chat, rules, mut out, .. } = self;
        let view = chat.view(&UserId::new(AMY), &rules).expect("Amy is in the chat");
        let customer = chat.customer_view().expect("a visitor asked for the chat");
        let shown = value(&view.to_json());
        out.participants = elements(&shown["participants"]);
        out.messages = elements(&value(&view.messages_json(1, usize::MAX)));
        out.chats.push(shown);
        out.customer_chats.push(value(&customer.to_json()));
        out.snapshots.push(value(&chat.to_snapshot_json()));
        out
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("the model prints JSON")
}

fn elements(array: &Value) -> Vec<Value> {
    array.as_array().cloned().unwrap_or_default()
}
