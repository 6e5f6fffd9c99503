//! Any OpenID Connect provider: found by Discovery, asked by the authorization code flow with PKCE and a nonce. Who
//! somebody is comes from the ID token alone, which is verified to the letter; what the token leaves out about them is
//! asked of the userinfo endpoint, if it speaks of the same subject.

mod cached;
mod id_token;
mod metadata;

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::http::{Basic, Http, Trouble};
use super::{Arrival, Departure, Profile, challenge, kept};
use crate::email::Email;
use crate::error::Result;
use crate::jwt::{ForeignKey, Unverified, foreign_keys};
use crate::oauth_config::OidcConfig;
use crate::time::Clock;
use crate::username::DisplayName;
use cached::Cached;
use id_token::{Expected, IdClaims, PersonClaims};
use metadata::Metadata;

/// An OpenID Connect provider.
#[derive(Debug)]
pub(crate) struct Oidc {
    config: OidcConfig,
    http: Http,
    clock: Clock,
    metadata: Cached<Metadata>,
    keys: Cached<Vec<ForeignKey>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    person: PersonClaims,
}

impl Oidc {
    pub(super) fn new(config: &OidcConfig, patience: Duration, clock: &Clock) -> Result<Oidc> {
        let http = Http::new(config.allow_private, patience)?;
        let (metadata, keys) = (Cached::default(), Cached::default());
        Ok(Oidc { config: config.clone(), http, clock: clock.clone(), metadata, keys })
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    pub(super) fn label(&self) -> &str {
        &self.config.label
    }

    pub(super) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    pub(super) async fn address(&self, departure: &Departure<'_>) -> Result<Url, Trouble> {
        let metadata = self.metadata().await?;
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", departure.callback)
            .append_pair("scope", &self.config.scopes.join(" "))
            .append_pair("state", departure.state)
            .append_pair("nonce", departure.nonce)
            .append_pair("code_challenge", &challenge(departure.verifier))
            .append_pair("code_challenge_method", "S256");
        if departure.anew {
            url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
        }
        Ok(url)
    }

    pub(super) async fn identify(&self, arrival: &Arrival<'_>, now: i64) -> Result<Profile, Trouble> {
        let metadata = self.metadata().await?;
        let is_answering = match arrival.issuer {
            Some(issuer) => issuer == self.config.issuer,
            None => !metadata.says_who_answers,
        };
        if !is_answering {
            return Err(Trouble::Wrong("issuer_mismatch"));
        }
        let tokens: TokenAnswer = self.exchange(&metadata, arrival).await?;
        let claims = self.read_id_token(&metadata, &tokens.id_token, (arrival.nonce, now)).await?;
        let mut person = claims.person;
        if person.email.is_none()
            && let (Some(endpoint), Some(token)) =
                (&metadata.userinfo_endpoint, tokens.access_token.map(SecretString::from))
        {
            let info: UserInfo = self.http.get(endpoint, Some(&token)).await?.json()?;
            if !bool::from(info.sub.as_bytes().ct_eq(claims.sub.as_bytes())) {
                return Err(Trouble::Wrong("userinfo_of_another"));
            }
            person = person.or(info.person);
        }
        let is_email_verified = person.is_email_verified();
        Ok(Profile {
            provider: self.config.name.clone(),
            issuer: self.config.issuer.clone(),
            subject: claims.sub,
            username: kept(person.preferred_username),
            name: person.name.and_then(|name| DisplayName::parse(&name).ok()),
            email: person.email.and_then(|email| Email::parse(&email).ok()),
            is_email_verified,
            authenticated_at: claims.auth_time,
        })
    }

    async fn exchange(&self, metadata: &Metadata, arrival: &Arrival<'_>) -> Result<TokenAnswer, Trouble> {
        let (id, secret) = (self.config.client_id.as_str(), &self.config.client_secret);
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", arrival.code.expose_secret()),
            ("redirect_uri", arrival.callback),
            ("code_verifier", arrival.verifier),
        ];
        let mut basic = Some(Basic { id, secret });
        if metadata.takes_secret_in_form {
            fields.extend([("client_id", id), ("client_secret", secret.expose_secret())]);
            basic = None;
        }
        self.http.post(&metadata.token_endpoint, &fields, basic).await?.json()
    }

    /// What an ID token says, if it is good. A key that is not known may be new: the keys are read once more then.
    async fn read_id_token(
        &self,
        metadata: &Metadata,
        token: &str,
        (nonce, now): (&str, i64),
    ) -> Result<IdClaims, Trouble> {
        let expected = Expected { issuer: &self.config.issuer, client_id: &self.config.client_id, nonce, now };
        for wants_newer in [false, true] {
            let keys = self.keys(metadata, wants_newer).await?;
            match id_token::verify(token, (&metadata.algorithms, &keys), &expected) {
                Ok(claims) => return Ok(claims),
                Err(Unverified::UnknownKey) => {}
                Err(Unverified::Bad(why)) => return Err(Trouble::Wrong(why)),
            }
        }
        Err(Trouble::Wrong("id_token_key_unknown"))
    }

    async fn metadata(&self) -> Result<std::sync::Arc<Metadata>, Trouble> {
        let fetch = async {
            let place = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
            let place: Url = place.parse().map_err(|_| Trouble::Wrong("provider_address_refused"))?;
            Metadata::read(self.http.get(&place, None).await?.json()?, &self.config.issuer, &self.http)
        };
        self.metadata.get(self.clock.monotonic(), false, fetch).await
    }

    async fn keys(&self, metadata: &Metadata, wants_newer: bool) -> Result<std::sync::Arc<Vec<ForeignKey>>, Trouble> {
        let fetch = async {
            let reply = self.http.get(&metadata.jwks_uri, None).await?;
            if reply.status != 200 {
                return Err(Trouble::Wrong("provider_keys_invalid"));
            }
            foreign_keys(reply.bytes()).ok_or(Trouble::Wrong("provider_keys_invalid"))
        };
        self.keys.get(self.clock.monotonic(), wants_newer, fetch).await
    }
}
