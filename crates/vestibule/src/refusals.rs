//! Refusals in the audit log: what was refused has no transaction of its act, so it is written down in one of its own.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::{Actor, Caller};
use crate::db::Tx;
use crate::directory::{MemberName, SignPub};
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::groups::GroupRef;
use crate::id::{AccountId, DirectoryInviteId, GroupId, OrganizationId};
use crate::members::Member;
use crate::organizations::Organization;

/// On what something was tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// On nothing that is there.
    Nobody,
    /// On an account.
    Account(AccountId),
    /// On a group.
    Group(GroupId),
    /// On an organization, or in it.
    Organization(OrganizationId),
    /// On somebody in an organization.
    Member(OrganizationId, AccountId),
    /// On an invite to the directory.
    DirectoryInvite(DirectoryInviteId),
    /// On a member of the directory.
    DirectoryMember(SignPub),
}

impl From<AccountId> for Target {
    fn from(id: AccountId) -> Target {
        Target::Account(id)
    }
}

impl From<GroupId> for Target {
    fn from(id: GroupId) -> Target {
        Target::Group(id)
    }
}

impl From<OrganizationId> for Target {
    fn from(id: OrganizationId) -> Target {
        Target::Organization(id)
    }
}

impl From<(OrganizationId, AccountId)> for Target {
    fn from((organization, account): (OrganizationId, AccountId)) -> Target {
        Target::Member(organization, account)
    }
}

impl Vestibule {
    /// Writes an entry of its own, for what was refused and so has no transaction.
    pub(crate) async fn audit_alone(&self, caller: &Caller, entry: Entry) -> Result<()> {
        let mut tx = self.db().write().await?;
        self.audit(&mut tx, caller, entry).await?;
        tx.commit().await
    }

    /// Passes a result on, and writes down a refusal by a guard: who tried what on whom, and which guard held.
    pub(crate) async fn audit_refusal<T>(
        &self,
        caller: &Caller,
        action: &'static str,
        target: impl Into<Target>,
        result: Result<T>,
    ) -> Result<T> {
        let entry = match &result {
            Err(Error::Conflict(code) | Error::Denied(code)) => Entry::refused(action, code.as_str()),
            Err(Error::Forbidden(why)) => {
                let details = json!({ "reason": why.code, "permission": why.permission });
                Entry::refused(action, why.code.as_str()).with(details)
            }
            Ok(_)
            | Err(
                Error::Invalid(_)
                | Error::NotFound
                | Error::TooMany { .. }
                | Error::Unavailable { .. }
                | Error::Setup(_)
                | Error::Internal(_),
            ) => return result,
        };
        // A guard held only after whoever asked had shown that they may.
        let is_known = matches!(result, Err(Error::Conflict(_)));
        let entry = self.aimed(caller, entry, (target.into(), is_known)).await?;
        self.audit_alone(caller, entry).await?;
        result
    }

    async fn aimed(&self, caller: &Caller, entry: Entry, (target, is_known): (Target, bool)) -> Result<Entry> {
        Ok(match target {
            Target::Nobody => entry,
            Target::Account(id) => {
                let account = Account::find(&mut self.db().read().await?, id).await?;
                entry.on_known(id, &account.map(|account| account.label()).unwrap_or_default())
            }
            Target::Group(id) => {
                let group = GroupRef::find(&mut self.db().read().await?, id).await?;
                entry.on_group(id, &group.map(|group| group.slug).unwrap_or_default())
            }
            Target::Organization(id) => {
                let mut connection = self.db().read().await?;
                match is_known || is_within(&mut connection, caller, id).await? {
                    true => {
                        let organization = Organization::find(&mut connection, id).await?;
                        entry.on_organization(id, &organization.map(|found| found.name).unwrap_or_default())
                    }
                    false => entry.at_organization(id, ""),
                }
            }
            Target::Member(organization, id) => {
                let mut connection = self.db().read().await?;
                let member = match is_known || is_within(&mut connection, caller, organization).await? {
                    true => Member::find(&mut connection, organization, id).await?,
                    false => return Ok(entry.at_organization(organization, "")),
                };
                let account = match member {
                    Some(_) => Account::find(&mut connection, id).await?,
                    None => None, // whoever is not in it is nobody there
                };
                let label = account.map(|account| account.label()).unwrap_or_default();
                entry.on_known(id, &label).in_organization(organization)
            }
            Target::DirectoryInvite(id) => match self.directory().find_invite(id).await {
                Ok(Some(invite)) => entry.on_directory_invite(&invite),
                Ok(None) | Err(_) => entry, // a refusal is one, wherever the directory is by now
            },
            Target::DirectoryMember(key) => match self.directory().find_member(&MemberName::SignPub(key)).await {
                Ok(Some(member)) => entry.on_member(&member),
                Ok(None) | Err(_) => entry,
            },
        })
    }
}

/// Whether the one who asks is in an organization, or at its machine: nobody else's log learns what it is called, nor
/// does its own log what others tried.
async fn is_within(tx: &mut Tx, caller: &Caller, organization: OrganizationId) -> Result<bool> {
    match &caller.actor {
        Actor::Account { id, .. } => Ok(Member::role_of(tx, organization, *id).await?.is_some()),
        Actor::Host { .. } | Actor::System => Ok(true),
        Actor::Anonymous => Ok(false),
    }
}
