//! The merge of user data alone, for who keeps user data without a chat.

use chat_model::{JsonError, JsonRef, Limits, UserData, UserDataKeys, UserDataPatch};

use crate::guard::{self, out};
use crate::limits::{self, chatm_limits};
use crate::problem::{Problem, chatm_error};
use crate::status::chatm_status;
use crate::text::{chatm_buf, chatm_str};

/// Gives every key of `patch` its value from `patch`, as AttachUserData and UpdateUserData do: a key
/// that is there keeps its place, new ones come last, in the order of `patch`.
///
/// `user_data` and `patch` are JSON objects; `limits` may be NULL. `*merged` belongs to the caller; give
/// it back with `chatm_buf_free`. It keeps what stays as it was written, but for white space.
///
/// Fails with INVALID_ARGUMENT, INVALID_JSON, and INVALID_VALUE for what is no object or would have more
/// keys than the limits allow. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_user_data_merge(
    user_data: chatm_str,
    patch: chatm_str,
    limits: *const chatm_limits,
    merged: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (user_data, patch, limits) = unsafe {
            (user_data.bytes("user_data")?, patch.bytes("patch")?, limits::read(limits)?)
        };
        let mut data = read_data(user_data, &limits)?;
        let patch = read(patch, &limits, UserDataPatch::read)?;
        let keys = data.len_after(&patch);
        if keys > limits.max_keys {
            return Err(Problem::value(
                "user_data.too_many_keys",
                format!("expected at most {} keys, found {keys} after the merge", limits.max_keys),
            ));
        }
        data.merge(&patch);
        Ok(data.to_json())
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(merged, "merged"), body) }
}

/// Removes the keys in the JSON array `keys` from the JSON object `user_data`, as DeleteUserData does:
/// a key that is not there is no fault.
///
/// Everything else is as with `chatm_user_data_merge`.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_user_data_remove(
    user_data: chatm_str,
    keys: chatm_str,
    limits: *const chatm_limits,
    rest: *mut chatm_buf,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (user_data, keys, limits) =
            unsafe { (user_data.bytes("user_data")?, keys.bytes("keys")?, limits::read(limits)?) };
        let mut data = read_data(user_data, &limits)?;
        data.remove(&read(keys, &limits, UserDataKeys::read)?);
        Ok(data.to_json())
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(rest, "rest"), body) }
}

pub(crate) fn read_data(json: &[u8], limits: &Limits) -> Result<UserData, Problem> {
    read(json, limits, UserData::read)
}

fn read<'a, T>(
    json: &'a [u8],
    limits: &Limits,
    read: impl FnOnce(JsonRef<'a>, &Limits) -> Result<T, JsonError>,
) -> Result<T, Problem> {
    // Whatever is wrong beyond this is the kind of value, or how many keys there are.
    let value = JsonRef::validate(json, limits)?;
    read(value, limits).map_err(|error| Problem::value("user_data.invalid", error.to_string()))
}
