//! Who shares with whom, and that nothing is kept of those who are gone.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_client_has_its_share_and_no_more_until_one_closes() {
    let shares = Shares::new(2, Vec::new());
    let first = shares.take(ip("192.0.2.7")).expect("a place");
    let _second = shares.take(ip("::ffff:192.0.2.7")).expect("a place for the same client, written otherwise");
    assert!(shares.take(ip("192.0.2.7")).is_none());
    assert!(shares.take(ip("192.0.2.7")).is_none(), "being refused takes nothing and frees nothing");
    assert!(shares.take(ip("192.0.2.8")).is_some(), "a neighbour has a share of its own");
    drop(first);
    let third = shares.take(ip("192.0.2.7"));
    assert!(third.is_some() && shares.take(ip("192.0.2.7")).is_none());
}

#[test]
fn an_ipv6_client_is_its_64() {
    let shares = Shares::new(1, Vec::new());
    let _one = shares.take(ip("2001:db8:0:1::1")).expect("a place");
    assert!(shares.take(ip("2001:db8:0:1:ffff::2")).is_none());
    assert!(shares.take(ip("2001:db8:0:2::1")).is_some());
}

#[test]
fn a_trusted_proxy_is_not_counted() {
    let shares = Shares::new(1, vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let places: Vec<_> =
        ["10.1.2.3", "10.1.2.3", "::ffff:10.1.2.3", "::1", "::1"].map(|peer| shares.take(ip(peer))).into();
    assert!(places.iter().all(Option::is_some));
    assert!(lock(&shares.open).is_empty());
    let _one = shares.take(ip("11.0.0.1")).expect("a place");
    assert!(shares.take(ip("11.0.0.1")).is_none());
}

#[test]
fn who_has_none_open_is_forgotten() {
    let shares = Shares::new(1, Vec::new());
    for n in 0..1000_u32 {
        let client = IpAddr::V4(n.into());
        let place = shares.take(client);
        assert!(place.is_some() && shares.take(client).is_none());
        assert_eq!(lock(&shares.open).len(), 1);
    }
    assert!(lock(&shares.open).is_empty());
}
