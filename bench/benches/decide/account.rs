//! The account that is asked about, in 100 groups with 1,000 permissions in all, and the questions. The engines are
//! given these permissions and nothing else, each in its own words. Whose a resource is and its scope are left out.

use anyhow::Result;
use serde_json::json;
use vestibule::{Constraints, Permission};

pub const ACCOUNT: &str = "alice";
pub const ACTIONS: [&str; 7] = ["view", "create", "update", "delete", "cancel", "approve", "pay"];
/// The action that no wildcard reaches.
pub const EXPLICIT: &str = "pay";

const GROUPS: usize = 100;
const RESOURCES: usize = 50;

pub struct Group {
    pub slug: String,
    pub permissions: Vec<Permission>,
}

#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub action: &'static str,
    pub resource: &'static str,
    pub region: Option<&'static str>,
    pub amount: Option<i64>,
}

pub fn groups() -> Result<Vec<Group>> {
    (0..GROUPS).map(group).collect()
}

pub fn resources() -> impl Iterator<Item = String> {
    (0..RESOURCES).map(|index| format!("resource-{index}"))
}

/// Every action on every resource, with nothing stated, with half of it, and with what meets some limits or none.
pub fn grid() -> impl Iterator<Item = Ask> {
    let stated = [
        (None, None),
        (Some("region-3"), None),
        (None, Some(5)),
        (Some("region-3"), Some(150)),
        (Some("region-3"), Some(193)),
        (Some("region-3"), Some(194)),
        (Some("r-5"), Some(199)),
        (Some("nowhere"), Some(5)),
    ];
    // The questions are asked until the program ends.
    let resources: Vec<&'static str> = resources().map(|name| &*name.leak()).collect();
    ACTIONS.into_iter().flat_map(move |action| {
        let ask = move |resource| stated.map(|(region, amount)| Ask { action, resource, region, amount });
        resources.clone().into_iter().flat_map(ask)
    })
}

fn group(index: usize) -> Result<Group> {
    let permissions = (0..10).map(|place| permission(index, place)).collect::<Result<_>>()?;
    Ok(Group { slug: format!("group-{index}"), permissions })
}

fn permission(index: usize, place: usize) -> Result<Permission> {
    let resource = format!("resource-{}", (index + place) % 40);
    let limits =
        json!({"regions": [format!("region-{}", index % 10), format!("r-{place}")], "max_amount": 100 + index});
    let (action, resource, limits) = match place {
        0 if index == 50 => ("view", "*".to_owned(), json!({})),
        0 => ("approve", resource, json!({})),
        1..=3 => (EXPLICIT, format!("resource-{}", place % 3), limits),
        4 => ("cancel", resource, json!({})),
        5 => ("update", "*".to_owned(), limits),
        _ => (["create", "delete"][place % 2], resource, json!({})),
    };
    Ok(Permission::new(action, &resource, Constraints::from_json(&limits)?)?)
}
