//! Chance that can be repeated: for two servers that shall answer the same bytes.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Chance;

/// The bytes that a seed and a label come to, in the order in which they are asked for: SHA-256 of seed,
/// label and a count.
///
/// Whoever knows the seed knows every secret that is drawn here.
///
/// ```
/// use chat_http::{Chance, SeededChance};
/// let drawn = || { let mut bytes = [0; 40]; SeededChance::new(7, "ids").fill(&mut bytes); bytes };
/// assert_eq!(drawn(), drawn());
/// ```
pub struct SeededChance {
    begun: Sha256,
    drawn: Mutex<Drawn>,
}

#[derive(Default)]
struct Drawn {
    blocks: u64,
    rest: Vec<u8>,
}

impl SeededChance {
    /// What `seed` comes to for one purpose. Purposes that share a seed do not disturb each other.
    pub fn new(seed: u64, label: &str) -> Self {
        let begun = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label);
        Self { begun, drawn: Mutex::default() }
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if drawn.rest.is_empty() {
                let block = self.begun.clone().chain_update(drawn.blocks.to_be_bytes()).finalize();
                drawn.blocks += 1;
                drawn.rest.extend_from_slice(&block);
            }
            *byte = drawn.rest.pop().unwrap_or_default();
        }
    }
}

impl fmt::Debug for SeededChance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededChance(…)")
    }
}
