//! Limits by a clock that tests move: who shares a counter, and what is charged.

use vestibule::Timestamp;

use super::*;

fn limiters(clock: &Clock) -> Limiters {
    let limits = Limits { codes: Limit::of(2, 60), sign_in_identifier: Limit::of(3, 60), ..Limits::off() };
    Limiters::new(&limits, clock)
}

#[test]
fn an_identifier_is_counted_whatever_its_case_and_from_wherever() {
    let clock = Clock::manual(Timestamp(0));
    let limits = limiters(&clock);
    for (ip, text) in [("10.0.0.1", "ann@example.com"), ("10.0.0.2", " ANN@example.com"), ("::1", "Ann@Example.com ")] {
        assert!(limits.sign_in(ip.parse().ok(), text).is_ok());
    }
    let refused = limits.sign_in(None, "ann@example.com").expect_err("three were used");
    assert!(matches!(refused, Error::TooMany { retry_after } if retry_after == Duration::from_secs(20)));
    assert!(limits.sign_in(None, "bob@example.com").is_ok());
    clock.advance(Duration::from_secs(20));
    assert!(limits.sign_in(None, "ann@example.com").is_ok());
    assert!(limits.sign_in(None, "ann@example.com").is_err());
}

#[test]
fn every_spelling_of_an_identifier_shares_a_counter() {
    for (first, others) in [
        ("ann@example.com", ["ann@ｅxample.com", "ANN@ＥXAMPLE.COM"]),
        ("ann@bücher.example", ["ann@xn--bcher-kva.example", "Ann@BÜCHER.example "]),
        ("ann.lee", [" Ann.Lee", "ANN.LEE"]),
        ("no such thing!", ["NO SUCH THING!", " no such thing! "]),
    ] {
        for other in others {
            let once = Limits { sign_in_identifier: Limit::of(1, 60), ..Limits::off() };
            let limits = Limiters::new(&once, &Clock::manual(Timestamp(0)));
            assert!(limits.sign_in(None, first).is_ok());
            assert!(limits.sign_in(None, other).is_err(), "{first} and {other}");
        }
    }
}

#[test]
fn requests_for_mail_have_counters_of_their_own() {
    let once = Limits { sign_in: Limit::of(1, 60), sign_up: Limit::of(1, 60), ..Limits::default() };
    let limits = Limiters::new(&once, &Clock::manual(Timestamp(0)));
    assert!(limits.sign_in(None, "ann@example.com").is_ok() && limits.sign_up(None, "ann@example.com").is_ok());
    assert!((0..10).all(|_| limits.mail_request(None, "ann@example.com").is_ok()));
    assert!(limits.mail_request(None, "ANN@ｅxample.com").is_err(), "ten a minute for each e-mail");
    assert!((0..19).all(|n| limits.mail_request(None, &format!("person{n}@example.com")).is_ok()));
    let refused = limits.mail_request(None, "bob@example.com").expect_err("thirty a minute for each address");
    assert!(matches!(refused, Error::TooMany { retry_after } if retry_after == Duration::from_secs(2)));
    assert!(limits.mail_request("192.0.2.1".parse().ok(), "bob@example.com").is_ok());
}

#[test]
fn codes_are_charged_when_they_fail_and_refused_before_they_are_looked_up() {
    let clock = Clock::manual(Timestamp(0));
    let limits = limiters(&clock);
    for _ in 0..10 {
        assert!(limits.code_looked_up(None).is_ok());
    }
    assert!(limits.code_failed(None).is_ok());
    assert!(limits.code_looked_up(None).is_ok());
    assert!(limits.code_failed(None).is_ok());
    assert!(limits.code_looked_up(None).is_err());
    clock.advance(Duration::from_secs(30));
    assert!(limits.code_looked_up(None).is_ok());
}

#[test]
fn failed_codes_are_counted_altogether_as_well() {
    let clock = Clock::manual(Timestamp(0));
    let limits = limiters(&clock);
    let guesser = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
    for n in 0..20 {
        assert!(limits.code_looked_up(guesser(n)).is_ok(), "{n}");
        assert!(limits.code_failed(guesser(n)).is_ok(), "{n}");
    }
    let refused = limits.code_looked_up(guesser(99)).expect_err("ten times two were used");
    assert!(matches!(refused, Error::TooMany { retry_after } if retry_after == Duration::from_secs(3)));
    clock.advance(Duration::from_secs(3));
    assert!(limits.code_looked_up(guesser(99)).is_ok());
}

#[test]
fn an_ipv6_network_is_one_address_and_a_mapped_ipv4_is_itself() {
    let limits = Limiters::new(&Limits { codes: Limit::of(1, 60), ..Limits::off() }, &Clock::manual(Timestamp(0)));
    assert!(limits.code_failed("2001:db8::1".parse().ok()).is_ok());
    assert!(limits.code_looked_up("2001:db8::ffff:1".parse().ok()).is_err());
    assert!(limits.code_looked_up("2001:db8:0:1::1".parse().ok()).is_ok());
    assert!(limits.code_failed("192.0.2.1".parse().ok()).is_ok());
    assert!(limits.code_looked_up("::ffff:192.0.2.1".parse().ok()).is_err());
}

#[test]
fn what_is_off_is_off_and_what_is_stale_is_forgotten() {
    let clock = Clock::manual(Timestamp(0));
    let off = Limiters::new(&Limits::off(), &clock);
    assert!((0..5000).all(|_| off.sign_in(None, "ann").is_ok() && off.set_up(None).is_ok()));
    let limits = limiters(&clock);
    for n in 0..CLEAN_EVERY - 1 {
        assert!(limits.sign_in(None, &format!("a{n}")).is_ok());
    }
    let Some(bucket) = &limits.sign_in.identifier.0 else { panic!("it is on") };
    assert_eq!(bucket.cells.len(), 1023);
    clock.advance(Duration::from_secs(61));
    assert!(limits.sign_in(None, "one more").is_ok());
    assert_eq!(bucket.cells.len(), 1);
}

#[test]
fn a_limit_reads_as_count_and_seconds() {
    assert_eq!("20/60".parse::<Limit>().ok(), Limit::of(20, 60));
    for text in ["", "20", "0/60", "20/0", "-1/60", "x/y", "off", "20/60/1", "99999999999/1"] {
        assert!(text.parse::<Limit>().is_err(), "{text}");
    }
}
