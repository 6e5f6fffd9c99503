//! The policy's way into the database: what a start writes and what it refuses, what a plan says, and that applying
//! does that and nothing else. The policies are of a shop, as it was and as it became.

mod applied;
mod planned;
mod started;

use std::collections::BTreeMap;

use testkit::TestDb;
use vestibule::{
    Account, AuditFilter, AuditRow, BreakGlass, Builder, Db, Entry, Error, Group, GroupId, KnownPermission,
    PageRequest, Permission, Policy, Scope, Vestibule,
};

use crate::holders::{self, CLOUD_COSTS, host};

/// A shop: an explicit permission, a group of each kind, and a default group of its own.
const SHOP: &str = r#"
default_group = "customers"
permissions = [
  { action = "view", resource = "wares" },
  { action = "sell", resource = "wares" },
  { action = "pay", resource = "invoices", explicit = true },
]
groups = [
  { slug = "customers", name = "Customers", permissions = ["view:wares"] },
  { slug = "sellers", name = "Sellers", permissions = ["view:wares", "sell:wares"], scope = ["north"] },
  { slug = "payers", name = "Payers", permissions = ["pay:invoices"], id = "00000000-0000-5000-8000-0000000000aa" },
  { slug = "helpers", name = "Helpers", permissions = ["view:wares"], system_managed = false },
]
"#;

/// The shop, some years on: nearly everything changed.
const LATER: &str = r#"
permissions = [
  { action = "view", resource = "wares", label = "See wares" },
  { action = "sell", resource = "wares", explicit = true },
  { action = "lend", resource = "wares", own = "owner" },
]
groups = [
  { slug = "sellers", name = "Merchants", permissions = ["sell:wares", "view:users"], scope = "all" },
  { slug = "lenders", name = "Lenders", permissions = [
    "lend:wares",
    { action = "view", resource = "wares", constraints = { shelves = ["a", "b"], max_price = 10 } },
  ], scope = ["south"] },
  { slug = "helpers", name = "Hands", permissions = ["view:audit"], system_managed = false },
  { slug = "members", name = "Members", permissions = ["view:wares"] },
]
"#;

/// The groups by slug: name, permissions, scope, whether they are system-managed and the default.
type Groups = BTreeMap<String, (String, Vec<Permission>, Scope, [bool; 2])>;

fn cloud_costs() -> Policy {
    Policy::parse(CLOUD_COSTS).expect("the policy that ships")
}

fn later() -> Policy {
    Policy::parse(LATER).expect("a policy")
}

fn shop(old: &str, new: &str) -> Policy {
    assert!(SHOP.contains(old), "{old}");
    Policy::parse(&SHOP.replacen(old, new, 1)).expect("a policy")
}

async fn builder(db: &TestDb) -> Builder {
    let database = Db::connect(&db.url).await.expect("the database opens");
    Vestibule::builder(database, vec![7; 32].into())
}

/// Starts a node with a policy, without anything beside it.
async fn start(db: &TestDb, policy: Policy) -> Result<Vestibule, Error> {
    builder(db).await.policy(policy).build().await
}

async fn refusal(db: &TestDb, policy: Policy) -> String {
    let refused = start(db, policy).await.map(drop);
    let Err(Error::Setup(words)) = refused else { panic!("{refused:?}") };
    words
}

/// What grows with every change: the version, the audit rows, the feed.
async fn counters(engine: &Vestibule) -> (i64, i64, i64) {
    let mut connection = engine.db().read().await.expect("a connection");
    let sql = "SELECT (SELECT version FROM policy), (SELECT COUNT(*) FROM audit), (SELECT seq FROM feed)";
    connection.one(sql, &[]).await.expect("a row")
}

/// The rows of the log about policies, oldest first.
async fn applications(engine: &Vestibule) -> Vec<AuditRow> {
    let filter = AuditFilter { action: Some("policy.applied".to_owned()), ..AuditFilter::default() };
    let mut rows = engine.list_audit(&filter, PageRequest { limit: 100, cursor: None }).await.expect("the log").items;
    rows.sort_by_key(|row| row.created_at);
    rows
}

async fn groups(engine: &Vestibule) -> Vec<Group> {
    engine.page_groups(PageRequest { limit: 100, cursor: None }).await.expect("groups").items
}

async fn group(engine: &Vestibule, slug: &str) -> Option<Group> {
    engine.group_by_slug(slug).await.expect("the database answers")
}

async fn join(engine: &Vestibule, account: &Account, slug: &str) {
    let id = group(engine, slug).await.unwrap_or_else(|| panic!("no {slug}")).id;
    engine.add_member(&host(), id, account.id, BreakGlass::Yes).await.expect("a member");
}

async fn may(engine: &Vestibule, account: &Account, name: &str) -> bool {
    holders::may(engine, account.id, name).await
}

async fn console_group(engine: &Vestibule, slug: &str, holds: &[&str]) -> GroupId {
    holders::group(engine, slug, holds, "").await
}

/// All that a policy says, as it is stored, but for dates and drawn ids.
async fn state(engine: &Vestibule) -> (Vec<(Entry, bool)>, Groups) {
    let known = engine.list_permissions().await.expect("the catalogue");
    let known =
        known.into_iter().map(|KnownPermission { entry, system_managed, .. }| (entry, system_managed)).collect();
    let said = |group: Group| {
        let flags = [group.system_managed, group.is_default];
        (group.slug, (group.name, group.permissions, group.scope, flags))
    };
    (known, groups(engine).await.into_iter().map(said).collect())
}
