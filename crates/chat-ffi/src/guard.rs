//! The boundary that every export's body goes through: no panic leaves it, and the results are all
//! there or all empty.
//!
//! An export has nothing else around its body, and a test holds every export to that. What is
//! written to out pointers is decided here once, so no function can forget a result after a failure.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use crate::applied::chatm_notification;
use crate::problem::{Problem, chatm_error};
use crate::status::{CHATM_STATUS_OK, chatm_status};
use crate::text::{chatm_buf, chatm_str};

/// A place for a result that C passed by pointer.
pub(crate) trait Slot {
    /// What goes into it.
    type Value;

    /// Empties it; fails where a result is wanted and there is no place for it.
    ///
    /// # Safety
    /// The pointer is NULL or points to a place that may be written.
    unsafe fn clear(&self) -> Result<(), Problem>;

    /// Puts the result there.
    ///
    /// # Safety
    /// `clear` has succeeded.
    unsafe fn fill(self, value: Self::Value);
}

/// Runs the body of a function that returns a status.
///
/// The place for the error and those for the results are emptied first. What `body` gives goes to
/// `slot`; why it fails goes to `error`, which may be NULL.
///
/// # Safety
/// `error` and what is in `slot` are NULL or point to places that may be written.
pub(crate) unsafe fn run<S: Slot>(
    error: *mut *mut chatm_error,
    slot: S,
    body: impl FnOnce() -> Result<S::Value, Problem>,
) -> chatm_status {
    let error = Usable(error).pointer();
    if let Some(error) = error {
        // SAFETY: not NULL, so it may be written, by the caller's word.
        unsafe { error.write(ptr::null_mut()) };
    }
    // SAFETY: the caller's word.
    let outcome = unsafe { slot.clear() }.and_then(|()| {
        contained(|| {
            let value = body()?;
            // SAFETY: cleared above.
            unsafe { slot.fill(value) };
            Ok(())
        })
    });
    match outcome {
        Ok(()) => CHATM_STATUS_OK,
        Err(problem) => {
            let status = problem.status();
            if let Some(place) = error {
                // SAFETY: as above.
                unsafe { place.write(Box::into_raw(Box::new(problem.into()))) };
            }
            status
        }
    }
}

/// Runs the body of a function that returns a value and has no way to fail but by its `fallback`.
pub(crate) fn value<T>(fallback: T, body: impl FnOnce() -> Option<T>) -> T {
    contained(|| Ok(body())).ok().flatten().unwrap_or(fallback)
}

/// Runs the body of a function that returns nothing.
pub(crate) fn quietly(body: impl FnOnce()) {
    value((), || {
        body();
        Some(())
    });
}

/// Frees a handle; NULL is allowed.
///
/// # Safety
/// `handle` is NULL or came from a `Box` and is nobody's any more.
pub(crate) unsafe fn free<T>(handle: *mut T) {
    quietly(|| {
        if let Some(handle) = Usable(handle).pointer() {
            // SAFETY: the caller's word.
            drop(unsafe { Box::from_raw(handle) });
        }
    });
}

/// The handle behind a pointer, unless it is NULL or cannot be one.
///
/// # Safety
/// `pointer` is NULL, misaligned, or valid for `'a`.
pub(crate) unsafe fn handle<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: the caller's word; a misaligned pointer is no handle.
    Usable(pointer.cast_mut()).pointer().map(|pointer| unsafe { &*pointer })
}

/// The handle that an argument called `name` must be.
///
/// # Safety
/// As [`handle`].
pub(crate) unsafe fn expect<'a, T>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T, Problem> {
    // SAFETY: the caller's word.
    unsafe { handle(pointer) }.ok_or_else(|| unusable(pointer, name))
}

/// The handle that an argument called `name` must be, to be changed.
///
/// # Safety
/// As [`handle`], and nobody else uses it for `'a`.
pub(crate) unsafe fn expect_mut<'a, T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<&'a mut T, Problem> {
    match Usable(pointer).pointer() {
        // SAFETY: the caller's word.
        Some(pointer) => Ok(unsafe { &mut *pointer }),
        None => Err(unusable(pointer, name)),
    }
}

fn unusable<T>(pointer: *const T, name: &'static str) -> Problem {
    if pointer.is_null() {
        return Problem::null(name);
    }
    Problem::argument(
        "argument.alignment",
        format!("expected `{name}` at a multiple of {}, found it elsewhere", align_of::<T>()),
    )
}

fn contained<T>(body: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    // Whatever a body was changing when it panicked is given up: results are never handed out, and
    // a chat says so from then on (see `chatm_chat`).
    let body = AssertUnwindSafe(|| {
        planted::panic_here(planted::Place::Boundary);
        body()
    });
    catch_unwind(body).unwrap_or_else(|payload| Err(Problem::panic(message(&*payload))))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!("expected no fault in the library, found: {}", text.as_deref().unwrap_or("a panic"))
}

/// A pointer that C passed, which may be NULL or misaligned.
struct Usable<T>(*mut T);

impl<T> Usable<T> {
    fn pointer(self) -> Option<*mut T> {
        (!self.0.is_null() && self.0.is_aligned()).then_some(self.0)
    }
}

/// A place called `name` for a `T`, which is `EMPTY` after a failure.
#[derive(Clone, Copy)]
pub(crate) struct Out<T> {
    place: *mut T,
    name: &'static str,
    optional: bool,
}

pub(crate) fn out<T>(place: *mut T, name: &'static str) -> Out<T> {
    Out { place, name, optional: false }
}

impl<T> Out<T> {
    /// The same place, where NULL says that nobody wants the result.
    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        !self.place.is_null()
    }

    unsafe fn write(&self, value: T) {
        if self.is_wanted() {
            // SAFETY: `check` has found it usable; that it may be written is the caller's word.
            unsafe { self.place.write(value) };
        }
    }

    unsafe fn empty(&self, empty: T) -> Result<(), Problem> {
        if Usable(self.place).pointer().is_none() && !(self.optional && self.place.is_null()) {
            return Err(unusable(self.place, self.name));
        }
        // SAFETY: NULL or usable.
        unsafe { self.write(empty) };
        Ok(())
    }
}

/// No result.
impl Slot for () {
    type Value = ();

    unsafe fn clear(&self) -> Result<(), Problem> {
        Ok(())
    }

    unsafe fn fill(self, (): ()) {}
}

/// Several results: all are emptied before any is missed.
impl<A: Slot, B: Slot> Slot for (A, B) {
    type Value = (A::Value, B::Value);

    unsafe fn clear(&self) -> Result<(), Problem> {
        // SAFETY: the caller's word.
        let (one, other) = unsafe { (self.0.clear(), self.1.clear()) };
        one.and(other)
    }

    unsafe fn fill(self, value: Self::Value) {
        // SAFETY: the caller's word.
        unsafe {
            self.0.fill(value.0);
            self.1.fill(value.1);
        }
    }
}

/// A handle, or none where nobody wants it.
impl<T> Slot for Out<*mut T> {
    type Value = Option<Box<T>>;

    unsafe fn clear(&self) -> Result<(), Problem> {
        // SAFETY: the caller's word.
        unsafe { self.empty(ptr::null_mut()) }
    }

    unsafe fn fill(self, value: Self::Value) {
        if !self.is_wanted() {
            return;
        }
        // SAFETY: the caller's word.
        unsafe { self.write(value.map_or(ptr::null_mut(), Box::into_raw)) };
    }
}

macro_rules! plain_slots {
    ($($result:ty: $from:ty, $empty:expr, $into:expr;)+) => {$(
        impl Slot for Out<$result> {
            type Value = $from;

            unsafe fn clear(&self) -> Result<(), Problem> {
                // SAFETY: the caller's word.
                unsafe { self.empty($empty) }
            }

            unsafe fn fill(self, value: $from) {
                if self.is_wanted() {
                    // SAFETY: the caller's word.
                    unsafe { self.write($into(value)) };
                }
            }
        }
    )+};
}

plain_slots! {
    chatm_buf: String, chatm_buf::EMPTY, chatm_buf::holding;
    chatm_str: chatm_str, chatm_str::NONE, std::convert::identity;
    chatm_notification: chatm_notification, chatm_notification::NONE, std::convert::identity;
    i64: i64, 0, std::convert::identity;
    u64: u64, 0, std::convert::identity;
    usize: usize, 0, std::convert::identity;
}

/// Panics on purpose, so that tests can see what a fault in the library does.
pub(crate) mod planted {
    /// Where a test wants one.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) enum Place {
        /// Before the body of an export.
        Boundary,
        /// While a chat is worked on.
        Chat,
    }

    #[cfg(test)]
    thread_local! {
        pub(crate) static PLACE: std::cell::Cell<Option<Place>> = const { std::cell::Cell::new(None) };
    }

    #[cfg(not(test))]
    #[inline(always)]
    pub(crate) fn panic_here(_: Place) {}

    #[cfg(test)]
    pub(crate) fn panic_here(place: Place) {
        if PLACE.get() == Some(place) {
            panic!("planted in {place:?}");
        }
    }
}
