//! Everything that is played from files, in one binary, so that it is linked once.

mod bayeux;
mod contract;
mod scenarios;
