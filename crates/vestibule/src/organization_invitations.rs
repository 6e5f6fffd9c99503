//! Invitations to organizations: who has the code of one comes in, in the role that it says, while it is good. It is good
//! until it is called back, ends or is used up, and only while whoever made it administers the organization. The
//! organization's lock is held by whoever uses one; a use is counted by a guarded update all the same. Uses that are
//! held for later are in `invitation_places`.

use serde::Serialize;

use crate::db::{Arg, Tx, from_row, text_enum};
use crate::error::Result;
use crate::id::{AccountId, InvitationId, MailId, OrganizationId, RedemptionId};
use crate::members::OrganizationRole;
use crate::paging::{Cursor, Page, PageRequest};
use crate::secret::Digest;
use crate::time::Timestamp;

text_enum! {
    /// Whether an invitation is good.
    InvitationState {
        /// It is.
        Live = "live",
        /// It was called back.
        Revoked = "revoked",
        /// It has ended.
        Expired = "expired",
        /// It was used as often as it may be.
        UsedUp = "used_up",
        /// Whoever made it does not administer the organization any more.
        MakerGone = "maker_gone",
    }
}

/// An invitation to an organization, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationInvitation {
    /// Its id.
    pub id: InvitationId,
    /// To which organization.
    pub organization_id: OrganizationId,
    /// What whoever comes in by it is.
    pub role: OrganizationRole,
    /// Whose proven address it is for; none: for whoever has the code.
    pub email: Option<String>,
    /// That address in the form that is compared.
    #[serde(skip)]
    pub(crate) email_normalized: Option<String>,
    /// Whether it was made on the host.
    pub by_host: bool,
    /// Who made it; none: the host, or somebody gone.
    pub created_by: Option<AccountId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// How often it may be used; none: any number of times.
    pub max_uses: Option<i64>,
    /// How often it was used.
    pub use_count: i64,
    /// How many uses besides are held for whoever signed up by it and is not in yet: nobody else comes in by those.
    pub held: i64,
    /// When it was called back.
    pub revoked_at: Option<Timestamp>,
    /// The letter that carried it.
    #[serde(skip)]
    pub(crate) mail_id: Option<MailId>,
    /// Whether whoever made it still administers the organization, or needs not to.
    #[serde(skip)]
    pub(crate) is_backed: bool,
}

from_row!(OrganizationInvitation {
    id: InvitationId, organization_id: OrganizationId, role: OrganizationRole, email: Option<String>,
    email_normalized: Option<String>, by_host: bool, created_by: Option<AccountId>, created_at: Timestamp,
    expires_at: Option<Timestamp>, max_uses: Option<i64>, use_count: i64, held: i64, revoked_at: Option<Timestamp>,
    mail_id: Option<MailId>, is_backed: bool,
});

/// Of invitations as they stand at the time `$1`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.organization_id, i.role, i.email, i.email_normalized, i.by_host, i.created_by, i.created_at,
                    i.expires_at, i.max_uses, i.use_count, i.revoked_at, i.mail_id,
                    (SELECT COUNT(*) FROM invitation_places p
                      WHERE p.invitation_id = i.id AND p.expires_at > $1) AS held,
                    (i.by_host OR EXISTS (
                        SELECT 1 FROM organization_members m JOIN accounts a ON a.id = m.account_id
                         WHERE m.organization_id = i.organization_id AND m.account_id = i.created_by
                           AND m.role = 'admin' AND a.state = 'active')) AS is_backed
               FROM organization_invitations i ",
            $rest
        )
    };
}

impl OrganizationInvitation {
    /// Whether it is good, but for uses that are held for others.
    pub fn state(&self, now: Timestamp) -> InvitationState {
        if self.revoked_at.is_some() {
            InvitationState::Revoked
        } else if self.expires_at.is_some_and(|end| now >= end) {
            InvitationState::Expired
        } else if self.max_uses.is_some_and(|most| self.use_count >= most) {
            InvitationState::UsedUp
        } else if !self.is_backed {
            InvitationState::MakerGone
        } else {
            InvitationState::Live
        }
    }

    /// Writes it down; false: its code is another's.
    pub(crate) async fn insert(&self, tx: &mut Tx, code: &Digest) -> Result<bool> {
        let sql = "INSERT INTO organization_invitations
                     (id, organization_id, code_digest, role, email, email_normalized, by_host, created_by, created_at,
                      expires_at, max_uses, use_count, mail_id)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (code_digest) DO NOTHING";
        let args: [&dyn Arg; 13] = [
            &self.id,
            &self.organization_id,
            code,
            &self.role,
            &self.email,
            &self.email_normalized,
            &self.by_host,
            &self.created_by,
            &self.created_at,
            &self.expires_at,
            &self.max_uses,
            &self.use_count,
            &self.mail_id,
        ];
        Ok(tx.exec(sql, &args).await? == 1)
    }

    pub(crate) async fn find(tx: &mut Tx, id: InvitationId, now: Timestamp) -> Result<Option<OrganizationInvitation>> {
        tx.opt(select!("WHERE i.id = $2"), &[&now, &id]).await
    }

    pub(crate) async fn find_by_code(
        tx: &mut Tx,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Option<OrganizationInvitation>> {
        tx.opt(select!("WHERE i.code_digest = $2"), &[&now, code]).await
    }

    /// A page of an organization's, whatever became of them, newest first.
    pub(crate) async fn list(
        tx: &mut Tx,
        organization: OrganizationId,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<OrganizationInvitation>> {
        let after = page.after();
        let sql = select!(
            "WHERE i.organization_id = $2 AND (i.created_at, i.id) < ($3, $4)
             ORDER BY i.created_at DESC, i.id DESC LIMIT $5"
        );
        let rows = tx.all(sql, &[&now, &organization, &after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, |row: &OrganizationInvitation| Cursor { created_at: row.created_at, id: row.id.0 }))
    }

    /// Notes which letter carries it.
    pub(crate) async fn set_mail(tx: &mut Tx, id: InvitationId, mail: MailId) -> Result<()> {
        tx.exec("UPDATE organization_invitations SET mail_id = $2 WHERE id = $1", &[&id, &mail]).await.map(drop)
    }

    /// Calls it back; false: it was, or is another organization's.
    pub(crate) async fn revoke(
        tx: &mut Tx,
        organization: OrganizationId,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE organization_invitations SET revoked_at = $3
                    WHERE id = $1 AND organization_id = $2 AND revoked_at IS NULL";
        Ok(tx.exec(sql, &[&id, &organization, &now]).await? == 1)
    }

    /// Counts a use by whoever has this address; false: there is none left for them. What is held for others is not
    /// theirs to use.
    pub(crate) async fn count_use(tx: &mut Tx, id: InvitationId, email: &str, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE organization_invitations SET use_count = use_count + 1
                    WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                      AND (max_uses IS NULL OR use_count + (
                            SELECT COUNT(*) FROM invitation_places p
                             WHERE p.invitation_id = $1 AND p.email_normalized <> $3 AND p.expires_at > $2
                          ) < max_uses)";
        Ok(tx.exec(sql, &[&id, &now, &email]).await? == 1)
    }

    /// Writes down who came in by it.
    pub(crate) async fn note_redemption(
        tx: &mut Tx,
        id: RedemptionId,
        invitation: InvitationId,
        (account, now): (AccountId, Timestamp),
    ) -> Result<()> {
        let sql = "INSERT INTO invitation_redemptions (id, invitation_id, account_id, created_at)
                   VALUES ($1, $2, $3, $4)";
        tx.exec(sql, &[&id, &invitation, &account, &now]).await.map(drop)
    }
}
