//! The first proof of an address. Whoever signs up first with somebody's address must gain nothing by it: when the
//! owner of the address proves it, everything attached before ends, unless they prove the account as it stands too.

use serde_json::json;

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::identities::Identity;
use crate::invitation_places::InvitationPlace;
use crate::known_devices::KnownDevice;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::passwords::Password;
use crate::second_factors::SecondFactor;
use crate::sessions::Session;

impl Vestibule {
    /// Notes, with the account's row locked, that its address was proven by somebody who does or does not prove the
    /// account as it stands. The caller ends the transaction with a revocation.
    pub(crate) async fn prove_address(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        stands: bool,
    ) -> Result<()> {
        if account.email_verified_at.is_some() {
            return Ok(());
        }
        let begins_anew = account.first_proven_at.is_none() && !stands;
        if begins_anew {
            self.strip(tx, account).await?;
        }
        Account::prove_email(tx, account.id, self.now()).await?;
        let entry = Entry::done("email.verified").on(account);
        self.audit(tx, caller, entry.with(json!({ "email": account.email, "began_anew": begins_anew }))).await?;
        let account = Account::get(tx, account.id).await?;
        self.take_places(tx, caller, &account).await
    }

    /// Ends everything that was attached to an account: whatever whoever made it could still use.
    pub(crate) async fn strip(&self, tx: &mut Tx, account: &Account) -> Result<()> {
        let now = self.now();
        Account::renew_version(tx, account.id, now).await?;
        Account::clear_attempts(tx, account.id).await?;
        Password::remove(tx, account.id).await?;
        Session::end_all(tx, account.id).await?;
        ApiKey::revoke_all(tx, account.id, now).await?;
        SecondFactor::remove(tx, account.id).await?;
        Identity::delete_all(tx, account.id).await?;
        KnownDevice::forget(tx, account.id).await?;
        InvitationPlace::keep(tx, account.id).await?;
        OneTimeToken::void(tx, account.id, &TokenKind::OF_ACCOUNTS, now).await.map(drop)
    }
}
