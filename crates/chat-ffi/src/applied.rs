//! What an accepted operation gave: the reply, the record for a journal, and who must hear what.

use std::borrow::Cow;

use chat_model::{Notice, Notices, Record, write_string};

use crate::guard::{self, out};
use crate::problem::{Problem, chatm_error};
use crate::status::chatm_status;
use crate::text::{chatm_buf, chatm_str};

/// What an accepted operation gave. It never changes and needs the chat no more, so any number of
/// threads may read it. Free it with `chatm_applied_free`.
#[derive(Debug)]
pub struct chatm_applied {
    pub(crate) reply: Cow<'static, str>,
    pub(crate) record: Record,
    pub(crate) notices: Notices,
    pub(crate) revision: u64,
}

impl chatm_applied {
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Each notification with each of its addressees.
    fn told(&self) -> impl Iterator<Item = (&str, &Notice)> {
        let each = |notice| {
            let notice: &Notice = notice;
            notice.to.iter().map(move |to| (to.as_str(), notice))
        };
        self.notices.iter().flat_map(each)
    }

    fn count(&self) -> usize {
        self.notices.iter().map(|notice| notice.to.len()).sum()
    }
}

/// Frees what an operation gave; NULL is allowed. Any thread may free it, once.
///
/// # Safety
/// `applied` is NULL or came from this library and is used by nobody any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_free(applied: *mut chatm_applied) {
    // SAFETY: the caller's word.
    unsafe { guard::free(applied) }
}

/// The body of the reply to an agent or a supervisor, such as `{"statusCode":0}`.
///
/// It lives as long as `applied`. `{NULL, 0}` for NULL.
///
/// # Safety
/// `applied` is NULL or came from this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_reply(applied: *const chatm_applied) -> chatm_str {
    // SAFETY: the caller's word.
    guard::value(chatm_str::NONE, || Some(chatm_str::of(&unsafe { guard::handle(applied) }?.reply)))
}

/// The revision of the chat after it: how many records it has. 0 for NULL.
///
/// # Safety
/// `applied` is NULL or came from this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_revision(applied: *const chatm_applied) -> u64 {
    // SAFETY: the caller's word.
    guard::value(0, || Some(unsafe { guard::handle(applied) }?.revision))
}

/// The record as compact JSON: what a journal keeps, and what `chatm_chat_replay` reads.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with INVALID_ARGUMENT
/// alone. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_record(
    applied: *const chatm_applied,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    // SAFETY: the caller's word.
    let body = || Ok(unsafe { guard::expect(applied, "applied") }?.record.to_json());
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}

/// One notification on its way to one user; all of it lives as long as the `chatm_applied` that it is
/// of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct chatm_notification {
    /// The user who is told.
    pub to: chatm_str,
    /// The channel, such as `/v2/me/chats`.
    pub channel: chatm_str,
    /// What the user is told, as JSON. Users who are told the same share the text.
    pub data: chatm_str,
}

impl chatm_notification {
    pub(crate) const NONE: Self =
        Self { to: chatm_str::NONE, channel: chatm_str::NONE, data: chatm_str::NONE };
}

/// How many notifications there are, one for each user that one is for. 0 for NULL.
///
/// # Safety
/// `applied` is NULL or came from this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_notification_count(applied: *const chatm_applied) -> usize {
    // SAFETY: the caller's word.
    guard::value(0, || Some(unsafe { guard::handle(applied) }?.count()))
}

/// The notification at `index`, counted from 0, in the order in which they are to be sent.
///
/// Fails with NOT_FOUND where there are not so many, and with INVALID_ARGUMENT. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_notification(
    applied: *const chatm_applied,
    index: usize,
    notification: *mut chatm_notification,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let applied = unsafe { guard::expect(applied, "applied") }?;
        let (to, notice) =
            applied.told().nth(index).ok_or_else(|| Problem::index(index, applied.count()))?;
        Ok(chatm_notification {
            to: chatm_str::of(to),
            channel: chatm_str::of(Notice::CHANNEL),
            data: chatm_str::of(&notice.data),
        })
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(notification, "notification"), body) }
}

/// All notifications as one JSON array of `{"to":USER,"channel":CHANNEL,"data":{...}}`, in the order in
/// which they are to be sent.
///
/// `*json` belongs to the caller; give it back with `chatm_buf_free`. Fails with INVALID_ARGUMENT
/// alone. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_applied_notifications(
    applied: *const chatm_applied,
    json: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let applied = unsafe { guard::expect(applied, "applied") }?;
        let mut text = String::from("[");
        for (to, notice) in applied.told() {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str("{\"to\":");
            write_string(&mut text, to);
            text.push_str(",\"channel\":\"");
            text.push_str(Notice::CHANNEL);
            text.push_str("\",\"data\":");
            text.push_str(&notice.data);
            text.push('}');
        }
        text.push(']');
        Ok(text)
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}
