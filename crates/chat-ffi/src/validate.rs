//! Whether a text is what the interface takes it for, and if not, where and why.

use chat_model::{
    CustomerOperation, JsonRef, MonitoringOperation, Notification, Operation, SupervisorOperation,
};

use crate::chat::{read_file, read_record};
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
/// OK says that it is. `limits` are those of the operations, and may be NULL: an event may be 4 levels
/// deeper and a notification 1, and both 16 deep in any case, because operations within the limits lead
/// to such; and where they say nothing (NULL, or a member that is 0), both are limited to 64 MiB and 128
/// levels alone. Fails with REFUSED for an operation that the interface
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
        unsafe { validate(kind.text("kind")?, json.bytes("json")?, limits) }
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (), body) }
}

/// How much deeper user data lie in a notification than in an operation, and in a record, which may
/// hold a whole chat that was imported.
const LEVELS_OF_NOTIFICATION: usize = 1;
const LEVELS_OF_EVENT: usize = 4;

const KINDS: [&str; 8] = [
    "operation",
    "customer-operation",
    "supervisor-operation",
    "monitoring-operation",
    "chat",
    "notification",
    "event",
    "user-data",
];

/// # Safety
/// `given` is NULL or valid.
unsafe fn validate(kind: &str, json: &[u8], given: *const chatm_limits) -> Result<(), Problem> {
    // SAFETY: the caller's word.
    let (limits, of_notification, of_event) = unsafe {
        (
            &limits::read(given)?,
            &limits::read_of_outcome(given, LEVELS_OF_NOTIFICATION)?,
            &limits::read_of_outcome(given, LEVELS_OF_EVENT)?,
        )
    };
    match kind {
        "operation" => Operation::parse(json, limits).map(|_| ())?,
        "customer-operation" => CustomerOperation::parse(json, limits).map(|_| ())?,
        "supervisor-operation" => SupervisorOperation::parse(json, limits).map(|_| ())?,
        "monitoring-operation" => MonitoringOperation::parse(json, limits).map(|_| ())?,
        "chat" => read_file(json, limits).map(|_| ())?,
        "notification" => {
            read_object::<Notification>(json, of_notification, "notification.invalid")
                .map(|_| ())?;
        }
        "event" => {
            JsonRef::validate(json, of_event)?;
            read_record(json).map(|_| ())?;
        }
        "user-data" => read_data(json, limits).map(|_| ())?,
        other => {
            return Err(Problem::not_found(
                "kind.unknown",
                format!("expected one of {}, found {}", KINDS.join(", "), quoted(other)),
            ));
        }
    }
    Ok(())
}
