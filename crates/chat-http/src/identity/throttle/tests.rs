//! Who is let through after how many failures, by a clock that is moved by hand.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Refusal, Throttle};
use crate::clock::ManualClock;
use crate::config::Limits;
use crate::metrics::Metrics;

struct Trial {
    clock: Arc<ManualClock>,
    throttle: Throttle,
}

fn trial(per_pair: usize, per_address: usize, per_user: usize) -> Trial {
    let clock = Arc::new(ManualClock::default());
    let limits = Limits {
        max_failed_logins: per_pair,
        max_failed_logins_per_address: per_address,
        max_failed_logins_per_user: per_user,
        failed_login_seconds: 60,
        ..Limits::default()
    };
    let throttle = Throttle::new(&limits, clock.clone(), &Metrics::new([].into_iter()));
    Trial { clock, throttle }
}

impl Trial {
    /// How many of `tries` failing tries are let through.
    fn fail(&self, user: &str, address: &str, tries: usize) -> usize {
        (0..tries).filter(|_| self.throttle.admit(user, at(address)).is_ok()).count()
    }

    /// A try with the right password.
    fn succeed(&self, user: &str, address: &str) -> Result<(), Refusal> {
        self.throttle.admit(user, at(address)).map(super::Attempt::succeeded)
    }
}

fn at(address: &str) -> Option<IpAddr> {
    (!address.is_empty()).then(|| address.parse().unwrap())
}

#[test]
fn a_user_fails_so_often_from_one_address_and_then_now_and_again() {
    let trial = trial(3, 100, 100);
    assert_eq!(trial.fail("amy", "192.0.2.1", 10), 3);
    assert!(trial.succeed("amy", "192.0.2.1").is_err(), "who has guessed too often waits");
    assert_eq!(trial.succeed("bob", "192.0.2.1"), Ok(()), "a colleague at the same address");
    assert_eq!(trial.succeed("amy", "192.0.2.2"), Ok(()), "the user somewhere else");
    // 60 s for 3 are 20 s for one.
    trial.clock.advance(19_999);
    assert_eq!(trial.fail("amy", "192.0.2.1", 10), 0);
    trial.clock.advance(1);
    assert_eq!(trial.fail("amy", "192.0.2.1", 10), 1);
    trial.clock.advance(60_000);
    assert_eq!(trial.fail("amy", "192.0.2.1", 10), 3, "never more than at first");
}

/// DEC-36: the time to wait is told.
#[test]
fn the_refusal_says_when_to_come_back() {
    let trial = trial(3, 100, 100);
    trial.fail("amy", "192.0.2.1", 3);
    trial.clock.advance(500);
    let refused = trial.succeed("amy", "192.0.2.1").unwrap_err();
    assert_eq!(refused, Refusal::too_many_logins(20));
}

#[test]
fn who_knows_the_password_is_never_throttled() {
    let trial = trial(2, 2, 2);
    for _ in 0..100 {
        assert_eq!(trial.succeed("amy", "192.0.2.1"), Ok(()));
    }
    assert_eq!(trial.fail("amy", "192.0.2.1", 10), 2, "successes took nothing");
}

#[test]
fn one_address_cannot_try_one_password_on_everybody() {
    let trial = trial(10, 5, 100);
    let let_through: usize = (0..50).map(|n| trial.fail(&format!("user{n}"), "192.0.2.1", 1)).sum();
    assert_eq!(let_through, 5);
    assert_eq!(trial.fail("amy", "192.0.2.2", 1), 1, "another address");
}

/// Locking somebody out by guessing must not be easier than guessing.
#[test]
fn many_addresses_cannot_guess_one_user_nor_lock_them_out() {
    let trial = trial(10, 100, 5);
    trial.succeed("amy", "192.0.2.1").unwrap();
    let attack = |n: u32| trial.fail("amy", &format!("198.51.{}.{}", n / 256, n % 256), 1);
    assert_eq!((0..1_000).map(attack).sum::<usize>(), 5);
    assert!(trial.succeed("amy", "203.0.113.1").is_err(), "from an unknown address");
    assert_eq!(trial.succeed("amy", "192.0.2.1"), Ok(()), "from where the user works");
    assert_eq!(trial.succeed("bob", "192.0.2.1"), Ok(()), "another user");
}

/// A colleague's program that goes on with an old password must not keep the others out.
#[test]
fn an_exhausted_address_does_not_stop_who_works_there() {
    let trial = trial(10, 5, 100);
    trial.succeed("amy", "192.0.2.1").unwrap();
    for n in 0..10 {
        trial.fail(&format!("user{n}"), "192.0.2.1", 1);
    }
    assert!(trial.succeed("new", "192.0.2.1").is_err());
    assert_eq!(trial.succeed("amy", "192.0.2.1"), Ok(()));
    // Being known is no leave to guess.
    assert_eq!(trial.fail("amy", "192.0.2.1", 50), 10);
}

#[test]
fn who_is_refused_uses_up_nothing() {
    let trial = trial(2, 5, 100);
    assert_eq!(trial.fail("amy", "192.0.2.1", 1_000), 2);
    assert_eq!(trial.fail("bob", "192.0.2.1", 2), 2, "the address had three left");
}

/// A /64 is one household; its owner has 2^64 addresses.
#[test]
fn addresses_of_one_network_are_one_address() {
    let trial = trial(2, 100, 100);
    assert_eq!(trial.fail("amy", "2001:db8::1", 1), 1);
    assert_eq!(trial.fail("amy", "2001:db8::ffff:1:2:3", 5), 1);
    assert_eq!(trial.fail("amy", "2001:db8:0:1::1", 5), 2);
    assert_eq!(trial.fail("amy", "192.0.2.1", 1), 1);
    assert_eq!(trial.fail("amy", "::ffff:192.0.2.1", 5), 1);
}

#[test]
fn without_an_address_the_users_limit_holds() {
    let trial = trial(3, 1, 100);
    assert_eq!(trial.fail("amy", "", 10), 3);
    assert_eq!(trial.fail("bob", "", 10), 3);
}

#[test]
fn what_was_not_looked_at_does_not_count() {
    let trial = trial(1, 1, 1);
    for _ in 0..10 {
        trial.throttle.admit("amy", at("192.0.2.1")).unwrap().withdrawn();
    }
    assert_eq!(trial.fail("amy", "192.0.2.1", 2), 1);
}
