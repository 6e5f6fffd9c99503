//! Plan a policy and apply it: what a policy file would change, down to every account that would gain or lose by it, and
//! the same done. Planning reads only. Applying is the host's, and unlike a start it also removes groups that people are
//! in; who they were is written down.

mod accounts;

use serde::Serialize;
use serde_json::{Value, json};

use crate::caller::{Actor, Caller};
use crate::code::Code;
use crate::db::Tx;
use crate::effective::Effect;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::groups::Group;
use crate::locks::Lock;
use crate::permissions::Permission;
use crate::policy::Policy;
use crate::reconcile_policy::{Differences, Stored};
use crate::refusals::Target;

/// What a policy file would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyPlan {
    /// Permissions that there will be, as `action:resource`.
    pub permissions_added: Vec<String>,
    /// Permissions that there will not be any more, also those added otherwise that do not fit the policy.
    pub permissions_removed: Vec<String>,
    /// Permissions that will mean something else, have another label, or become the policy's.
    pub permissions_changed: Vec<String>,
    /// The slugs of the groups that there will be.
    pub groups_added: Vec<String>,
    /// The groups that there will not be any more.
    pub groups_removed: Vec<RemovedGroup>,
    /// The groups that will change.
    pub groups_changed: Vec<GroupChange>,
    /// The slug of the group that whoever signs up will join, if it is another.
    pub default_group: Option<String>,
    /// Everybody who will hold more or less, by label. What a changed permission means to its holders is not told here.
    pub accounts: Vec<Effect>,
}

/// A group that a policy removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemovedGroup {
    /// Its slug.
    pub slug: String,
    /// How many accounts are in it.
    pub member_count: i64,
}

/// What a policy changes about a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupChange {
    /// Its slug.
    pub slug: String,
    /// What it will give.
    pub gains: Vec<Permission>,
    /// What it will not give any more.
    pub loses: Vec<Permission>,
    /// What else changes: `name`, `description`, `scope`, `system_managed`, `bootstrap`.
    pub other: Vec<String>,
}

impl Vestibule {
    /// What a policy would change. It is worked out anew when it is applied.
    pub async fn plan_policy(&self, policy: &Policy) -> Result<PolicyPlan> {
        Ok(self.planned(&mut self.db().read().await?, policy).await?.1)
    }

    /// Makes the database say what the policy says, and gives what that changed.
    pub async fn apply_policy(&self, caller: &Caller, policy: &Policy) -> Result<PolicyPlan> {
        let applied = self.apply(caller, policy).await;
        self.audit_refusal(caller, "policy.applied", Target::Nobody, applied).await
    }

    async fn apply(&self, caller: &Caller, policy: &Policy) -> Result<PolicyPlan> {
        require_host(caller)?;
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let (differences, plan) = self.planned(&mut tx, policy).await?;
        if differences.is_empty() {
            return Ok(plan);
        }
        let mut details = plan.summary();
        details["accounts"] = json!(plan.accounts.len());
        details["members_removed"] = members(&mut tx, &differences.removed).await?;
        differences.write(&mut tx, caller, details, (self.now(), self.random())).await?;
        tx.commit().await?;
        Ok(plan)
    }

    async fn planned(&self, tx: &mut Tx, policy: &Policy) -> Result<(Differences, PolicyPlan)> {
        let differences = Differences::between(&Stored::read(tx).await?, policy, (self.now(), self.random()))?;
        let accounts = differences.effects(tx).await?;
        let plan = PolicyPlan { accounts, ..PolicyPlan::of(&differences) };
        Ok((differences, plan))
    }
}

impl PolicyPlan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == PolicyPlan::default()
    }

    /// What these differences are, but for whom they touch.
    pub(crate) fn of(differences: &Differences) -> PolicyPlan {
        let (before, after) = &differences.catalogue;
        let removed = |group: &Group| RemovedGroup { slug: group.slug.clone(), member_count: group.member_count };
        PolicyPlan {
            permissions_added: after.names(|entry| before.find(entry).is_none()),
            permissions_removed: before.names(|entry| after.find(entry).is_none()),
            permissions_changed: after
                .names(|entry| before.find(entry).is_some_and(|old| after.find(entry) != Some(old))),
            groups_added: differences.made.iter().map(|group| group.slug.clone()).collect(),
            groups_removed: differences.removed.iter().map(removed).collect(),
            groups_changed: differences.changed.iter().filter_map(GroupChange::between).collect(),
            default_group: differences.default_group.clone(),
            accounts: Vec::new(),
        }
    }

    /// The plan in short, for the audit log: an object.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "permissions_added": self.permissions_added,
            "permissions_removed": self.permissions_removed,
            "permissions_changed": self.permissions_changed,
            "groups_added": self.groups_added,
            "groups_removed": self.groups_removed,
            "groups_changed": self.groups_changed,
            "default_group": self.default_group,
        })
    }
}

impl GroupChange {
    /// What changes from one to the other; none: at most which of them is the default group.
    fn between((before, after): &(Group, Group)) -> Option<GroupChange> {
        let beyond = |these: &Group, those: &Group| -> Vec<Permission> {
            let is_new = |permission: &&Permission| !those.permissions.contains(permission);
            these.permissions.iter().filter(is_new).cloned().collect()
        };
        let other = [
            ("name", before.name != after.name),
            ("description", before.description != after.description),
            ("scope", before.scope != after.scope),
            ("system_managed", before.system_managed != after.system_managed),
            ("bootstrap", before.is_bootstrap != after.is_bootstrap),
        ];
        let change = GroupChange {
            slug: after.slug.clone(),
            gains: beyond(after, before),
            loses: beyond(before, after),
            other: other.into_iter().filter(|(_, is_changed)| *is_changed).map(|(what, _)| what.to_owned()).collect(),
        };
        let is_any = !change.gains.is_empty() || !change.loses.is_empty() || !change.other.is_empty();
        is_any.then_some(change)
    }
}

fn require_host(caller: &Caller) -> Result<()> {
    match &caller.actor {
        Actor::Host { .. } | Actor::System => Ok(()),
        Actor::Anonymous => Err(Error::Denied(Code::Unauthenticated)),
        Actor::Account { .. } => {
            let detail = "The policy is applied on the host, with `vestibule policy apply`.".to_owned();
            Err(Forbidden { code: Code::SystemManaged, permission: "policy".to_owned(), detail }.into())
        }
    }
}

/// Who was in the groups that go, so that they can be put back.
async fn members(tx: &mut Tx, groups: &[Group]) -> Result<Value> {
    let mut members = serde_json::Map::new();
    for group in groups {
        members.insert(group.slug.clone(), accounts::of_group(tx, group.id).await?);
    }
    Ok(Value::Object(members))
}
