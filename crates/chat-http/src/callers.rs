//! Connections by address, so that no one caller takes all the places.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::identity::network_of;

/// Who is connected, and how often. As many entries as there are connections, at most.
#[derive(Debug)]
pub(crate) struct Callers {
    most: usize,
    open: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One connection of an address; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    callers: Arc<Callers>,
    address: IpAddr,
}

impl Callers {
    /// At most `most` connections of one address; of IPv6 those of one /64, which is one customer's.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    /// Counts one more connection of `address`, unless it has as many as it may.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entry> {
        let address = network_of(address);
        let mut open = self.open();
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Entry { callers: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.callers.open();
        let left = open.get(&self.address).map_or(0, |count| count - 1);
        if left == 0 {
            open.remove(&self.address);
        } else {
            open.insert(self.address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Callers;

    #[test]
    fn each_address_has_its_own_places_and_leaves_nothing_behind() {
        let callers = Arc::new(Callers::new(2));
        let enter = |address: &str| callers.enter(address.parse().unwrap());
        let first = enter("192.0.2.7").unwrap();
        // The same one, as a socket for both kinds of address tells it.
        let second = enter("::ffff:192.0.2.7").unwrap();
        assert!(enter("192.0.2.7").is_none());
        let other = enter("192.0.2.8").unwrap();
        let near = [enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap()];
        assert!(enter("2001:db8::ffff:3").is_none(), "the same /64");
        let far = enter("2001:db8:0:1::1").unwrap();
        drop(first);
        let again = enter("192.0.2.7").unwrap();
        assert!(enter("192.0.2.7").is_none());
        drop((second, other, near, far, again));
        assert!(callers.open().is_empty());
    }
}
