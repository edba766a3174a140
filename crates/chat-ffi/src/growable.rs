//! Structs that may grow: their first member says how large the caller knows them to be.
//!
//! A program that was compiled against an older header passes a smaller struct, and what it does
//! not have is taken for zero. One that was compiled against a newer header passes a larger struct,
//! and what this library does not know must be zero, or the call fails instead of leaving a wish
//! unheard.

use std::mem::MaybeUninit;

use crate::guard;
use crate::problem::Problem;

/// A struct of C that begins with a `size_t struct_size`.
///
/// # Safety
/// It is `repr(C)`, begins with a `usize`, has no padding at its end (a newer version would have its
/// next member there, and the size would not tell), and all zero bytes are a value of it.
pub(crate) unsafe trait Growable: Copy {
    /// What it is called in messages.
    const NAME: &'static str;
    /// How large it was when it first came into a header: nobody can know a smaller one.
    const FIRST_SIZE: usize;
}

/// More than this is no struct, but a member that was not set.
const MOST: usize = 4096;

/// Reads the struct behind `pointer`; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL, misaligned, or points to as many bytes as its first member says.
pub(crate) unsafe fn read<T: Growable>(pointer: *const T) -> Result<Option<T>, Problem> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: it is valid for reading its size at least, and `expect` looks at the alignment.
    let size = *unsafe { guard::expect(pointer.cast::<usize>(), T::NAME) }?;
    let fits = size % align_of::<T>() == 0 && (T::FIRST_SIZE..=MOST).contains(&size);
    if !fits {
        return Err(Problem::argument(
            "argument.struct_size",
            format!(
                "expected the `struct_size` of `{}` to be its size, such as {}, found {size}",
                T::NAME,
                size_of::<T>()
            ),
        ));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: there are `size` bytes, by the caller's word.
    let unknown =
        unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if unknown.iter().any(|&byte| byte != 0) {
        return Err(Problem::argument(
            "argument.struct_size",
            format!(
                "expected `{}` to be zero behind its first {known} bytes, which are all that this \
                 version of the library knows, found something there",
                T::NAME
            ),
        ));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there on both sides; zeros are a value of the rest.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast(), known);
        Ok(Some(value.assume_init()))
    }
}
