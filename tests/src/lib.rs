//! One conversation, many doors: whoever calls the chat hears the same, whichever door they use.
//!
//! A [`Scenario`] is data (`tests/scenarios`): who does what, and who hears what of it. [`play`] puts
//! it through a [`Door`]. The same files are played over HTTP by clients that are not ours
//! (`tests/clients`).

mod doors;
mod play;
mod scenario;
mod summary;

pub use doors::{CliDoor, Door, FfiDoor, Heard, ModelDoor, Outcome, ServedDoor};
pub use play::play;
pub use scenario::{Scenario, Step, VisitorSees};
pub use summary::summary;
