//! ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): signed by a published key with a published algorithm, by this
//! issuer, for us alone, for this very request, and now.

use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::jwt::{ForeignKey, Unverified, verify_foreign};

/// How far the provider's clock may be from ours, in seconds.
const SKEW: f64 = 60.0;
/// The longest name of a subject, as the standard has it.
const LONGEST_SUBJECT: usize = 255;

/// What a good token must say.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// The present, in seconds.
    pub now: i64,
}

/// What a good token said.
#[derive(Debug)]
pub(crate) struct IdClaims {
    pub sub: String,
    /// When its subject proved themselves to the provider, in seconds.
    pub auth_time: Option<i64>,
    pub person: PersonClaims,
}

/// What is said of a person. None of it proves anything here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PersonClaims {
    pub email: Option<String>,
    email_verified: Option<Value>,
    pub name: Option<String>,
    pub preferred_username: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    nonce: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    auth_time: Option<f64>,
    #[serde(flatten)]
    person: PersonClaims,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl PersonClaims {
    /// What is said here, and there where this says nothing.
    pub(crate) fn or(self, other: PersonClaims) -> PersonClaims {
        let (email, email_verified) = match self.email {
            Some(email) => (Some(email), self.email_verified),
            None => (other.email, other.email_verified),
        };
        PersonClaims {
            email,
            email_verified,
            name: self.name.or(other.name),
            preferred_username: self.preferred_username.or(other.preferred_username),
        }
    }

    /// Whether the provider says that the address is theirs. Some write it as a text.
    pub(crate) fn is_email_verified(&self) -> bool {
        self.email_verified.as_ref().is_some_and(|said| *said == Value::Bool(true) || said.as_str() == Some("true"))
    }
}

/// What a token says, if it is good.
pub(crate) fn verify(
    token: &str,
    (algorithms, keys): (&[String], &[ForeignKey]),
    expected: &Expected<'_>,
) -> Result<IdClaims, Unverified> {
    let payload = verify_foreign(token, algorithms, keys)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| Unverified::Bad("id_token_malformed"))?;
    claims.check(expected).map_err(Unverified::Bad)?;
    let auth_time = claims.auth_time.map(|seconds| seconds as i64);
    Ok(IdClaims { sub: claims.sub, auth_time, person: claims.person })
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), &'static str> {
        let now = expected.now as f64;
        if self.iss != expected.issuer {
            return Err("id_token_issuer");
        }
        let is_ours = match &self.aud {
            Audience::One(one) => one == expected.client_id,
            // For several only if it was made out to us.
            Audience::Several(several) => {
                several.iter().any(|one| one == expected.client_id) && (several.len() == 1 || self.azp.is_some())
            }
        };
        if !is_ours || self.azp.as_ref().is_some_and(|azp| azp != expected.client_id) {
            return Err("id_token_audience");
        }
        let nonce = self.nonce.as_deref().unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
            return Err("id_token_nonce");
        }
        let begins = self.nbf.map_or(self.iat, |nbf| nbf.max(self.iat));
        let is_live = now < self.exp + SKEW && begins <= now + SKEW;
        if !is_live {
            return Err("id_token_time");
        }
        if self.sub.is_empty() || self.sub.len() > LONGEST_SUBJECT || self.sub.chars().any(char::is_control) {
            return Err("id_token_subject");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
