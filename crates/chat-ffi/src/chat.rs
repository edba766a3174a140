//! The chat as a handle: made, loaded, changed, kept.
//!
//! What can be asked of a chat without changing it stands in `chat/view.rs`, what changes it in
//! `chat/change.rs`.

mod change;
mod view;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chat_model::{Chat, ChatFile, ChatId, ChatResource, JsonRef, Limits, UserId};

pub(crate) use change::read_record;
pub use change::{chatm_chat_apply, chatm_chat_apply_json, chatm_chat_check, chatm_chat_replay};
pub use view::{
    chatm_chat_can, chatm_chat_capability, chatm_chat_capability_count,
    chatm_chat_customer_messages, chatm_chat_customer_view, chatm_chat_id, chatm_chat_is_finished,
    chatm_chat_messages, chatm_chat_next_expiry, chatm_chat_owner, chatm_chat_revision,
    chatm_chat_role, chatm_chat_state, chatm_chat_user, chatm_chat_user_count,
    chatm_chat_user_data, chatm_chat_view, chatm_chat_waiting,
};

use crate::guard::{self, out, planted};
use crate::limits::{self, chatm_limits};
use crate::problem::{Problem, chatm_error, quoted};
use crate::status::chatm_status;
use crate::text::{chatm_buf, chatm_str};
use crate::value;

/// A chat: what has happened to it so far.
///
/// Functions that take it `const` may run in many threads at once; the others need it for themselves.
/// Different chats are independent. Free it with `chatm_chat_free`.
#[derive(Debug)]
pub struct chatm_chat {
    chat: Chat,
    /// The id of `chat`, kept apart because C is told that it lives as long as this: a record of an
    /// import replaces the chat as a whole.
    id: ChatId,
    /// Whose state a resource showed that it was loaded from.
    owner: Option<UserId>,
    /// Whether the library has failed while it worked on this chat, so that nobody knows what it is.
    poisoned: AtomicBool,
}

impl chatm_chat {
    fn new(chat: Chat, owner: Option<UserId>) -> Self {
        let id = chat.id().clone();
        Self { chat, id, owner, poisoned: AtomicBool::new(false) }
    }

    /// Looks at the chat; it is poisoned if that panics.
    fn look<T>(&self, look: impl FnOnce(&Chat) -> Result<T, Problem>) -> Result<T, Problem> {
        let poison = Poison::watch(&self.poisoned)?;
        planted::panic_here(planted::Place::Chat);
        let outcome = look(&self.chat);
        poison.spare();
        outcome
    }

    /// Works on the chat; it is poisoned if that panics.
    fn work<T>(
        &mut self,
        work: impl FnOnce(&mut Chat) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let poison = Poison::watch(&self.poisoned)?;
        planted::panic_here(planted::Place::Chat);
        let outcome = work(&mut self.chat);
        poison.spare();
        outcome
    }
}

/// Reads a chat from its file. Only where that fails it is asked which value does not fit.
pub(crate) fn read_file(json: &[u8], limits: &Limits) -> Result<ChatFile, Problem> {
    ChatFile::read(json, limits).map_err(|error| {
        let Ok(value) = JsonRef::validate(json, &limits::unlimited()) else {
            return error.into();
        };
        let shape = match value.get("snapshot") {
            Some(_) => value::read::<Chat>(json, value, "chat.invalid").map(drop),
            None => value::read::<ChatResource>(json, value, "chat.invalid").map(drop),
        };
        match (error.json(), shape) {
            (None, Err(problem)) => problem,
            (None, Ok(())) => Problem::from(error).at(String::new(), None),
            (Some(_), _) => error.into(),
        }
    })
}

/// Poisons a chat unless it is told that all went well.
struct Poison<'a>(&'a AtomicBool);

impl<'a> Poison<'a> {
    fn watch(poisoned: &'a AtomicBool) -> Result<Self, Problem> {
        if poisoned.load(Relaxed) {
            let message = "expected a sound chat, found one that the library failed on before";
            return Err(Problem::panic(message.to_owned()));
        }
        Ok(Self(poisoned))
    }

    fn spare(self) {
        std::mem::forget(self);
    }
}

impl Drop for Poison<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Makes a chat called `id` to which nothing has happened yet. What comes first is the customer's
/// RequestChat.
///
/// `id` becomes a part of the chat's address: letters, digits, `-`, `_` and `.`. `*chat` belongs to the
/// caller; free it with `chatm_chat_free`. Fails with INVALID_ARGUMENT or INVALID_UTF8. `error` may be
/// NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_new(
    id: chatm_str,
    chat: *mut *mut chatm_chat,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let text = unsafe { id.named("id") }?;
        let id = ChatId::new(text);
        if !id.is_segment() {
            return Err(Problem::argument(
                "argument.chat_id",
                format!(
                    "expected `id` to be letters, digits, `-`, `_` or `.`, found {}",
                    quoted(text)
                ),
            ));
        }
        Ok(Some(Box::new(chatm_chat::new(Chat::new(id), None))))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(chat, "chat"), body) }
}

/// Reads a chat: what `chatm_chat_to_json` wrote, or a chat resource as a notification or an answer of
/// the interface shows it, with `owner` (whose state it is) and `queue` beside its members if known.
///
/// `limits` are those of a chat resource, and may be NULL: what `chatm_chat_to_json` wrote grew from
/// operations within them, and is read up to 2 GiB and 128 levels. `*chat` belongs to the caller; free it
/// with `chatm_chat_free`. Fails with INVALID_ARGUMENT, INVALID_JSON, or INVALID_VALUE for JSON that is no
/// chat. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_from_json(
    json: chatm_str,
    limits: *const chatm_limits,
    chat: *mut *mut chatm_chat,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (json, limits) = unsafe { (json.bytes("json")?, limits::read(limits)?) };
        let file = read_file(json, &limits)?;
        Ok(Some(Box::new(chatm_chat::new(file.chat, file.owner))))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(chat, "chat"), body) }
}

/// Everything that there is to the chat, as JSON that `chatm_chat_from_json` of the same version makes
/// the same chat of. To keep a chat for longer than a version, keep its records.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with INVALID_ARGUMENT
/// alone. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_to_json(
    chat: *const chatm_chat,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body = || unsafe { guard::expect(chat, "chat") }?.look(|chat| Ok(chat.to_snapshot_json()));
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// A chat of its own that is the same as `chat` now.
///
/// `*copy` belongs to the caller; free it with `chatm_chat_free`. Fails with INVALID_ARGUMENT alone.
/// `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_clone(
    chat: *const chatm_chat,
    copy: *mut *mut chatm_chat,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let original = unsafe { guard::expect(chat, "chat") }?;
        let chat = original.look(|chat| Ok(chat.clone()))?;
        Ok(Some(Box::new(chatm_chat::new(chat, original.owner.clone()))))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(copy, "copy"), body) }
}

/// Frees a chat; NULL is allowed. Any thread may free it, once.
///
/// # Safety
/// `chat` is NULL or a chat of this library that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_chat_free(chat: *mut chatm_chat) {
    // SAFETY: the caller's word.
    unsafe { guard::free(chat) }
}
