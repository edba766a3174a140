//! Checking passwords: slow by design, so it is done rarely and never more at once than there are
//! processors.
//!
//! Argon2 takes some 20 ms and 19 MiB; clients that send credentials with every request
//! (PLAT-2.1-2) would make it the cost of every request. What was verified is remembered for a
//! while, per user and as a keyed tag that is worth nothing outside this process.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{PasswordHasher as _, phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use chat_model::UserId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use indexmap::IndexMap;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::config::{Config, PasswordHash, User};
use crate::reply::Refusal;

/// How long a verified password is taken at its word.
const REMEMBERED_MS: u64 = 10 * 60 * 1_000;

/// Hashed with the parameters of [`hash_password`]; of what, does not matter.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$5GCF9Ullw3AZK60psXZABQ$5emnViJP+nQV2fqpu42cb/R38n3aGhZNPUFlBukvHxE";

/// Stands for a secret.
pub(crate) type Tag = [u8; 32];

/// Hashes a password for `[[users]] password_hash`: argon2id with the parameters that OWASP
/// recommends (19 MiB, 2 passes) and a random salt, in PHC form.
///
/// Takes some 20 ms and 19 MiB. Reads random bytes from the system and panics if it has none.
///
/// ```
/// let hash = chat_http::hash_password("correct horse battery staple");
/// assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// # assert!(hash.parse::<chat_http::PasswordHash>().is_ok());
/// ```
pub fn hash_password(password: &str) -> String {
    let hash: phc::PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .expect("the system has random bytes, and any password can be hashed");
    hash.to_string()
}

/// The door of argon2, and the memory of who passed it.
pub(crate) struct Passwords {
    clock: Arc<dyn Clock>,
    /// The key of the tags; drawn at start and known to nobody.
    key: [u8; 32],
    /// One of them is checked in the place of the hash of a user who does not exist.
    stand_ins: Vec<PasswordHash>,
    remembered: Mutex<IndexMap<UserId, (Tag, u64)>>,
    /// Who is being checked.
    running: Arc<Semaphore>,
    /// The memory of checks that are over, for the next ones: at most one piece per processor.
    /// Allocators keep what was freed on one thread from the others, so that strangers who fail
    /// to log in could fill hundreds of megabytes with 19 at a time.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
    /// Who is being checked or waits to be.
    waiting: Semaphore,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(…)")
    }
}

impl Passwords {
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            clock,
            key: crate::random(),
            stand_ins: stand_ins(config),
            remembered: Mutex::default(),
            running: Arc::new(Semaphore::new(processors)),
            memory: Arc::default(),
            waiting: Semaphore::new(config.limits.max_waiting_logins),
        }
    }

    /// Whether `password` was found to be the user's a short while ago. Takes no time to speak of.
    pub(crate) fn remembers(&self, user: &User, password: &str) -> bool {
        let tag = self.tag_of_user(user, password);
        self.remembered().get(&user.id).is_some_and(|(known, until)| {
            bool::from(known.ct_eq(&tag)) && self.clock.monotonic_ms() < *until
        })
    }

    /// Whether `password` is that of the user `name`; nobody has none. Takes the same work for both.
    ///
    /// # Errors
    /// HTTP 503 while too many wait for theirs; none was looked at then.
    pub(crate) async fn verify(
        &self,
        user: Option<&Arc<User>>,
        name: &str,
        password: &str,
    ) -> Result<bool, Refusal> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Refusal::unavailable("too many logins at once; try again"));
        };
        let turn = self.running.clone().acquire_owned().await.map_err(|_| Refusal::internal())?;
        let hash = user.map_or_else(|| self.stand_in(name), |user| &user.password_hash).clone();
        let tag = user.map(|user| (user.id.clone(), self.tag_of_user(user, password)));
        let password = password.to_owned();
        let memory = self.memory.clone();
        let fits = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, also when the request is gone by then.
            let _turn = turn;
            let mut blocks = lock(&memory).pop().unwrap_or_default();
            let fits = fits(password.as_bytes(), hash.phc(), &mut blocks);
            lock(&memory).push(blocks);
            fits
        })
        .await
        .map_err(|_| Refusal::internal())?;
        match tag {
            Some((user, tag)) if fits => {
                let until = self.clock.monotonic_ms() + REMEMBERED_MS;
                self.remembered().insert(user, (tag, until));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The hash that stands in for that of the unknown user `name`: always the same one, since
    /// users' hashes may differ in how long they take.
    fn stand_in(&self, name: &str) -> &PasswordHash {
        let [a, b, ..] = self.tag(name.as_bytes());
        &self.stand_ins[usize::from(u16::from_le_bytes([a, b])) % self.stand_ins.len()]
    }

    /// What stands for `text` in this process, and for nothing outside of it.
    pub(crate) fn tag(&self, text: &[u8]) -> Tag {
        self.tag_of(&[text])
    }

    fn tag_of_user(&self, user: &User, password: &str) -> Tag {
        self.tag_of(&[user.id.as_str().as_bytes(), b":", password.as_bytes()])
    }

    fn tag_of(&self, parts: &[&[u8]]) -> Tag {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// One entry per user of the configuration at most, so it needs no other bound.
    fn remembered(&self) -> MutexGuard<'_, IndexMap<UserId, (Tag, u64)>> {
        lock(&self.remembered)
    }
}

/// Those of the users, so that who looks at the time it takes sees users everywhere.
fn stand_ins(config: &Config) -> Vec<PasswordHash> {
    let hashes: Vec<_> = config.users.iter().map(|user| user.password_hash.clone()).collect();
    match hashes.is_empty() {
        true => vec![NOBODY.parse().expect("the constant is an argon2 hash")],
        false => hashes,
    }
}

/// Whether `password` is the one behind `hash`; works in `blocks`, which grow as needed. A hash that
/// asks for more memory than there is fits nothing.
fn fits(password: &[u8], hash: &phc::PasswordHash, blocks: &mut Vec<Block>) -> bool {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
    let Ok(algorithm) = Algorithm::try_from(hash.algorithm.as_str()) else { return false };
    let Ok(version) = hash.version.map(Version::try_from).transpose() else { return false };
    let Ok(params) = Params::try_from(hash) else { return false };
    let needed = params.block_count();
    if blocks.len() < needed {
        if blocks.try_reserve_exact(needed - blocks.len()).is_err() {
            return false;
        }
        blocks.resize(needed, Block::default());
    }
    let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
    let mut computed = vec![0; expected.len()];
    argon2
        .hash_password_into_with_memory(password, salt, &mut computed, &mut blocks[..needed])
        .is_ok()
        && bool::from(computed.ct_eq(expected.as_bytes()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, phc};
    use argon2::{Algorithm, Argon2, Params, Version};

    use super::fits;

    /// Whatever parameters a configuration's hashes have, one piece of memory serves them all, and
    /// what an earlier check left in it does not matter.
    #[test]
    fn memory_is_shared_by_hashes_of_all_kinds() {
        let mut blocks = Vec::new();
        for (algorithm, version, memory, passes, lanes, length) in [
            (Algorithm::Argon2id, Version::V0x13, 64, 2, 1, 32),
            (Algorithm::Argon2i, Version::V0x13, 8, 3, 1, 16),
            (Algorithm::Argon2d, Version::V0x10, 256, 1, 4, 64),
            (Algorithm::Argon2id, Version::V0x13, 64, 1, 2, 10),
        ] {
            let params = Params::new(memory, passes, lanes, Some(length)).unwrap();
            let argon2 = Argon2::new(algorithm, version, params);
            let hash: phc::PasswordHash = argon2.hash_password(b"right").unwrap();
            assert!(fits(b"right", &hash, &mut blocks), "{hash}");
            assert!(!fits(b"wrong", &hash, &mut blocks), "{hash}");
            assert!(!fits(b"", &hash, &mut blocks), "{hash}");
        }
        assert_eq!(blocks.len(), 256);
    }
}
