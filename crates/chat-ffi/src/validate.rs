//! Whether a text is what the interface takes it for, and if not, where and why.

use chat_model::{
    ChatFile, CustomerOperation, Limits, MonitoringOperation, Notification, Operation,
    SupervisorOperation,
};

use crate::chat::read_record;
use crate::guard;
use crate::limits::{self, chatm_limits};
use crate::problem::{Problem, chatm_error, quoted};
use crate::rules::read_object;
use crate::status::chatm_status;
use crate::text::chatm_str;
use crate::user_data::read_data;

/// Whether `json` is a `kind`: `operation`, `customer-operation`, `supervisor-operation`,
/// `monitoring-operation`, `chat`, `notification`, `event` (a record of a journal) or `user-data`.
///
/// OK says that it is. `limits` may be NULL. Fails with REFUSED for an operation that the interface
/// refuses, INVALID_JSON, INVALID_VALUE, NOT_FOUND for an unknown kind, and INVALID_ARGUMENT or
/// INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_validate(
    kind: chatm_str,
    json: chatm_str,
    limits: *const chatm_limits,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (kind, json, limits) =
            unsafe { (kind.text("kind")?, json.bytes("json")?, limits::read(limits)?) };
        validate(kind, json, &limits)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

fn validate(kind: &str, json: &[u8], limits: &Limits) -> Result<(), Problem> {
    match kind {
        "operation" => Operation::parse(json, limits).map(|_| ())?,
        "customer-operation" => CustomerOperation::parse(json, limits).map(|_| ())?,
        "supervisor-operation" => SupervisorOperation::parse(json, limits).map(|_| ())?,
        "monitoring-operation" => MonitoringOperation::parse(json, limits).map(|_| ())?,
        "chat" => ChatFile::read(json, limits).map(|_| ())?,
        "notification" => {
            read_object::<Notification>(json, limits, "notification.invalid").map(|_| ())?;
        }
        "event" => read_record(json).map(|_| ())?,
        "user-data" => read_data(json, limits).map(|_| ())?,
        other => {
            return Err(Problem::not_found(
                "kind.unknown",
                format!(
                    "expected a kind of JSON such as \"operation\" or \"chat\", found {}",
                    quoted(other)
                ),
            ));
        }
    }
    Ok(())
}
