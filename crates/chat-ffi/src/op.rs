//! Operations: what somebody asks of a chat, read and checked once, then applied as often as wanted.

use chat_model::{
    CustomerOperation, JsonRef, JsonText, Limits, MonitoringOperation, Operation, Rejection,
    SupervisorOperation, Trigger, UserId,
};

use crate::guard::{self, out};
use crate::limits::{self, chatm_limits};
use crate::problem::{Problem, chatm_error, quoted};
use crate::status::chatm_status;
use crate::text::{chatm_buf, chatm_str};

/// An operation. It never changes, so any number of threads may use it. Free it with `chatm_op_free`.
#[derive(Debug)]
pub struct chatm_op {
    pub(crate) asked: Asked,
    /// The body as compact JSON; what the house does by itself has none.
    body: Option<JsonText>,
}

/// Who asks what.
#[derive(Debug)]
pub(crate) enum Asked {
    Agent(Operation),
    Customer(CustomerOperation),
    Supervisor(SupervisorOperation),
    Monitor(MonitoringOperation),
    House(Trigger),
}

/// Whose operation a body is.
pub type chatm_by = i32;

/// An agent's operation on a chat: `POST /api/v2/me/chats/{id}`.
pub const CHATM_BY_AGENT: chatm_by = 1;
/// The customer's: `POST /api/v2/chats` and `/api/v2/chats/{id}`.
pub const CHATM_BY_CUSTOMER: chatm_by = 2;
/// A supervisor's on a chat of an agent: `POST /api/v2/users/{id}/chats/{chatId}`.
pub const CHATM_BY_SUPERVISOR: chatm_by = 3;
/// A supervisor's on the chat channel of an agent: `POST /api/v2/users/{id}/channels/chat`. It is for
/// `chatm_directory_supervise`, not for a chat.
pub const CHATM_BY_MONITOR: chatm_by = 4;

/// What makes the house act by itself.
pub type chatm_trigger = i32;

/// Distribution offers the waiting chat to an agent.
pub const CHATM_TRIGGER_OFFER: chatm_trigger = 1;
/// The time of an agent's invitation is up.
pub const CHATM_TRIGGER_EXPIRE: chatm_trigger = 2;
/// The customer has been silent for too long; it is about nobody.
pub const CHATM_TRIGGER_CUSTOMER_GONE: chatm_trigger = 3;
/// An agent has logged out.
pub const CHATM_TRIGGER_LOGGED_OUT: chatm_trigger = 4;

impl chatm_op {
    pub(crate) fn name(&self) -> &'static str {
        match &self.asked {
            Asked::Agent(operation) => operation.kind().name(),
            Asked::Customer(operation) => operation.kind().name(),
            Asked::Supervisor(operation) => operation.kind().name(),
            Asked::Monitor(operation) => operation.kind().name(),
            Asked::House(trigger) => trigger_name(trigger),
        }
    }
}

/// Of a later version of the model there may be more triggers, and none of them comes from here.
fn trigger_name(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Offer { .. } => "Offer",
        Trigger::Expire { .. } => "Expire",
        Trigger::CustomerGone => "CustomerGone",
        Trigger::LoggedOut { .. } => "LoggedOut",
        _ => "",
    }
}

/// Reads an operation of somebody of the given kind.
pub(crate) fn parse(by: chatm_by, json: &[u8], limits: &Limits) -> Result<Asked, Problem> {
    let asked = match by {
        CHATM_BY_AGENT => Asked::Agent(Operation::parse(json, limits)?),
        CHATM_BY_CUSTOMER => Asked::Customer(CustomerOperation::parse(json, limits)?),
        CHATM_BY_SUPERVISOR => Asked::Supervisor(SupervisorOperation::parse(json, limits)?),
        CHATM_BY_MONITOR => Asked::Monitor(MonitoringOperation::parse(json, limits)?),
        other => {
            return Err(Problem::argument(
                "argument.number",
                format!("expected `by` to be one of CHATM_BY_..., found {other}"),
            ));
        }
    };
    Ok(asked)
}

/// Reads an operation from the body of its request and checks its parameters.
///
/// `by` is one of `CHATM_BY_...`; `limits` may be NULL. `*op` belongs to the caller; free it with
/// `chatm_op_free`. `json` is not needed afterwards.
///
/// Fails with REFUSED for a body that the interface refuses, and the error then has the reply; with
/// INVALID_ARGUMENT for an unknown `by`. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_parse(
    by: chatm_by,
    json: chatm_str,
    limits: *const chatm_limits,
    op: *mut *mut chatm_op,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (json, limits) = unsafe { (json.bytes("json")?, limits::read(limits)?) };
        let asked = parse(by, json, &limits)?;
        let body = JsonRef::validate(json, &limits).map_err(Rejection::from)?.to_text();
        Ok(Some(Box::new(chatm_op { asked, body: Some(body) })))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(op, "op"), body) }
}

/// Makes an operation of the house: `trigger` is one of `CHATM_TRIGGER_...`, `user` the agent it is
/// about (nothing for `CHATM_TRIGGER_CUSTOMER_GONE`).
///
/// `*op` belongs to the caller; free it with `chatm_op_free`. Fails with INVALID_ARGUMENT or
/// INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_house(
    trigger: chatm_trigger,
    user: chatm_str,
    op: *mut *mut chatm_op,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let user = || Ok::<_, Problem>(UserId::new(unsafe { user.named("user") }?));
        let trigger = match trigger {
            CHATM_TRIGGER_OFFER => Trigger::Offer { user: user()? },
            CHATM_TRIGGER_EXPIRE => Trigger::Expire { user: user()? },
            CHATM_TRIGGER_CUSTOMER_GONE => Trigger::CustomerGone,
            CHATM_TRIGGER_LOGGED_OUT => Trigger::LoggedOut { user: user()? },
            other => {
                return Err(Problem::argument(
                    "argument.number",
                    format!("expected `trigger` to be one of CHATM_TRIGGER_..., found {other}"),
                ));
            }
        };
        Ok(Some(Box::new(chatm_op { asked: Asked::House(trigger), body: None })))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(op, "op"), body) }
}

/// Frees an operation; NULL is allowed. Any thread may free it, once.
///
/// # Safety
/// `op` is NULL or an operation of this library that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_free(op: *mut chatm_op) {
    // SAFETY: the caller's word.
    unsafe { guard::free(op) }
}

/// What the operation is called: its `operationName`, or `Offer`, `Expire`, `CustomerGone`,
/// `LoggedOut`.
///
/// It lives for ever. `{NULL, 0}` for NULL.
///
/// # Safety
/// `op` is NULL or an operation of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_name(op: *const chatm_op) -> chatm_str {
    // SAFETY: the caller's word.
    guard::value(chatm_str::NONE, || Some(chatm_str::of(unsafe { guard::handle(op) }?.name())))
}

/// The body of the operation as compact JSON: as it was read, without insignificant white space.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with NOT_FOUND for an
/// operation of the house, which has no body, and with INVALID_ARGUMENT. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_to_json(
    op: *const chatm_op,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body = || Ok(body_of(unsafe { guard::expect(op, "op") }?)?.as_str().to_owned());
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// A parameter of the operation, as the JSON that it was written as, such as `"en"` or `{"a":1}`.
///
/// `*json` lives as long as the operation. Fails with NOT_FOUND where the body has no such member,
/// and with INVALID_ARGUMENT or INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_op_parameter(
    op: *const chatm_op,
    name: chatm_str,
    json: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (op, name) = unsafe { (guard::expect(op, "op")?, name.text("name")?) };
        let value = body_of(op)?.as_ref().get(name).ok_or_else(|| {
            let (op, name) = (op.name(), quoted(name));
            let message = format!("expected a parameter of {op}, found no {name}");
            Problem::not_found("parameter.unknown", message)
        })?;
        Ok(chatm_str::of(value.as_str()))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

fn body_of(op: &chatm_op) -> Result<&JsonText, Problem> {
    op.body.as_ref().ok_or_else(|| {
        let message = format!("expected an operation with a body, found {}", op.name());
        Problem::not_found("op.without_body", message)
    })
}
