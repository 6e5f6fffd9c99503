//! Invite to an organization: make an invitation, with a letter to whom it is for; list them; call one back. An admin of
//! the organization does, or the host. The code is handed out once.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::deliver_mail::Delivery;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::id::{AccountId, InvitationId, MailId, OrganizationId};
use crate::invitation_codes::InvitationCode;
use crate::invite_user::Invited;
use crate::mail::{Letter, Words};
use crate::members::OrganizationRole;
use crate::organization_invitations::OrganizationInvitation;
use crate::organizations::Organization;
use crate::outbox::Outbox;
use crate::paging::{Page, PageRequest};
use crate::time::Timestamp;

/// How long an invitation lives if nothing is said.
const USUAL_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a code is drawn that another invitation has.
const DRAWS: usize = 20;
const ACT: &str = "invitation.created";

/// What a new invitation is made of.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// What whoever comes in by it is.
    pub role: OrganizationRole,
    /// When it ends.
    pub end: InvitationEnd,
    /// How often it may be used, at least once; none: any number of times.
    pub max_uses: Option<i64>,
    /// Whom it is for, who is written to; none: whoever has the code.
    pub email: Option<String>,
}

/// When an invitation ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvitationEnd {
    /// After seven days.
    #[default]
    Usual,
    /// Then.
    At(Timestamp),
    /// Never.
    Never,
}

/// An invitation that was made, with its code, handed out this once.
#[derive(Debug)]
pub struct CreatedInvitation {
    /// The invitation.
    pub invitation: OrganizationInvitation,
    /// Its code.
    pub code: SecretString,
    /// What became of the letter; none: it is for nobody in particular, or there is no SMTP.
    pub delivery: Option<Delivery>,
}

/// What was asked for, read.
struct Wanted {
    role: OrganizationRole,
    expires_at: Option<Timestamp>,
    max_uses: Option<i64>,
    email: Option<Email>,
}

impl Default for NewInvitation {
    fn default() -> NewInvitation {
        NewInvitation { role: OrganizationRole::Member, end: InvitationEnd::Usual, max_uses: None, email: None }
    }
}

impl Vestibule {
    /// Makes an invitation, and mails it to whom it is for. A mail that fails does not fail it.
    pub async fn create_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewInvitation,
    ) -> Result<CreatedInvitation> {
        let made = self.make_invitation(caller, organization, new).await;
        let (invitation, code) = self.audit_refusal(caller, ACT, organization, made).await?;
        let delivery = match invitation.mail_id.filter(|_| self.config().mail.smtp.is_some()) {
            Some(mail) => Some(self.deliver_invitation(Invited::Mailed(mail)).await?.delivery),
            None => None,
        };
        Ok(CreatedInvitation { invitation, code: code.into_secret(), delivery })
    }

    async fn make_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        new: NewInvitation,
    ) -> Result<(OrganizationInvitation, InvitationCode)> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let created_by = self.inviter(&mut tx, caller, organization).await?;
        if created_by.is_some() {
            caller.require_session()?; // a secret that leaked must not let others in
        }
        let wanted = self.read_invitation(new)?;
        let (mut invitation, code) = self.draw_invitation(&mut tx, (organization, created_by), wanted).await?;
        invitation.mail_id = self.mail_organization_invitation(&mut tx, &invitation, &code).await?;
        let OrganizationInvitation { id, role, expires_at, max_uses, email, .. } = &invitation;
        let details = json!({
            "invitation_id": id, "role": role, "expires_at": expires_at, "max_uses": max_uses, "email": email,
        });
        self.audit(&mut tx, caller, Entry::done(ACT).on_invitation(&invitation).with(details)).await?;
        tx.commit().await?;
        Ok((invitation, code))
    }

    /// Who invites: an admin of the organization; none: the host.
    async fn inviter(&self, tx: &mut Tx, caller: &Caller, organization: OrganizationId) -> Result<Option<AccountId>> {
        match caller.actor {
            Actor::Host { .. } => Ok(None),
            Actor::Account { .. } | Actor::System | Actor::Anonymous => {
                self.admin_of(tx, caller, organization).await.map(Some)
            }
        }
    }

    fn read_invitation(&self, new: NewInvitation) -> Result<Wanted> {
        let now = self.now();
        let mut errors = FieldErrors::default();
        let expires_at = match new.end {
            InvitationEnd::Usual => Some(now.plus(USUAL_LIFE)),
            InvitationEnd::Never => None,
            InvitationEnd::At(end) => {
                if end <= now {
                    errors.push("expires_at", Code::ExpiryInvalid);
                }
                Some(end)
            }
        };
        if new.max_uses.is_some_and(|most| most < 1) {
            errors.push("max_uses", Code::FieldInvalid);
        }
        let email = new.email.and_then(|email| errors.take("email", Email::parse(&email)));
        errors.check()?;
        Ok(Wanted { role: new.role, expires_at, max_uses: new.max_uses, email })
    }

    /// Writes an invitation down under a code that no other has.
    async fn draw_invitation(
        &self,
        tx: &mut Tx,
        (organization_id, created_by): (OrganizationId, Option<AccountId>),
        Wanted { role, expires_at, max_uses, email }: Wanted,
    ) -> Result<(OrganizationInvitation, InvitationCode)> {
        let created_at = self.now();
        let invitation = OrganizationInvitation {
            id: InvitationId::fresh(created_at, self.random()),
            organization_id,
            role,
            email_normalized: email.as_ref().map(|email| email.normalized().to_owned()),
            email: email.map(|email| email.as_str().to_owned()),
            by_host: created_by.is_none(),
            created_by,
            created_at,
            expires_at,
            max_uses,
            use_count: 0,
            held: 0,
            revoked_at: None,
            mail_id: None,
            is_backed: true,
        };
        for _ in 0..DRAWS {
            let code = InvitationCode::fresh(expires_at.map(|end| end.since(created_at)), self.random());
            if invitation.insert(tx, &code.digest(self.keyring())).await? {
                return Ok((invitation, code));
            }
        }
        Err(Error::internal("every code that was drawn is another invitation's"))
    }

    /// Writes to whom an invitation is for; none: to nobody.
    async fn mail_organization_invitation(
        &self,
        tx: &mut Tx,
        invitation: &OrganizationInvitation,
        code: &InvitationCode,
    ) -> Result<Option<MailId>> {
        let Some(to) = &invitation.email else { return Ok(None) };
        let organization = Organization::get(tx, invitation.organization_id).await?.name;
        let inviter = match invitation.created_by {
            Some(id) => Account::get(tx, id).await?.label(),
            None => String::new(),
        };
        let link = self.invitation_url(code.secret());
        let words = Words::OrganizationInvite { link: &link, organization: &organization, inviter: &inviter };
        let letter = Letter { to, account: None, token: None, words };
        let mail = self.post_until(tx, letter, invitation.expires_at).await?;
        OrganizationInvitation::set_mail(tx, invitation.id, mail).await?;
        Ok(Some(mail))
    }

    /// The address of the page of an invitation.
    pub fn invitation_url(&self, code: &SecretString) -> String {
        self.absolute(&format!("/invitations/{}", code.expose_secret()))
    }

    /// A page of an organization's invitations, whatever became of them, newest first; for an admin of it, or the host.
    pub async fn list_invitations(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<OrganizationInvitation>> {
        let mut connection = self.db().read().await?;
        self.inviter(&mut connection, caller, organization).await?;
        Organization::get(&mut connection, organization).await?;
        OrganizationInvitation::list(&mut connection, organization, self.now(), page).await
    }

    /// Calls an invitation back, and its letter if that has not gone out. Not found: it was called back before.
    pub async fn revoke_invitation(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<()> {
        let revoked = self.call_back(caller, organization, id).await;
        self.audit_refusal(caller, "invitation.revoked", organization, revoked).await
    }

    async fn call_back(&self, caller: &Caller, organization: OrganizationId, id: InvitationId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        self.inviter(&mut tx, caller, organization).await?;
        if !OrganizationInvitation::revoke(&mut tx, organization, id, self.now()).await? {
            return Err(Error::NotFound);
        }
        let invitation = OrganizationInvitation::find(&mut tx, id, self.now()).await?.ok_or(Error::NotFound)?;
        if let Some(mail) = invitation.mail_id {
            Outbox::call_back(&mut tx, mail).await?;
        }
        let details = json!({ "invitation_id": id, "role": invitation.role, "use_count": invitation.use_count });
        self.audit(&mut tx, caller, Entry::done("invitation.revoked").on_invitation(&invitation).with(details)).await?;
        tx.commit().await
    }

    /// To which organization an invitation is, for the host.
    pub async fn organization_of_invitation(&self, id: InvitationId) -> Result<OrganizationId> {
        let invitation = OrganizationInvitation::find(&mut self.db().read().await?, id, self.now()).await?;
        Ok(invitation.ok_or(Error::NotFound)?.organization_id)
    }
}
