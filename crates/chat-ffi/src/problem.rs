//! What went wrong in a call, as the handle that programs read it from.
//!
//! An error belongs to the call that made it: there is no last error of a thread, so two threads,
//! or two calls in one expression, cannot take each other's.

use std::borrow::Cow;

use chat_model::{ImportError, JsonError, Rejection, Reply};

use crate::guard;
use crate::status::{
    CHATM_STATUS_CALLBACK_FAILED, CHATM_STATUS_INVALID_ARGUMENT, CHATM_STATUS_INVALID_JSON,
    CHATM_STATUS_INVALID_UTF8, CHATM_STATUS_INVALID_VALUE, CHATM_STATUS_NOT_FOUND,
    CHATM_STATUS_PANIC, CHATM_STATUS_REFUSED, chatm_status,
};
use crate::text::chatm_str;

/// Why a call failed. Free it with `chatm_error_free`.
///
/// It never changes, so any number of threads may read it.
#[derive(Debug)]
pub struct chatm_error {
    details: Details,
}

/// The error before it has become a handle: one pointer, so that what can fail costs no more to hand
/// around when it does not.
#[derive(Debug)]
pub(crate) struct Problem(Box<Details>);

#[derive(Debug)]
struct Details {
    status: chatm_status,
    /// The `statusCode` that the interface has for it.
    status_code: u8,
    code: &'static str,
    message: Cow<'static, str>,
    pointer: Option<String>,
    offset: Option<usize>,
    /// The body of the reply, if it is the model that refused.
    reply: Option<String>,
}

impl Problem {
    #[cold]
    fn new(
        status: chatm_status,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        let (pointer, offset, reply) = (None, None, None);
        Self(Box::new(Details { status, status_code: 0, code, message, pointer, offset, reply }))
    }

    /// What the call returns.
    pub(crate) fn status(&self) -> chatm_status {
        self.0.status
    }

    #[cold]
    pub(crate) fn argument(code: &'static str, message: String) -> Self {
        Self::new(CHATM_STATUS_INVALID_ARGUMENT, code, message)
    }

    #[cold]
    pub(crate) fn null(name: &'static str) -> Self {
        Self::argument("argument.null", format!("expected `{name}`, found NULL"))
    }

    #[cold]
    pub(crate) fn not_utf8(name: &'static str, offset: usize) -> Self {
        let message =
            format!("expected UTF-8 at byte {offset} of `{name}`, found another encoding");
        let mut problem = Self::new(CHATM_STATUS_INVALID_UTF8, "argument.utf8", message);
        problem.0.offset = Some(offset);
        problem
    }

    /// JSON that is not what was expected.
    #[cold]
    pub(crate) fn value(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CHATM_STATUS_INVALID_VALUE, code, message)
    }

    /// The same, found at a place of the text.
    #[cold]
    pub(crate) fn at(mut self, pointer: String, offset: Option<usize>) -> Self {
        self.0.pointer = Some(pointer);
        self.0.offset = offset;
        self
    }

    #[cold]
    pub(crate) fn not_found(code: &'static str, message: String) -> Self {
        Self::new(CHATM_STATUS_NOT_FOUND, code, message)
    }

    #[cold]
    pub(crate) fn index(index: usize, count: usize) -> Self {
        let message = format!("expected an index below {count}, found {index}");
        Self::not_found("index.out_of_range", message)
    }

    #[cold]
    pub(crate) fn callback(message: String) -> Self {
        Self::new(CHATM_STATUS_CALLBACK_FAILED, "callback.failed", message)
    }

    #[cold]
    pub(crate) fn panic(message: String) -> Self {
        Self::new(CHATM_STATUS_PANIC, "library.panic", message)
    }
}

/// What came, in quotes, and no more of it than a line has room for.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

impl From<Rejection> for Problem {
    #[cold]
    fn from(rejection: Rejection) -> Self {
        Self(Box::new(Details {
            status: CHATM_STATUS_REFUSED,
            status_code: rejection.status().code(),
            code: rejection.code(),
            message: rejection.to_string().into(),
            pointer: rejection.pointer(),
            offset: rejection.offset(),
            reply: Some(Reply::from(&rejection).to_json()),
        }))
    }
}

impl From<JsonError> for Problem {
    #[cold]
    fn from(error: JsonError) -> Self {
        // Not those of an operation's body: this is a text of the program's own.
        let code = if error.is_too_large() { "json.too_large" } else { "json.unreadable" };
        let mut problem = Self::new(CHATM_STATUS_INVALID_JSON, code, error.to_string());
        problem.0.pointer = Some(error.pointer().to_owned());
        problem.0.offset = Some(error.offset());
        problem
    }
}

impl From<ImportError> for Problem {
    #[cold]
    fn from(error: ImportError) -> Self {
        match error.json() {
            Some(error) => error.clone().into(),
            None => Self::value("chat.invalid", error.to_string()),
        }
    }
}

impl From<Problem> for chatm_error {
    fn from(problem: Problem) -> Self {
        Self { details: *problem.0 }
    }
}

/// # Safety
/// `error` is NULL or an error of this library that lives for `'a`.
unsafe fn details<'a>(error: *const chatm_error) -> Option<&'a Details> {
    // SAFETY: the caller's word.
    unsafe { guard::handle(error) }.map(|error| &error.details)
}

/// Frees an error; NULL is allowed. Any thread may free it, once.
///
/// # Safety
/// `error` is NULL or an error of this library that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_free(error: *mut chatm_error) {
    // SAFETY: the caller's word.
    unsafe { guard::free(error) }
}

/// The status that the failed call returned; `CHATM_STATUS_OK` for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_status(error: *const chatm_error) -> chatm_status {
    // SAFETY: the caller's word.
    guard::value(0, || unsafe { details(error) }.map(|details| details.status))
}

/// The `statusCode` that the interface has for a refusal (1, 2, 3, 6, 10); 0 if it was not the model
/// that refused, and for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_status_code(error: *const chatm_error) -> u32 {
    // SAFETY: the caller's word.
    guard::value(0, || Some(unsafe { details(error) }?.status_code.into()))
}

/// A stable name of the cause, such as `parameter.missing`, for programs to compare.
///
/// It lives for ever. `{NULL, 0}` for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_code(error: *const chatm_error) -> chatm_str {
    // SAFETY: the caller's word.
    guard::value(chatm_str::NONE, || Some(chatm_str::of(unsafe { details(error) }?.code)))
}

/// What was expected and what came, in English, for people.
///
/// It lives as long as the error. `{NULL, 0}` for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_message(error: *const chatm_error) -> chatm_str {
    // SAFETY: the caller's word.
    guard::value(chatm_str::NONE, || Some(chatm_str::of(&unsafe { details(error) }?.message)))
}

/// Where in the JSON the trouble is, as a JSON Pointer (RFC 6901); the empty text is the whole of it.
///
/// It lives as long as the error. `{NULL, 0}` if it is in no one place, and for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_pointer(error: *const chatm_error) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        // SAFETY: the caller's word.
        unsafe { details(error) }?.pointer.as_deref().map(chatm_str::of)
    })
}

/// How many bytes of the text stand before the trouble; -1 if it is at no one byte, and for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_offset(error: *const chatm_error) -> i64 {
    // SAFETY: the caller's word.
    guard::value(-1, || i64::try_from(unsafe { details(error) }?.offset?).ok())
}

/// The body of the reply by which the interface would answer a refused operation, such as
/// `{"statusCode":1,"statusMessage":"..."}`.
///
/// It lives as long as the error. `{NULL, 0}` if it was not the model that refused, and for NULL.
///
/// # Safety
/// `error` is NULL or an error of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_error_reply(error: *const chatm_error) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        // SAFETY: the caller's word.
        unsafe { details(error) }?.reply.as_deref().map(chatm_str::of)
    })
}
