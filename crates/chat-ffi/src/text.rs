//! Text on its way in and out: borrowed as pointer and length, owned as a buffer to give back.

use std::ffi::c_char;
use std::ptr;

use crate::guard;
use crate::problem::Problem;

/// Borrowed text or bytes: a pointer and a length, not NUL-terminated.
///
/// Going in, it is read during the call and not kept; `ptr` may be NULL if `len` is 0. Coming out,
/// it belongs to the handle it was asked of and lives as long as that handle is neither changed nor
/// freed; names that the library knows itself (of operations, states, statuses) live for ever. A
/// text that is not there comes out as `{NULL, 0}`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct chatm_str {
    /// The first byte; UTF-8 wherever text is expected.
    pub ptr: *const c_char,
    /// How many bytes.
    pub len: usize,
}

impl chatm_str {
    pub(crate) const NONE: Self = Self { ptr: ptr::null(), len: 0 };

    /// An empty text has an address like any other: Rust's own pointer to nothing is one that no C
    /// program may touch.
    pub(crate) const fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self { ptr: c"".as_ptr(), len: 0 };
        }
        Self { ptr: text.as_ptr().cast(), len: text.len() }
    }

    /// The bytes of the argument called `name`.
    ///
    /// # Safety
    /// `ptr` is NULL or points to `len` bytes that stay as they are for `'a`.
    pub(crate) unsafe fn bytes<'a>(self, name: &'static str) -> Result<&'a [u8], Problem> {
        if self.len == 0 {
            return Ok(&[]);
        }
        if self.ptr.is_null() {
            return Err(Problem::argument(
                "argument.null",
                format!("expected `{name}` to point to {} bytes, found NULL", self.len),
            ));
        }
        if self.len > isize::MAX as usize {
            return Err(Problem::argument(
                "argument.length",
                format!("expected `{name}` to be at most {} bytes, found {}", isize::MAX, self.len),
            ));
        }
        // SAFETY: not NULL and no longer than an object can be; the rest is the caller's word.
        Ok(unsafe { std::slice::from_raw_parts(self.ptr.cast(), self.len) })
    }

    /// The text of the argument called `name`.
    ///
    /// # Safety
    /// As [`Self::bytes`].
    pub(crate) unsafe fn text<'a>(self, name: &'static str) -> Result<&'a str, Problem> {
        // SAFETY: the caller's word is the same.
        let bytes = unsafe { self.bytes(name) }?;
        std::str::from_utf8(bytes).map_err(|error| Problem::not_utf8(name, error.valid_up_to()))
    }

    /// The text of the argument called `name`, which must not be empty.
    ///
    /// # Safety
    /// As [`Self::bytes`].
    pub(crate) unsafe fn named<'a>(self, name: &'static str) -> Result<&'a str, Problem> {
        // SAFETY: the caller's word is the same.
        match unsafe { self.text(name) }? {
            "" => Err(Problem::argument(
                "argument.empty",
                format!("expected `{name}` to name something, found no text"),
            )),
            text => Ok(text),
        }
    }
}

/// Owned bytes that the library made: give them back with `chatm_buf_free`.
///
/// There is a NUL behind the last byte, for functions that want a C string. The library writes all
/// three members and reads none: a buffer that still holds something must be given back before it
/// is used for another result. After a failure it is all zero.
#[repr(C)]
#[derive(Debug)]
pub struct chatm_buf {
    /// The first byte; NULL for a buffer that holds nothing.
    pub ptr: *mut c_char,
    /// How many bytes, the NUL not counted.
    pub len: usize,
    /// How much memory there is; for the library alone.
    pub cap: usize,
}

impl chatm_buf {
    pub(crate) const EMPTY: Self = Self { ptr: ptr::null_mut(), len: 0, cap: 0 };

    pub(crate) fn holding(text: String) -> Self {
        let len = text.len();
        let mut bytes = text.into_bytes();
        bytes.reserve_exact(1);
        bytes.push(0);
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { ptr: bytes.as_mut_ptr().cast(), len, cap: bytes.capacity() }
    }
}

/// Gives back what a buffer holds and makes it empty.
///
/// `buffer` may be NULL, or empty: giving back twice is harmless. Any thread may give back. Fails
/// never.
///
/// # Safety
/// `buffer` is NULL or points to a buffer that is all zero or was filled by this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_buf_free(buffer: *mut chatm_buf) {
    guard::quietly(|| {
        // SAFETY: NULL or a buffer, by the caller's word.
        let Ok(buffer) = (unsafe { guard::expect_mut(buffer, "buffer") }) else { return };
        let chatm_buf { ptr, cap, .. } = std::mem::replace(buffer, chatm_buf::EMPTY);
        if !ptr.is_null() {
            // SAFETY: `holding` took these apart; bytes have no destructor, so the length may be 0.
            drop(unsafe { Vec::<u8>::from_raw_parts(ptr.cast(), 0, cap) });
        }
    })
}
