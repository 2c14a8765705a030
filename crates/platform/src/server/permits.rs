//! How many connections there may be, in all and from one network.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use dashmap::DashMap;
use ipnet::IpNet;

use crate::rate_limit::network;

/// The connections that are open.
#[derive(Debug)]
pub(crate) struct Permits {
    max: u32,
    max_per_network: u32,
    /// All clients come from these addresses, so that a limit of one would be a limit of all.
    proxies: Vec<IpNet>,
    open: AtomicU32,
    open_per_network: DashMap<IpAddr, u32>,
}

impl Permits {
    pub(crate) fn new(max: u32, max_per_network: u32, proxies: Vec<IpNet>) -> Self {
        Self { max, max_per_network, proxies, open: AtomicU32::new(0), open_per_network: DashMap::new() }
    }
}

/// One open connection; it is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
    /// Under what it is counted; `None` for a proxy.
    network: Option<IpAddr>,
}

impl Permit {
    /// `None` where there are too many.
    pub(crate) fn acquire(permits: &Arc<Permits>, peer: IpAddr) -> Option<Self> {
        if permits.open.fetch_add(1, Ordering::Relaxed) >= permits.max {
            permits.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let is_proxy = permits.proxies.iter().any(|proxies| proxies.contains(&peer.to_canonical()));
        let permit = Self { permits: permits.clone(), network: (!is_proxy).then(|| network(peer)) };
        let Some(network) = permit.network else { return Some(permit) };
        let count = {
            let mut open = permits.open_per_network.entry(network).or_insert(0);
            *open += 1;
            *open
        };
        // One too many counts itself out when it is dropped.
        (count <= permits.max_per_network).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.open.fetch_sub(1, Ordering::Relaxed);
        let Some(network) = self.network else { return };
        self.permits.open_per_network.remove_if_mut(&network, |_, open| {
            *open = open.saturating_sub(1);
            *open == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(permits: &Arc<Permits>, address: &str, wanted: usize) -> Vec<Permit> {
        (0..wanted).filter_map(|_| Permit::acquire(permits, address.parse().unwrap())).collect()
    }

    #[test]
    fn a_network_and_all_together_have_their_limits() {
        let permits = Arc::new(Permits::new(5, 2, vec!["10.0.0.0/8".parse().unwrap()]));
        let first = count(&permits, "1.2.3.4", 3);
        assert_eq!(first.len(), 2);
        // One household has a /64, and the mapped address is the same machine.
        assert_eq!(count(&permits, "::ffff:1.2.3.4", 1).len(), 0);
        let second = count(&permits, "2001:db8::1", 1);
        assert_eq!(count(&permits, "2001:db8::2", 2).len(), 1);
        drop((first, second));
        // Proxies speak for many.
        let proxied = count(&permits, "10.1.1.1", 9);
        assert_eq!(proxied.len(), 5);
        assert_eq!(count(&permits, "1.2.3.4", 1).len(), 0, "there is no room at all");
        drop(proxied);
        assert_eq!(count(&permits, "1.2.3.4", 3).len(), 2);
        assert!(permits.open_per_network.is_empty());
    }
}
