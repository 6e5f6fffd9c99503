//! How the router is reached: the proxies it believes, its cookie's domain, its rate limits.
//! The public URL is the engine's, as mail goes by it too; it and the cookie's domain are looked at together here. An
//! unsafe combination is refused with the reason, before anything is served.

use ipnet::IpNet;
use url::{Host, Url};
use vestibule::{Error, Result};

use crate::limits::Limits;

/// How the router is reached, besides by the engine's [`vestibule::Config::public_url`].
#[derive(Clone, Debug, Default)]
pub struct WebConfig {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A parent domain to share the session cookie with; none keeps it to this host.
    pub cookie_domain: Option<String>,
    /// How often things may be tried.
    pub limits: Limits,
}

impl WebConfig {
    /// Refuses what would be unsafe to serve at this URL.
    pub fn check(&self, public_url: &Url) -> Result<()> {
        check_url(public_url)?;
        self.cookie_domain.as_deref().map_or(Ok(()), |domain| check_domain(public_url, domain))
    }
}

fn check_url(url: &Url) -> Result<()> {
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return setup("public_url: only scheme, host, port and path belong there");
    }
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return setup("public_url: there is no host in it"),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local => Ok(()),
        "http" => {
            setup("public_url: http is for localhost and 127.0.0.1 alone; elsewhere the session cookie needs https")
        }
        _ => setup("public_url: the scheme must be https (or http on localhost)"),
    }
}

fn check_domain(url: &Url, domain: &str) -> Result<()> {
    if url.scheme() != "https" {
        return setup("session.cookie_domain: a shared cookie needs an https public_url");
    }
    let Some(Host::Domain(host)) = url.host() else {
        return setup("session.cookie_domain: public_url must have a host name, not an address");
    };
    let is_name = domain.contains('.')
        && !domain.starts_with('.')
        && domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    let covers = host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if is_name && covers { Ok(()) } else { setup("session.cookie_domain: public_url must lie under this domain") }
}

fn setup<T>(why: &str) -> Result<T> {
    Err(Error::Setup(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, cookie_domain: Option<&str>) -> Result<()> {
        let config = WebConfig { cookie_domain: cookie_domain.map(str::to_owned), ..WebConfig::default() };
        config.check(&url.parse().expect("a URL"))
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1", "https://id.example.com/auth/"] {
            assert!(check(good, None).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.com",
            "http://localhost.example.com",
            "http://127.0.0.2",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://ann@id.example.com",
            "https://id.example.com/?a=b",
            "https://id.example.com/#a",
            "data:text/plain,x",
        ] {
            assert!(check(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cookie_domain_covers_the_host() {
        let with = |url: &str, domain: &str| check(url, Some(domain)).is_ok();
        assert!(with("https://id.example.com", "example.com"));
        assert!(with("https://example.com", "example.com"));
        for domain in ["ample.com", "other.com", "com", ".example.com", "example.com; Secure", "x.id.example.com", ""] {
            assert!(!with("https://id.example.com", domain), "{domain}");
        }
        assert!(!with("http://localhost", "localhost"));
        assert!(!with("https://10.0.0.1", "0.0.1"));
    }
}
