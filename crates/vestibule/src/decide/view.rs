//! What one account may do, compiled: for every entry of the catalogue the grants that match it, wildcards expanded.
//! Made when the account is loaded and never changed; the order of groups and grants does not matter to the answer.

use std::sync::Arc;

use serde::Serialize;

use crate::catalogue::{Catalogue, Entry};
use crate::constraints::Constraints;
use crate::covers::holds;
use crate::permissions::Permission;
use crate::scope::Scope;

/// What an account may do.
#[derive(Clone, Debug)]
pub struct View {
    catalogue: Arc<Catalogue>,
    grants: Box<[Grant]>,
    /// The places of the grants that match each entry, one entry after the other.
    places: Box<[u32]>,
    /// Where the places of each entry begin, and of the last one end: many sessions keep a view, so it is small.
    begins: Box<[u32]>,
    scope: Scope,
}

/// A permission, and where the account has it from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The permission.
    pub permission: Permission,
    /// The slug of the group that gives it; `None` when it is granted directly.
    pub group: Option<String>,
}

/// A group that the account is a member of.
#[derive(Clone, Copy, Debug)]
pub struct HeldGroup<'a> {
    /// Its slug.
    pub slug: &'a str,
    /// What it gives.
    pub permissions: &'a [Permission],
    /// How far it reaches.
    pub scope: &'a Scope,
}

impl View {
    /// The view of an account with these groups, and these permissions directly; only groups give scope.
    pub fn compile(catalogue: &Arc<Catalogue>, groups: &[HeldGroup<'_>], direct: &[Permission]) -> View {
        let grant = |permission: &Permission, group| Grant { permission: permission.clone(), group };
        let of_group = |group: &HeldGroup<'_>| {
            let slug = group.slug.to_owned();
            group.permissions.iter().map(move |permission| grant(permission, Some(slug.clone()))).collect::<Vec<_>>()
        };
        let grants = groups.iter().flat_map(of_group).chain(direct.iter().map(|permission| grant(permission, None)));
        let scope = groups.iter().fold(Scope::default(), |scope, group| scope.union(group.scope));
        View::of(Arc::clone(catalogue), grants.collect(), scope)
    }

    /// The view of an account that holds nothing.
    pub fn nothing(catalogue: &Arc<Catalogue>) -> View {
        View::compile(catalogue, &[], &[])
    }

    /// The view of a key of this account that is limited to these permissions; what it may do, both views must allow.
    #[must_use]
    pub fn limited_to(&self, permissions: &[Permission]) -> View {
        let grant = |permission: &Permission| Grant { permission: permission.clone(), group: None };
        View::of(Arc::clone(&self.catalogue), permissions.iter().map(grant).collect(), self.scope.clone())
    }

    fn of(catalogue: Arc<Catalogue>, grants: Vec<Grant>, scope: Scope) -> View {
        let mut matching = vec![Vec::new(); catalogue.entries().len()];
        for (grant, place) in grants.iter().zip(0_u32..) {
            catalogue.matched_by(&grant.permission).for_each(|entry| matching[entry].push(place));
        }
        let mut places = Vec::new();
        let mut begins = vec![0];
        for mut of_entry in matching {
            prune(&mut of_entry, &grants);
            places.append(&mut of_entry);
            begins.push(u32::try_from(places.len()).unwrap_or(u32::MAX));
        }
        View { catalogue, grants: grants.into(), places: places.into(), begins: begins.into(), scope }
    }

    /// What was compiled against.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How far the account reaches.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Everything that is granted, in the order it was given.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Everything that is granted, for a ceiling.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> + Clone {
        self.grants.iter().map(|grant| &grant.permission)
    }

    /// Whether this account holds every permission of the other, explicit ones included, and its whole scope.
    pub fn covers(&self, other: &View) -> bool {
        let holds_all = other.permissions().all(|wanted| holds(&self.catalogue, self.permissions(), wanted));
        holds_all && self.scope.covers(&other.scope)
    }

    /// Every permission of the catalogue that a grant matches, with that grant's limits, and the grant.
    pub fn allowed(&self) -> impl Iterator<Item = (Permission, &Grant)> {
        let entries = self.catalogue.entries().iter().enumerate();
        entries.flat_map(|(index, entry)| {
            self.grants_on(index).map(move |grant| (entry.limited(grant.permission.constraints().clone()), grant))
        })
    }

    /// The limits of each grant that matches what an entry, of this catalogue or another, names.
    pub(crate) fn limits_on(&self, entry: &Entry) -> impl Iterator<Item = &Constraints> {
        let index = self.catalogue.index_of(&entry.action, &entry.resource);
        index.into_iter().flat_map(|index| self.grants_on(index)).map(|grant| grant.permission.constraints())
    }

    /// The grants that match an entry, whatever their constraints.
    pub(super) fn grants_on(&self, entry: usize) -> impl Iterator<Item = &Grant> {
        let (begin, end) = (self.begins[entry] as usize, self.begins[entry + 1] as usize);
        self.places[begin..end].iter().map(|&place| &self.grants[place as usize])
    }
}

impl Entry {
    /// The permission of this entry, so limited.
    pub(crate) fn limited(&self, constraints: Constraints) -> Permission {
        Permission::named(&self.action, &self.resource, constraints)
    }
}

/// Keeps the first grant of each set of constraints, and only that without any if there is one: it decides alone.
fn prune(places: &mut Vec<u32>, grants: &[Grant]) {
    let constraints = |place: u32| grants[place as usize].permission.constraints();
    if let Some(&free) = places.iter().find(|&&place| constraints(place).is_empty()) {
        *places = vec![free];
        return;
    }
    places.sort_by(|&a, &b| constraints(a).cmp(constraints(b)).then(a.cmp(&b)));
    places.dedup_by(|a, b| constraints(*a) == constraints(*b));
    places.sort_unstable();
}
