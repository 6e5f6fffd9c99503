//! People who may do certain things and no others, and what an application of its own knows.

use serde_json::{Value, json};
use testkit::{SignedIn, TestApp};
use vestibule::{BreakGlass, Caller, Entry, GroupId, NewGroup, Own, Permission, Policy, Scope};

/// Every permission that Vestibule's own routes take.
pub const ALL: [&str; 23] = [
    "view:directory",
    "create:directory",
    "update:directory",
    "delete:directory",
    "view:users",
    "create:users",
    "update:users",
    "delete:users",
    "view:groups",
    "create:groups",
    "update:groups",
    "delete:groups",
    "view:sessions",
    "delete:sessions",
    "view:settings",
    "update:settings",
    "view:organizations",
    "update:organizations",
    "delete:organizations",
    "view:service-keys",
    "create:service-keys",
    "delete:service-keys",
    "view:audit",
];

/// A policy with a permission that is explicit, and the group that gives it.
const PURCHASING: &str = r#"
permissions = [
  { action = "pay", resource = "invoices", explicit = true },
  { action = "approve-any", resource = "invoices", explicit = true },
  { action = "view", resource = "invoices" },
]

[[groups]]
slug = "purchasers"
name = "Purchasers"
permissions = ["pay:invoices"]
"#;

/// A permission as JSON.
pub fn permission(name: &str) -> Value {
    let (action, resource) = name.split_once(':').expect("an action and a resource");
    json!({"action": action, "resource": resource})
}

/// Makes a group on the host.
pub async fn group(app: &TestApp, slug: &str, permissions: &[&str], scope: Scope) -> GroupId {
    let parsed = |name: &&str| name.parse::<Permission>().expect("a permission");
    let permissions = permissions.iter().map(parsed).collect();
    let new = NewGroup { slug: Some(slug.into()), name: slug.into(), description: String::new(), permissions, scope };
    app.engine.create_group(&Caller::host("root"), new).await.expect("the host may").id
}

/// Puts somebody in a group on the host; they sign in again.
pub async fn join(app: &TestApp, group: GroupId, email: &str) -> SignedIn {
    let account = app.engine.find_account(email).await.expect("an answer").expect("somebody").account.id;
    app.engine.add_member(&Caller::host("root"), group, account, BreakGlass::Yes).await.expect("the host may");
    app.sign_in(email).await
}

/// Somebody new who holds exactly these, by a group called like them.
pub async fn holder(app: &TestApp, name: &str, permissions: &[&str]) -> SignedIn {
    let email = format!("{name}@example.com");
    app.sign_up(&email).await;
    let group = group(app, name, permissions, Scope::default()).await;
    join(app, group, &email).await
}

/// Adds permissions to the catalogue on the host.
pub async fn know(app: &TestApp, names: &[&str]) {
    for name in names {
        let (action, resource) = name.split_once(':').expect("an action and a resource");
        let own = action.ends_with("-own").then_some(Own::Owner);
        let entry = Entry { action: action.into(), resource: resource.into(), own, ..Entry::default() };
        app.engine.add_permission(&Caller::host("root"), entry).await.expect("the host may");
    }
}

/// Applies the policy with the explicit permission; gives the group that has it.
pub async fn purchasing(app: &TestApp) -> GroupId {
    let policy = Policy::parse(PURCHASING).expect("a policy");
    app.engine.apply_policy(&Caller::host("root"), &policy).await.expect("applied");
    app.engine.group_by_slug("purchasers").await.expect("an answer").expect("the policy's group").id
}
