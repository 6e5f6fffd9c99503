//! Delete an account for good, with its password, sessions and memberships. Audit rows stay, with a label. An
//! administrator of the instance always can, and may leave an organization that nobody administers; its owner cannot.

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::id::{AccountId, OrganizationId};
use crate::last_admin::LastAdminGuard;
use crate::members::{Member, OrganizationRole};
use crate::needs;
use crate::organizations::Organization;
use crate::revocations::Revocations;

/// Who deletes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeletedBy {
    /// Its owner.
    Owner,
    /// Somebody else who may.
    Another,
}

impl Vestibule {
    /// Deletes another's account. One's own is closed with [`Vestibule::close_account`].
    pub async fn delete_account(&self, caller: &Caller, id: AccountId) -> Result<()> {
        let deleted = match caller.account_id() == Some(id) {
            true => Err(Error::Conflict(Code::OwnAccount)),
            false => self.delete(caller, id, DeletedBy::Another).await,
        };
        self.audit_refusal(caller, "account.deleted", id, deleted).await
    }

    pub(crate) async fn delete(&self, caller: &Caller, id: AccountId, by: DeletedBy) -> Result<()> {
        let mut tx = self.db().write().await?;
        let guard = LastAdminGuard::hold(&mut tx).await?;
        Account::lock_with_made(&mut tx, id).await?;
        self.require_owner_or(&mut tx, caller, id, needs::DELETE_USERS).await?;
        let account = Account::get(&mut tx, id).await?;
        let organizations = Organization::lock_all_of(&mut tx, id).await?;
        let administered = administered(&mut tx, &organizations, id).await?;
        Account::hand_down(&mut tx, id).await?;
        if !Account::delete(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        guard.release(&mut tx).await?;
        let action = match by {
            DeletedBy::Another => "account.deleted",
            DeletedBy::Owner => {
                for organization in administered {
                    self.require_admin_left(&mut tx, organization).await?;
                }
                "account.closed"
            }
        };
        self.audit(&mut tx, caller, Entry::done(action).on(&account)).await?;
        self.settle_organizations(&mut tx, caller, &organizations).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await
    }
}

/// Which of these an account administers.
async fn administered(tx: &mut Tx, organizations: &[OrganizationId], id: AccountId) -> Result<Vec<OrganizationId>> {
    let mut administered = Vec::new();
    for organization in organizations {
        if Member::role_of(tx, *organization, id).await? == Some(OrganizationRole::Admin) {
            administered.push(*organization);
        }
    }
    Ok(administered)
}
