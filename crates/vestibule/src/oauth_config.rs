//! Which providers of logins an operator has chosen, and where applications may be sent back to. What would be unsafe is
//! refused before anything starts: a provider that answers in the clear, an address that somebody else could take.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use crate::error::{Error, Result};

/// The provider that needs no discovery.
pub const GITHUB: &str = "github";
/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The scope without which a provider does not say who somebody is.
const OPENID: &str = "openid";

/// Logins elsewhere.
#[derive(Clone, Debug)]
pub struct OAuthConfig {
    /// GitHub, where it is configured.
    pub github: Option<GithubConfig>,
    /// OpenID Connect providers.
    pub oidc: Vec<OidcConfig>,
    /// Where applications may have the browser sent back to, each letter by letter.
    pub redirect_uris: Vec<String>,
    /// How long a provider may take for one answer.
    pub patience: Duration,
}

/// GitHub, or an instance of its Enterprise Server.
#[derive(Clone, Debug)]
pub struct GithubConfig {
    /// What it calls us.
    pub client_id: String,
    /// What we prove it by.
    pub client_secret: SecretString,
    /// Where people are sent.
    pub base_url: Url,
    /// Where it is asked about them.
    pub api_url: Url,
    /// Whether it may be at an address that the internet cannot reach.
    pub allow_private: bool,
}

/// An OpenID Connect provider (OpenID Connect Core 1.0, found by Discovery 1.0).
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Who it says it is, letter by letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove it by.
    pub client_secret: SecretString,
    /// What is asked of it.
    pub scopes: Vec<String>,
    /// Whether it may be at an address that the internet cannot reach.
    pub allow_private: bool,
}

impl Default for OAuthConfig {
    fn default() -> OAuthConfig {
        OAuthConfig { github: None, oidc: Vec::new(), redirect_uris: Vec::new(), patience: PATIENCE }
    }
}

impl OAuthConfig {
    /// Refuses what would be unsafe, or could never work.
    pub fn check(&self) -> Result<()> {
        if let Some(github) = &self.github {
            github.check().map_err(|why| setup("oauth.github", why))?;
        }
        for (place, oidc) in self.oidc.iter().enumerate() {
            oidc.check().map_err(|why| setup("oauth.oidc", &format!("{:?}: {why}", oidc.name)))?;
            if self.oidc[..place].iter().any(|other| other.name == oidc.name) {
                return Err(setup("oauth.oidc", &format!("two providers are called {:?}", oidc.name)));
            }
        }
        for uri in &self.redirect_uris {
            check_redirect_uri(uri).map_err(|why| setup("oauth.redirect_uris", &format!("{uri:?} {why}")))?;
        }
        Ok(())
    }
}

impl GithubConfig {
    fn check(&self) -> Result<(), &'static str> {
        check_client(&self.client_id, &self.client_secret)?;
        check_address(&self.base_url, self.allow_private)?;
        check_address(&self.api_url, self.allow_private)
    }
}

impl OidcConfig {
    fn check(&self) -> Result<(), &'static str> {
        let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.name.is_empty() || self.name.len() > 32 || !self.name.bytes().all(is_letter) {
            return Err("name must have 1 to 32 of: a-z 0-9 -");
        }
        if self.name == GITHUB {
            return Err("name is that of GitHub, which has settings of its own");
        }
        if self.label.trim().is_empty() || self.label.chars().count() > 64 || self.label.chars().any(char::is_control) {
            return Err("label must have 1 to 64 characters and no control characters");
        }
        check_client(&self.client_id, &self.client_secret)?;
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if !self.scopes.iter().all(is_scope) || !self.scopes.iter().any(|scope| scope == OPENID) {
            return Err("scopes must be words, and `openid` among them");
        }
        let issuer: Url = self.issuer.parse().map_err(|_| "issuer is not an address")?;
        check_address(&issuer, self.allow_private)
    }
}

fn check_client(id: &str, secret: &SecretString) -> Result<(), &'static str> {
    if id.trim().is_empty() || id.chars().any(char::is_control) {
        return Err("client_id is missing");
    }
    if secret.expose_secret().trim().is_empty() { Err("client_secret is missing") } else { Ok(()) }
}

/// What is said to a provider opens accounts here, so nobody on the way may hear it.
fn check_address(url: &Url, allow_private: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("an address of a provider has nothing but scheme, host, port and path");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if !is_loopback(url) => Err("an address of a provider must be https; http is for this machine alone"),
        "http" if !allow_private => Err("this machine is a private address: say allow_private = true"),
        "http" => Ok(()),
        _ => Err("an address of a provider must be https"),
    }
}

/// Whether a browser may be sent to an address with a code that opens an account.
fn check_redirect_uri(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'\\' | b'*' | b'"' | b'<' | b'>'))
    {
        return Err("must be an address, without wildcards, spaces or backslashes");
    }
    let url: Url = text.parse().map_err(|_| "is not an address")?;
    if text.contains('#') {
        return Err("must not have a fragment (RFC 6749, section 3.1.2)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not have a name before its host");
    }
    let is_plain = text.split_once(':').is_some_and(|(scheme, _)| scheme == url.scheme());
    match url.scheme() {
        "https" | "http" if !text[url.scheme().len()..].starts_with("://") || !is_plain => Err("is not an address"),
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" | "https" => Err("must be https; http is for this machine alone"),
        // Of a native application (RFC 8252, section 7.1).
        own if own.contains('.') && is_plain => Ok(()),
        _ => Err("must be https, or a scheme of an application such as com.example.app"),
    }
}

/// Whether it is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn setup(key: &str, why: &str) -> Error {
    Error::Setup(format!("{key}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oidc(change: impl FnOnce(&mut OidcConfig)) -> bool {
        let mut oidc = OidcConfig {
            name: "corp".to_owned(),
            label: "Corp".to_owned(),
            issuer: "https://login.example.com".to_owned(),
            client_id: "us".to_owned(),
            client_secret: "secret".into(),
            scopes: vec!["openid".to_owned()],
            allow_private: false,
        };
        change(&mut oidc);
        OAuthConfig { oidc: vec![oidc], ..OAuthConfig::default() }.check().is_ok()
    }

    #[test]
    fn a_provider_that_could_be_overheard_or_mistaken_is_refused() {
        assert!(oidc(|_| {}));
        assert!(oidc(|oidc| (oidc.issuer, oidc.allow_private) = ("http://127.0.0.1:9".to_owned(), true)));
        let refused: [fn(&mut OidcConfig); 12] = [
            |oidc| oidc.name = "github".to_owned(),
            |oidc| oidc.name = "Corp".to_owned(),
            |oidc| oidc.name = "a/b".to_owned(),
            |oidc| oidc.label = " ".to_owned(),
            |oidc| oidc.client_id = String::new(),
            |oidc| oidc.client_secret = "".into(),
            |oidc| oidc.scopes = vec!["email".to_owned()],
            |oidc| oidc.issuer = "http://login.example.com".to_owned(),
            |oidc| oidc.issuer = "http://127.0.0.1:9".to_owned(),
            |oidc| oidc.issuer = "https://login.example.com/?a".to_owned(),
            |oidc| oidc.issuer = "https://ann@login.example.com".to_owned(),
            |oidc| oidc.issuer = "login".to_owned(),
        ];
        for (place, change) in refused.into_iter().enumerate() {
            assert!(!oidc(change), "{place}");
        }
    }

    #[test]
    fn a_redirect_uri_is_an_address_that_nobody_else_can_take() {
        for good in [
            "https://app.example.com/back",
            "https://app.example.com",
            "https://app.example.com/back?tenant=1",
            "http://localhost:3000/back",
            "http://127.0.0.1/back",
            "com.example.app:/back",
        ] {
            assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/back",
            "//app.example.com",
            "app.example.com",
            "http://app.example.com",
            "https://*.example.com",
            "https://app.example.com/*",
            "https://app.example.com/#a",
            "https://ann@app.example.com",
            "https:\\\\app.example.com",
            "https:app.example.com",
            "HTTPS://app.example.com",
            "https://app.example.com/a b",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/back",
            "null",
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad}");
        }
    }
}
