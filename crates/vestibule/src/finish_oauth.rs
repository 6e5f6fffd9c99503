//! The end of a round trip to a provider of logins: the browser comes back with an answer. The state that it began with
//! is consumed first, by one statement; then the provider is asked whom it means, outside any transaction; and only then
//! is something done about it. What a provider did wrong is written in the log and told to nobody.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::time::timeout;

use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::detached::detached;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::keyring::Sealed;
use crate::oauth_states::{OAuthPurpose, OAuthState};
use crate::principals::{Credential, LiveSession};
use crate::providers::{Arrival, Chosen, Profile, Provider, Trouble};
use crate::second_step::PendingSignIn;
use crate::secret::{Digest, Secret};
use crate::sign_in::SignedIn;
use crate::start_oauth::{Drawn, about};

/// What the log calls the proof of a login elsewhere.
pub(crate) const PROVEN: &str = "identity.proven";
/// The longest code that is passed on to a provider.
const LONGEST_CODE: usize = 4096;
/// How much older than the round trip a proof may be that was to be made anew, in seconds: clocks differ.
const SKEW: i64 = 60;

/// What a browser came back with.
#[derive(Debug, Default)]
pub struct OAuthAnswer {
    /// The provider whose address it came to.
    pub provider: String,
    /// What stands for the browser.
    pub browser: Option<Digest>,
    /// The session of the browser, whosever it is.
    pub session: Option<Arc<LiveSession>>,
    /// The state it was sent away with.
    pub state: Option<String>,
    /// What the provider is asked about.
    pub code: Option<SecretString>,
    /// That the provider names nobody, and why.
    pub error: Option<String>,
    /// Who says that it answers (RFC 9207).
    pub issuer: Option<String>,
}

/// How it ended.
#[derive(Debug)]
pub enum FinishOAuth {
    /// There is no provider of that name.
    UnknownProvider,
    /// The provider is known, and not set up here.
    NotConfigured,
    /// This browser has begun no such round trip, or it took too long, or it ended already.
    StateInvalid,
    /// An application began it.
    Application {
        /// Where it wants the browser back.
        redirect_uri: String,
        /// What it wants back with it.
        state: Option<String>,
        /// What it gets.
        outcome: Result<ProvenLogin, OAuthRefusal>,
    },
    /// Our own pages began it.
    Page {
        /// What it was for.
        purpose: OAuthPurpose,
        /// Where to lead.
        return_to: Option<String>,
        /// What came of it.
        outcome: Result<OAuthDone, OAuthRefusal>,
    },
}

/// What an application gets for a login that was proven.
#[derive(Debug)]
pub struct ProvenLogin {
    /// What it exchanges for a session.
    pub code: Secret,
    /// Whether the account was made just now.
    pub new_user: bool,
}

/// What was done on our own pages.
#[derive(Debug)]
pub enum OAuthDone {
    /// They are signed in.
    SignedIn {
        /// The session.
        signed_in: Box<SignedIn>,
        /// Whether the account was made just now.
        new_user: bool,
    },
    /// A code of the second factor is needed as well.
    MfaRequired(PendingSignIn),
    /// The login is connected.
    Linked,
    /// They are who they were; the session has a new token.
    Reproven(Box<SignedIn>),
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthRefusal {
    /// They, or the provider, did not want to.
    AccessDenied,
    /// The provider named nobody that can be believed.
    ProviderFailed,
    /// Nobody of this login has an account, and none may be made for it.
    SignUpClosed,
    /// The account is closed to its owner.
    AccountDisabled,
    /// The login opens another account.
    IdentityInUse,
    /// The login does not open the account of the session.
    IdentityOfAnother,
    /// The session that began it has ended.
    SessionEnded,
    /// The account has another way to prove again who its owner is.
    NotOffered,
}

/// Why a provider named nobody.
enum Unproven {
    Denied,
    Trouble(Trouble),
}

impl OAuthRefusal {
    /// The word for it, in addresses and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            OAuthRefusal::AccessDenied => "access_denied",
            OAuthRefusal::ProviderFailed => "provider_failed",
            OAuthRefusal::SignUpClosed => "sign_up_closed",
            OAuthRefusal::AccountDisabled => "account_disabled",
            OAuthRefusal::IdentityInUse => "identity_in_use",
            OAuthRefusal::IdentityOfAnother => "identity_of_another",
            OAuthRefusal::SessionEnded => "session_ended",
            OAuthRefusal::NotOffered => "not_offered",
        }
    }
}

impl Vestibule {
    /// Ends a round trip with what a browser came back with.
    pub async fn finish_oauth(&self, caller: &Caller, answer: OAuthAnswer) -> Result<FinishOAuth> {
        let (this, caller) = (self.clone(), caller.clone());
        detached(async move { this.finish(&caller, answer).await }).await
    }

    async fn finish(&self, caller: &Caller, answer: OAuthAnswer) -> Result<FinishOAuth> {
        let provider = match self.providers().choose(&answer.provider) {
            Chosen::Provider(provider) => provider,
            Chosen::NotConfigured => return Ok(FinishOAuth::NotConfigured),
            Chosen::Unknown => return Ok(FinishOAuth::UnknownProvider),
        };
        let nobody = Caller { actor: Actor::Anonymous, credential: None, ..caller.clone() };
        let Some((digest, state)) = self.consume_state(&answer).await? else {
            let refusal = Entry::refused(PROVEN, "oauth_state_invalid");
            let details = json!({ "reason": "oauth_state_invalid", "provider": provider.name() });
            self.audit_alone(&nobody, refusal.with(details)).await?;
            return Ok(FinishOAuth::StateInvalid);
        };
        let proven = self.prove_login(&nobody, (provider, &digest, &state), &answer).await?;
        let owner = answer.session.filter(|session| Some(session.session_id) == state.session_id);
        match state.purpose {
            OAuthPurpose::SignIn => self.finish_sign_in(&nobody, state, proven).await,
            OAuthPurpose::Link | OAuthPurpose::Reauthenticate => {
                let outcome = match (owner, proven) {
                    (_, Err(refusal)) => Err(refusal),
                    (None, Ok(_)) => Err(OAuthRefusal::SessionEnded),
                    (Some(session), Ok(profile)) => {
                        let credential = Some(Credential::Session(session.session_id));
                        let owner = nobody.acting_as(session.account_id, session.label.clone());
                        let owner = Caller { credential, ..owner };
                        match state.purpose {
                            OAuthPurpose::Link => self.link_identity(&owner, &session, &profile).await?,
                            OAuthPurpose::SignIn | OAuthPurpose::Reauthenticate => {
                                self.reauthenticate_by_identity(&owner, &session, &profile).await?
                            }
                        }
                    }
                };
                Ok(FinishOAuth::Page { purpose: state.purpose, return_to: state.return_to, outcome })
            }
        }
    }

    async fn finish_sign_in(
        &self,
        caller: &Caller,
        state: OAuthState,
        proven: Result<Profile, OAuthRefusal>,
    ) -> Result<FinishOAuth> {
        let OAuthState { purpose, redirect_uri, client_state, code_challenge, return_to, .. } = state;
        let Some(redirect_uri) = redirect_uri else {
            let outcome = match proven {
                Ok(profile) => self.sign_in_on_pages(caller, &profile).await?,
                Err(refusal) => Err(refusal),
            };
            return Ok(FinishOAuth::Page { purpose, return_to, outcome });
        };
        let outcome = match proven {
            Ok(profile) => self.sign_in_to(caller, &profile, (&redirect_uri, code_challenge)).await?,
            Err(refusal) => Err(refusal),
        };
        Ok(FinishOAuth::Application { redirect_uri, state: client_state, outcome })
    }

    async fn consume_state(&self, answer: &OAuthAnswer) -> Result<Option<(Digest, OAuthState)>> {
        let (Some(state), Some(browser)) = (&answer.state, &answer.browser) else { return Ok(None) };
        let digest = Digest::of(state.as_bytes());
        let mut tx = self.db().write().await?;
        let consumed = OAuthState::consume(&mut tx, &digest, (&answer.provider, browser), self.now()).await?;
        tx.commit().await?;
        Ok(consumed.map(|state| (digest, state)))
    }

    /// Whom the provider names; a refusal is written down.
    async fn prove_login(
        &self,
        caller: &Caller,
        (provider, digest, state): (&Provider, &Digest, &OAuthState),
        answer: &OAuthAnswer,
    ) -> Result<Result<Profile, OAuthRefusal>> {
        let why = match self.identify(provider, (digest, state), answer).await {
            Ok(profile) => return Ok(Ok(profile)),
            Err(why) => why,
        };
        let (refusal, reason) = match why {
            Unproven::Denied => (OAuthRefusal::AccessDenied, "access_denied"),
            Unproven::Trouble(trouble) => {
                tracing::warn!(provider = provider.name(), why = trouble.reason(), "a login elsewhere was not proven");
                (OAuthRefusal::ProviderFailed, trouble.reason())
            }
        };
        let details = json!({ "reason": reason, "provider": provider.name() });
        self.audit_alone(caller, Entry::refused(PROVEN, reason).with(details)).await?;
        Ok(Err(refusal))
    }

    async fn identify(
        &self,
        provider: &Provider,
        (digest, state): (&Digest, &OAuthState),
        answer: &OAuthAnswer,
    ) -> Result<Profile, Unproven> {
        if let Some(error) = &answer.error {
            let is_choice = matches!(error.as_str(), "access_denied" | "login_required" | "interaction_required");
            return Err(if is_choice { Unproven::Denied } else { Unproven::Trouble(Trouble::Refused) });
        }
        let is_code = |code: &&SecretString| (1..=LONGEST_CODE).contains(&code.expose_secret().len());
        let code = answer.code.as_ref().filter(is_code).ok_or(Unproven::Trouble(Trouble::Wrong("code_missing")))?;
        let clear = self.keyring().unseal(Sealed::OAuthState, &about(digest), &state.sealed);
        let drawn: Option<Drawn> = clear.and_then(|clear| serde_json::from_slice(clear.expose_secret()).ok());
        let drawn = drawn.ok_or(Unproven::Trouble(Trouble::Wrong("state_unreadable")))?;
        let callback = self.oauth_callback(provider.name());
        let (nonce, verifier, issuer) = (drawn.nonce.as_str(), drawn.verifier.as_str(), answer.issuer.as_deref());
        let arrival = Arrival { callback: &callback, code, nonce, verifier, issuer };
        let seconds = |micros: i64| micros.div_euclid(1_000_000);
        // It may take several answers, but whoever waits for them all does not wait for ever.
        let proof = provider.identify(&arrival, seconds(self.now().0));
        let profile = timeout(self.config().oauth.patience * 2, proof).await.unwrap_or(Err(Trouble::Unreachable));
        let profile = profile.map_err(Unproven::Trouble)?;
        let is_stale = match profile.authenticated_at {
            Some(at) => at < seconds(state.created_at.0) - SKEW,
            None => provider.says_when(), // it was asked to, unless the browser left that out
        };
        if state.purpose == OAuthPurpose::Reauthenticate && is_stale {
            return Err(Unproven::Trouble(Trouble::Wrong("proof_too_old")));
        }
        Ok(profile)
    }
}
