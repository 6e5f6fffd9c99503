//! Change what a group is called, holds and reaches, within what the one who asks holds; and see beforehand what that
//! would do to its members. A change that gives its members more is measured member by member.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::caller::Caller;
use crate::catalogue::Catalogue;
use crate::code::Code;
use crate::db::Tx;
use crate::effective::Effect;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::group_fields;
use crate::groups::Group;
use crate::holdings::Holdings;
use crate::id::{AccountId, GroupId};
use crate::locks::Lock;
use crate::needs;
use crate::permissions::Permission;
use crate::policy_version::PolicyVersion;
use crate::power::{BreakGlass, Power};
use crate::revocations::Revocations;
use crate::scope::Scope;
use crate::time::Timestamp;

/// How many members a preview looks at.
const EXAMINED: i64 = 1000;
/// How many it tells of.
const SHOWN: usize = 100;

/// What to change of a group; none leaves it.
#[derive(Clone, Debug, Default)]
pub struct GroupEdit {
    /// Its name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it gives, all of it.
    pub permissions: Option<Vec<Permission>>,
    /// How far it reaches.
    pub scope: Option<Scope>,
    /// When the group that this was decided on had last changed; none: whatever it is now.
    pub seen_at: Option<Timestamp>,
}

/// What a change of a group would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupPreview {
    /// How many are members.
    pub member_count: i64,
    /// How many of them were looked at: of a large group the first thousand.
    pub examined: usize,
    /// How many of those would gain or lose anything.
    pub changed: usize,
    /// What they would, the first hundred of them.
    pub effects: Vec<Effect>,
}

impl Vestibule {
    /// Changes a group.
    pub async fn edit_group(&self, caller: &Caller, id: GroupId, edit: GroupEdit) -> Result<Group> {
        let edited = self.change_group(caller, id, edit).await;
        self.audit_refusal(caller, "group.edited", id, edited).await
    }

    async fn change_group(&self, caller: &Caller, id: GroupId, edit: GroupEdit) -> Result<Group> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_GROUPS).await?;
        let before = Group::get(&mut tx, id).await?;
        if before.system_managed {
            return Err(Forbidden::system_managed(&before.name).into());
        }
        if edit.seen_at.is_some_and(|seen_at| seen_at != before.updated_at) {
            return Err(Error::Conflict(Code::ChangedMeanwhile));
        }
        let catalogue = self.catalogue(&mut tx, None).await?;
        let after = Group { updated_at: self.now(), ..edited(&catalogue, &before, edit)? };
        let details = json!({ "before": summary(&before), "after": summary(&after) });
        let entry = Entry::done("group.edited").on_group(id, &after.slug).with(details);
        if after.permissions == before.permissions && after.scope == before.scope {
            after.update(&mut tx).await?;
            self.audit(&mut tx, caller, entry).await?;
        } else {
            self.change_what_is_held(&mut tx, &power, (&before, &after), &catalogue).await?;
            self.audit(&mut tx, caller, entry).await?;
            PolicyVersion::bump(&mut tx).await?;
            Revocations::insert_everybody(&mut tx, self.now()).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    async fn change_what_is_held(
        &self,
        tx: &mut Tx,
        power: &Power,
        (before, after): (&Group, &Group),
        catalogue: &Catalogue,
    ) -> Result<()> {
        if after.permissions != before.permissions {
            power.put(catalogue, &after.permissions)?;
        }
        power.reach(&before.scope, &after.scope)?;
        let held = Holdings::of_members(tx, after.id).await?;
        after.update(tx).await?;
        self.confer_on_members(tx, power, after.id, held).await
    }

    /// Refuses to have given a member, by a change of a group, what this power may not confer on it.
    async fn confer_on_members(
        &self,
        tx: &mut Tx,
        power: &Power,
        group: GroupId,
        before: BTreeMap<AccountId, Holdings>,
    ) -> Result<()> {
        let catalogue = self.catalogue(tx, None).await?;
        let mut after = Holdings::of_members(tx, group).await?;
        for (id, before) in before {
            let after = after.remove(&id).unwrap_or_default();
            let (before, after) = (before.held(&catalogue), after.held(&catalogue));
            power.confer(tx, id, (&before, &after), BreakGlass::No).await?;
        }
        Ok(())
    }

    /// What a change of a group would do to its members. Nothing is changed, and whether the one who asks might do it
    /// is not said.
    pub async fn preview_group(&self, id: GroupId, edit: &GroupEdit) -> Result<GroupPreview> {
        let mut connection = self.db().read().await?;
        let before = Group::get(&mut connection, id).await?;
        if before.system_managed {
            return Err(Forbidden::system_managed(&before.name).into());
        }
        let catalogue = self.catalogue(&mut connection, None).await?;
        let after = edited(&catalogue, &before, edit.clone())?;
        let mut preview =
            GroupPreview { member_count: before.member_count, examined: 0, changed: 0, effects: Vec::new() };
        for (account, holdings) in Holdings::of_some_members(&mut connection, id, EXAMINED).await? {
            preview.examined += 1;
            let mut changed = holdings.clone();
            if let Some(group) = changed.groups.get_mut(&before.slug) {
                (group.permissions, group.scope) = (after.permissions.clone(), after.scope.clone());
            }
            let (held, will_hold) = (holdings.view(&catalogue), changed.view(&catalogue));
            let Some(effect) = Effect::between(account, String::new(), &held, &will_hold) else { continue };
            preview.changed += 1;
            if preview.effects.len() < SHOWN {
                let label = Account::find(&mut connection, account).await?.map(|account| account.label());
                preview.effects.push(Effect { label: label.unwrap_or_default(), ..effect });
            }
        }
        Ok(preview)
    }
}

fn edited(catalogue: &Catalogue, before: &Group, edit: GroupEdit) -> Result<Group> {
    let mut after = before.clone();
    if let Some(name) = edit.name {
        after.name = group_fields::name(&name)?;
    }
    if let Some(description) = edit.description {
        after.description = group_fields::description(&description)?;
    }
    if let Some(permissions) = edit.permissions.filter(|permissions| *permissions != before.permissions) {
        after.permissions = group_fields::permissions(catalogue, permissions)?;
    }
    if let Some(scope) = edit.scope {
        after.scope = group_fields::scope(scope)?;
    }
    Ok(after)
}

fn summary(group: &Group) -> serde_json::Value {
    let Group { name, description, permissions, scope, .. } = group;
    json!({ "name": name, "description": description, "permissions": permissions, "scope": scope })
}
