//! What a program can ask without changing anything, and what must be true of the answers.

use std::ptr;

use chatmodel::{
    chatm_applied, chatm_applied_notification, chatm_applied_notification_count,
    chatm_applied_notifications, chatm_applied_reply, chatm_buf, chatm_chat, chatm_chat_can,
    chatm_chat_capability, chatm_chat_capability_count, chatm_chat_customer_messages,
    chatm_chat_customer_view, chatm_chat_id, chatm_chat_is_finished, chatm_chat_messages,
    chatm_chat_next_expiry, chatm_chat_owner, chatm_chat_role, chatm_chat_state, chatm_chat_user,
    chatm_chat_user_count, chatm_chat_user_data, chatm_chat_view, chatm_chat_waiting, chatm_error,
    chatm_limits, chatm_notification, chatm_op, chatm_op_name, chatm_op_parameter,
    chatm_op_to_json, chatm_operation_count, chatm_operation_name, chatm_rules, chatm_schema,
    chatm_schema_count, chatm_schema_name, chatm_status, chatm_status_name, chatm_str,
    chatm_user_data_merge, chatm_user_data_remove, chatm_validate,
};

use super::promises::{buffer, holds, read, str_of};
use crate::json::User;

/// Calls a function that lends a text.
fn lent(
    call: impl FnOnce(*mut chatm_str, *mut *mut chatm_error) -> chatm_status,
) -> Option<String> {
    let mut out = chatm_str { ptr: ptr::dangling(), len: usize::MAX };
    let mut error = ptr::dangling_mut();
    let status = call(&raw mut out, &raw mut error);
    let worked = holds(status, error);
    let text = read(out);
    assert!(worked || text.is_none(), "a result is empty after a failure");
    text
}

fn number<T: Copy + Default + PartialEq + std::fmt::Debug>(
    call: impl FnOnce(*mut T, *mut *mut chatm_error) -> chatm_status,
) -> Option<T> {
    let mut out = T::default();
    let mut error = ptr::dangling_mut();
    let status = call(&raw mut out, &raw mut error);
    holds(status, error).then_some(out)
}

pub(super) unsafe fn inspect(op: *const chatm_op, name: &[u8]) {
    // SAFETY: an operation of the program, or NULL.
    unsafe {
        let called = read(chatm_op_name(op));
        assert_eq!(called.is_none(), op.is_null());
        let json = buffer(|out, error| chatm_op_to_json(op, out, error));
        let parameter = lent(|out, error| chatm_op_parameter(op, str_of(name), out, error));
        if let (Some(json), Some(parameter)) = (json, parameter) {
            assert!(json.contains(&parameter), "a parameter is a part of its operation");
        }
    }
}

/// Everything that an operation tells.
pub(super) unsafe fn told(applied: *const chatm_applied) -> Option<String> {
    // SAFETY: of the program, or NULL.
    buffer(|out, error| unsafe { chatm_applied_notifications(applied, out, error) })
}

pub(super) unsafe fn applied(applied: *const chatm_applied, index: usize) {
    // SAFETY: of the program, or NULL.
    unsafe {
        let count = chatm_applied_notification_count(applied);
        let mut told: chatm_notification = std::mem::zeroed();
        let mut error = ptr::dangling_mut();
        let status = chatm_applied_notification(applied, index, &raw mut told, &raw mut error);
        let worked = holds(status, error);
        assert_eq!(worked, index < count);
        assert_eq!(worked, read(told.data).is_some());
        assert_eq!(read(chatm_applied_reply(applied)).is_some(), !applied.is_null());
        self::told(applied);
    }
}

pub(super) unsafe fn view(
    chat: *const chatm_chat,
    user: User,
    rules: *const chatm_rules,
    start: u16,
    count: u16,
) {
    // SAFETY: of the program, or NULL.
    unsafe {
        let user = str_of(user.id());
        let state = lent(|out, error| chatm_chat_state(chat, user, out, error));
        let role = lent(|out, error| chatm_chat_role(chat, user, out, error));
        let view = buffer(|out, error| chatm_chat_view(chat, user, rules, out, error));
        assert_eq!(state.is_some(), role.is_some());
        assert_eq!(state.is_some(), view.is_some());
        if let (Some(state), Some(view)) = (state, view) {
            assert!(view.contains(&format!("\"state\":\"{state}\"")));
            let limits = super::limits(crate::call::Bounds::Absurd);
            let (kind, text) = (str_of("chat"), str_of(&view));
            // What a resource says of itself is enough to read it again, unless nobody is in it.
            let mut error = ptr::null_mut();
            let status = chatm_validate(kind, text, &raw const limits, &raw mut error);
            holds(status, error);
        }
        let (start, count) = (start.into(), count.into());
        buffer(|out, error| chatm_chat_messages(chat, user, start, count, rules, out, error));
        buffer(|out, error| chatm_chat_customer_view(chat, out, error));
        let mut last = u64::MAX;
        let messages = buffer(|out, error| {
            chatm_chat_customer_messages(chat, start, out, &raw mut last, error)
        });
        assert_eq!(messages.is_none_or(|messages| messages == "[]"), last == 0);
    }
}

pub(super) unsafe fn chat(chat: *const chatm_chat, user: User, index: usize, name: &[u8]) {
    // SAFETY: of the program, or NULL.
    unsafe {
        let who = str_of(user.id());
        let count: Option<usize> =
            number(|out, error| chatm_chat_capability_count(chat, who, out, error));
        let capability = lent(|out, error| chatm_chat_capability(chat, who, index, out, error));
        assert_eq!(capability.is_some(), count.is_some_and(|count| index < count));
        if let Some(capability) = capability {
            assert_eq!(chatm_chat_can(chat, who, str_of(&capability)), 1);
        }
        chatm_chat_can(chat, who, str_of(name));
        assert_eq!(read(chatm_chat_id(chat)).is_some(), !chat.is_null());
        read(chatm_chat_owner(chat));
        let users = chatm_chat_user_count(chat);
        assert_eq!(read(chatm_chat_user(chat, index)).is_some(), index < users);
        assert!(matches!(chatm_chat_is_finished(chat), 0 | 1));
        let data = buffer(|out, error| chatm_chat_user_data(chat, out, error));
        assert_eq!(data.is_some(), !chat.is_null());
        let (mut at, mut of, mut error) = (0, str_of(""), ptr::dangling_mut());
        let status = chatm_chat_next_expiry(chat, &raw mut at, &raw mut of, &raw mut error);
        assert_eq!(holds(status, error), read(of).is_some());
        let (mut queue, mut since, mut error) = (str_of(""), 0, ptr::dangling_mut());
        let status = chatm_chat_waiting(chat, &raw mut queue, &raw mut since, &raw mut error);
        assert_eq!(holds(status, error), read(queue).is_some());
    }
}

pub(super) unsafe fn merge(data: &[u8], patch: &[u8], limits: &chatm_limits) {
    let once = |data: &[u8]| {
        let (data, patch) = (str_of(data), str_of(patch));
        // SAFETY: borrowed bytes and places on the stack.
        buffer(|out, error| unsafe { chatm_user_data_merge(data, patch, limits, out, error) })
    };
    if let Some(merged) = once(data) {
        if let Some(again) = once(merged.as_bytes()) {
            assert_eq!(again, merged, "to merge twice is to merge once");
        }
    }
}

pub(super) unsafe fn remove(data: &[u8], keys: &[u8]) {
    let once = |data: &[u8]| {
        let (data, keys) = (str_of(data), str_of(keys));
        // SAFETY: borrowed bytes and places on the stack.
        buffer(|out, error| unsafe { chatm_user_data_remove(data, keys, ptr::null(), out, error) })
    };
    if let Some(rest) = once(data) {
        assert_eq!(once(rest.as_bytes()), Some(rest), "to remove twice is to remove once");
    }
}

pub(super) unsafe fn validate(kind: &[u8], json: &[u8], limits: &chatm_limits) {
    let mut error = ptr::dangling_mut();
    // SAFETY: borrowed bytes and a place on the stack.
    let status = unsafe { chatm_validate(str_of(kind), str_of(json), limits, &raw mut error) };
    holds(status, error);
}

pub(super) unsafe fn schema(name: &[u8], index: usize) {
    // SAFETY: borrowed bytes and places on the stack.
    unsafe {
        lent(|out, error| chatm_schema(str_of(name), out, error));
        let named = read(chatm_schema_name(index));
        assert_eq!(named.is_some(), index < chatm_schema_count());
        if let Some(name) = &named {
            assert!(lent(|out, error| chatm_schema(str_of(name), out, error)).is_some());
        }
        assert_eq!(read(chatm_operation_name(index)).is_some(), index < chatm_operation_count());
        assert!(!chatm_status_name(i32::try_from(index).unwrap_or(-1)).is_null());
    }
}

/// NULL where something is needed.
pub(super) unsafe fn nulls(which: u8) {
    let null = chatm_str { ptr: ptr::null(), len: which.into() };
    let nothing = ptr::null_mut::<chatm_buf>();
    let mut error = ptr::dangling_mut();
    // SAFETY: NULL everywhere.
    let status = unsafe {
        match which % 4 {
            0 => chatm_user_data_merge(null, null, ptr::null(), nothing, &raw mut error),
            1 => chatm_validate(null, null, ptr::null(), &raw mut error),
            2 => chatm_op_to_json(ptr::null(), nothing, &raw mut error),
            _ => chatm_chat_view(ptr::null(), null, ptr::null(), nothing, &raw mut error),
        }
    };
    assert!(!holds(status, error), "NULL is refused");
}
