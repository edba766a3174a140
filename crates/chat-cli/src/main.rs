//! The binary `chat`; the library beside it is the program, so that others can read its arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    chat_cli::run()
}
