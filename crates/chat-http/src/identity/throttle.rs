//! How often somebody may be wrong about a password.
//!
//! Three limits, each a bucket that fills up again with time: one for a user from one address, which
//! stops the ordinary guesser; one for an address, which stops who tries one password on many users;
//! one for a user from everywhere, which stops who has many addresses. The last one alone would let
//! anybody lock a user out, so it does not count for an address from which the user has logged in
//! before, nor does the address's, which many colleagues may share.
//!
//! Only failures count. Whoever has a living session or credentials that were verified lately is not
//! asked at all ([`Passwords::remembers`](super::Passwords)). Names that are nobody's are counted
//! like any other, so that the limits tell nothing about who exists.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::Counter;

use crate::bounded::Bounded;
use crate::clock::Clock;
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::reply::Refusal;

/// Users, addresses, and pairs of them that are remembered; of more, those not seen lately are
/// forgotten. It takes an attacker as many addresses as that, each at its own limit.
const REMEMBERED: usize = 65_536;

/// The limits of failed logins.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    /// Names are kept as keyed hashes: they have any length, and some are passwords in the wrong
    /// place.
    names: RandomState,
    per_pair: Rate,
    per_address: Rate,
    per_user: Rate,
    refused: Counter,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    pairs: Bounded<(u64, Option<IpAddr>), Pair>,
    addresses: Bounded<IpAddr, Bucket>,
    users: Bounded<u64, Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    bucket: Bucket,
    /// The user has logged in from there.
    known: bool,
}

/// How much a bucket holds and how fast it fills, in microseconds of the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Rate {
    window: u64,
    each: u64,
}

/// When the bucket is full again; one that nobody took from was always full.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    full_at: u64,
}

/// One try at a password. It counts as failed unless something better is said of it: a client that
/// hangs up before the answer has guessed all the same.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    user: u64,
    address: Option<IpAddr>,
    /// Only the pair's bucket was taken from.
    known: bool,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>, metrics: &Metrics) -> Self {
        let rate = |most: usize| Rate::new(most, limits.failed_login_seconds);
        Self {
            clock,
            names: RandomState::new(),
            per_pair: rate(limits.max_failed_logins),
            per_address: rate(limits.max_failed_logins_per_address),
            per_user: rate(limits.max_failed_logins_per_user),
            refused: metrics.counter(
                "chat_logins_throttled_total",
                "Basic credentials refused unseen after too many failed logins.",
            ),
            buckets: Mutex::new(Buckets {
                pairs: Bounded::new(REMEMBERED),
                addresses: Bounded::new(REMEMBERED),
                users: Bounded::new(REMEMBERED),
            }),
        }
    }

    /// Lets somebody at `address` try a password of the user `name`.
    ///
    /// # Errors
    /// HTTP 429 with the time after which the next try is let through (DEC-36). Nothing is taken
    /// from any bucket then: who is refused learns nothing, and cannot use up what others need.
    pub(crate) fn admit(
        &self,
        name: &str,
        address: Option<IpAddr>,
    ) -> Result<Attempt<'_>, Refusal> {
        let now = self.now();
        let user = self.names.hash_one(name);
        let address = address.map(network_of);
        let buckets = &mut *self.buckets();
        let mut pair = buckets.pairs.get(&(user, address)).copied().unwrap_or_default();
        let mut taken = vec![(&mut pair.bucket, self.per_pair)];
        let known = pair.known;
        let mut of_user = buckets.users.get(&user).copied().unwrap_or_default();
        let mut of_address =
            address.and_then(|it| buckets.addresses.get(&it).copied()).unwrap_or_default();
        if !known {
            taken.push((&mut of_user, self.per_user));
            if address.is_some() {
                taken.push((&mut of_address, self.per_address));
            }
        }
        let wait = taken.iter().map(|(bucket, rate)| bucket.wait(now, *rate)).max().unwrap_or(0);
        if wait > 0 {
            self.refused.increment(1);
            return Err(Refusal::too_many_logins(wait.div_ceil(1_000_000)));
        }
        for (bucket, rate) in taken {
            bucket.take(now, rate);
        }
        keep(&mut buckets.pairs, (user, address), pair);
        if !known {
            keep(&mut buckets.users, user, of_user);
            if let Some(address) = address {
                keep(&mut buckets.addresses, address, of_address);
            }
        }
        Ok(Attempt { throttle: self, user, address, known })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_micros()).unwrap_or(u64::MAX)
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle(…)")
    }
}

impl Attempt<'_> {
    /// The password was right; from now on this is an address that the user logs in from.
    pub(crate) fn succeeded(self) {
        self.give_back(true);
    }

    /// No password was looked at after all.
    pub(crate) fn withdrawn(self) {
        self.give_back(false);
    }

    fn give_back(self, succeeded: bool) {
        let Throttle { per_pair, per_address, per_user, .. } = *self.throttle;
        let buckets = &mut *self.throttle.buckets();
        let key = (self.user, self.address);
        let mut pair = buckets.pairs.get(&key).copied().unwrap_or_default();
        pair.bucket.give_back(per_pair);
        pair.known |= succeeded;
        keep(&mut buckets.pairs, key, pair);
        if self.known {
            return;
        }
        if let Some(bucket) = buckets.users.get(&self.user) {
            bucket.give_back(per_user);
        }
        if let Some(bucket) = self.address.and_then(|it| buckets.addresses.get(&it)) {
            bucket.give_back(per_address);
        }
    }
}

impl Rate {
    fn new(most: usize, seconds: u32) -> Self {
        let window = u64::from(seconds) * 1_000_000;
        Self { window, each: (window / most as u64).max(1) }
    }
}

impl Bucket {
    /// How long it takes until there is something to take.
    fn wait(&self, now: u64, rate: Rate) -> u64 {
        (self.full_at.saturating_sub(now) + rate.each).saturating_sub(rate.window)
    }

    fn take(&mut self, now: u64, rate: Rate) {
        self.full_at = self.full_at.max(now) + rate.each;
    }

    fn give_back(&mut self, rate: Rate) {
        self.full_at = self.full_at.saturating_sub(rate.each);
    }
}

fn keep<K: Hash + Eq, V>(map: &mut Bounded<K, V>, key: K, value: V) {
    match map.get(&key) {
        // In place, which counts as used.
        Some(place) => *place = value,
        None => map.insert(key, value, |_| true),
    }
}

/// Whoever has one IPv6 address has the 2^64 beside it as well.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
