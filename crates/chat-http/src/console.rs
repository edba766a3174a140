//! The pages at `/console`: a desktop for agents and a window for visitors, to look through at what the
//! server does.
//!
//! They use the interface as any other client does, by its addresses and with npm's `cometd`, and can do
//! nothing that others cannot. What they are made of is in the program.

use crate::asset::{File, files};

/// The agent's page, or that of the demo contact centre, which tells whose names can be used. What it
/// links to is `here`.
pub(crate) fn agent(here: &str, is_demo: bool) -> File {
    const PAGE: &str = include_str!("../assets/console/index.html");
    File::page(&PAGE.replace("{demo}", if is_demo { "" } else { "hidden" }), here)
}

/// The visitor's page; what it links to is `here`.
pub(crate) fn customer(here: &str) -> File {
    File::page(include_str!("../assets/console/customer.html"), here)
}

files! {
    asset in "console";
    plain "text/javascript; charset=utf-8" "agent.js" "agent.js";
    plain "text/javascript; charset=utf-8" "chat.js" "chat.js";
    plain "text/javascript; charset=utf-8" "customer.js" "customer.js";
    plain "text/javascript; charset=utf-8" "desk.js" "desk.js";
    plain "text/javascript; charset=utf-8" "dom.js" "dom.js";
    plain "text/javascript; charset=utf-8" "line.js" "line.js";
    plain "text/javascript; charset=utf-8" "listener.js" "listener.js";
    plain "text/javascript; charset=utf-8" "session.js" "session.js";
    plain "text/javascript; charset=utf-8" "target.js" "target.js";
    plain "text/javascript; charset=utf-8" "user-data.js" "user-data.js";
    plain "text/javascript; charset=utf-8" "wire.js" "wire.js";
    plain "text/css; charset=utf-8" "console.css" "console.css";
    plain "image/svg+xml" "icon.svg" "icon.svg";
}

// The client that nobody here wrote; its modules name each other.
files! {
    cometd in "console/cometd";
    plain "text/javascript; charset=utf-8" "AckExtension.js" "AckExtension.js";
    plain "text/javascript; charset=utf-8" "BinaryExtension.js" "BinaryExtension.js";
    plain "text/javascript; charset=utf-8" "CallbackPollingTransport.js" "CallbackPollingTransport.js";
    plain "text/javascript; charset=utf-8" "Client.js" "Client.js";
    plain "text/javascript; charset=utf-8" "Extension.js" "Extension.js";
    plain "text/javascript; charset=utf-8" "LongPollingTransport.js" "LongPollingTransport.js";
    plain "text/javascript; charset=utf-8" "ReloadExtension.js" "ReloadExtension.js";
    plain "text/javascript; charset=utf-8" "RequestTransport.js" "RequestTransport.js";
    plain "text/javascript; charset=utf-8" "TimeStampExtension.js" "TimeStampExtension.js";
    plain "text/javascript; charset=utf-8" "TimeSyncExtension.js" "TimeSyncExtension.js";
    plain "text/javascript; charset=utf-8" "Transport.js" "Transport.js";
    plain "text/javascript; charset=utf-8" "TransportRegistry.js" "TransportRegistry.js";
    plain "text/javascript; charset=utf-8" "WebSocketTransport.js" "WebSocketTransport.js";
    plain "text/javascript; charset=utf-8" "Z85.js" "Z85.js";
    plain "text/javascript; charset=utf-8" "cometd.js" "cometd.js";
    // The licence goes where the program goes.
    plain "text/plain; charset=utf-8" "LICENSE" "LICENSE";
}
