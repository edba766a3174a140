//! What this library is and knows: its version, the operations, the schemas.

use std::ffi::{CStr, c_char};

use chat_model::{OperationKind, schema};

use crate::guard::{self, out};
use crate::problem::{Problem, chatm_error, quoted};
use crate::status::chatm_status;
use crate::text::chatm_str;

/// The number of the binary interface, from Cargo.toml.
const ABI: u32 = number(env!("CHATMODEL_ABI"));

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };

const fn number(digits: &str) -> u32 {
    let (digits, mut at, mut number) = (digits.as_bytes(), 0, 0);
    while at < digits.len() {
        number = number * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    number
}

/// The number of the binary interface of the library that is running. A program works with every
/// library whose number is the `CHATM_ABI` of the header that it was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_abi() -> u32 {
    guard::value(ABI, || Some(ABI))
}

/// The version of the library that is running, such as `0.1.0`: NUL-terminated, living for ever.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_version() -> *const c_char {
    guard::value(VERSION.as_ptr(), || Some(VERSION.as_ptr()))
}

/// How many operations agents have.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_operation_count() -> usize {
    guard::value(0, || Some(OperationKind::ALL.len()))
}

/// The `operationName` at `index`, counted from 0, of the operations that agents have. It lives for
/// ever. `{NULL, 0}` where there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_operation_name(index: usize) -> chatm_str {
    guard::value(chatm_str::NONE, || {
        OperationKind::ALL.get(index).map(|kind| chatm_str::of(kind.name()))
    })
}

/// How many JSON Schemas there are.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_schema_count() -> usize {
    guard::value(0, || Some(schema::NAMES.len()))
}

/// The name of the schema at `index`, counted from 0, such as `operation`. It lives for ever.
/// `{NULL, 0}` where there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn chatm_schema_name(index: usize) -> chatm_str {
    guard::value(chatm_str::NONE, || schema::NAMES.get(index).map(|name| chatm_str::of(name)))
}

/// The JSON Schema (2020-12) of this name. It lives for ever.
///
/// Fails with NOT_FOUND where there is none of this name, and with INVALID_ARGUMENT or INVALID_UTF8.
/// `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_schema(
    name: chatm_str,
    json: *mut chatm_str,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let name = unsafe { name.text("name") }?;
        let text = schema::text(name).ok_or_else(|| {
            let names = schema::NAMES.join(", ");
            let found = quoted(name);
            Problem::not_found("schema.unknown", format!("expected one of {names}, found {found}"))
        })?;
        Ok(chatm_str::of(text))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(json, "json"), body) }
}
