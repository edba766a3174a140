//! How large a JSON text may be, as C says it.

use chat_model::Limits;

use crate::growable::{self, Growable};
use crate::problem::Problem;

/// How large a JSON text may be. Begin with `CHATM_LIMITS_INIT`; a member that is 0 stands for its
/// default, and so does NULL for the whole struct.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct chatm_limits {
    /// `sizeof(chatm_limits)`.
    pub struct_size: usize,
    /// Bytes of a whole text: 1 MiB by default; more than 64 MiB counts as 64 MiB.
    pub max_bytes: usize,
    /// Objects and arrays inside each other, the outermost counted: 64 by default; more than 128
    /// counts as 128.
    pub max_depth: usize,
    /// Keys in the user data of one chat: 10,000 by default.
    pub max_keys: usize,
    /// Bytes of one key: 1,024 by default.
    pub max_key_bytes: usize,
}

// SAFETY: all members are of one size, and zero is a number.
unsafe impl Growable for chatm_limits {
    const NAME: &'static str = "limits";
    const FIRST_SIZE: usize = 5 * size_of::<usize>();
}

/// The limits behind `pointer`, or those of the model.
///
/// # Safety
/// `pointer` is NULL or points to as many bytes as its first member says.
pub(crate) unsafe fn read(pointer: *const chatm_limits) -> Result<Limits, Problem> {
    // SAFETY: the caller's word.
    unsafe { over(Limits::default(), pointer) }
}

/// The limits behind `pointer` for what operations within them led to; what is not given limits nothing
/// but what the model always does, because a chat grows with every operation.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn read_of_outcome(
    pointer: *const chatm_limits,
    levels: usize,
) -> Result<Limits, Problem> {
    // SAFETY: the caller's word.
    let mut limits = unsafe { over(unlimited(), pointer) }?;
    limits.max_depth = limits.max_depth.saturating_add(levels).max(OWN_LEVELS);
    Ok(limits)
}

/// More than a chat, a record or a notification has of its own, whatever the user data are.
const OWN_LEVELS: usize = 16;

/// Those of the model alone.
pub(crate) fn unlimited() -> Limits {
    let mut limits = Limits::default();
    limits.max_body_bytes = usize::MAX;
    limits.max_depth = usize::MAX;
    limits.max_keys = usize::MAX;
    limits.max_key_bytes = usize::MAX;
    limits
}

/// # Safety
/// As [`read`].
unsafe fn over(mut limits: Limits, pointer: *const chatm_limits) -> Result<Limits, Problem> {
    // SAFETY: the caller's word.
    if let Some(given) = unsafe { growable::read(pointer) }? {
        let set = |place: &mut usize, given: usize| {
            if given != 0 {
                *place = given;
            }
        };
        set(&mut limits.max_body_bytes, given.max_bytes);
        set(&mut limits.max_depth, given.max_depth);
        set(&mut limits.max_keys, given.max_keys);
        set(&mut limits.max_key_bytes, given.max_key_bytes);
    }
    Ok(limits)
}
