//! What changes a chat: operations, and records of operations from a journal.

use std::borrow::Cow;

use chat_model::{Author, Chat, Command, Event, JsonRef, Operation, Record, Reply, Rules, UserId};

use super::chatm_chat;
use crate::applied::chatm_applied;
use crate::context::{Circumstances, chatm_context};
use crate::guard::{self, out};
use crate::limits;
use crate::op::{Asked, chatm_op};
use crate::problem::{Problem, chatm_error, quoted};
use crate::rules::{self, chatm_rules};
use crate::status::chatm_status;
use crate::text::chatm_str;
use crate::value;

/// Decides an operation and, if it is accepted, changes the chat.
///
/// `*applied` belongs to the caller, free it with `chatm_applied_free`; `applied` may be NULL for who
/// wants to know no more. Fails with REFUSED if the model refuses, with CALLBACK_FAILED, and with
/// INVALID_ARGUMENT or INVALID_UTF8; the chat is then as it was. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid, those in the context included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_apply(
    chat: *mut chatm_chat,
    op: *const chatm_op,
    context: *const chatm_context,
    applied: *mut *mut chatm_applied,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (chat, op, circumstances) = unsafe {
            (
                guard::expect_mut(chat, "chat")?,
                guard::expect(op, "op")?,
                Circumstances::read(context)?,
            )
        };
        chat.work(|chat| apply(chat, &op.asked, &circumstances)).map(Some)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(applied, "applied").optional(), body) }
}

/// Reads an agent's operation and applies it, as `chatm_op_parse` and `chatm_chat_apply` would one
/// after the other, and faster. What is wrong is found in the order in which the interface finds it.
///
/// The limits are those of the context's rules. Everything else is as with `chatm_chat_apply`.
///
/// # Safety
/// Pointers are NULL or valid, those in the context included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_apply_json(
    chat: *mut chatm_chat,
    json: chatm_str,
    context: *const chatm_context,
    applied: *mut *mut chatm_applied,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (chat, json, circumstances) = unsafe {
            (guard::expect_mut(chat, "chat")?, json.bytes("json")?, Circumstances::read(context)?)
        };
        chat.work(|chat| {
            let user = circumstances.user(chat)?;
            let operation = Operation::parse(json, &circumstances.context.rules.limits)
                .map_err(|rejection| rejection.or_not_found(chat.leg(&user).is_some()))?;
            apply_as_agent(chat, &user, &operation, &circumstances).map(Some)
        })
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(applied, "applied").optional(), body) }
}

/// Whether the chat would accept the operation now. Nothing changes, whatever the answer.
///
/// OK says that it would. Fails with REFUSED and the reason if it would not, and otherwise like
/// `chatm_chat_apply`. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid, those in the context included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_check(
    chat: *const chatm_chat,
    op: *const chatm_op,
    context: *const chatm_context,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (chat, op, circumstances) = unsafe {
            (guard::expect(chat, "chat")?, guard::expect(op, "op")?, Circumstances::read(context)?)
        };
        chat.look(|chat| decide(chat, &op.asked, &circumstances).map(drop))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

/// Does to the chat what a record says that was done to it: a chat to which its records are replayed
/// in order is the chat that they came from.
///
/// A record does not know its place: one that is left out, comes twice or comes too early is not noticed,
/// and what it is about may change nothing. So compare `chatm_chat_revision`, before it, with the number
/// of the record in its journal; a chat whose records came in another order may be none that
/// `chatm_chat_from_json` reads back.
///
/// `rules` are those by which `*applied` prints notifications, the same that were sent at the time;
/// NULL stands for the default ones. `*applied` belongs to the caller, free it with
/// `chatm_applied_free`; `applied` may be NULL, and then nothing is printed. Fails with
/// INVALID_ARGUMENT, INVALID_JSON, or INVALID_VALUE for JSON that is no record, or one that imports a
/// chat with another id; the chat is then as it was. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_replay(
    chat: *mut chatm_chat,
    record: chatm_str,
    rules: *const chatm_rules,
    applied: *mut *mut chatm_applied,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let slot = out(applied, "applied").optional();
    let body = || {
        // SAFETY: the caller's word.
        let (chat, record, rules) = unsafe {
            (guard::expect_mut(chat, "chat")?, record.bytes("record")?, rules::read(rules)?)
        };
        let record = read_record(record)?;
        chat.work(|chat| {
            check_id(chat, &record)?;
            if !slot.is_wanted() {
                chat.replay(&record);
                return Ok(None);
            }
            let notices = chat.announce(&record, rules);
            let reply = Cow::Borrowed(SUCCESS);
            let revision = chat.revision();
            Ok(Some(Box::new(chatm_applied { reply, record, notices, revision })))
        })
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, slot, body) }
}

/// A chat keeps its id: it is a part of its address, and of what C was told of it.
fn check_id(chat: &Chat, record: &Record) -> Result<(), Problem> {
    for event in &record.events {
        match event {
            Event::Imported { chat: other } if other.id() != chat.id() => {
                return Err(Problem::value(
                    "record.other_chat",
                    format!(
                        "expected a record of the chat {}, found one that imports the chat {}",
                        quoted(chat.id().as_str()),
                        quoted(other.id().as_str())
                    ),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

const SUCCESS: &str = "{\"statusCode\":0}";

/// Reads a record. It may hold a whole chat that was imported, so the limits of requests do not apply; and
/// user data at the depth that an operation may have lie too deep in a record for our own reader.
pub(crate) fn read_record(json: &[u8]) -> Result<Record, Problem> {
    match JsonRef::validate(json, &limits::unlimited()) {
        Ok(value) => value::read(json, value, "record.invalid"),
        Err(error) => Record::from_json(json).map_err(|_| error.into()),
    }
}

fn apply(
    chat: &mut Chat,
    asked: &Asked,
    of: &Circumstances<'_>,
) -> Result<Box<chatm_applied>, Problem> {
    if let Asked::Agent(operation) = asked {
        let user = of.user(chat)?;
        return apply_as_agent(chat, &user, operation, of);
    }
    let record = decide(chat, asked, of)?;
    let reply = match record.by {
        Author::User(_) => Reply::supervised(record.reference_id, of.context.rules),
        _ => Reply::success(),
    };
    Ok(announce(chat, record, &reply, of.context.rules))
}

fn apply_as_agent(
    chat: &mut Chat,
    user: &UserId,
    operation: &Operation,
    of: &Circumstances<'_>,
) -> Result<Box<chatm_applied>, Problem> {
    let record = decide_command(chat, &Command::user(user, operation), of)?;
    let reply = Reply::accepted(operation.kind(), record.reference_id, of.context.rules);
    Ok(announce(chat, record, &reply, of.context.rules))
}

fn decide(chat: &Chat, asked: &Asked, of: &Circumstances<'_>) -> Result<Record, Problem> {
    match asked {
        Asked::Agent(operation) => {
            decide_command(chat, &Command::user(&of.user(chat)?, operation), of)
        }
        Asked::Supervisor(operation) => {
            let (user, agent) = (of.user(chat)?, of.agent(chat)?);
            decide_command(chat, &Command::supervisor(&user, &agent, operation), of)
        }
        Asked::Customer(operation) => decide_command(chat, &Command::Customer(operation), of),
        Asked::House(trigger) => decide_command(chat, &Command::House(trigger), of),
        Asked::Monitor(operation) => Err(Problem::argument(
            "op.not_for_a_chat",
            format!(
                "expected an operation on a chat, found {}, which is for chatm_directory_supervise",
                operation.kind().name()
            ),
        )),
    }
}

fn decide_command(
    chat: &Chat,
    command: &Command<'_>,
    of: &Circumstances<'_>,
) -> Result<Record, Problem> {
    let mut ids = of.ids(chat);
    let record = chat.decide(command, &of.context, &mut ids)?;
    ids.check()?;
    Ok(record)
}

fn announce(chat: &mut Chat, record: Record, reply: &Reply, rules: &Rules) -> Box<chatm_applied> {
    let notices = chat.announce(&record, rules);
    let reply = if *reply == Reply::success() {
        Cow::Borrowed(SUCCESS)
    } else {
        Cow::Owned(reply.to_json())
    };
    Box::new(chatm_applied { reply, record, notices, revision: chat.revision() })
}
