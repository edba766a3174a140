//! What the header promises of every call, whatever it was.

use std::ptr;

use chatmodel::{
    CHATM_STATUS_INVALID_JSON, CHATM_STATUS_OK, CHATM_STATUS_PANIC, CHATM_STATUS_REFUSED,
    chatm_buf, chatm_buf_free, chatm_chat, chatm_chat_to_json, chatm_error, chatm_error_code,
    chatm_error_free, chatm_error_message, chatm_error_offset, chatm_error_pointer,
    chatm_error_reply, chatm_error_status, chatm_error_status_code, chatm_status, chatm_str,
};

/// Looks at the status and the error of a call and frees the error; says whether the call worked.
pub(crate) fn holds(status: chatm_status, error: *mut chatm_error) -> bool {
    assert_ne!(status, CHATM_STATUS_PANIC, "no sequence of calls finds a fault in the library");
    assert_eq!(status == CHATM_STATUS_OK, error.is_null(), "who fails says why");
    // SAFETY: an error of the library, or NULL.
    unsafe {
        assert_eq!(chatm_error_status(error), status);
        let refused = status == CHATM_STATUS_REFUSED;
        assert_eq!(chatm_error_status_code(error) > 0, refused);
        assert_eq!(read(chatm_error_reply(error)).is_some(), refused);
        if !error.is_null() {
            assert!(read(chatm_error_code(error)).is_some_and(|code| code.contains('.')));
            assert!(read(chatm_error_message(error)).is_some_and(|text| !text.is_empty()));
        }
        if status == CHATM_STATUS_INVALID_JSON {
            assert!(chatm_error_offset(error) >= 0);
            assert!(read(chatm_error_pointer(error)).is_some());
        }
        chatm_error_free(error);
    }
    status == CHATM_STATUS_OK
}

pub(crate) fn is_empty_after_failure(worked: bool, is_empty: bool) {
    assert_eq!(worked, !is_empty, "a result is there if and only if the call worked");
}

/// Calls a function that fills a buffer; gives its text.
pub(crate) fn buffer(
    call: impl FnOnce(*mut chatm_buf, *mut *mut chatm_error) -> chatm_status,
) -> Option<String> {
    let mut out = chatm_buf { ptr: ptr::dangling_mut(), len: usize::MAX, cap: usize::MAX };
    let mut error = ptr::dangling_mut();
    let status = call(&raw mut out, &raw mut error);
    let worked = holds(status, error);
    is_empty_after_failure(worked, out.ptr.is_null());
    let text = worked.then(|| {
        // SAFETY: a buffer of the library holds `len` bytes and a NUL.
        let bytes = unsafe { std::slice::from_raw_parts(out.ptr.cast::<u8>(), out.len + 1) };
        let (nul, text) = bytes.split_last().expect("there is one byte at least");
        assert_eq!(*nul, 0, "a NUL stands behind the text");
        str::from_utf8(text).expect("text is UTF-8").to_owned()
    });
    // SAFETY: the library filled it; twice is harmless.
    unsafe {
        chatm_buf_free(&raw mut out);
        chatm_buf_free(&raw mut out);
    }
    text
}

/// The text that came out, if there is one.
pub(crate) fn read(text: chatm_str) -> Option<String> {
    if text.ptr.is_null() {
        assert_eq!(text.len, 0);
        return None;
    }
    // SAFETY: a text of the library that is still borrowed.
    let bytes = unsafe { std::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len) };
    Some(str::from_utf8(bytes).expect("text is UTF-8").to_owned())
}

/// Borrows a text, which must live for as long as the call.
pub(crate) fn str_of<T: AsRef<[u8]> + ?Sized>(text: &T) -> chatm_str {
    let bytes = text.as_ref();
    chatm_str { ptr: bytes.as_ptr().cast(), len: bytes.len() }
}

/// Everything there is to a chat.
pub(crate) fn text_of(chat: *const chatm_chat) -> Option<String> {
    // SAFETY: a chat of the program, or NULL.
    buffer(|out, error| unsafe { chatm_chat_to_json(chat, out, error) })
}

/// Where a program gets random bytes.
pub(crate) mod random {
    use std::ffi::c_void;

    pub(crate) unsafe extern "C" fn steady(_: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
        // SAFETY: there is room for `len` bytes.
        unsafe { bytes.write_bytes(0x5a, len) };
        0
    }

    pub(crate) unsafe extern "C" fn broken(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
        -1
    }
}
