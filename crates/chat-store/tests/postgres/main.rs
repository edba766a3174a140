//! The store in PostgreSQL against real servers, which these tests start and stop themselves.

mod crash;
mod faults;
mod hints;
mod kit;
mod model;
mod opening;
mod promises;
mod proxy;
mod server;
