//! Which permission is at least another: the one relation behind ceilings, in step with the decision. If one covers
//! another, every question that the other allows, it allows. It is strict where meaning depends on what else the
//! catalogue may come to hold: an explicit or unknown permission is covered only by itself, and by nothing wider.

use crate::catalogue::Catalogue;
use crate::permissions::Permission;

/// Whether whoever holds the one may confer the other.
pub fn covers(catalogue: &Catalogue, held: &Permission, requested: &Permission) -> bool {
    reaches(catalogue, held, requested) && held.constraints().covers(requested.constraints())
}

/// Whether one of these, by itself, covers the other.
pub fn holds<'a>(
    catalogue: &Catalogue,
    held: impl IntoIterator<Item = &'a Permission>,
    requested: &Permission,
) -> bool {
    held.into_iter().any(|held| covers(catalogue, held, requested))
}

/// The first of these that none of the held ones covers, to be named in the refusal.
pub fn first_beyond<'a, 'r>(
    catalogue: &Catalogue,
    held: impl IntoIterator<Item = &'a Permission> + Clone,
    requested: &'r [Permission],
) -> Option<&'r Permission> {
    requested.iter().find(|wanted| !holds(catalogue, held.clone(), wanted))
}

/// Whether the one matches all that the other can ever match.
fn reaches(catalogue: &Catalogue, held: &Permission, requested: &Permission) -> bool {
    if held.is_named_as(requested) {
        return true;
    }
    let is_same_action = held.action() == requested.action();
    let entry = catalogue.entry(requested.action(), requested.resource());
    match (held.is_wildcard(), requested.is_wildcard()) {
        (false, _) => false,
        (true, true) => held.is_admin(),
        (true, false) => (held.is_admin() || is_same_action) && entry.is_some_and(|entry| !entry.explicit),
    }
}

#[cfg(test)]
mod tests;
