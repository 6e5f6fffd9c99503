//! How many of the open connections one client may have, so that nobody takes them all. An IPv6 client has a whole /64
//! and is counted by it. Trusted proxies speak for many clients and are not counted. An address is remembered only
//! while it has a connection open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::{IpNet, Ipv6Net};

#[cfg(test)]
mod tests;

/// The open connections, by client.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    exempt: Vec<IpNet>,
    open: Arc<Mutex<Open>>,
}

type Open = HashMap<IpAddr, Share>;

#[derive(Debug, Default)]
struct Share {
    connections: usize,
    was_told: bool,
}

impl Share {
    /// Once, as long as any is open: it may be a flood, or the operator's own proxy.
    fn tell(&mut self, client: IpAddr) {
        if !self.was_told {
            let connections = self.connections;
            tracing::warn!(%client, connections, "closing its further connections; a proxy belongs in trusted_proxies");
        }
        self.was_told = true;
    }
}

/// A connection's place in its client's share; free again when this is dropped.
#[derive(Debug)]
pub struct Place(Option<(Arc<Mutex<Open>>, IpAddr)>);

impl Shares {
    /// So many for each client that is not exempt.
    pub fn new(most: usize, exempt: Vec<IpNet>) -> Shares {
        Shares { most, exempt, open: Arc::default() }
    }

    /// A place for one more connection of this client, unless it has its share.
    pub fn take(&self, ip: IpAddr) -> Option<Place> {
        let ip = ip.to_canonical();
        if self.exempt.iter().any(|net| net.contains(&ip)) {
            return Some(Place(None));
        }
        let client = client(ip);
        let mut open = lock(&self.open);
        let share = open.entry(client).or_default();
        if share.connections >= self.most {
            share.tell(client);
            return None;
        }
        share.connections += 1;
        Some(Place(Some((Arc::clone(&self.open), client))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((open, client)) = self.0.take() else { return };
        let mut open = lock(&open);
        if let Some(share) = open.get_mut(&client) {
            share.connections -= 1;
            if share.connections == 0 {
                open.remove(&client);
            }
        }
    }
}

/// Nothing is left half done in the map when a thread panics, so it is sound ever after.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Net::new_assert(ip, 64).network()),
    }
}
