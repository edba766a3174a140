//! What holds for every export, shown of every export: the table of them (`tests/exports.rs`) is compared
//! with the sources and with the header, and each row is called with everything that C may get wrong.

mod arguments;
mod call;
mod exports;
mod hostile;
mod layout;
mod panics;
mod replayed;
mod sources;
mod strange;
mod surface;
mod values;
mod world;

pub(crate) use world::context;
