//! SMTP: the server that takes our mail, read from one URL, and what is said to it.
//! `smtp://` to this machine is plain; to anywhere else it requires STARTTLS, so that neither a link nor a password
//! crosses a network in clear. `smtps://` is TLS from the first byte. Certificates are always verified.

mod connection;
mod letter;
mod replies;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

pub(crate) use connection::{Connection, Trouble};
pub(crate) use letter::envelope;

/// How long the mail server has for each step.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How to reach the mail server, and as whom to write.
#[derive(Clone)]
pub struct SmtpConfig {
    /// How long the server has for each step: to connect, to take the envelope, to take the message.
    pub timeout: Duration,
    /// Where the server is, instead of what DNS says of its name.
    pub address: Option<SocketAddr>,
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    credentials: Option<(String, SecretString)>,
    from: Mailbox,
    hello: String,
}

/// How the line to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// Not at all: it does not leave this machine.
    Plain,
    /// TLS after STARTTLS, or nothing is said.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

impl SmtpConfig {
    /// Reads `smtp://[user:password@]host[:port]` or `smtps://…`; the error says what to change, and no password.
    /// `from` is an address, with a name before it or not; none: `no-reply@` the host of `public_url`. `ca_pem` is a
    /// certificate that is trusted besides those that browsers trust.
    pub fn parse(
        url: &SecretString,
        from: Option<&str>,
        ca_pem: Option<&[u8]>,
        public_url: &Url,
    ) -> Result<SmtpConfig, String> {
        let url = Url::parse(url.expose_secret()).map_err(|why| format!("smtp_url is not a URL: {why}"))?;
        let (security, port) = read_security(&url)?;
        let host = read_host(&url)?;
        let tls = read_tls(&host, ca_pem)?;
        let credentials = read_credentials(&url)?;
        let own_host = public_url.host().ok_or("public_url has no host")?;
        let from = read_from(from, &own_host)?;
        let hello = literal(&own_host);
        let port = url.port().unwrap_or(port);
        Ok(SmtpConfig { timeout: TIMEOUT, address: None, host, port, security, tls, credentials, from, hello })
    }

    /// Whether the server would take our mail: connects, protects the line, signs in, and leaves again.
    pub async fn check(&self) -> Result<(), String> {
        Connection::open(self).await?.close().await;
        Ok(())
    }

    /// The server, for people: `mail.example.com:587`.
    pub fn server(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]:{}", self.port),
            Ok(IpAddr::V4(_)) | Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// The domain that we write from.
    fn own_domain(&self) -> &str {
        self.from.email.domain()
    }
}

impl std::fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("server", &self.server())
            .field("security", &self.security)
            .field("user", &self.credentials.as_ref().map(|(user, _)| user))
            .field("from", &self.from)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn read_security(url: &Url) -> Result<(Security, u16), String> {
    let wrong = |what: &str| Err(format!("smtp_url {what}: write smtp://user:password@host:port or smtps://…"));
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return wrong("has something after its host and port");
    }
    match url.scheme() {
        "smtps" => Ok((Security::Implicit, 465)),
        "smtp" if is_loopback(url) => Ok((Security::Plain, 587)),
        "smtp" => Ok((Security::StartTls, 587)),
        other => wrong(&format!("begins with {other}:")),
    }
}

/// The name or address as it is connected to and as its certificate says it, without an IPv6 address's brackets.
fn read_host(url: &Url) -> Result<String, String> {
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("smtp_url has no host")?;
    Ok(host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase())
}

fn is_loopback(url: &Url) -> bool {
    let host = read_host(url).unwrap_or_default();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn read_tls(host: &str, ca_pem: Option<&[u8]>) -> Result<TlsParameters, String> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = ca_pem {
        let unreadable = |why: lettre::transport::smtp::Error| {
            format!("smtp_ca_file cannot be read as PEM: {}", replies::quote(&why))
        };
        tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(unreadable)?);
    }
    tls.build().map_err(|why| {
        format!("smtp_url names a host, {host}, with which TLS cannot be set up: {}", replies::quote(&why))
    })
}

fn read_credentials(url: &Url) -> Result<Option<(String, SecretString)>, String> {
    let (user, password) = (url.username(), url.password());
    match (user.is_empty(), password) {
        (true, None) => Ok(None),
        (false, Some(password)) => Ok(Some((decoded("user", user)?, decoded("password", password)?.into()))),
        (false, None) => Err("smtp_url has a user without a password: write smtp://user:password@host".to_owned()),
        (true, Some(_)) => Err("smtp_url has a password without a user: write smtp://user:password@host".to_owned()),
    }
}

fn read_from(from: Option<&str>, own_host: &Host<&str>) -> Result<Mailbox, String> {
    let Some(from) = from.map(str::trim) else {
        let address = Address::new("no-reply", literal(own_host));
        return address.map(|address| Mailbox::new(None, address)).map_err(|_| {
            "mail_from must be set: the host of public_url is not one that mail can come from".to_owned()
        });
    };
    let is_line = !from.chars().any(char::is_control);
    let parsed = from.parse::<Mailbox>().ok().filter(|_| is_line);
    let example = "no-reply@example.com or Example <no-reply@example.com>";
    parsed.ok_or_else(|| format!("mail_from is not an address: {from:?}; write {example}"))
}

/// A host as mail writes it: an address in brackets (RFC 5321, section 4.1.3).
fn literal(host: &Host<&str>) -> String {
    match host {
        Host::Domain(name) => (*name).to_owned(),
        Host::Ipv4(ip) => format!("[{ip}]"),
        Host::Ipv6(ip) => format!("[IPv6:{ip}]"),
    }
}

/// A part of a URL, percent-decoded.
fn decoded(what: &str, text: &str) -> Result<String, String> {
    let wrong = || format!("smtp_url has a {what} that is not percent-encoded text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(wrong);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, from: Option<&str>, public_url: &str) -> Result<SmtpConfig, String> {
        SmtpConfig::parse(&url.into(), from, None, &public_url.parse().expect("a URL"))
    }

    fn parsed(url: &str) -> SmtpConfig {
        parse(url, None, "https://id.example.com/accounts").unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    #[test]
    fn a_url_says_where_the_server_is_and_how_the_line_is_protected() {
        let expected = [
            ("smtp://mail.example.com", "mail.example.com:587", Security::StartTls),
            ("smtp://mail.example.com:25/", "mail.example.com:25", Security::StartTls),
            ("smtps://MAIL.example.com", "mail.example.com:465", Security::Implicit),
            ("smtps://127.0.0.1:2465", "127.0.0.1:2465", Security::Implicit),
            ("smtp://localhost:2525", "localhost:2525", Security::Plain),
            ("smtp://127.0.0.2:2525", "127.0.0.2:2525", Security::Plain),
            ("smtp://[::1]", "[::1]:587", Security::Plain),
            ("smtp://127.1", "127.1:587", Security::StartTls),
            ("smtp://localhost.example.com", "localhost.example.com:587", Security::StartTls),
            ("smtp://[2001:db8::1]:25", "[2001:db8::1]:25", Security::StartTls),
        ];
        for (url, server, security) in expected {
            let smtp = parsed(url);
            assert_eq!((smtp.server().as_str(), smtp.security), (server, security), "{url}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded_and_never_shown() {
        let smtp = parsed("smtp://ann%40example.com:p%3Ass%2Fw%C3%B6rd@mail.example.com");
        let (user, password) = smtp.credentials.as_ref().expect("both are there");
        assert_eq!((user.as_str(), password.expose_secret()), ("ann@example.com", "p:ss/w\u{f6}rd"));
        assert!(!format!("{smtp:?}").contains("ss/w"), "{smtp:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_hint() {
        let refused = [
            ("mail.example.com", "smtp_url is not a URL"),
            ("http://mail.example.com", "smtp_url begins with http:"),
            ("smtp://mail.example.com/inbox", "smtp_url has something after its host and port"),
            ("smtp://mail.example.com?tls=off", "smtp_url has something after its host and port"),
            ("smtp:mail.example.com", "smtp_url has something after its host and port"),
            ("smtp://ann@mail.example.com", "smtp_url has a user without a password"),
            ("smtp://:secret@mail.example.com", "smtp_url has a password without a user"),
            ("smtp://ann:%zz@mail.example.com", "smtp_url has a password that is not percent-encoded"),
            ("smtp://ann:%ff@mail.example.com", "smtp_url has a password that is not percent-encoded"),
            ("smtp://ann:%4@mail.example.com", "smtp_url has a password that is not percent-encoded"),
        ];
        for (url, expected) in refused {
            let why = parse(url, None, "https://id.example.com").expect_err(url);
            assert!(why.starts_with(expected) && !why.contains("secret"), "{url}: {why}");
        }
    }

    #[test]
    fn mail_comes_from_an_address_that_is_given_or_from_our_host() {
        let from = |from, public_url| parse("smtp://localhost", from, public_url).map(|smtp| smtp.from.to_string());
        let ours = "https://id.example.com";
        assert_eq!(from(None, ours).as_deref(), Ok("no-reply@id.example.com"));
        assert_eq!(from(None, "http://localhost:8080").as_deref(), Ok("no-reply@localhost"));
        assert_eq!(from(None, "http://127.0.0.1:8080").as_deref(), Ok("no-reply@[127.0.0.1]"));
        assert_eq!(from(None, "http://[::1]:8080").as_deref(), Ok("no-reply@[IPv6:::1]"));
        assert_eq!(from(Some(" ann@example.com "), ours).as_deref(), Ok("ann@example.com"));
        assert_eq!(from(Some("Ann Lee <ann@example.com>"), ours).as_deref(), Ok("Ann Lee <ann@example.com>"));
        for bad in ["", "ann", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "A\u{7} <a@b.c>"]
        {
            let why = from(Some(bad), ours).expect_err(bad);
            assert!(why.starts_with("mail_from is not an address"), "{bad:?}: {why}");
        }
    }
}
