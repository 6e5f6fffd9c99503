//! The client's address: the peer's, unless the peer is a proxy we trust; then the right-most hop of
//! `X-Forwarded-For` that is not one. What stands left of that, the client may have written itself.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of who sent a request; none when the server did not say who its peer is.
pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(behind(peer.ip().to_canonical(), headers, trusted))
}

/// The network that rate limits count: an IPv6 client has its /64, an IPv4 client its address.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
    }
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    if !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        for hop in line.as_bytes().rsplit(|&b| b == b',') {
            match parse(hop) {
                Some(ip) if is_trusted(ip) => client = ip,
                Some(ip) => return ip,
                None => return client,
            }
        }
    }
    client
}

/// One hop: an address, perhaps with a port, perhaps in brackets.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let ip = match hop.parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) => match hop.parse::<SocketAddr>() {
            Ok(address) => address.ip(),
            Err(_) => hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?,
        },
    };
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "2001:db8::/32"].iter().map(|net| net.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        behind(peer.parse::<IpAddr>().unwrap().to_canonical(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_it_is() {
        assert_eq!(client("192.0.2.7", &["203.0.113.1"]), "192.0.2.7");
        assert_eq!(client("::ffff:192.0.2.7", &["203.0.113.1"]), "192.0.2.7");
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_other_hop_counts() {
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 203.0.113.1"]), "203.0.113.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 203.0.113.1, 10.0.0.9, 2001:db8::5"]), "203.0.113.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "203.0.113.1", "10.0.0.9"]), "203.0.113.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.1:4711"]), "203.0.113.1");
        assert_eq!(client("10.0.0.1", &["[2a00::1]:80"]), "2a00::1");
        assert_eq!(client("10.0.0.1", &["[2a00::1]"]), "2a00::1");
        assert_eq!(client("10.0.0.1", &["::ffff:203.0.113.1"]), "203.0.113.1");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.1"]), "203.0.113.1");
    }

    #[test]
    fn a_malformed_hop_ends_the_walk_at_the_last_good_one() {
        assert_eq!(client("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.9"]), "10.0.0.9");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, "]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
    }
}
