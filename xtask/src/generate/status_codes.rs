//! The page of status codes, read off `chat_model::StatusCode`.

use std::fmt::Write as _;

use chat_model::StatusCode;

pub(super) fn page() -> String {
    let mut out = super::header("Status codes", "crates/chat-model/src/status.rs");
    out.push_str(
        "Every reply has a `statusCode`; a failure has a `statusMessage` beside it, which names what \
         was expected and what came\n(PLAT-1.2, DEC-36). The HTTP status is the one that carries the \
         code where nothing more specific is documented.\n\n\
         | `statusCode` | HTTP | Meaning |\n|---:|---:|---|\n",
    );
    for status in StatusCode::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {} | {} | {} |", status.code(), status.http(), status.meaning());
    }
    out
}
