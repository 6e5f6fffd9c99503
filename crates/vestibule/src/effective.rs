//! What somebody may do, written out: every permission of the catalogue that a grant of theirs matches, with the limits
//! of that grant, and where it comes from. And what a change does to them: what they gain, what they lose.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::constraints::Constraints;
use crate::decide::View;
use crate::id::AccountId;
use crate::permissions::Permission;
use crate::scope::Scope;

/// What an account may do, in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectivePermissions {
    /// Each permission, in the order of the catalogue.
    pub permissions: Vec<Effective>,
    /// How far the account reaches.
    pub scope: Scope,
}

/// A permission of the catalogue that is held, and by what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effective {
    /// The permission, and what limits it.
    #[serde(flatten)]
    pub permission: Permission,
    /// The slug of the group that gives it; none: it is held directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What is granted, perhaps a wildcard: `admin:*`.
    pub via: String,
}

/// What a change does to one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Whose.
    pub account_id: AccountId,
    /// How people know it.
    pub label: String,
    /// What it may do that it might not.
    pub gains: Vec<Permission>,
    /// What it might do that it may not any more.
    pub loses: Vec<Permission>,
    /// How far it reached.
    pub scope_before: Scope,
    /// How far it reaches.
    pub scope_after: Scope,
}

impl EffectivePermissions {
    /// What a view allows.
    pub fn of(view: &View) -> EffectivePermissions {
        let effective = |(permission, grant): (Permission, &crate::decide::Grant)| Effective {
            permission,
            group: grant.group.clone(),
            via: grant.permission.to_string(),
        };
        EffectivePermissions { permissions: view.allowed().map(effective).collect(), scope: view.scope().clone() }
    }
}

impl Effect {
    /// What a change from one view to another does to an account; none: nothing.
    pub(crate) fn between(account_id: AccountId, label: String, before: &View, after: &View) -> Option<Effect> {
        let effect = Effect {
            account_id,
            label,
            gains: beyond(before, after),
            loses: beyond(after, before),
            scope_before: before.scope().clone(),
            scope_after: after.scope().clone(),
        };
        let is_any = !effect.gains.is_empty() || !effect.loses.is_empty() || effect.scope_before != effect.scope_after;
        is_any.then_some(effect)
    }
}

/// What the other view allows that this one does not, each once.
pub(crate) fn beyond(view: &View, other: &View) -> Vec<Permission> {
    let mut beyond = Vec::new();
    for entry in other.catalogue().entries() {
        let held: BTreeSet<&Constraints> = view.limits_on(entry).collect();
        let allowed: BTreeSet<&Constraints> = other.limits_on(entry).collect();
        let is_new = |wanted: &&&Constraints| !held.iter().any(|limits| limits.covers(wanted));
        let new = allowed.difference(&held).filter(is_new);
        beyond.extend(new.map(|limits| entry.limited((*limits).clone())));
    }
    beyond
}
