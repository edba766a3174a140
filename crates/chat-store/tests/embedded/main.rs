//! The store in one file: the promises, the same answers as the store in memory, and what it does
//! when the disk, the file or another process does not do what it should.

mod checking;
mod disk;
mod kit;
mod model;
mod opening;
mod promises;
