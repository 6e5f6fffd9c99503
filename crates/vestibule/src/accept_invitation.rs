//! Come into an organization by an invitation. Everything that decides is read again after the organization's lock was
//! taken: nobody comes in by an invitation that has just been called back, or used up by somebody else, or after whoever
//! made it was taken out. What is refused uses nothing up. Coming in revokes nothing: roles are asked of the database at
//! each use, so no cached principal knows too much.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use crate::accounts::{Account, AccountKind, canonical_identifier};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId, RedemptionId};
use crate::invitation_codes::InvitationCode;
use crate::invitation_places::InvitationPlace;
use crate::members::{Member, OrganizationRole};
use crate::organization_invitations::{InvitationState, OrganizationInvitation};
use crate::organizations::{Organization, OwnOrganization};
use crate::time::Timestamp;

const ACT: &str = "invitation.accepted";

/// What somebody who has the code of an invitation sees of it: never whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationPreview {
    /// What the organization is called.
    pub organization_name: String,
    /// What whoever comes in is.
    pub role: OrganizationRole,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// Whether it is good.
    pub is_valid: bool,
    /// What stands against the one who asks coming in by it, if somebody is signed in.
    pub obstacle: Option<Obstacle>,
}

/// What stands against somebody coming in by an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It was called back, has ended, is used up or made by somebody who may not invite any more; or it is from before
    /// an admin took them out.
    Ended,
    /// They are in.
    AlreadyMember,
    /// It is for whoever proved another address.
    AnotherAddress,
}

/// How accepting an invitation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptInvitation {
    /// They are in.
    Done(JoinedOrganization),
    /// There is no invitation of this code.
    Unknown,
    /// This stands against it; nothing is used up.
    Refused(Obstacle),
}

/// What somebody has come into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JoinedOrganization {
    /// Its id.
    pub organization_id: OrganizationId,
    /// What it is called.
    pub organization_name: String,
    /// What they are in it.
    pub role: OrganizationRole,
}

impl Obstacle {
    /// The reason, for programs.
    pub fn code(self) -> Code {
        match self {
            Obstacle::Ended => Code::InvitationEnded,
            Obstacle::AlreadyMember => Code::AlreadyMember,
            Obstacle::AnotherAddress => Code::InvitationForAnotherAddress,
        }
    }
}

impl Vestibule {
    /// What an invitation says, for whoever has its code and, if somebody is signed in, for them; none: there is none.
    pub async fn preview_invitation(
        &self,
        code: &SecretString,
        account: Option<AccountId>,
    ) -> Result<Option<InvitationPreview>> {
        let mut connection = self.db().read().await?;
        let Some(invitation) = self.invitation_of(&mut connection, code).await? else { return Ok(None) };
        let Some(organization) = Organization::find(&mut connection, invitation.organization_id).await? else {
            return Ok(None);
        };
        let is_valid = self.is_good(&mut connection, &invitation, "").await?;
        let obstacle = match account {
            Some(account) => {
                let account = Account::get(&mut connection, account).await?;
                self.obstacle(&mut connection, &invitation, &account).await?
            }
            None => None,
        };
        Ok(Some(InvitationPreview {
            organization_name: organization.name,
            role: invitation.role,
            expires_at: invitation.expires_at,
            is_valid,
            obstacle,
        }))
    }

    /// The invitation of a code that somebody typed.
    pub(crate) async fn invitation_of(
        &self,
        tx: &mut Tx,
        code: &SecretString,
    ) -> Result<Option<OrganizationInvitation>> {
        let Some(code) = InvitationCode::parse(code) else { return Ok(None) };
        OrganizationInvitation::find_by_code(tx, &code.digest(self.keyring()), self.now()).await
    }

    /// Comes into the organization that an invitation is to. Only a person in a session can.
    pub async fn accept_invitation(&self, caller: &Caller, code: &SecretString) -> Result<AcceptInvitation> {
        let id = caller.require_session()?;
        let Some(found) = self.invitation_of(&mut self.db().read().await?, code).await? else {
            return Ok(AcceptInvitation::Unknown);
        };
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, id).await?;
        caller.require_live(&mut tx).await?;
        let Some(invitation) = self.enter_by(&mut tx, &found).await? else { return Ok(AcceptInvitation::Unknown) };
        let account = Account::get(&mut tx, id).await?;
        if account.kind != AccountKind::Human {
            return Err(Error::Denied(Code::SessionRequired));
        }
        if self.obstacle(&mut tx, &invitation, &account).await?.is_none() {
            OwnOrganization::require_room(&mut tx, id).await?;
        }
        let accepted = match self.admit(&mut tx, caller, &invitation, &account).await? {
            Some(obstacle) => AcceptInvitation::Refused(obstacle),
            None => {
                let Organization { id, name, .. } = Organization::get(&mut tx, invitation.organization_id).await?;
                let role = invitation.role;
                AcceptInvitation::Done(JoinedOrganization { organization_id: id, organization_name: name, role })
            }
        };
        tx.commit().await?;
        Ok(accepted)
    }

    /// Takes the lock of the organization that an invitation is to, and reads it again; none: either is gone. Accounts
    /// are locked before.
    pub(crate) async fn enter_by(
        &self,
        tx: &mut Tx,
        found: &OrganizationInvitation,
    ) -> Result<Option<OrganizationInvitation>> {
        match Organization::lock(tx, found.organization_id).await {
            Ok(()) => OrganizationInvitation::find(tx, found.id, self.now()).await,
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets an account in by an invitation, whose organization was entered; or says, and writes down, what stands
    /// against it.
    pub(crate) async fn admit(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        invitation: &OrganizationInvitation,
        account: &Account,
    ) -> Result<Option<Obstacle>> {
        let (now, proven) = (self.now(), proven_address(account).unwrap_or_default());
        let mut obstacle = self.obstacle(tx, invitation, account).await?;
        if obstacle.is_none() && !OrganizationInvitation::count_use(tx, invitation.id, &proven, now).await? {
            obstacle = Some(Obstacle::Ended);
        }
        let details = json!({ "invitation_id": invitation.id, "role": invitation.role });
        if let Some(obstacle) = obstacle {
            let refusal = Entry::refused(ACT, obstacle.code().as_str()).on_invitation(invitation);
            self.audit(tx, caller, refusal).await?;
            return Ok(Some(obstacle));
        }
        if !Member::insert(tx, invitation.organization_id, account.id, invitation.role, now).await? {
            return Err(Error::internal("somebody came into an organization whose lock another held"));
        }
        let redemption = RedemptionId::fresh(now, self.random());
        OrganizationInvitation::note_redemption(tx, redemption, invitation.id, (account.id, now)).await?;
        InvitationPlace::give_back(tx, invitation.id, &proven).await?;
        self.audit(tx, caller, Entry::done(ACT).on_invitation(invitation).with(details)).await?;
        self.settle_organizations(tx, caller, &[invitation.organization_id]).await?; // an orphan may have an admin again
        Ok(None)
    }

    /// What stands against an account coming in by an invitation.
    async fn obstacle(
        &self,
        tx: &mut Tx,
        invitation: &OrganizationInvitation,
        account: &Account,
    ) -> Result<Option<Obstacle>> {
        let proven = proven_address(account);
        if !self.is_good(tx, invitation, proven.as_deref().unwrap_or_default()).await? {
            return Ok(Some(Obstacle::Ended));
        }
        if Member::role_of(tx, invitation.organization_id, account.id).await?.is_some() {
            return Ok(Some(Obstacle::AlreadyMember));
        }
        let removed_at = Member::removed_at(tx, invitation.organization_id, account.id).await?;
        if removed_at.is_some_and(|removed_at| removed_at >= invitation.created_at) {
            return Ok(Some(Obstacle::Ended));
        }
        let is_for_another = invitation.email_normalized.is_some() && invitation.email_normalized != proven;
        Ok(is_for_another.then_some(Obstacle::AnotherAddress))
    }

    /// Whether an invitation is good for whoever proved this address; empty: for somebody who proved none.
    pub(crate) async fn is_good(&self, tx: &mut Tx, invitation: &OrganizationInvitation, email: &str) -> Result<bool> {
        match (invitation.state(self.now()), invitation.max_uses) {
            (InvitationState::Live, Some(most)) => {
                let held = InvitationPlace::count_others(tx, invitation.id, email, self.now()).await?;
                Ok(invitation.use_count + held < most)
            }
            (InvitationState::Live, None) => Ok(true),
            (
                InvitationState::Revoked
                | InvitationState::Expired
                | InvitationState::UsedUp
                | InvitationState::MakerGone,
                _,
            ) => Ok(false),
        }
    }
}

/// The address that the owner of an account proved, in the form that is compared.
fn proven_address(account: &Account) -> Option<String> {
    account.email_verified_at.and(account.email.as_deref()).map(canonical_identifier)
}
