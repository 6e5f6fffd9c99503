//! Accounts that hold exactly what a test says, through groups that the host makes, under the policy of the worked
//! example; and what is seen of an attempt that is refused.

use std::fmt::Debug;

use serde_json::{Value, json};
use testkit::{TestDb, TestEngine};
use vestibule::{
    Account, AccountFilter, AccountId, AuditFilter, AuditOutcome, AuditRow, BreakGlass, Caller, Code, Constraints,
    Error, GroupId, NewGroup, NewUser, PageRequest, Permission, Question, Scope, Vestibule,
};

use crate::people::PASSWORD;

pub const CLOUD_COSTS: &str = include_str!("../../../../policies/cloud-costs.toml");
/// Everything, in a row of a table.
pub const ALL: &str = "all";
/// What only a second person gives.
pub const EXECUTE: &str = "execute:purchases";

const EVERYTHING: PageRequest = PageRequest { limit: 100, cursor: None };

pub async fn cloud_costs(db: &TestDb) -> TestEngine {
    TestEngine::with_policy(db, CLOUD_COSTS).await
}

pub fn host() -> Caller {
    Caller::host("root")
}

/// A permission, written with its limits as JSON after it: `view:plans {"max_amount": 100}`.
pub fn permission(text: &str) -> Permission {
    let (name, limits) = text.split_once(' ').unwrap_or((text, "{}"));
    let limits: Value = serde_json::from_str(limits).expect("JSON");
    let name: Permission = name.parse().expect("an action and a resource");
    Permission::new(name.action(), name.resource(), Constraints::from_json(&limits).expect("limits")).expect("both fit")
}

pub fn permissions(texts: &[&str]) -> Vec<Permission> {
    texts.iter().map(|text| permission(text)).collect()
}

/// A scope, written as its ids with blanks between, or as `all`.
pub fn scope(text: &str) -> Scope {
    if text == ALL { Scope::All } else { Scope::of(text.split_whitespace()).expect("no id is blank") }
}

/// A group of the host's making.
pub async fn group(engine: &Vestibule, slug: &str, holds: &[&str], reaches: &str) -> GroupId {
    let new = NewGroup {
        slug: Some(slug.to_owned()),
        name: slug.to_owned(),
        permissions: permissions(holds),
        scope: scope(reaches),
        ..NewGroup::default()
    };
    engine.create_group(&host(), new).await.expect("the host makes any group").id
}

/// A group of the policy.
pub async fn policy_group(engine: &Vestibule, slug: &str) -> GroupId {
    engine.group_by_slug(slug).await.expect("the database answers").expect("the policy has it").id
}

pub fn new_user(username: &str, groups: &[GroupId]) -> NewUser {
    NewUser {
        username: Some(username.to_owned()),
        password: Some(PASSWORD.into()),
        group_ids: groups.to_vec(),
        ..NewUser::default()
    }
}

/// Somebody whom the host made and put in these groups, breaking the glass where that is needed.
pub async fn member(engine: &Vestibule, username: &str, groups: &[GroupId]) -> Account {
    let made = engine.create_user(&host(), new_user(username, &[vestibule::MEMBERS])).await.expect("the host can");
    let account = made.view.account;
    for group in groups {
        engine.add_member(&host(), *group, account.id, BreakGlass::Yes).await.expect("the host can");
    }
    engine.remove_member(&host(), vestibule::MEMBERS, account.id).await.expect("they were in it");
    account
}

/// Somebody who holds exactly this, through one group. What is explicit comes from the policy's group for it.
pub async fn holder(engine: &Vestibule, username: &str, holds: &[&str], reaches: &str) -> Account {
    let (explicit, custom): (Vec<&str>, Vec<&str>) = holds.iter().partition(|text| **text == EXECUTE);
    let mut groups = vec![group(engine, username, &custom, reaches).await];
    if !explicit.is_empty() {
        groups.push(policy_group(engine, "purchaser").await);
    }
    member(engine, username, &groups).await
}

pub async fn may(engine: &Vestibule, account: AccountId, permission: &str) -> bool {
    let (action, resource) = permission.split_once(':').expect("an action and a resource");
    engine.may(account, &Question::new(action, resource)).await.expect("the database answers")
}

/// Everything that an attempt could change: accounts, what each holds, groups, the catalogue, passwords and links.
pub async fn everything(engine: &Vestibule) -> Value {
    let accounts = engine.list_accounts(&AccountFilter::default(), EVERYTHING).await.expect("a list").items;
    let mut held = Vec::new();
    for view in &accounts {
        let id = view.account.id;
        let power = engine.effective_permissions(id).await.expect("it is there");
        held.push(json!([id, power, engine.list_grants(id).await.expect("it is there")]));
    }
    let groups = engine.page_groups(EVERYTHING).await.expect("a list").items;
    let catalogue = engine.list_permissions().await.expect("a list");
    let mut connection = engine.db().read().await.expect("a connection");
    let passwords: Vec<(String, i64)> =
        connection.all("SELECT hash, set_at FROM passwords ORDER BY hash", &[]).await.expect("a list");
    let tokens: Vec<(String, i64)> = connection
        .all("SELECT kind, COUNT(*) FROM one_time_tokens WHERE consumed_at IS NULL GROUP BY kind ORDER BY kind", &[])
        .await
        .expect("a list");
    let (sessions,): (i64,) = connection.one("SELECT COUNT(*) FROM sessions", &[]).await.expect("a count");
    json!([accounts, held, groups, catalogue, passwords, tokens, sessions])
}

/// The newest refusal in the log.
pub async fn last_refusal(engine: &Vestibule) -> AuditRow {
    let refused = AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() };
    let rows = engine.list_audit(&refused, PageRequest::first()).await.expect("the log").items;
    rows.into_iter().next().expect("something was refused")
}

/// The newest thing done that the log has under this name.
pub async fn last_done(engine: &Vestibule, action: &str) -> AuditRow {
    let done =
        AuditFilter { outcome: Some(AuditOutcome::Done), action: Some(action.to_owned()), ..AuditFilter::default() };
    let rows = engine.list_audit(&done, PageRequest::first()).await.expect("the log").items;
    rows.into_iter().next().unwrap_or_else(|| panic!("no {action} in the log"))
}

/// What is tried is refused by this rule, naming this permission; nothing changes; and the log says who tried what.
pub async fn refused<T: Debug>(
    t: &TestEngine,
    what: &str,
    (caller, action): (&Caller, &str),
    (code, permission): (Code, &str),
    attempt: impl Future<Output = Result<T, Error>>,
) {
    let before = everything(&t.engine).await;
    t.clock.advance(std::time::Duration::from_millis(1)); // so that the newest row is the last one
    let by = match attempt.await {
        Err(Error::Forbidden(why)) => {
            assert_eq!(why.permission, permission, "{what}: {why:?}");
            assert!(!why.detail.is_empty(), "{what}: it says why");
            why.code
        }
        Err(Error::Conflict(code)) => code,
        other => panic!("{what} should be refused by {code}: {other:?}"),
    };
    assert_eq!(by, code, "{what}");
    assert_eq!(everything(&t.engine).await, before, "{what}: something changed");
    let row = last_refusal(&t.engine).await;
    assert_eq!((row.created_at, row.action.as_str()), (t.engine.now(), action), "{what}: {row:?}");
    assert_eq!(row.actor_id, caller.account_id().map(|id| id.0), "{what}: {row:?}");
    let details = &row.details.0;
    let logged = (details["reason"].as_str(), details["permission"].as_str());
    assert_eq!(logged, (Some(code.as_str()), Some(permission)), "{what}: {row:?}");
}
