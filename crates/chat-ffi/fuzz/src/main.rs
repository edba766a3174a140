//! Random sequences of calls of the C interface: no sequence of calls that the header allows may
//! crash, leak, or leave a promise of the header unkept.
//!
//! libFuzzer makes the bytes, [`Call`] reads them as calls, [`Program`] makes the calls as a C program
//! would and looks after each one whether results and errors are as promised. AddressSanitizer sees
//! what the checks cannot. Run it by `cargo xtask fuzz`.
#![no_main]

mod call;
mod json;
mod program;

use arbitrary::{Arbitrary as _, Unstructured};
use libfuzzer_sys::fuzz_target;

use crate::call::Call;
use crate::program::Program;

/// More calls than this find nothing that fewer do not, and take their time.
const MOST_CALLS: usize = 64;

fuzz_target!(init: planted(), |bytes: &[u8]| {
    let mut unstructured = Unstructured::new(bytes);
    let mut program = Program::default();
    for _ in 0..MOST_CALLS {
        if unstructured.is_empty() {
            break;
        }
        match Call::arbitrary(&mut unstructured) {
            Ok(call) => program.make(&call),
            Err(_) => break,
        }
    }
});

/// Frees something twice where `CHATM_FUZZ_PLANTED` is set: the harness must be one that can fail.
fn planted() {
    if std::env::var_os("CHATM_FUZZ_PLANTED").is_none() {
        return;
    }
    let mut op = std::ptr::null_mut();
    // SAFETY: none, and that is the point.
    unsafe {
        let user = chatmodel::chatm_str { ptr: c"agent1".as_ptr(), len: 6 };
        let offer = chatmodel::CHATM_TRIGGER_OFFER;
        chatmodel::chatm_op_house(offer, user, &raw mut op, std::ptr::null_mut());
        chatmodel::chatm_op_free(op);
        chatmodel::chatm_op_free(op);
    }
}
