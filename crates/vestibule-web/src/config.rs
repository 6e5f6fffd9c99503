//! How the router is reached: the proxies it believes, its cookie's domain, its rate limits, what it tells proxies.
//! The public URL is the engine's, as mail goes by it too; it and the cookie's domain are looked at together here. An
//! unsafe combination is refused with the reason, before anything is served.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Origin, Position, Url};
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
    /// What proxies are told that ask whether to let somebody pass.
    pub forward_auth: ForwardAuth,
}

/// What proxies are told that ask whether to let somebody pass.
#[derive(Clone, Debug, Default)]
pub struct ForwardAuth {
    /// Whether whoever is not signed in is sent to the sign-in page, instead of being refused by 401.
    pub redirect: bool,
    /// Where signing in may lead back to, besides our own origin.
    pub return_origins: Vec<ReturnOrigin>,
}

/// A scheme, a host and a port that signing in may lead back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnOrigin(Origin);

impl WebConfig {
    /// Refuses what would be unsafe to serve at this URL.
    pub fn check(&self, public_url: &Url) -> Result<()> {
        check_url(public_url)?;
        self.cookie_domain.as_deref().map_or(Ok(()), |domain| check_domain(public_url, domain))
    }
}

impl ReturnOrigin {
    /// Whether an address is of this origin: the same scheme, host and port, none of them by a part.
    pub fn has(&self, url: &Url) -> bool {
        self.0 == url.origin()
    }
}

impl FromStr for ReturnOrigin {
    type Err = Error;

    /// Reads `https://host` or `https://host:port`; by http only on this machine.
    fn from_str(text: &str) -> Result<ReturnOrigin> {
        let Ok(url) = text.parse::<Url>() else { return setup(&format!("{text:?} is not an address")) };
        let is_name = |host: Host<&str>| match host {
            Host::Domain(name) => name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        };
        let is_bare = &url[Position::BeforePath..] == "/" && url.username().is_empty() && url.password().is_none();
        if !is_bare || text.contains('\\') || !url.host().is_some_and(is_name) {
            return setup(&format!(
                "{text:?} must be a scheme, a host and perhaps a port, such as https://app.example.com"
            ));
        }
        match url.scheme() {
            "https" => Ok(ReturnOrigin(url.origin())),
            "http" if is_local(&url) => Ok(ReturnOrigin(url.origin())),
            _ => setup(&format!("{text:?} must be https; http is for localhost and 127.0.0.1 alone")),
        }
    }
}

impl fmt::Display for ReturnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii_serialization())
    }
}

fn check_url(url: &Url) -> Result<()> {
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return setup("public_url: only scheme, host, port and path belong there");
    }
    if url.host().is_none() {
        return setup("public_url: there is no host in it");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local(url) => Ok(()),
        "http" => {
            setup("public_url: http is for localhost and 127.0.0.1 alone; elsewhere the session cookie needs https")
        }
        _ => setup("public_url: the scheme must be https (or http on localhost)"),
    }
}

/// Whether it is this machine's: what is said to it in the clear is heard by nobody else.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
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
    fn a_return_origin_is_nothing_but_an_origin() {
        let shown = |text: &str| text.parse::<ReturnOrigin>().map(|origin| origin.to_string()).ok();
        assert_eq!(shown("https://App.example.com/").as_deref(), Some("https://app.example.com"));
        assert_eq!(shown("https://app.example.com:443").as_deref(), Some("https://app.example.com"));
        assert_eq!(shown("http://localhost:3000").as_deref(), Some("http://localhost:3000"));
        for bad in [
            "",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://app.example.com/app",
            "https://app.example.com/?a",
            "https://app.example.com/#a",
            "https://ann@app.example.com",
            "https:\\\\app.example.com",
            "http://app.example.com",
            "http://localhost.example.com",
            "ftp://app.example.com",
            "data:text/plain,x",
            "null",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
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
