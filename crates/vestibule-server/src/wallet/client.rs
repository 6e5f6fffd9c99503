//! What a wallet asks of a server: three requests of its JSON API, without redirects, each with a bounded wait and a
//! bounded answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Invite, KeyFile};
use crate::output;

const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an answer is read.
const LARGEST: usize = 64 * 1024;

/// A way to ask one instance.
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// The server said no.
#[derive(Debug, Deserialize)]
pub struct Refused {
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub detail: String,
}

/// A member, as the directory has it.
#[derive(Debug, Deserialize)]
pub struct Registered {
    pub handle: String,
    pub role: String,
}

/// A token that says who a wallet is.
#[derive(Deserialize)]
pub struct SignedIn {
    pub token: String,
    pub expires_in: u64,
    pub member: Registered,
}

#[derive(Deserialize)]
struct Challenge {
    nonce: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&output::printable(&self.detail))
    }
}

impl std::error::Error for Refused {}

impl Client {
    /// Of the instance at this public URL.
    pub fn new(url: &str) -> anyhow::Result<Client> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).timeout(PATIENCE);
        // What is for this machine is not shown to a proxy in the clear.
        let http = if url.starts_with("http:") { http.no_proxy() } else { http };
        Ok(Client { http: http.user_agent("vestibule").build()?, url: url.to_owned() })
    }

    /// Registers these keys by an invite.
    pub async fn register(&self, keys: &KeyFile, invite: &Invite) -> anyhow::Result<Registered> {
        let proof = keys.proof(invite);
        let body = json!({ "token": invite.token.expose(), "sign_pub": keys.sign_pub, "kex_pub": keys.kex_pub,
                           "proof": proof });
        self.post("register", &body).await
    }

    /// Signs these keys in.
    pub async fn sign_in(&self, keys: &KeyFile) -> anyhow::Result<SignedIn> {
        let challenge: Challenge = self.post("challenge", &json!({ "sign_pub": keys.sign_pub })).await?;
        let signature = keys.answer(&challenge.nonce);
        let body = json!({ "sign_pub": keys.sign_pub, "nonce": challenge.nonce, "signature": signature });
        self.post("token", &body).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let silent = || format!("no answer from {}", self.url);
        let request = self.http.post(format!("{}/api/v1/directory/{path}", self.url)).json(body);
        let mut answer = request.send().await.with_context(silent)?;
        let status = answer.status();
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.with_context(silent)? {
            if text.len() + chunk.len() > LARGEST {
                bail!("{} answers with more than a directory would", self.url);
            }
            text.extend_from_slice(&chunk);
        }
        let strange = || format!("{} answers {status}, and not as a directory would", self.url);
        if status.is_success() {
            return serde_json::from_slice(&text).with_context(strange);
        }
        Err(serde_json::from_slice::<Refused>(&text).with_context(strange)?.into())
    }
}
