//! The client against the server, over a network that does what it likes, with the time of the test's
//! runtime: a minute without network passes at once.

mod calls;
mod network;
mod recovery;
mod site;
