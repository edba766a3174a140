//! The page of addresses, read off `chat_http::routes`, the table that the router is built from.

use std::fmt::Write as _;

pub(super) fn page() -> String {
    let mut out = super::header("Addresses", "crates/chat-http/src/routes");
    out.push_str(
        "Every path may end in a slash (PLAT-1.1-7), and what answers GET answers HEAD without a \
         body. An unknown address is code 6, a\nmethod that is not listed code 3 (DEC-36). What a \
         POST may say: [operations](operations.md) and [sessions](sessions.md), and how much: [limits](limits.md); how refusals look: [status \
         codes](status-codes.md).\n\n\
         *Needs* says who may come in at all. Without login it is code 20, with a role that is not \
         above agents code 5 (DEC-19).\nThe rules are explained in [the protocol's \
         pages](../protocol/README.md); the first one introduces the address. Where\nDEC-48 is \
         among them, a request may carry an `Idempotency-Key`; elsewhere the header means \
         nothing.\n\n\
         | Method | Path | What it does | Needs | Rules |\n|---|---|---|---|---|\n",
    );
    for route in chat_http::routes() {
        let rules = match route.rules() {
            [] => "-".to_owned(),
            rules => rules.join(", "),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | {} | {rules} |",
            route.method(),
            route.path(),
            route.summary(),
            route.access().requirement(),
        );
    }
    out
}
