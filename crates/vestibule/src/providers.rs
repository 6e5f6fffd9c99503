//! Providers of logins: who they are, where a browser is sent to prove itself, and what the answer that it comes back
//! with is worth. Whatever a provider says is judged here, by the letter, before anybody else believes a word of it; a
//! profile is somebody whom a provider has just named, and nothing more.

mod github;
mod http;
mod oidc;

use secrecy::SecretString;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::email::Email;
use crate::error::Result;
use crate::jwt::base64url;
use crate::oauth_config::{GITHUB, OAuthConfig};
use crate::time::Clock;
use crate::username::DisplayName;

pub(crate) use http::Trouble;

use github::Github;
use oidc::Oidc;

/// The longest text of a provider that is kept.
const LONGEST: usize = 255;

/// A provider that people can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginProvider {
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub label: String,
}

/// Every provider of the settings.
#[derive(Debug)]
pub(crate) struct Providers(Vec<Provider>);

/// One provider.
#[derive(Debug)]
pub(crate) enum Provider {
    Github(Box<Github>),
    Oidc(Box<Oidc>),
}

/// What came of a name.
#[derive(Debug)]
pub(crate) enum Chosen<'a> {
    Provider(&'a Provider),
    NotConfigured,
    Unknown,
}

/// What a browser takes along to a provider.
#[derive(Debug)]
pub(crate) struct Departure<'a> {
    /// Where it shall come back to.
    pub callback: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
    /// Whether the provider shall look at its user anew, even if they are signed in there.
    pub anew: bool,
}

/// What a browser brings back.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub callback: &'a str,
    pub code: &'a SecretString,
    pub nonce: &'a str,
    pub verifier: &'a str,
    /// Who says that it answers (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// Whom a provider has named.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    pub username: Option<String>,
    pub name: Option<DisplayName>,
    pub email: Option<Email>,
    /// Whether the provider says that the address is theirs.
    pub is_email_verified: bool,
    /// When they proved themselves there, in seconds, where the provider says.
    pub authenticated_at: Option<i64>,
}

impl Providers {
    pub(crate) fn new(config: &OAuthConfig, clock: &Clock) -> Result<Providers> {
        config.check()?;
        let mut providers = Vec::new();
        if let Some(github) = &config.github {
            providers.push(Provider::Github(Box::new(Github::new(github, config.patience)?)));
        }
        for oidc in &config.oidc {
            providers.push(Provider::Oidc(Box::new(Oidc::new(oidc, config.patience, clock)?)));
        }
        Ok(Providers(providers))
    }

    pub(crate) fn choose(&self, name: &str) -> Chosen<'_> {
        match self.0.iter().find(|provider| provider.name() == name) {
            Some(provider) => Chosen::Provider(provider),
            None if name == GITHUB => Chosen::NotConfigured,
            None => Chosen::Unknown,
        }
    }

    pub(crate) fn list(&self) -> Vec<LoginProvider> {
        let shown = |provider: &Provider| LoginProvider {
            name: provider.name().to_owned(),
            label: provider.label().to_owned(),
        };
        self.0.iter().map(shown).collect()
    }

    /// Whether an identity of this provider and issuer can still be proven.
    pub(crate) fn has(&self, name: &str, issuer: &str) -> bool {
        self.0.iter().any(|provider| provider.name() == name && provider.issuer() == issuer)
    }
}

impl Provider {
    pub(crate) fn name(&self) -> &str {
        match self {
            Provider::Github(_) => GITHUB,
            Provider::Oidc(oidc) => oidc.name(),
        }
    }

    pub(crate) fn label(&self) -> &str {
        match self {
            Provider::Github(_) => "GitHub",
            Provider::Oidc(oidc) => oidc.label(),
        }
    }

    /// Whether it says when somebody proved themselves, asked to look anew.
    pub(crate) fn says_when(&self) -> bool {
        match self {
            Provider::Github(_) => false,
            Provider::Oidc(_) => true,
        }
    }

    fn issuer(&self) -> &str {
        match self {
            Provider::Github(github) => github.issuer(),
            Provider::Oidc(oidc) => oidc.issuer(),
        }
    }

    /// Where to send a browser.
    pub(crate) async fn address(&self, departure: &Departure<'_>) -> Result<Url, Trouble> {
        match self {
            Provider::Github(github) => Ok(github.address(departure)),
            Provider::Oidc(oidc) => oidc.address(departure).await,
        }
    }

    /// Whom the provider names for what a browser brought back, at this time in seconds.
    pub(crate) async fn identify(&self, arrival: &Arrival<'_>, now: i64) -> Result<Profile, Trouble> {
        match self {
            Provider::Github(github) => github.identify(arrival).await,
            Provider::Oidc(oidc) => oidc.identify(arrival, now).await,
        }
    }
}

impl Profile {
    /// The address as it is kept.
    pub(crate) fn email_text(&self) -> Option<String> {
        self.email.as_ref().map(|email| email.as_str().to_owned())
    }

    /// The address, if the provider says that it is theirs.
    pub(crate) fn verified_email(&self) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.is_email_verified)
    }
}

/// The challenge of a verifier (RFC 7636, S256).
pub(crate) fn challenge(verifier: &str) -> String {
    base64url(&Sha256::digest(verifier.as_bytes()))
}

/// What a provider calls somebody, if it can be kept.
fn kept(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control))
}
