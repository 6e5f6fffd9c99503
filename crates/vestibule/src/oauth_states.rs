//! Sign-ins that are with a provider: what was begun, by which browser, for whom. A state is consumed by one statement,
//! only under the provider that it was begun with and by the browser that began it; anybody else's try leaves it as it
//! is, so that no stranger can end what they cannot finish. The value itself is never stored.

use std::time::Duration;

use crate::db::{Arg, Tx, from_row, text_enum};
use crate::error::Result;
use crate::id::{AccountId, SessionId};
use crate::secret::Digest;
use crate::time::Timestamp;

/// How long somebody may stay with the provider.
pub(crate) const LIFE: Duration = Duration::from_secs(10 * 60);

text_enum! {
    /// What a round trip to a provider is for.
    OAuthPurpose {
        /// To sign in.
        SignIn = "sign_in",
        /// To connect a login to the account of a session.
        Link = "link",
        /// To prove again who the owner of a session is.
        Reauthenticate = "reauthenticate",
    }
}

/// A round trip that was begun.
#[derive(Clone, Debug)]
pub(crate) struct OAuthState {
    pub purpose: OAuthPurpose,
    /// The PKCE verifier and the nonce.
    pub sealed: Vec<u8>,
    /// Where the application wants the browser back; none: our own pages began it.
    pub redirect_uri: Option<String>,
    pub client_state: Option<String>,
    pub code_challenge: Option<String>,
    pub return_to: Option<String>,
    pub account_id: Option<AccountId>,
    pub session_id: Option<SessionId>,
    pub created_at: Timestamp,
}

from_row!(OAuthState {
    purpose: OAuthPurpose, sealed: Vec<u8>, redirect_uri: Option<String>, client_state: Option<String>,
    code_challenge: Option<String>, return_to: Option<String>, account_id: Option<AccountId>,
    session_id: Option<SessionId>, created_at: Timestamp,
});

impl OAuthState {
    pub(crate) async fn insert(
        &self,
        tx: &mut Tx,
        digest: &Digest,
        (provider, browser): (&str, &Digest),
    ) -> Result<()> {
        let sql = "INSERT INTO oauth_states (digest, provider, purpose, browser, sealed, redirect_uri, client_state,
                                             code_challenge, return_to, account_id, session_id, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let (provider, expires_at) = (provider.to_owned(), self.created_at.plus(LIFE));
        let args: [&dyn Arg; 13] = [
            digest,
            &provider,
            &self.purpose,
            browser,
            &self.sealed,
            &self.redirect_uri,
            &self.client_state,
            &self.code_challenge,
            &self.return_to,
            &self.account_id,
            &self.session_id,
            &self.created_at,
            &expires_at,
        ];
        tx.exec(sql, &args).await.map(drop)
    }

    /// Consumes a live state that this browser began with this provider. None: there is none, and nothing was consumed.
    pub(crate) async fn consume(
        tx: &mut Tx,
        digest: &Digest,
        (provider, browser): (&str, &Digest),
        now: Timestamp,
    ) -> Result<Option<OAuthState>> {
        let sql = "DELETE FROM oauth_states WHERE digest = $1 AND provider = $2 AND browser = $3 AND expires_at > $4
                   RETURNING purpose, sealed, redirect_uri, client_state, code_challenge, return_to, account_id,
                             session_id, created_at";
        tx.opt(sql, &[digest, &provider.to_owned(), browser, &now]).await
    }

    /// Reclaims the space of states that expired; says how many.
    pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, at_most: i64) -> Result<u64> {
        let sql = "DELETE FROM oauth_states WHERE digest IN (
                    SELECT digest FROM oauth_states WHERE expires_at <= $1 LIMIT $2)";
        tx.exec(sql, &[&now, &at_most]).await
    }
}
