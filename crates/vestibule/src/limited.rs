//! What a limited key may do, written out: what its owner holds and the key says. Where both have limits, both count:
//! a request must state what either names, and keep within the narrower.

use serde_json::{Map, Value};

use crate::constraints::{Constraints, Limit};
use crate::decide::View;
use crate::effective::{Effective, EffectivePermissions};
use crate::permissions::Permission;
use crate::principals::Principal;

impl Principal {
    /// What it may do, written out; of one that is limited, what is left of what its owner may.
    pub fn effective(&self) -> EffectivePermissions {
        let mut held = EffectivePermissions::of(&self.view);
        if let Some(limit) = &self.limit {
            held.permissions = limited(&held.permissions, limit);
        }
        held
    }
}

/// What remains of what an account holds under the limit of a key.
fn limited(held: &[Effective], limit: &View) -> Vec<Effective> {
    let said: Vec<Permission> = limit.allowed().map(|(permission, _)| permission).collect();
    let mut remaining: Vec<Effective> = Vec::new();
    for held in held {
        for said in said.iter().filter(|said| said.is_named_as(&held.permission)) {
            let Some(permission) = both(&held.permission, said) else { continue };
            let one = Effective { permission, group: held.group.clone(), via: held.via.clone() };
            if !remaining.contains(&one) {
                remaining.push(one);
            }
        }
    }
    remaining
}

/// The permission that meets the limits of both; none: nothing does.
fn both(held: &Permission, said: &Permission) -> Option<Permission> {
    let mut limits: Map<String, Value> = Map::new();
    let (mine, theirs) = (held.constraints(), said.constraints());
    for (dimension, limit) in mine.iter().chain(theirs.iter()) {
        let narrower = match (find(mine, dimension), find(theirs, dimension)) {
            (Some(mine), Some(theirs)) => narrower(mine, theirs)?,
            (Some(_), None) | (None, Some(_)) | (None, None) => limit.clone(),
        };
        limits.insert(dimension.to_owned(), serde_json::to_value(narrower).ok()?);
    }
    let constraints = Constraints::from_object(&limits).ok()?;
    Permission::new(held.action(), held.resource(), constraints).ok()
}

fn find<'a>(constraints: &'a Constraints, dimension: &str) -> Option<&'a Limit> {
    constraints.iter().find(|(name, _)| *name == dimension).map(|(_, limit)| limit)
}

/// What both limits of one dimension permit; none: nothing.
fn narrower(mine: &Limit, theirs: &Limit) -> Option<Limit> {
    match (mine, theirs) {
        (Limit::OneOf(mine), Limit::OneOf(theirs)) => {
            let both: std::collections::BTreeSet<String> = mine.intersection(theirs).cloned().collect();
            (!both.is_empty()).then_some(Limit::OneOf(both))
        }
        (Limit::AtMost(mine), Limit::AtMost(theirs)) => Some(Limit::AtMost(*mine.min(theirs))),
        (Limit::OneOf(_), Limit::AtMost(_)) | (Limit::AtMost(_), Limit::OneOf(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pay(constraints: &Value) -> Permission {
        let constraints = Constraints::from_json(constraints).expect("constraints");
        Permission::new("pay", "orders", constraints).expect("a permission")
    }

    #[test]
    fn the_limits_of_both_count() {
        let rows = [
            (json!({}), json!({}), Some(json!({}))),
            (json!({"max_amount": 5}), json!({}), Some(json!({"max_amount": 5}))),
            (json!({}), json!({"max_amount": 5}), Some(json!({"max_amount": 5}))),
            (json!({"max_amount": 5}), json!({"max_amount": 3}), Some(json!({"max_amount": 3}))),
            (json!({"max_amount": 5}), json!({"regions": ["a"]}), Some(json!({"max_amount": 5, "regions": ["a"]}))),
            (json!({"regions": ["a", "b"]}), json!({"regions": ["b", "c"]}), Some(json!({"regions": ["b"]}))),
            (json!({"regions": ["a"]}), json!({"regions": ["c"]}), None),
        ];
        for (held, said, expected) in rows {
            assert_eq!(both(&pay(&held), &pay(&said)), expected.as_ref().map(pay), "{held} and {said}");
            assert_eq!(both(&pay(&said), &pay(&held)), expected.as_ref().map(pay), "{said} and {held}");
        }
    }
}
