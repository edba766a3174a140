//! Whether a call worked: numbers that are never given another meaning.

use std::ffi::c_char;

use crate::guard;

/// Whether a call worked. The numbers are never reused; later versions may add some.
///
/// It is not the `statusCode` of the interface: that one stands in the reply, and says what the
/// model thinks of an operation. This one says whether there is a result, and `CHATM_STATUS_REFUSED`
/// that the model refused and that the error holds its reply.
pub type chatm_status = i32;

/// It worked; every result is there.
pub const CHATM_STATUS_OK: chatm_status = 0;
/// The model refused; nothing has changed. The error holds the reply with its `statusCode`.
pub const CHATM_STATUS_REFUSED: chatm_status = 1;
/// An argument is NULL where it must not be, misaligned, too long, empty, or an unknown number.
pub const CHATM_STATUS_INVALID_ARGUMENT: chatm_status = 2;
/// A text that is no JSON, such as a name or an id, is not UTF-8; the error knows the byte. JSON that is not
/// UTF-8 is `CHATM_STATUS_INVALID_JSON`, or refused where it is an operation.
pub const CHATM_STATUS_INVALID_UTF8: chatm_status = 3;
/// A text is no JSON within the limits; the error knows the byte and the JSON Pointer.
pub const CHATM_STATUS_INVALID_JSON: chatm_status = 4;
/// A text is JSON, but not what was expected: no chat, no record, no rules, no directory.
pub const CHATM_STATUS_INVALID_VALUE: chatm_status = 5;
/// There is nothing of this name, or at this index.
pub const CHATM_STATUS_NOT_FOUND: chatm_status = 6;
/// The program's own function, called for random bytes, gave none; nothing has changed.
pub const CHATM_STATUS_CALLBACK_FAILED: chatm_status = 7;
/// A fault in the library. A chat that was being worked on answers this from now on and can only be
/// freed (a function without a status then gives what it gives for NULL); everything else is unharmed.
pub const CHATM_STATUS_PANIC: chatm_status = 8;

const NAMES: [&std::ffi::CStr; 9] = [
    c"CHATM_STATUS_OK",
    c"CHATM_STATUS_REFUSED",
    c"CHATM_STATUS_INVALID_ARGUMENT",
    c"CHATM_STATUS_INVALID_UTF8",
    c"CHATM_STATUS_INVALID_JSON",
    c"CHATM_STATUS_INVALID_VALUE",
    c"CHATM_STATUS_NOT_FOUND",
    c"CHATM_STATUS_CALLBACK_FAILED",
    c"CHATM_STATUS_PANIC",
];

/// The name of a status, such as `CHATM_STATUS_REFUSED`.
///
/// The text is NUL-terminated, lives for ever and may be read by any thread. A number that is no
/// status gives `CHATM_STATUS_UNKNOWN`. Fails never.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_status_name(status: chatm_status) -> *const c_char {
    guard::value(c"CHATM_STATUS_UNKNOWN".as_ptr(), || {
        let name = usize::try_from(status).ok().and_then(|at| NAMES.get(at));
        name.map(|name| name.as_ptr())
    })
}
