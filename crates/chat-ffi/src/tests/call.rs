//! Calling any export in one way: arguments as plain values, the result as something to compare.

use std::ffi::{CStr, c_char};

use crate::chatm_str;

/// An argument before it has its type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Text(chatm_str),
    Number(u64),
    Place(*mut u8),
}

/// What can stand in the signature of an export as a parameter.
pub(super) trait Parameter {
    fn of(value: Value) -> Self;
}

impl Parameter for chatm_str {
    fn of(value: Value) -> Self {
        match value {
            Value::Text(text) => text,
            other => panic!("expected a text, found {other:?}"),
        }
    }
}

impl<T> Parameter for *const T {
    fn of(value: Value) -> Self {
        <*mut T>::of(value)
    }
}

impl<T> Parameter for *mut T {
    fn of(value: Value) -> Self {
        match value {
            Value::Place(place) => place.cast(),
            other => panic!("expected a pointer, found {other:?}"),
        }
    }
}

macro_rules! numbers {
    ($($number:ty)+) => {$(
        impl Parameter for $number {
            fn of(value: Value) -> Self {
                match value {
                    // What C does with a number that is too wide.
                    Value::Number(number) => number as $number,
                    other => panic!("expected a number, found {other:?}"),
                }
            }
        }

        impl From<$number> for Returned {
            fn from(number: $number) -> Self {
                Self::Number(number as i128)
            }
        }
    )+};
}

numbers! { i32 u32 i64 u64 usize }

/// What an export returned, its texts read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Returned {
    Nothing,
    Number(i128),
    NoText,
    Text(String),
}

impl From<()> for Returned {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<chatm_str> for Returned {
    fn from(text: chatm_str) -> Self {
        if text.ptr.is_null() {
            assert_eq!(text.len, 0, "no text has no length");
            return Self::NoText;
        }
        // SAFETY: what the library hands out is text, and its handle still lives.
        Self::Text(unsafe { text.text("text") }.expect("text is UTF-8").to_owned())
    }
}

impl From<*const c_char> for Returned {
    fn from(text: *const c_char) -> Self {
        assert!(!text.is_null(), "a C string is always there");
        // SAFETY: what the library hands out ends with NUL.
        Self::Text(unsafe { CStr::from_ptr(text) }.to_str().expect("text is UTF-8").to_owned())
    }
}
