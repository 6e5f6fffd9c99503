//! The account in Cedar, twice. By permission: a policy for each, on its group. Folded: what has no limits is in the
//! entities, where each permission is what its groups are in, so that one policy for each action decides it; what has
//! limits is one policy for each action and resource, with the groups in a row. Requests and entities are ready
//! before the clock starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::{Map, Value, json};
use vestibule::{Limit, Permission};

use crate::account::{ACCOUNT, Ask, Group, resources};

pub struct InCedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

pub struct Asked<'a> {
    cedar: &'a InCedar,
    request: Request,
}

impl InCedar {
    pub fn by_permission(groups: &[Group]) -> Result<InCedar> {
        let mut policies = String::new();
        for group in groups {
            for permission in &group.permissions {
                let (action, resource) = scope_of(permission);
                let limits = limits(permission).map_or(String::new(), |limits| format!(" when {{ {limits} }}"));
                writeln!(
                    policies,
                    "permit(principal in {}, {action}, {resource}){limits};",
                    name("Group", &group.slug)
                )?;
            }
        }
        let in_groups = groups.iter().map(|group| entity("Group", &group.slug, Map::new(), vec![]));
        InCedar::new(&policies, in_groups.chain([account(groups)]).chain(plain_resources()).collect())
    }

    pub fn folded(groups: &[Group]) -> Result<InCedar> {
        let all = || groups.iter().flat_map(|group| group.permissions.iter().map(move |one| (group, one)));
        let free: BTreeSet<_> = all().map(|(_, one)| one).filter(|one| one.constraints().is_empty()).collect();
        let mut limited: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (group, permission) in all() {
            if let Some(limits) = limits(permission) {
                let term = format!("({limits} && principal in {})", name("Group", &group.slug));
                limited.entry(scope_of(permission)).or_default().push(term);
            }
        }
        let of_free = free.iter().map(|permission| free_policy(permission));
        let of_limited = limited.iter().map(|((action, resource), terms)| {
            format!("permit(principal, {action}, {resource}) when {{ {} }};", terms.join(" || "))
        });
        let policies: BTreeSet<_> = of_free.chain(of_limited).collect();
        let entities = free_entities(groups, &free);
        InCedar::new(&policies.into_iter().collect::<String>(), entities)
    }

    fn new(policies: &str, entities: Vec<Value>) -> Result<InCedar> {
        let entities = Entities::from_json_value(Value::Array(entities), None)?;
        Ok(InCedar { authorizer: Authorizer::new(), policies: policies.parse()?, entities })
    }

    pub fn policies(&self) -> usize {
        self.policies.policies().count()
    }

    pub fn asked(&self, ask: &Ask) -> Result<Asked<'_>> {
        let mut stated = Map::new();
        stated.extend(ask.region.map(|region| ("regions".to_owned(), json!([region]))));
        stated.extend(ask.amount.map(|amount| ("amount".to_owned(), json!(amount))));
        let context = Context::from_json_value(Value::Object(stated), None)?;
        let uid = |kind, id| name(kind, id).parse::<EntityUid>().map_err(Box::new);
        let (action, resource) = (uid("Action", ask.action)?, uid("Resource", ask.resource)?);
        Ok(Asked { cedar: self, request: Request::new(uid("Account", ACCOUNT)?, action, resource, context, None)? })
    }
}

impl Asked<'_> {
    pub fn decide(&self) -> bool {
        let InCedar { authorizer, policies, entities } = self.cedar;
        authorizer.is_authorized(&self.request, policies, entities).decision() == Decision::Allow
    }
}

fn name(kind: &str, id: &str) -> String {
    format!("{kind}::{id:?}")
}

/// The action and the resource, as the head of a policy has them.
fn scope_of(permission: &Permission) -> (String, String) {
    let resource = match permission.is_wildcard() {
        true => "resource".to_owned(),
        false => format!("resource == {}", name("Resource", permission.resource())),
    };
    (format!("action == {}", name("Action", permission.action())), resource)
}

/// The policy of a permission without limits; those of one action that name their resource come out as one.
fn free_policy(permission: &Permission) -> String {
    let (scope, _) = scope_of(permission);
    if permission.is_wildcard() {
        let held = name("Permission", &permission.to_string());
        return format!("permit(principal in {held}, {scope}, resource);");
    }
    let action = permission.action();
    let held = format!("resource has {action} && principal in resource.{action}");
    format!("permit(principal, {scope}, resource) when {{ {held} }};")
}

fn limits(permission: &Permission) -> Option<String> {
    let limit = |(dimension, limit): (&str, &Limit)| match limit {
        Limit::OneOf(values) => {
            format!("context has {dimension} && {:?}.containsAll(context.{dimension})", Vec::from_iter(values))
        }
        Limit::AtMost(most) => {
            let stated = dimension.trim_start_matches("max_");
            format!("context has {stated} && context.{stated} <= {most}")
        }
    };
    let limits: Vec<_> = permission.constraints().iter().map(limit).collect();
    (!limits.is_empty()).then(|| limits.join(" && "))
}

fn free_entities(groups: &[Group], free: &BTreeSet<&Permission>) -> Vec<Value> {
    let of = |permission: &Permission| uid("Permission", &permission.to_string());
    let of_group = |group: &Group| {
        let held = group.permissions.iter().filter(|one| one.constraints().is_empty()).map(of).collect();
        entity("Group", &group.slug, Map::new(), held)
    };
    let of_resource = |resource: String| {
        let on_it = free.iter().filter(|one| one.resource() == resource);
        let attributes = on_it.map(|one| (one.action().to_owned(), json!({"__entity": of(one)}))).collect();
        entity("Resource", &resource, attributes, vec![])
    };
    let permissions = free.iter().map(|one| entity("Permission", &one.to_string(), Map::new(), vec![]));
    let rest = groups.iter().map(of_group).chain([account(groups)]).chain(resources().map(of_resource));
    permissions.chain(rest).collect()
}

fn account(groups: &[Group]) -> Value {
    entity("Account", ACCOUNT, Map::new(), groups.iter().map(|group| uid("Group", &group.slug)).collect())
}

fn plain_resources() -> impl Iterator<Item = Value> {
    resources().map(|resource| entity("Resource", &resource, Map::new(), vec![]))
}

fn entity(kind: &str, id: &str, attributes: Map<String, Value>, parents: Vec<Value>) -> Value {
    json!({"uid": uid(kind, id), "attrs": attributes, "parents": parents})
}

fn uid(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}
