//! The chat model for C, C++ and everything that can load a C library: `libchatmodel`.
//!
//! Every function is a thin skin over `chat-model`: it reads its arguments, calls the model inside the
//! one boundary that catches panics (`guard.rs`), and hands the result out. The header
//! `include/chatmodel.h` is generated from the comments and signatures here, and is what C programmers
//! read; so the comments on public items are written for them.
//!
//! What always holds:
//!
//! - No global state and no error of a thread: a failed call gives its error to its caller.
//! - After a failure every result is NULL, zero or empty, and what was to be changed is unchanged.
//! - No panic crosses the boundary. A chat that the model panicked on is poisoned.
//! - Arguments that can be checked are checked: NULL, alignment, lengths, UTF-8, struct sizes, numbers.

#[cfg(not(panic = "unwind"))]
compile_error!("libchatmodel answers for its own faults: build it with `panic = \"unwind\"`");

mod applied;
mod catalogue;
mod chat;
mod context;
mod directory;
mod growable;
mod guard;
mod limits;
mod op;
mod problem;
mod rules;
mod status;
mod text;
mod user_data;
mod validate;
mod value;

pub use applied::{
    chatm_applied, chatm_applied_free, chatm_applied_notification,
    chatm_applied_notification_count, chatm_applied_notifications, chatm_applied_record,
    chatm_applied_reply, chatm_applied_revision, chatm_notification,
};
pub use catalogue::{
    chatm_abi, chatm_operation_count, chatm_operation_name, chatm_schema, chatm_schema_count,
    chatm_schema_name, chatm_version,
};
pub use chat::{
    chatm_chat, chatm_chat_apply, chatm_chat_apply_json, chatm_chat_can, chatm_chat_capability,
    chatm_chat_capability_count, chatm_chat_check, chatm_chat_clone, chatm_chat_customer_messages,
    chatm_chat_customer_view, chatm_chat_free, chatm_chat_from_json, chatm_chat_id,
    chatm_chat_is_finished, chatm_chat_messages, chatm_chat_new, chatm_chat_next_expiry,
    chatm_chat_owner, chatm_chat_replay, chatm_chat_revision, chatm_chat_role, chatm_chat_state,
    chatm_chat_to_json, chatm_chat_user, chatm_chat_user_count, chatm_chat_user_data,
    chatm_chat_view, chatm_chat_waiting,
};
pub use context::{chatm_context, chatm_random};
pub use directory::{
    chatm_directory, chatm_directory_free, chatm_directory_from_json, chatm_directory_note,
    chatm_directory_supervise, chatm_directory_update,
};
pub use limits::chatm_limits;
pub use op::{
    CHATM_BY_AGENT, CHATM_BY_CUSTOMER, CHATM_BY_MONITOR, CHATM_BY_SUPERVISOR,
    CHATM_TRIGGER_CUSTOMER_GONE, CHATM_TRIGGER_EXPIRE, CHATM_TRIGGER_LOGGED_OUT,
    CHATM_TRIGGER_OFFER, chatm_by, chatm_op, chatm_op_free, chatm_op_house, chatm_op_name,
    chatm_op_parameter, chatm_op_parse, chatm_op_to_json, chatm_trigger,
};
pub use problem::{
    chatm_error, chatm_error_code, chatm_error_free, chatm_error_message, chatm_error_offset,
    chatm_error_pointer, chatm_error_reply, chatm_error_status, chatm_error_status_code,
};
pub use rules::{chatm_rules, chatm_rules_free, chatm_rules_from_json};
pub use status::{
    CHATM_STATUS_CALLBACK_FAILED, CHATM_STATUS_INVALID_ARGUMENT, CHATM_STATUS_INVALID_JSON,
    CHATM_STATUS_INVALID_UTF8, CHATM_STATUS_INVALID_VALUE, CHATM_STATUS_NOT_FOUND, CHATM_STATUS_OK,
    CHATM_STATUS_PANIC, CHATM_STATUS_REFUSED, chatm_status, chatm_status_name,
};
pub use text::{chatm_buf, chatm_buf_free, chatm_str};
pub use user_data::{chatm_user_data_merge, chatm_user_data_remove};
pub use validate::chatm_validate;

/// What the header promises of threads.
const _: () = {
    const fn threads_may_share<T: Send + Sync>() {}
    threads_may_share::<chatm_applied>();
    threads_may_share::<chatm_chat>();
    threads_may_share::<chatm_directory>();
    threads_may_share::<chatm_error>();
    threads_may_share::<chatm_op>();
    threads_may_share::<chatm_rules>();
};

#[cfg(test)]
mod tests;
