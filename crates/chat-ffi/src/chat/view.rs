//! What can be asked of a chat: how each user sees it, what each may do, and what is due next.

use chat_model::{Chat, ChatView, OperationKind, Rules, UserId};

use super::chatm_chat;
use crate::context::known;
use crate::guard::{self, out};
use crate::problem::{Problem, chatm_error, quoted};
use crate::rules::{self, chatm_rules};
use crate::status::chatm_status;
use crate::text::{chatm_buf, chatm_str};

/// The id of the chat. It lives as long as the chat. `{NULL, 0}` for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_id(chat: *const chatm_chat) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        // SAFETY: the caller's word.
        let chat = unsafe { guard::handle(chat) }?;
        chat.look(|_| Ok(chatm_str::of(chat.id.as_str()))).ok()
    })
}

/// How many records the chat has. 0 for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_revision(chat: *const chatm_chat) -> u64 {
    // SAFETY: the caller's word.
    guard::value(0, || unsafe { guard::handle(chat) }?.look(|chat| Ok(chat.revision())).ok())
}

/// Whose state the resource showed that the chat was read from: the user that its file is about.
///
/// It lives as long as the chat. `{NULL, 0}` where nobody is known, and for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_owner(chat: *const chatm_chat) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        // SAFETY: the caller's word.
        let chat = unsafe { guard::handle(chat) }?;
        let owner = chat.look(|_| Ok(chat.owner.as_ref())).ok()??;
        Some(chatm_str::of(owner.as_str()))
    })
}

/// 1 if the chat is over for everybody, else 0; 0 for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_is_finished(chat: *const chatm_chat) -> i32 {
    guard::value(0, || {
        // SAFETY: the caller's word.
        unsafe { guard::handle(chat) }?.look(|chat| Ok(chat.is_finished().into())).ok()
    })
}

/// How many users have, or had, a part in the chat. 0 for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_user_count(chat: *const chatm_chat) -> usize {
    guard::value(0, || {
        // SAFETY: the caller's word.
        unsafe { guard::handle(chat) }?.look(|chat| Ok(chat.legs().count())).ok()
    })
}

/// The user at `index`, counted from 0, among those who have, or had, a part in the chat.
///
/// It lives until the chat is changed or freed. `{NULL, 0}` where there are not so many, and for NULL.
///
/// # Safety
/// `chat` is NULL or a chat of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_user(chat: *const chatm_chat, index: usize) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        let name =
            |chat: &Chat| Ok(chat.legs().nth(index).map(|leg| chatm_str::of(leg.user().as_str())));
        // SAFETY: the caller's word.
        unsafe { guard::handle(chat) }?.look(name).ok()?
    })
}

/// The state of the chat as `user` sees it, such as `Chatting`. It lives for ever.
///
/// Fails with NOT_FOUND where the user has no part in the chat, and with INVALID_ARGUMENT or
/// INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_state(
    chat: *const chatm_chat,
    user: chatm_str,
    state: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        unsafe {
            with_user(chat, user, |chat, user| {
                let leg = chat.leg(user).ok_or_else(|| stranger(user))?;
                Ok(chatm_str::of(leg.state().as_str()))
            })
        }
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(state, "state"), body) }
}

/// What `user` is on the chat for, such as `Agent` or `Monitor`. It lives for ever.
///
/// Fails like `chatm_chat_state`.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_role(
    chat: *const chatm_chat,
    user: chatm_str,
    role: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        unsafe {
            with_user(chat, user, |chat, user| {
                let leg = chat.leg(user).ok_or_else(|| stranger(user))?;
                Ok(chatm_str::of(leg.role().as_str()))
            })
        }
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(role, "role"), body) }
}

/// How many operations `user` may do now. A user without a part in the chat may do none.
///
/// Fails with INVALID_ARGUMENT or INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_capability_count(
    chat: *const chatm_chat,
    user: chatm_str,
    count: *mut usize,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        unsafe { with_user(chat, user, |chat, user| Ok(chat.capabilities(user).count())) }
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(count, "count"), body) }
}

/// The `operationName` at `index`, counted from 0, of what `user` may do now, in the order in which the
/// chat resource prints them. It lives for ever.
///
/// Fails with NOT_FOUND where there are not so many, and with INVALID_ARGUMENT or INVALID_UTF8.
/// `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_capability(
    chat: *const chatm_chat,
    user: chatm_str,
    index: usize,
    name: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        unsafe {
            with_user(chat, user, |chat, user| {
                let found = chat.capabilities(user).nth(index);
                let kind =
                    found.ok_or_else(|| Problem::index(index, chat.capabilities(user).count()))?;
                Ok(chatm_str::of(kind.name()))
            })
        }
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(name, "name"), body) }
}

/// 1 if `user` may do the operation called `operation` now, 0 if not or if anything is wrong with the
/// arguments: an unknown user or operation is allowed nothing.
///
/// `chatm_chat_check` knows why not.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_can(
    chat: *const chatm_chat,
    user: chatm_str,
    operation: chatm_str,
) -> i32 {
    guard::value(0, || {
        // SAFETY: the caller's word.
        let wanted = OperationKind::from_name(unsafe { operation.text("operation") }.ok()?)?;
        let can =
            |chat: &Chat, user: &UserId| Ok(chat.capabilities(user).any(|kind| kind == wanted));
        // SAFETY: the caller's word.
        Some(unsafe { with_user(chat, user, can) }.ok()?.into())
    })
}

/// The chat as `user` sees it: the resource of the interface, as JSON.
///
/// `rules` are those to print by; NULL stands for the default ones. `*json` belongs to the caller; give
/// it back with `chatm_buf_free`. Fails with NOT_FOUND where the user has no part in the chat, and with
/// INVALID_ARGUMENT or INVALID_UTF8. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_view(
    chat: *const chatm_chat,
    user: chatm_str,
    rules: *const chatm_rules,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body = || unsafe { with_view(chat, user, rules, |view| Ok(view.to_json())) };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// The transcript as `user` sees it, as a JSON array: at most `count` messages from `start_index` on,
/// inclusive and counted from 1 (0 means the same).
///
/// Everything else is as with `chatm_chat_view`.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_messages(
    chat: *const chatm_chat,
    user: chatm_str,
    start_index: u64,
    count: usize,
    rules: *const chatm_rules,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body = || unsafe {
        with_view(chat, user, rules, |view| Ok(view.messages_json(start_index, count)))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// The chat as its customer sees it: the resource of the customer's interface, as JSON.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with NOT_FOUND where no
/// customer asked for the chat through this interface, and with INVALID_ARGUMENT. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_customer_view(
    chat: *const chatm_chat,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        let print =
            |chat: &Chat| chat.customer_view().map(|view| view.to_json()).ok_or_else(nobody_asked);
        // SAFETY: the caller's word.
        unsafe { guard::expect(chat, "chat") }?.look(print)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// The transcript as the customer sees it from `start_index` on, inclusive and counted from 1 (0 means
/// the same), as a JSON array; `*last` is the highest index in it, or 0 if it is empty.
///
/// Everything else is as with `chatm_chat_customer_view`; `last` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_customer_messages(
    chat: *const chatm_chat,
    start_index: u64,
    json: *mut chatm_buf,
    last: *mut u64,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        let print = |chat: &Chat| {
            let view = chat.customer_view().ok_or_else(nobody_asked)?;
            let (messages, last) = view.messages_json(start_index);
            Ok((messages, last.unwrap_or(0)))
        };
        // SAFETY: the caller's word.
        unsafe { guard::expect(chat, "chat") }?.look(print)
    };
    let slots = (out(json, "json"), out(last, "last").optional());
    // SAFETY: the caller's word.
    unsafe { guard::run(error, slots, body) }
}

/// The user data of the chat as a JSON object.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with INVALID_ARGUMENT
/// alone. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_user_data(
    chat: *const chatm_chat,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body =
        || unsafe { guard::expect(chat, "chat") }?.look(|chat| Ok(chat.user_data().to_json()));
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// When the next invitation lapses, in milliseconds since 1970 (UTC), and whose it is: at that time
/// `CHATM_TRIGGER_EXPIRE` is to be applied.
///
/// `*user` lives until the chat is changed or freed. Fails with NOT_FOUND where nobody is invited, and
/// with INVALID_ARGUMENT. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_next_expiry(
    chat: *const chatm_chat,
    at_ms: *mut i64,
    user: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        let find = |chat: &Chat| {
            let (at, user) = chat.next_expiry().ok_or_else(|| {
                let message = "expected an invitation that lapses, found none";
                Problem::not_found("chat.no_invitation", message.to_owned())
            })?;
            Ok((at.as_millis(), chatm_str::of(user.as_str())))
        };
        // SAFETY: the caller's word.
        unsafe { guard::expect(chat, "chat") }?.look(find)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (out(at_ms, "at_ms"), out(user, "user")), body) }
}

/// The queue that the chat waits in for an agent, and since when, in milliseconds since 1970 (UTC):
/// first in, first out. An agent is offered it by `CHATM_TRIGGER_OFFER`.
///
/// `*queue` lives until the chat is changed or freed. Fails with NOT_FOUND where the chat does not wait,
/// and with INVALID_ARGUMENT. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_waiting(
    chat: *const chatm_chat,
    queue: *mut chatm_str,
    since_ms: *mut i64,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        let find = |chat: &Chat| {
            let (queue, since) = chat.waiting().ok_or_else(|| {
                let message = "expected a chat that waits in a queue, found one that does not";
                Problem::not_found("chat.not_waiting", message.to_owned())
            })?;
            Ok((chatm_str::of(queue.as_str()), since.as_millis()))
        };
        // SAFETY: the caller's word.
        unsafe { guard::expect(chat, "chat") }?.look(find)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, (out(queue, "queue"), out(since_ms, "since_ms")), body) }
}

fn stranger(user: &UserId) -> Problem {
    let message =
        format!("expected a user with a part in the chat, found {}", quoted(user.as_str()));
    Problem::not_found("user.not_on_chat", message)
}

fn nobody_asked() -> Problem {
    let message = "expected a chat that a customer asked for, found one without";
    Problem::not_found("chat.no_customer", message.to_owned())
}

/// # Safety
/// Pointers are NULL or valid.
unsafe fn with_user<T>(
    chat: *const chatm_chat,
    user: chatm_str,
    look: impl FnOnce(&Chat, &UserId) -> Result<T, Problem>,
) -> Result<T, Problem> {
    // SAFETY: the caller's word.
    let (chat, user) = unsafe { (guard::expect(chat, "chat")?, user.named("user")?) };
    chat.look(|chat| look(chat, &known(chat, user)))
}

/// # Safety
/// Pointers are NULL or valid.
unsafe fn with_view<T>(
    chat: *const chatm_chat,
    user: chatm_str,
    rules: *const chatm_rules,
    look: impl FnOnce(ChatView<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    // SAFETY: the caller's word.
    unsafe {
        let rules: &Rules = rules::read(rules)?;
        with_user(chat, user, |chat, user| {
            look(chat.view(user, rules).ok_or_else(|| stranger(user))?)
        })
    }
}
