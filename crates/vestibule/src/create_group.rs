//! Make a group, within what the one who asks holds; and delete one.

use serde_json::json;

use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::group_fields;
use crate::groups::{Group, Membership};
use crate::id::GroupId;
use crate::locks::Lock;
use crate::needs;
use crate::permissions::Permission;
use crate::policy_version::PolicyVersion;
use crate::refusals::Target;
use crate::revocations::Revocations;
use crate::scope::Scope;

/// How many members of a group that is deleted the audit log names.
const MEMBERS_WRITTEN_DOWN: i64 = 1000;

/// What a new group is made of.
#[derive(Clone, Debug, Default)]
pub struct NewGroup {
    /// Its name for programs, which never changes; none: made of the other one.
    pub slug: Option<String>,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it gives.
    pub permissions: Vec<Permission>,
    /// How far it reaches.
    pub scope: Scope,
}

impl Vestibule {
    /// Makes a group.
    pub async fn create_group(&self, caller: &Caller, new: NewGroup) -> Result<Group> {
        let created = self.make_group(caller, new).await;
        self.audit_refusal(caller, "group.created", Target::Nobody, created).await
    }

    async fn make_group(&self, caller: &Caller, new: NewGroup) -> Result<Group> {
        let now = self.now();
        let mut group = Group {
            id: GroupId::fresh(now, self.random()),
            name: group_fields::name(&new.name)?,
            slug: group_fields::slug(new.slug.as_deref(), &new.name)?,
            description: group_fields::description(&new.description)?,
            permissions: Vec::new(),
            scope: group_fields::scope(new.scope)?,
            system_managed: false,
            is_default: false,
            is_bootstrap: false,
            member_count: 0,
            created_at: now,
            updated_at: now,
            created_by: caller.account_id(),
        };
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::CREATE_GROUPS).await?;
        let catalogue = self.catalogue(&mut tx, None).await?;
        group.permissions = group_fields::permissions(&catalogue, new.permissions)?;
        power.put(&catalogue, &group.permissions)?;
        power.reach(&Scope::default(), &group.scope)?;
        if !group.insert(&mut tx).await? {
            return Err(Error::Conflict(Code::SlugInUse));
        }
        let details = json!({ "name": group.name, "permissions": group.permissions, "scope": group.scope });
        self.audit(&mut tx, caller, Entry::done("group.created").on_group(group.id, &group.slug).with(details)).await?;
        tx.commit().await?;
        Ok(group)
    }

    /// Deletes a group; its members lose what it gave.
    pub async fn delete_group(&self, caller: &Caller, id: GroupId) -> Result<()> {
        let deleted = self.remove_group(caller, id).await;
        self.audit_refusal(caller, "group.deleted", id, deleted).await
    }

    async fn remove_group(&self, caller: &Caller, id: GroupId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        self.power(&mut tx, caller, needs::DELETE_GROUPS).await?;
        let group = Group::get(&mut tx, id).await?;
        if group.system_managed {
            return Err(Forbidden::system_managed(&group.name).into());
        }
        let members = Membership::list(&mut tx, id, MEMBERS_WRITTEN_DOWN).await?;
        Group::delete(&mut tx, id).await?;
        let details = json!({ "name": group.name, "permissions": group.permissions, "scope": group.scope,
                              "member_count": group.member_count, "members": members });
        self.audit(&mut tx, caller, Entry::done("group.deleted").on_group(id, &group.slug).with(details)).await?;
        PolicyVersion::bump(&mut tx).await?;
        Revocations::insert_everybody(&mut tx, self.now()).await?;
        tx.commit().await
    }
}
