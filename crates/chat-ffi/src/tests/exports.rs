//! The table of the exports: what each argument is for, and so what may go wrong with it.

use super::arguments::Role::{
    self, AnyNumber, Context, Error, Free, Handle, Index, Json, Limits, Name, OneOf, Optional, Out,
    OutIfWanted, Text,
};
use super::arguments::{Body, Place};
use super::call::{Parameter, Returned, Value};
use super::world::Which::{
    Applied, Chatting, Directory, Invited, MonitorOp, Op, Problem, Rules, Waiting,
};
use super::world::{ATTACH, CHAT, RECORD};

/// One export.
pub(super) struct Export {
    pub(super) name: &'static str,
    pub(super) parameters: Vec<(&'static str, Role)>,
    /// What it returns instead of a status if something is wrong.
    pub(super) fallback: Option<Returned>,
    call: fn(&[Value]) -> Returned,
}

impl Export {
    pub(super) fn call(&self, values: &[Value]) -> Returned {
        assert_eq!(values.len(), self.parameters.len(), "{}", self.name);
        (self.call)(values)
    }
}

macro_rules! exports {
    ($($name:ident($($parameter:ident: $role:expr),*) $(or $fallback:expr)?;)+) => {
        vec![$(Export {
            name: stringify!($name),
            parameters: vec![$((stringify!($parameter), $role)),*],
            fallback: [$($fallback)?].into_iter().next(),
            call: |values| {
                let mut values = values.iter().copied();
                $(let $parameter = Parameter::of(values.next().expect("there are enough"));)*
                assert!(values.next().is_none(), "there are not too many");
                #[allow(unused_unsafe, reason = "some exports may be called by anyone")]
                // SAFETY: pointers are NULL, misaligned, or valid.
                Returned::from(unsafe { crate::$name($($parameter),*) })
            },
        }),+]
    };
}

const NONE: Returned = Returned::NoText;
const ZERO: Returned = Returned::Number(0);

/// Every export, in the order of the header.
pub(super) fn all() -> Vec<Export> {
    let unknown = || Returned::Text("CHATM_STATUS_UNKNOWN".to_owned());
    exports! {
        chatm_status_name(status: OneOf(0)) or unknown();
        chatm_buf_free(buffer: Free) or Returned::Nothing;
        chatm_error_free(error: Free) or Returned::Nothing;
        chatm_error_status(error: Handle(Problem)) or ZERO;
        chatm_error_status_code(error: Handle(Problem)) or ZERO;
        chatm_error_code(error: Handle(Problem)) or NONE;
        chatm_error_message(error: Handle(Problem)) or NONE;
        chatm_error_pointer(error: Handle(Problem)) or NONE;
        chatm_error_offset(error: Handle(Problem)) or Returned::Number(-1);
        chatm_error_reply(error: Handle(Problem)) or NONE;
        chatm_abi() or Returned::Number(1);
        chatm_version() or Returned::Text(env!("CARGO_PKG_VERSION").to_owned());
        chatm_operation_count() or ZERO;
        chatm_operation_name(index: Index) or NONE;
        chatm_schema_count() or ZERO;
        chatm_schema_name(index: Index) or NONE;
        chatm_schema(name: Text("operation"), json: Out(Place::Text), error: Error);
        chatm_rules_from_json(
            json: Json(Body::Value(&["rules.invalid"]), r#"{"base":"/v2","invitationMs":null}"#),
            limits: Limits, rules: Out(Place::Handle(Rules)), error: Error
        );
        chatm_rules_free(rules: Free) or Returned::Nothing;
        chatm_directory_from_json(
            json: Json(Body::Value(&["directory.invalid"]), r#"{"users":{"u":{"name":"é"}}}"#),
            limits: Limits, directory: Out(Place::Handle(Directory)), error: Error
        );
        chatm_directory_update(
            directory: Handle(Directory),
            json: Json(Body::Value(&["directory.invalid"]), r#"{"users":{"agent1":null}}"#),
            limits: Limits, error: Error
        );
        chatm_directory_supervise(
            directory: Handle(Directory), op: Handle(MonitorOp), supervisor: Name("supervisor1"),
            agent: Name("agent1"), error: Error
        );
        chatm_directory_note(
            directory: Handle(Directory), applied: Handle(Applied), error: Error
        );
        chatm_directory_free(directory: Free) or Returned::Nothing;
        chatm_op_parse(
            by: OneOf(1), json: Json(Body::Operation, ATTACH), limits: Limits,
            op: Out(Place::Handle(Op)), error: Error
        );
        chatm_op_house(
            trigger: OneOf(1), user: Name("agent1"), op: Out(Place::Handle(Op)), error: Error
        );
        chatm_op_free(op: Free) or Returned::Nothing;
        chatm_op_name(op: Handle(Op)) or NONE;
        chatm_op_to_json(op: Handle(Op), json: Out(Place::Buffer), error: Error);
        chatm_op_parameter(
            op: Handle(Op), name: Text("userData"), json: Out(Place::Text), error: Error
        );
        chatm_chat_new(id: Name("chat1"), chat: Out(Place::Handle(Chatting)), error: Error);
        chatm_chat_from_json(
            json: Json(Body::Value(&["chat.invalid"]), CHAT), limits: Limits,
            chat: Out(Place::Handle(Chatting)), error: Error
        );
        chatm_chat_to_json(chat: Handle(Chatting), json: Out(Place::Buffer), error: Error);
        chatm_chat_clone(
            chat: Handle(Chatting), copy: Out(Place::Handle(Chatting)), error: Error
        );
        chatm_chat_free(chat: Free) or Returned::Nothing;
        chatm_chat_apply(
            chat: Handle(Chatting), op: Handle(Op), context: Context,
            applied: OutIfWanted(Place::Handle(Applied)), error: Error
        );
        chatm_chat_apply_json(
            chat: Handle(Chatting), json: Json(Body::Operation, ATTACH), context: Context,
            applied: OutIfWanted(Place::Handle(Applied)), error: Error
        );
        chatm_chat_check(chat: Handle(Chatting), op: Handle(Op), context: Context, error: Error);
        chatm_chat_replay(
            chat: Handle(Chatting), record: Json(Body::Value(&["record.invalid"]), RECORD),
            rules: Optional(Rules), applied: OutIfWanted(Place::Handle(Applied)), error: Error
        );
        chatm_applied_free(applied: Free) or Returned::Nothing;
        chatm_applied_reply(applied: Handle(Applied)) or NONE;
        chatm_applied_revision(applied: Handle(Applied)) or ZERO;
        chatm_applied_record(applied: Handle(Applied), json: Out(Place::Buffer), error: Error);
        chatm_applied_notification_count(applied: Handle(Applied)) or ZERO;
        chatm_applied_notification(
            applied: Handle(Applied), index: Index, notification: Out(Place::Notification),
            error: Error
        );
        chatm_applied_notifications(
            applied: Handle(Applied), json: Out(Place::Buffer), error: Error
        );
        chatm_chat_id(chat: Handle(Chatting)) or NONE;
        chatm_chat_revision(chat: Handle(Invited)) or ZERO;
        chatm_chat_owner(chat: Handle(Chatting)) or NONE;
        chatm_chat_is_finished(chat: Handle(Chatting)) or ZERO;
        chatm_chat_user_count(chat: Handle(Chatting)) or ZERO;
        chatm_chat_user(chat: Handle(Chatting), index: Index) or NONE;
        chatm_chat_state(
            chat: Handle(Chatting), user: Name("agent1"), state: Out(Place::Text), error: Error
        );
        chatm_chat_role(
            chat: Handle(Chatting), user: Name("agent1"), role: Out(Place::Text), error: Error
        );
        chatm_chat_capability_count(
            chat: Handle(Chatting), user: Name("agent1"), count: Out(Place::Number), error: Error
        );
        chatm_chat_capability(
            chat: Handle(Chatting), user: Name("agent1"), index: Index, name: Out(Place::Text),
            error: Error
        );
        chatm_chat_can(
            chat: Handle(Chatting), user: Name("agent1"), operation: Name("SendMessage")
        ) or ZERO;
        chatm_chat_view(
            chat: Handle(Chatting), user: Name("agent1"), rules: Optional(Rules),
            json: Out(Place::Buffer), error: Error
        );
        chatm_chat_messages(
            chat: Handle(Chatting), user: Name("agent1"), start_index: AnyNumber, count: AnyNumber,
            rules: Optional(Rules), json: Out(Place::Buffer), error: Error
        );
        chatm_chat_customer_view(chat: Handle(Waiting), json: Out(Place::Buffer), error: Error);
        chatm_chat_customer_messages(
            chat: Handle(Waiting), start_index: AnyNumber, json: Out(Place::Buffer),
            last: OutIfWanted(Place::Number), error: Error
        );
        chatm_chat_user_data(chat: Handle(Chatting), json: Out(Place::Buffer), error: Error);
        chatm_chat_next_expiry(
            chat: Handle(Invited), at_ms: Out(Place::Number), user: Out(Place::Text), error: Error
        );
        chatm_chat_waiting(
            chat: Handle(Waiting), queue: Out(Place::Text), since_ms: Out(Place::Number),
            error: Error
        );
        chatm_user_data_merge(
            user_data: Json(Body::Value(&["user_data.invalid"]), r#"{"a":1,"b":[2]}"#),
            patch: Json(Body::Value(&["user_data.invalid"]), r#"{"b":{},"c":"é"}"#),
            limits: Limits, merged: Out(Place::Buffer), error: Error
        );
        chatm_user_data_remove(
            user_data: Json(Body::Value(&["user_data.invalid"]), r#"{"a":1,"b":[2]}"#),
            keys: Json(Body::Value(&["user_data.invalid"]), r#"["a","é"]"#),
            limits: Limits, rest: Out(Place::Buffer), error: Error
        );
        chatm_validate(
            kind: Text("chat"), json: Json(Body::Value(&["chat.invalid"]), CHAT), limits: Limits,
            error: Error
        );
    }
}
