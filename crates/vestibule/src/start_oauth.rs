//! Begin a round trip to a provider of logins: what is needed to believe its answer is drawn and noted, bound to the
//! browser that asks, and the browser is told where to go.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::accounts::Account;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::identities::Identity;
use crate::jwt::base64url;
use crate::keyring::Sealed;
use crate::oauth_states::{OAuthPurpose, OAuthState};
use crate::passwords::Password;
use crate::principals::LiveSession;
use crate::providers::{Chosen, Departure, LoginProvider, Provider};
use crate::second_factors::SecondFactor;
use crate::secret::Digest;
use crate::sessions::Session;

/// The longest that an application may want back, in characters.
const LONGEST_STATE: usize = 512;
/// The length of a SHA-256 in base64url.
const CHALLENGE_CHARS: usize = 43;

/// What a round trip is asked for.
#[derive(Debug)]
pub enum OAuthWish {
    /// To sign in to an application, which gets a code.
    Application(OAuthApplication),
    /// To sign in on our own pages.
    SignIn {
        /// Where to lead afterwards.
        return_to: Option<String>,
    },
    /// To connect a login to the account of a session that was proven recently.
    Link(Arc<LiveSession>),
    /// To prove again who the owner of a session is.
    Reauthenticate {
        /// Which one.
        session: Arc<LiveSession>,
        /// Where to lead afterwards.
        return_to: Option<String>,
    },
}

/// An application that has somebody sign in.
#[derive(Debug)]
pub struct OAuthApplication {
    /// Where it wants the browser back.
    pub redirect_uri: String,
    /// What it wants back with it, unchanged.
    pub state: Option<String>,
    /// What it will have to prove (RFC 7636, S256).
    pub code_challenge: Option<String>,
}

/// How the beginning ended.
#[derive(Debug)]
pub enum StartOAuth {
    /// The browser goes there.
    Away(Url),
    /// There is no provider of that name.
    UnknownProvider,
    /// The provider is known, and not set up here.
    NotConfigured,
    /// Nobody may be sent back there.
    RedirectNotAllowed,
    /// This account is not proven again by a login elsewhere.
    NotOffered,
    /// The provider does not answer.
    Unreachable,
}

/// What only we and the provider's answer may know.
#[derive(Serialize, Deserialize)]
pub(crate) struct Drawn {
    pub verifier: String,
    pub nonce: String,
}

impl Vestibule {
    /// The providers that people can choose here.
    pub fn login_providers(&self) -> Vec<LoginProvider> {
        self.providers().list()
    }

    /// The providers by which an account can prove again who its owner is; none where it has a password or a second
    /// factor, which prove more than a browser that is still signed in elsewhere.
    pub async fn providers_to_prove_by(&self, id: AccountId) -> Result<Vec<LoginProvider>> {
        let mut tx = self.db().read().await?;
        if Password::find(&mut tx, id).await?.is_some() || SecondFactor::is_on(&mut tx, id).await? {
            return Ok(Vec::new());
        }
        let sources = Identity::sources(&mut tx, id).await?;
        let is_usable = |one: &LoginProvider| {
            sources.iter().any(|(name, issuer)| *name == one.name && self.providers().has(name, issuer))
        };
        Ok(self.login_providers().into_iter().filter(is_usable).collect())
    }

    /// Begins a round trip for a browser.
    pub async fn start_oauth(&self, provider: &str, browser: Digest, wish: OAuthWish) -> Result<StartOAuth> {
        let provider = match self.providers().choose(provider) {
            Chosen::Provider(provider) => provider,
            Chosen::NotConfigured => return Ok(StartOAuth::NotConfigured),
            Chosen::Unknown => return Ok(StartOAuth::UnknownProvider),
        };
        match &wish {
            OAuthWish::Application(application) => {
                if !self.config().oauth.redirect_uris.contains(&application.redirect_uri) {
                    return Ok(StartOAuth::RedirectNotAllowed);
                }
                application.check()?;
            }
            OAuthWish::Link(session) if !session.is_recently_proven(self.now()) => {
                return Err(Error::Denied(Code::ReauthenticationRequired));
            }
            OAuthWish::Reauthenticate { session, .. } => {
                let offered = self.providers_to_prove_by(session.account_id).await?;
                if !offered.iter().any(|one| one.name == provider.name()) {
                    return Ok(StartOAuth::NotOffered);
                }
            }
            OAuthWish::SignIn { .. } | OAuthWish::Link(_) => {}
        }
        self.depart(provider, browser, wish).await
    }

    async fn depart(&self, provider: &Provider, browser: Digest, wish: OAuthWish) -> Result<StartOAuth> {
        let [state, verifier, nonce] = [(); 3].map(|()| base64url(&self.random().bytes::<32>()));
        let callback = self.oauth_callback(provider.name());
        let anew = matches!(wish, OAuthWish::Reauthenticate { .. });
        let departure = Departure { callback: &callback, state: &state, nonce: &nonce, verifier: &verifier, anew };
        let address = match provider.address(&departure).await {
            Ok(address) => address,
            Err(why) => {
                tracing::warn!(provider = provider.name(), why = why.reason(), "a provider of logins cannot be asked");
                return Ok(StartOAuth::Unreachable);
            }
        };
        let digest = Digest::of(state.as_bytes());
        let note = self.note(&digest, wish, &Drawn { verifier, nonce });
        let mut tx = self.db().write().await?;
        if let (Some(account), Some(session)) = (note.account_id, note.session_id) {
            Account::lock(&mut tx, account).await?;
            if !Session::exists(&mut tx, account, session).await? {
                return Err(Error::Denied(Code::Unauthenticated)); // it ended since it asked
            }
        }
        note.insert(&mut tx, &digest, (provider.name(), &browser)).await?;
        tx.commit().await?;
        Ok(StartOAuth::Away(address))
    }

    fn note(&self, digest: &Digest, wish: OAuthWish, drawn: &Drawn) -> OAuthState {
        let clear = serde_json::to_vec(drawn).expect("two texts can be written as JSON");
        let mut state = OAuthState {
            purpose: OAuthPurpose::SignIn,
            sealed: self.keyring().seal(Sealed::OAuthState, &about(digest), &clear, self.random()),
            redirect_uri: None,
            client_state: None,
            code_challenge: None,
            return_to: None,
            account_id: None,
            session_id: None,
            created_at: self.now(),
        };
        match wish {
            OAuthWish::Application(OAuthApplication { redirect_uri, state: client_state, code_challenge }) => {
                OAuthState { redirect_uri: Some(redirect_uri), client_state, code_challenge, ..state }
            }
            OAuthWish::SignIn { return_to } => OAuthState { return_to, ..state },
            OAuthWish::Link(session) => {
                (state.purpose, state.account_id) = (OAuthPurpose::Link, Some(session.account_id));
                OAuthState { session_id: Some(session.session_id), ..state }
            }
            OAuthWish::Reauthenticate { session, return_to } => {
                (state.purpose, state.account_id) = (OAuthPurpose::Reauthenticate, Some(session.account_id));
                OAuthState { session_id: Some(session.session_id), return_to, ..state }
            }
        }
    }

    /// Where a provider sends browsers back to.
    pub(crate) fn oauth_callback(&self, provider: &str) -> String {
        self.absolute(&format!("/api/v1/oauth/{provider}/callback"))
    }
}

impl OAuthApplication {
    fn check(&self) -> Result<()> {
        if self.state.as_ref().is_some_and(|state| state.chars().count() > LONGEST_STATE) {
            return Err(Error::field("state", Code::FieldInvalid));
        }
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let is_challenge = |text: &String| text.len() == CHALLENGE_CHARS && text.bytes().all(is_letter);
        match &self.code_challenge {
            Some(challenge) if !is_challenge(challenge) => Err(Error::field("code_challenge", Code::FieldInvalid)),
            Some(_) | None => Ok(()),
        }
    }
}

/// What a sealed verifier is about: the state that it belongs to.
pub(crate) fn about(digest: &Digest) -> [u8; 16] {
    let (half, _) = digest.0.split_first_chunk().expect("a digest has 32 bytes");
    *half
}
