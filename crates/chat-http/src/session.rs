//! HTTP sessions: what a cookie stands for (PLAT-2.1-3).
//!
//! A session is a lease under `http/{hash of the token}`, so any node knows it and it lapses by the
//! engine's clock. The token itself is kept nowhere but in the client. In front of the leases
//! stands a cache of [`TRUST_MS`]; that is how long a session that another node ended may still be
//! taken for alive here.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_model::UserId;
use chat_store::{LeaseError, LeaseKey, Leases as _, Unavailable};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use sha2::{Digest as _, Sha256};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{Config, User};
use crate::roster::Roster;
use crate::storage::AnyStore;

/// How long the cache answers in place of the lease.
const TRUST_MS: u64 = 2_000;

/// How often a session in use has its lease renewed. The lease lives that much (and the time that
/// it is not even read) longer than the session must, so a session never ends early.
const RENEW_MS: u64 = 10_000;

/// Sessions the cache holds; beyond it one of them goes, and costs a read when it is needed again.
const CACHED: usize = 16_384;

/// 128 random bits in hex: what the cookie carries.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    const LENGTH: usize = 32;

    fn draw(chance: &dyn Chance) -> Self {
        let mut bytes = [0; 16];
        chance.fill(&mut bytes);
        Self(hex(&bytes))
    }

    /// What the session is called here.
    pub(crate) fn key(&self) -> SessionKey {
        SessionKey::of(&self.0)
    }

    /// The cookie's value.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A session by the hash of its token. Whoever reads it cannot act as the user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey([u8; 32]);

impl SessionKey {
    /// A token has enough chance in it that its plain hash cannot be reversed.
    fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// 128 bits that only this session has and that tell nothing about it, for the purpose `label`.
    pub(crate) fn derive(&self, label: &str) -> [u8; 16] {
        let digest = Sha256::new().chain_update(label.as_bytes()).chain_update(self.0).finalize();
        *digest.first_chunk().expect("a digest has 256 bits")
    }

    fn lease(&self) -> LeaseKey {
        LeaseKey::new(format!("http/{}", hex(&self.0)))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}…)", hex(&self.0[..4]))
    }
}

/// The HTTP sessions of this contact centre.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    roster: Arc<Roster>,
    ttl: Duration,
    per_user: usize,
    /// Keys are hashes already, and not of the client's choosing.
    cache: Mutex<IndexMap<SessionKey, Cached, RandomState>>,
    /// The sessions opened here, per user, the oldest first.
    opened: Mutex<IndexMap<UserId, VecDeque<SessionKey>>>,
}

#[derive(Debug, Clone)]
struct Cached {
    user: Arc<User>,
    read_at: u64,
    renewed_at: u64,
}

impl Sessions {
    pub(crate) fn new(
        store: AnyStore,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        roster: Arc<Roster>,
        config: &Config,
    ) -> Self {
        let idle = Duration::from_secs(config.limits.http_session_seconds.into());
        // PLAT-2.1-3: while a poll is held its session is in use.
        let held = Duration::from_millis(config.notifications.timeout_ms.into());
        Self {
            store,
            clock,
            chance,
            roster,
            ttl: idle + held + Duration::from_millis(RENEW_MS + TRUST_MS),
            per_user: config.limits.max_http_sessions_per_user,
            cache: Mutex::default(),
            opened: Mutex::default(),
        }
    }

    /// Opens a session for `user`.
    ///
    /// Clients that never send the cookie back would open one after the other; beyond
    /// `limits.max_http_sessions_per_user` the user's oldest ends.
    pub(crate) async fn open(&self, user: &Arc<User>) -> Result<Token, LeaseError> {
        let token = Token::draw(&*self.chance);
        let key = token.key();
        let value = format!("{} {}", fingerprint(user), user.id);
        self.store.put(&key.lease(), None, value.as_bytes(), Some(self.ttl)).await?;
        self.remember(key, user.clone(), self.clock.monotonic_ms());
        let surplus = {
            let mut opened = lock(&self.opened);
            let opened = opened.entry(user.id.clone()).or_default();
            opened.push_back(key);
            if opened.len() > self.per_user { opened.pop_front() } else { None }
        };
        if let Some(oldest) = surplus {
            self.end(&oldest).await?;
        }
        Ok(token)
    }

    /// Whose session the cookie's `token` names, if it is alive; being asked for keeps it alive. `now_ms`
    /// is the clock's [monotonic](Clock::monotonic_ms) time.
    pub(crate) async fn find(
        &self,
        token: &str,
        now_ms: u64,
    ) -> Result<Option<(Arc<User>, SessionKey)>, Unavailable> {
        if token.len() != Token::LENGTH {
            return Ok(None);
        }
        let key = SessionKey::of(token);
        let user = match self.trusted(&key, now_ms) {
            Some(user) => Some(user),
            // Boxed because it is rare, and every request would have room for it.
            None => Box::pin(self.touch(&key)).await?,
        };
        Ok(user.map(|user| (user, key)))
    }

    /// Keeps a session alive and says whose it is, if it is alive. For connections that ask nothing
    /// for long: while one is open its session is in use (PLAT-2.1-3).
    pub(crate) async fn touch(&self, key: &SessionKey) -> Result<Option<Arc<User>>, Unavailable> {
        let now = self.clock.monotonic_ms();
        if let Some(user) = self.trusted(key, now) {
            return Ok(Some(user));
        }
        let cached = lock(&self.cache).get(key).cloned();
        let Some(lease) = self.store.get(&key.lease()).await? else {
            lock(&self.cache).swap_remove(key);
            return Ok(None);
        };
        let Some(user) = self.owner(&lease.value) else { return Ok(None) };
        let renewed_at = match cached {
            Some(known) if now < known.renewed_at + RENEW_MS => known.renewed_at,
            _ => match self
                .store
                .put(&key.lease(), Some(lease.rev), &lease.value, Some(self.ttl))
                .await
            {
                // Conflict: another request has renewed or ended it since the read.
                Ok(_) | Err(LeaseError::Conflict) => now,
                Err(LeaseError::Unavailable(why)) => return Err(why),
            },
        };
        self.remember(*key, user.clone(), renewed_at);
        Ok(Some(user))
    }

    /// Whose session it is by the cache alone.
    fn trusted(&self, key: &SessionKey, now: u64) -> Option<Arc<User>> {
        let cache = lock(&self.cache);
        let known = cache.get(key)?;
        (now < known.read_at + TRUST_MS).then(|| known.user.clone())
    }

    /// Whose session a lease is. Nobody's, once the user is gone, disabled or has another password: who
    /// changes a password wants everybody out who knew the old one.
    fn owner(&self, lease: &[u8]) -> Option<Arc<User>> {
        let (password, id) = str::from_utf8(lease).ok()?.split_once(' ')?;
        let user = self.roster.employed(&UserId::from(id))?;
        (fingerprint(user) == password).then(|| user.clone())
    }

    /// Ends the session; one that is over already stays so (PLAT-3.4-3).
    pub(crate) async fn end(&self, key: &SessionKey) -> Result<(), LeaseError> {
        let lease_key = key.lease();
        while let Some(lease) = self.store.get(&lease_key).await? {
            match self.store.delete(&lease_key, lease.rev).await {
                Ok(()) => break,
                // Renewed since the read, or gone: look again.
                Err(LeaseError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        lock(&self.cache).swap_remove(key);
        Ok(())
    }

    fn remember(&self, key: SessionKey, user: Arc<User>, renewed_at: u64) {
        let read_at = self.clock.monotonic_ms();
        let mut cache = lock(&self.cache);
        if cache.len() >= CACHED && !cache.contains_key(&key) {
            // Any entry will do; a place drawn by the key's own chance needs no bookkeeping.
            let place = usize::from(u16::from_le_bytes([key.0[0], key.0[1]])) % cache.len();
            cache.swap_remove_index(place);
        }
        cache.insert(key, Cached { user, read_at, renewed_at });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a user's password from the next one; nothing can be guessed from it, because the hash has a
/// random salt.
fn fingerprint(user: &User) -> String {
    let digest = Sha256::digest(user.password_hash.phc().to_string());
    hex(&digest[..8])
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
