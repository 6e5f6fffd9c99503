//! GitHub: OAuth 2.0 with PKCE, then two questions about whom the token speaks for. Their number is who they are; their
//! login and addresses may be somebody else's tomorrow. Of the addresses only the primary one counts.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::http::{Http, Reply, Trouble};
use super::{Arrival, Departure, Profile, challenge, kept};
use crate::email::Email;
use crate::error::Result;
use crate::oauth_config::{GITHUB, GithubConfig};
use crate::username::DisplayName;

/// Who they are, and their addresses.
const SCOPES: &str = "read:user user:email";

/// GitHub, or an instance of its Enterprise Server.
#[derive(Debug)]
pub(crate) struct Github {
    config: GithubConfig,
    issuer: String,
    http: Http,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Github {
    pub(super) fn new(config: &GithubConfig, patience: Duration) -> Result<Github> {
        let issuer = config.base_url.as_str().trim_end_matches('/').to_owned();
        Ok(Github { config: config.clone(), issuer, http: Http::new(config.allow_private, patience)? })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn address(&self, departure: &Departure<'_>) -> Url {
        let mut url = below(&self.config.base_url, "login/oauth/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", departure.callback)
            .append_pair("scope", SCOPES)
            .append_pair("state", departure.state)
            .append_pair("code_challenge", &challenge(departure.verifier))
            .append_pair("code_challenge_method", "S256");
        url
    }

    pub(super) async fn identify(&self, arrival: &Arrival<'_>) -> Result<Profile, Trouble> {
        let token = self.exchange(arrival).await?;
        let api = &self.config.api_url;
        let user: User = self.http.get(&below(api, "user"), Some(&token)).await?.json()?;
        let emails = addresses(&self.http.get(&below(api, "user/emails"), Some(&token)).await?)?;
        let primary = emails.into_iter().find(|address| address.primary && address.verified);
        Ok(Profile {
            provider: GITHUB.to_owned(),
            issuer: self.issuer.clone(),
            subject: user.id.to_string(),
            username: kept(user.login),
            name: user.name.and_then(|name| DisplayName::parse(&name).ok()),
            email: primary.and_then(|address| Email::parse(&address.email).ok()),
            is_email_verified: true,
            authenticated_at: None,
        })
    }

    /// The token for a code. GitHub says that it refuses one with status 200 and an error.
    async fn exchange(&self, arrival: &Arrival<'_>) -> Result<SecretString, Trouble> {
        let fields = [
            ("client_id", self.config.client_id.as_str()),
            ("client_secret", self.config.client_secret.expose_secret()),
            ("code", arrival.code.expose_secret()),
            ("redirect_uri", arrival.callback),
            ("code_verifier", arrival.verifier),
        ];
        let reply = self.http.post(&below(&self.config.base_url, "login/oauth/access_token"), &fields, None).await?;
        let answer: TokenAnswer = reply.json()?;
        answer.access_token.filter(|token| !token.is_empty()).map(SecretString::from).ok_or(Trouble::Refused)
    }
}

/// The addresses of an answer. Whoever did not let us see theirs has none here; GitHub refuses with the same status
/// whoever asks too often, and says so in words where it does not in the header.
fn addresses(reply: &Reply) -> Result<Vec<Address>, Trouble> {
    match reply.status {
        404 => Ok(Vec::new()),
        403 => {
            let why = reply.any_json::<Refusal>().map(|refusal| refusal.message.to_lowercase()).unwrap_or_default();
            if why.contains("rate limit") { Err(Trouble::Unreachable) } else { Ok(Vec::new()) }
        }
        _ => reply.json(),
    }
}

/// An address below another, whatever path that has.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}
