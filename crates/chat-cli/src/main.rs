//! The binary `chat`; the library beside it is the program, so that others can read its arguments.

use std::process::ExitCode;

/// A request takes some thirty small pieces of memory and gives them back at once, on another thread
/// now and then; this allocator does that in half the time (docs/decisions/0029).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chat_cli::run()
}
