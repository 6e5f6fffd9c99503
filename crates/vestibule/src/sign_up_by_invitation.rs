//! Sign up by an invitation to an organization. Where addresses need no proof, account and membership come in one
//! transaction. Where they do, the invitation holds a place for the address, whether or not that has an account, and who
//! proves it within a day comes in by it: else what is left of the invitation, or who is in the organization, would tell
//! which addresses have an account. An invitation for one address lets that address sign up, and is accepted once it is
//! proven.

use secrecy::SecretString;

use crate::accounts::{Account, canonical_identifier};
use crate::caller::Caller;
use crate::config::SignUpMode;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::invitation_places::InvitationPlace;
use crate::organization_invitations::OrganizationInvitation;
use crate::sign_up::SignUp;

impl Vestibule {
    /// The invitation that a sign-up comes with; or why it may not go on.
    pub(crate) async fn invitation_to_sign_up(
        &self,
        code: Option<&SecretString>,
        email: Option<&Email>,
    ) -> Result<Result<Option<OrganizationInvitation>, SignUp>> {
        let Some(code) = code else {
            return Ok(match self.config().sign_up {
                SignUpMode::Open => Ok(None),
                SignUpMode::Invite => Err(SignUp::InvitationRequired),
                SignUpMode::Closed => Err(SignUp::Closed),
            });
        };
        let mut connection = self.db().read().await?;
        let Some(invitation) = self.invitation_of(&mut connection, code).await? else {
            return Ok(Err(SignUp::InvitationUnknown));
        };
        let address = email.map(Email::normalized).unwrap_or_default();
        if !self.is_good(&mut connection, &invitation, address).await? {
            return Ok(Err(SignUp::InvitationRequired));
        }
        let is_for_another = invitation.email_normalized.as_deref().is_some_and(|its| its != address);
        Ok(if is_for_another && email.is_some() { Err(SignUp::AnotherAddress) } else { Ok(Some(invitation)) })
    }

    /// Uses an invitation, or holds a place by it, in the transaction that signs somebody up; none of an account: the
    /// address has one that stays as it is. False: it is not good any more, and nothing may be done.
    pub(crate) async fn sign_up_by(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        invitation: Option<&OrganizationInvitation>,
        (email, account): (&Email, Option<&Account>),
    ) -> Result<bool> {
        let Some(found) = invitation else { return Ok(true) };
        let Some(invitation) = self.enter_by(tx, found).await? else { return Ok(false) };
        if !self.is_good(tx, &invitation, email.normalized()).await? {
            return Ok(false);
        }
        if invitation.email_normalized.is_some() {
            return Ok(true);
        }
        if self.config().require_verified_email {
            let whose = (email.normalized(), account.map(|account| account.id));
            InvitationPlace::hold(tx, invitation.id, whose, self.now()).await?;
            return Ok(true);
        }
        match account {
            Some(account) => {
                let itself = caller.acting_as(account.id, account.label());
                Ok(self.admit(tx, &itself, &invitation, account).await?.is_none())
            }
            None => Ok(true),
        }
    }

    /// Brings an account into the organizations where it has a place, once its address is proven.
    pub(crate) async fn take_places(&self, tx: &mut Tx, caller: &Caller, account: &Account) -> Result<()> {
        let Some(email) = account.email.as_deref().map(canonical_identifier) else { return Ok(()) };
        let now = self.now();
        for id in InvitationPlace::of(tx, account.id, &email, now).await? {
            let Some(found) = OrganizationInvitation::find(tx, id, now).await? else { continue };
            let Some(invitation) = self.enter_by(tx, &found).await? else { continue };
            self.admit(tx, caller, &invitation, account).await?; // what stands against it is written down there
        }
        InvitationPlace::forget(tx, account.id).await
    }
}
