//! The store in PostgreSQL against real servers, which these tests start and stop themselves.

mod kit;
mod promises;
mod server;
