//! Asking a provider something: over TLS, with a bounded wait and a bounded answer, without redirects, proxies or
//! cookies, and never at an address that the internet cannot reach unless the settings say so. Names are resolved here
//! and the connection is made to the very addresses that were looked at, so a name that changes its mind gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use url::{Host, Url, form_urlencoded};

use crate::error::{Error, Result};
use crate::oauth_config::is_loopback;

/// How long a connection may take, of the whole patience.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const LARGEST: usize = 1024 * 1024;

/// Why a provider named nobody; each word is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It does not answer, or says that it is ill.
    Unreachable,
    /// It does not take what the browser brought.
    Refused,
    /// Its answer is not what it should be; the text says in what.
    Wrong(&'static str),
}

/// A way to ask one provider.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    allow_private: bool,
}

/// An answer, of any status.
pub(crate) struct Reply {
    pub status: u16,
    body: Vec<u8>,
}

/// How we prove who we are, to a token endpoint.
pub(crate) struct Basic<'a> {
    pub id: &'a str,
    pub secret: &'a SecretString,
}

/// What is left of where names lead to, once it was looked at.
struct Resolver {
    names: Arc<dyn Resolve>,
    allow_private: bool,
}

/// Names as this machine knows them.
struct Machine;

impl Trouble {
    /// The word for it in the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Trouble::Unreachable => "provider_unreachable",
            Trouble::Refused => "provider_refused",
            Trouble::Wrong(what) => what,
        }
    }
}

impl Http {
    pub(crate) fn new(allow_private: bool, patience: Duration) -> Result<Http> {
        Http::by(Arc::new(Machine), allow_private, patience)
    }

    /// With these names.
    fn by(names: Arc<dyn Resolve>, allow_private: bool, patience: Duration) -> Result<Http> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(Error::internal)?.with_root_certificates(roots).with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver { names, allow_private }))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent("vestibule")
            .connect_timeout(CONNECT.min(patience))
            .timeout(patience);
        Ok(Http { client: client.build().map_err(Error::internal)?, allow_private })
    }

    /// Asks for JSON, perhaps as the bearer of a token.
    pub(crate) async fn get(&self, url: &Url, bearer: Option<&SecretString>) -> Result<Reply, Trouble> {
        let mut request = self.client.get(url.clone());
        if let Some(token) = bearer {
            request = request.bearer_auth(token.expose_secret());
        }
        self.send(url, request).await
    }

    /// Sends a form.
    pub(crate) async fn post(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
        basic: Option<Basic<'_>>,
    ) -> Result<Reply, Trouble> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(Basic { id, secret }) = basic {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encoded(id), Some(encoded(secret.expose_secret()))); // RFC 6749, section 2.3.1
        }
        self.send(url, request.body(form)).await
    }

    async fn send(&self, url: &Url, request: RequestBuilder) -> Result<Reply, Trouble> {
        self.check(url)?;
        let unreachable = |why: reqwest::Error| {
            tracing::warn!(host = url.host_str(), error = ?why.without_url(), "a provider of logins does not answer");
            Trouble::Unreachable
        };
        let mut response = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if (500..600).contains(&status) || status == 429 || status == 403 && is_put_off(response.headers()) {
            tracing::warn!(host = url.host_str(), status, "a provider of logins is ill");
            return Err(Trouble::Unreachable);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Trouble::Wrong("provider_answer_too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }

    /// Refuses an address that would be asked in the clear, or that the internet cannot reach. (Names are looked at when
    /// they are resolved.)
    pub(crate) fn check(&self, url: &Url) -> Result<(), Trouble> {
        let is_reachable = |ip: IpAddr| self.allow_private || is_public(ip);
        let is_good_host = match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(ip)) => is_reachable(ip.into()),
            Some(Host::Ipv6(ip)) => is_reachable(ip.into()),
            None => false,
        };
        let is_good_scheme =
            url.scheme() == "https" || url.scheme() == "http" && self.allow_private && is_loopback(url);
        if is_good_host && is_good_scheme { Ok(()) } else { Err(Trouble::Wrong("provider_address_refused")) }
    }
}

impl Reply {
    /// Reads a good answer as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        if self.status != 200 {
            return Err(if self.status < 400 { Trouble::Wrong("provider_answer_invalid") } else { Trouble::Refused });
        }
        self.any_json()
    }

    /// Reads an answer as JSON, whatever its status.
    pub(crate) fn any_json<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        serde_json::from_slice(&self.body).map_err(|_| Trouble::Wrong("provider_answer_invalid"))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, allow_private) = (self.names.resolve(name), self.allow_private);
        Box::pin(async move {
            let good: Vec<SocketAddr> =
                found.await?.filter(|address| allow_private || is_public(address.ip())).collect();
            if good.is_empty() {
                return Err("the name has no address that the internet can reach".into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

impl Resolve for Machine {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether a refusal is for now alone: the provider says when to come again, or that we have asked it enough. (GitHub
/// refuses so with 403.)
fn is_put_off(headers: &HeaderMap) -> bool {
    headers.contains_key(RETRY_AFTER) || headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0")
}

/// Whether an address is one of the internet's, not of this machine, this network or some other use (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_special = a == 0 || a >= 224 || is_shared || is_protocol || is_benchmark;
    !(is_special || ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, ..] = ip.segments();
    let last =
        || Ipv4Addr::from(u32::from_be_bytes([ip.octets()[12], ip.octets()[13], ip.octets()[14], ip.octets()[15]]));
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    if (a, b, c, d) == (0x64, 0xff9b, 0, 0) && ip.segments()[4..6] == [0, 0] {
        return is_public_v4(last()); // translated to IPv4 on the way (RFC 6052)
    }
    // Of what is left, the internet's own is 2000::/3, without what tunnels IPv4 or is for documents.
    let is_tunnel = a == 0x2002 || (a, b) == (0x2001, 0);
    let is_document = (a, b) == (0x2001, 0xdb8) || a == 0x3fff;
    a & 0xe000 == 0x2000 && !is_tunnel && !is_document
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::sync::Mutex;

    use super::*;

    /// Where a name leads to, each time it is asked for.
    struct Fickle(Mutex<VecDeque<Vec<SocketAddr>>>);

    impl Fickle {
        fn new(answers: &[&[&str]]) -> Arc<Fickle> {
            let parsed = |answer: &&[&str]| answer.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
            Arc::new(Fickle(Mutex::new(answers.iter().map(parsed).collect())))
        }
    }

    impl Resolve for Fickle {
        fn resolve(&self, _: Name) -> Resolving {
            let answer = self.0.lock().unwrap().pop_front().expect("one answer for each time");
            Box::pin(async move { Ok(Box::new(answer.into_iter()) as Addrs) })
        }
    }

    #[test]
    fn only_addresses_of_the_internet_are_asked() {
        for public in ["140.82.121.4", "1.1.1.1", "2606:50c0:8000::154", "::ffff:140.82.121.4", "64:ff9b::8c52:7904"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fec0::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn a_literal_address_or_plain_http_is_refused_before_it_is_asked() {
        let check = |allow_private, url: &str| {
            let http = Http::new(allow_private, Duration::from_secs(1)).unwrap();
            http.check(&url.parse().unwrap()).is_ok()
        };
        assert!(check(false, "https://login.example.com/token"));
        for refused in [
            "http://login.example.com",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://169.254.169.254",
            "ftp://login.example.com",
            "file:///etc/passwd",
            "http://localhost",
        ] {
            assert!(!check(false, refused), "{refused}");
        }
        assert!(check(true, "http://127.0.0.1:9/token") && check(true, "https://10.0.0.1"));
        assert!(!check(true, "http://10.0.0.1"), "in the clear only on this machine");
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_resolved() {
        let resolve =
            |allow_private| Resolver { names: Arc::new(Machine), allow_private }.resolve("localhost".parse().unwrap());
        assert!(resolve(false).await.is_err());
        assert!(resolve(true).await.is_ok());
    }

    #[tokio::test]
    async fn a_name_that_has_moved_to_this_machine_is_not_connected_to() {
        const PUBLIC: &str = "140.82.121.4";
        let names = Fickle::new(&[&[PUBLIC], &["127.0.0.1", PUBLIC, "10.0.0.1", "::1"], &["127.0.0.1"]]);
        let resolver = Resolver { names: names.clone(), allow_private: false };
        for _ in 0..2 {
            let found = resolver.resolve("login.example.com".parse().unwrap()).await.unwrap();
            assert_eq!(found.map(|address| address.ip().to_string()).collect::<Vec<_>>(), [PUBLIC]);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let url: Url = format!("https://login.example.com:{port}/token").parse().unwrap();
        let patience = Duration::from_millis(300);
        let strict = Http::by(names.clone(), false, patience).unwrap();
        assert_eq!(strict.get(&url, None).await.err(), Some(Trouble::Unreachable));
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody has knocked");
        assert!(names.0.lock().unwrap().is_empty(), "it was the name that was refused");
        let lenient = Http::by(Fickle::new(&[&["127.0.0.1"]]), true, patience).unwrap();
        assert_eq!(lenient.get(&url, None).await.err(), Some(Trouble::Unreachable), "nobody speaks TLS there");
        assert!(listener.accept().is_ok(), "but it was asked");
    }
}
