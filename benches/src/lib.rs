//! What the benches share: servers in processes of their own, load that checks every answer, and
//! figures that another load on the machine disturbs least.
//!
//! A server is pinned to one processor and the load to another. What decides is the server's own
//! time on the processor as the kernel counts it (`schedstat`), in rounds that alternate between the
//! baseline and ours, and the median of the rounds. Latency is the wall's time and therefore only
//! compared between rounds that ran side by side.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

pub mod audience;
pub mod client;
pub mod contact_center;
pub mod load;
pub mod measure;
pub mod peers;
pub mod process;
pub mod session;
pub mod subscriber;
pub mod way;
