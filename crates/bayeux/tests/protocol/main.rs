//! The rules of the protocol, as data: each file is a chapter of the Bayeux rules and each test
//! a script that a server with a virtual clock plays (see `script`).
//!
//! What the ids mean is told in the project's protocol notes; a script that fails prints its line.

mod bayeux_10_sweeping;
mod bayeux_12_callback;
mod bayeux_12_websocket;
mod bayeux_1_framing;
mod bayeux_2_identity;
mod bayeux_3_handshake;
mod bayeux_4_connect;
mod bayeux_5_subscribe;
mod bayeux_6_publish;
mod bayeux_9_ack;
mod dec_45_endings;
mod dec_71_checkpoints;
mod dec_71_remote;
mod hostile;
mod lifecycle;
mod remote;
mod remote_laws;
mod samples;
mod script;
mod transport_laws;
