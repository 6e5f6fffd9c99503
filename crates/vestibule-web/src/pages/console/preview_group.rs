//! What changing a group would do: to the group, and to each of its members. Nothing is changed by looking.

use std::collections::HashSet;

use askama::Template;
use axum::response::Response;
use vestibule::{AccountId, Catalogue, Effect, Group, GroupEdit, GroupPreview, Permission, Scope, needs};

use super::on::OnGroup;
use crate::error::Result;
use crate::extract::UpdateGroups;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::permission::{InWords, reach_beyond};
use crate::pages::show;

/// The hidden field that says which state of the group was shown.
pub(super) const SEEN: &str = "seen";

#[derive(Template)]
#[template(path = "console/preview_group.html")]
struct PreviewGroupPage {
    frame: Frame,
    form: Form,
    change: Change,
    /// The new name and the new description, if they change.
    name: Option<String>,
    description: Option<String>,
    effects: Vec<SharedChange>,
    /// How many members gain or lose anything, of how many, and how many of them are not listed.
    changed: usize,
    member_count: i64,
    unlisted: usize,
    /// How many members were not looked at, as there are so many.
    unexamined: i64,
    /// The group's own page, and what the group is called.
    path: String,
    group_name: String,
    seen: String,
}

/// What a group or somebody gains and loses.
pub(crate) struct Change {
    pub gains: Vec<InWords>,
    pub loses: Vec<InWords>,
    /// What it reaches that it did not, and what it no longer does.
    pub reaches: Option<String>,
    pub misses: Option<String>,
}

/// What these members all gain and lose.
struct SharedChange {
    members: Vec<(AccountId, String)>,
    change: Change,
}

/// Which state of a group this is.
pub(super) fn seen(group: &Group) -> String {
    group.updated_at.0.to_string()
}

/// The page that says what this edit would do, and does it when asked to.
pub(super) fn page(
    on: &OnGroup<UpdateGroups>,
    group: &Group,
    (edit, preview): (GroupEdit, GroupPreview),
    form: Form,
) -> Result<Response> {
    let catalogue = on.session.view.catalogue();
    let mut preview = preview;
    if !on.session.may(needs::VIEW_USERS) {
        preview.effects.iter_mut().for_each(|effect| effect.label = effect.account_id.to_string());
    }
    let examined = i64::try_from(preview.examined).unwrap_or(i64::MAX);
    let unlisted = preview.changed.saturating_sub(preview.effects.len());
    let page = PreviewGroupPage {
        frame: Frame::at(&on.app, &on.session, Here::Groups).titled("Look before you save").around(&form),
        change: Change::of_group(catalogue, group, &edit),
        name: edit.name,
        description: edit.description,
        effects: SharedChange::of_each(catalogue, preview.effects),
        unlisted,
        unexamined: preview.member_count.saturating_sub(examined),
        changed: preview.changed,
        member_count: preview.member_count,
        path: format!("{}/admin/groups/{}", on.app.base(), on.id),
        group_name: group.name.clone(),
        seen: seen(group),
        form,
    };
    show(page.form.status(), &page)
}

impl PreviewGroupPage {
    /// Whether the group would be as it is.
    fn is_nothing(&self) -> bool {
        self.name.is_none() && self.description.is_none() && self.change.is_nothing()
    }
}

impl Change {
    fn of(
        catalogue: &Catalogue,
        (gains, loses): (Vec<Permission>, Vec<Permission>),
        (before, after): (&Scope, &Scope),
    ) -> Change {
        Change {
            gains: InWords::all(catalogue, &gains),
            loses: InWords::all(catalogue, &loses),
            reaches: reach_beyond(after, before),
            misses: reach_beyond(before, after),
        }
    }

    fn of_group(catalogue: &Catalogue, group: &Group, edit: &GroupEdit) -> Change {
        let after = edit.permissions.as_ref().unwrap_or(&group.permissions);
        let beyond = |some: &[Permission], others: &[Permission]| -> Vec<Permission> {
            let others: HashSet<&Permission> = others.iter().collect();
            some.iter().filter(|permission| !others.contains(permission)).cloned().collect()
        };
        let powers = (beyond(after, &group.permissions), beyond(&group.permissions, after));
        Change::of(catalogue, powers, (&group.scope, edit.scope.as_ref().unwrap_or(&group.scope)))
    }

    fn is_nothing(&self) -> bool {
        self.gains.is_empty() && self.loses.is_empty() && self.reaches.is_none() && self.misses.is_none()
    }
}

impl SharedChange {
    /// What is done to each, told once of all to whom the same is done.
    fn of_each(catalogue: &Catalogue, effects: Vec<Effect>) -> Vec<SharedChange> {
        let mut shared: Vec<(Effect, Vec<(AccountId, String)>)> = Vec::new();
        for mut effect in effects {
            let member = (effect.account_id, std::mem::take(&mut effect.label));
            match shared.iter_mut().find(|(other, _)| is_same(other, &effect)) {
                Some((_, members)) => members.push(member),
                None => shared.push((effect, vec![member])),
            }
        }
        let told = |(effect, members): (Effect, Vec<(AccountId, String)>)| {
            let Effect { gains, loses, scope_before, scope_after, .. } = effect;
            SharedChange { members, change: Change::of(catalogue, (gains, loses), (&scope_before, &scope_after)) }
        };
        shared.into_iter().map(told).collect()
    }
}

fn is_same(one: &Effect, other: &Effect) -> bool {
    (&one.gains, &one.loses) == (&other.gains, &other.loses)
        && (&one.scope_before, &one.scope_after) == (&other.scope_before, &other.scope_after)
}
