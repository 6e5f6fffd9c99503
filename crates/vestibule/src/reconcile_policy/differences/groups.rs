//! The groups that the policy would make, change and remove, and those that stand in its way.

use crate::error::{Error, Result};
use crate::groups::Group;
use crate::id::GroupId;
use crate::policy::{Policy, PolicyGroup};
use crate::random::Random;
use crate::time::Timestamp;

use super::{Differences, Stored};

impl Differences {
    pub(super) fn compare_groups(
        &mut self,
        stored: &Stored,
        policy: &Policy,
        (now, random): (Timestamp, &Random),
    ) -> Result<()> {
        for group in &stored.groups {
            if policy.group(&group.slug).is_some() {
                continue;
            }
            if group.system_managed {
                self.removed.push(group.clone());
            } else {
                self.change(group, Group { is_default: false, is_bootstrap: false, ..group.clone() }, now);
            }
        }
        for group in policy.groups() {
            let id = fixed_id(group)?;
            match stored.group(&group.slug) {
                Some(known) => self.match_group(known, group, id, (policy, now))?,
                None => {
                    self.require_free(stored, group, id)?;
                    let made = Group { id: id.unwrap_or_else(|| GroupId::fresh(now, random)), ..blank(group, now) };
                    self.made.push(said(made, group, policy));
                }
            }
        }
        Ok(())
    }

    /// Makes a group that is there match what the policy says of it.
    fn match_group(
        &mut self,
        known: &Group,
        group: &PolicyGroup,
        id: Option<GroupId>,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<()> {
        let after = match (known.system_managed, group.system_managed) {
            (false, true) => return Err(taken(&group.slug)),
            (true, true | false) => said(known.clone(), group, policy),
            (false, false) => Group { is_default: false, is_bootstrap: is_bootstrap(group, policy), ..known.clone() },
        };
        if group.system_managed && id.is_some_and(|id| id != known.id) {
            return Err(renumbered(group, known.id));
        }
        self.change(known, after, now);
        Ok(())
    }

    fn change(&mut self, before: &Group, after: Group, now: Timestamp) {
        let is_same = is_same_but_for_permissions(before, &after)
            && before.permissions.len() == after.permissions.len()
            && before.permissions.iter().all(|permission| after.permissions.contains(permission));
        if !is_same {
            self.changed.push((before.clone(), Group { updated_at: now, ..after }));
        }
    }

    /// Refuses when a group that stays has the id of one that is to be made.
    fn require_free(&self, stored: &Stored, group: &PolicyGroup, id: Option<GroupId>) -> Result<()> {
        let has_id = |other: &&Group| Some(other.id) == id && !self.removed.iter().any(|gone| gone.id == other.id);
        match stored.groups.iter().find(has_id) {
            None => Ok(()),
            Some(other) => Err(id_taken(group, other)),
        }
    }
}

fn is_same_but_for_permissions(before: &Group, after: &Group) -> bool {
    let bare = |group: &Group| Group { permissions: Vec::new(), ..group.clone() };
    bare(before) == bare(after)
}

/// A group as the policy says it, with the id and the dates that it has.
fn said(known: Group, group: &PolicyGroup, policy: &Policy) -> Group {
    Group {
        name: group.name.clone(),
        description: group.description.clone(),
        permissions: group.permissions.clone(),
        scope: group.scope.clone(),
        system_managed: group.system_managed,
        is_default: policy.default_group() == group.slug,
        is_bootstrap: is_bootstrap(group, policy),
        ..known
    }
}

fn blank(group: &PolicyGroup, now: Timestamp) -> Group {
    Group {
        id: GroupId(uuid::Uuid::nil()),
        slug: group.slug.clone(),
        name: String::new(),
        description: String::new(),
        permissions: Vec::new(),
        scope: group.scope.clone(),
        system_managed: group.system_managed,
        is_default: false,
        is_bootstrap: false,
        member_count: 0,
        created_at: now,
        updated_at: now,
        created_by: None,
    }
}

fn is_bootstrap(group: &PolicyGroup, policy: &Policy) -> bool {
    policy.bootstrap_groups().contains(&group.slug)
}

fn fixed_id(group: &PolicyGroup) -> Result<Option<GroupId>> {
    group.id.as_deref().map(str::parse).transpose().map_err(Error::internal)
}

fn taken(slug: &str) -> Error {
    Error::Setup(format!(
        "the policy has a system-managed group {slug:?}, and there is a group {slug:?} that is not: whoever joined it did \
         so under weaker rules. Start with the policy as it was and delete that group, or give the policy's another slug"
    ))
}

fn id_taken(group: &PolicyGroup, other: &Group) -> Error {
    Error::Setup(format!(
        "the policy's group {:?} has the id of the group {:?}, which is another: give the policy's group another id or \
         none, or delete the other",
        group.slug, other.slug
    ))
}

fn renumbered(group: &PolicyGroup, id: GroupId) -> Error {
    Error::Setup(format!(
        "the policy's group {:?} has another id than the one it was made with, and ids never change: write {id}, or leave \
         the id out",
        group.slug
    ))
}
