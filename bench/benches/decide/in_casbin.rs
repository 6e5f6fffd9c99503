//! The account in casbin: a row for each permission and a role for each group. The matcher compares words first, so
//! that roles and limits are only looked at on the rows that could decide; limits are read by a function in Rust.

use anyhow::Result;
use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};
use vestibule::{Limit, Permission};

use crate::account::{ACCOUNT, Ask, Group};

const MODEL: &str = r#"
[request_definition]
r = sub, act, obj, region, amount
[policy_definition]
p = sub, act, obj, regions, max
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (r.obj == p.obj || p.obj == "*") && g(r.sub, p.sub) && meets(r.region, r.amount, p.regions, p.max)
"#;

/// An amount that is above every limit, which stands for none; integers have 32 bits there.
const UNSTATED: i64 = i32::MAX as i64;

pub struct InCasbin(Enforcer);

impl InCasbin {
    pub async fn new(groups: &[Group]) -> Result<InCasbin> {
        let mut enforcer = Enforcer::new(DefaultModel::from_str(MODEL).await?, MemoryAdapter::default()).await?;
        enforcer.add_function("meets", OperatorFunction::Arg4(meets));
        let rows = |group: &Group| group.permissions.iter().map(|one| row(&group.slug, one)).collect::<Vec<_>>();
        enforcer.add_policies(groups.iter().flat_map(rows).collect()).await?;
        let roles = groups.iter().map(|group| vec![ACCOUNT.to_owned(), group.slug.clone()]);
        enforcer.add_grouping_policies(roles.collect()).await?;
        Ok(InCasbin(enforcer))
    }

    pub fn decide(&self, ask: &Ask) -> bool {
        let stated = (ask.region.unwrap_or(""), ask.amount.unwrap_or(UNSTATED));
        let allowed = self.0.enforce((ACCOUNT, ask.action, ask.resource, stated.0, stated.1));
        allowed.expect("the request has what the model names")
    }
}

/// The limits of a row: values between commas, a number, and nothing for no limit.
fn row(group: &str, permission: &Permission) -> Vec<String> {
    let (mut regions, mut max) = (String::new(), String::new());
    for (_, limit) in permission.constraints().iter() {
        match limit {
            Limit::OneOf(values) => regions = Vec::from_iter(values.iter().cloned()).join(","),
            Limit::AtMost(most) => max = most.to_string(),
        }
    }
    let [group, action, resource] = [group, permission.action(), permission.resource()].map(str::to_owned);
    vec![group, action, resource, regions, max]
}

fn meets(region: Dynamic, amount: Dynamic, regions: Dynamic, max: Dynamic) -> Dynamic {
    let text = |value: Dynamic| value.into_immutable_string().expect("it was given as text");
    let (region, regions, max) = (text(region), text(regions), text(max));
    let is_listed = regions.is_empty() || regions.split(',').any(|one| one == region.as_str());
    let is_within = || max.is_empty() || amount.as_int().is_ok_and(|amount| max.parse().is_ok_and(|max| amount <= max));
    (is_listed && is_within()).into()
}
