//! Ceilings on groups: nobody puts on a group what they do not hold, at no broader limit or scope; what is explicit is
//! put on no group at all; and a group of the policy is not changed by anybody.

use serde_json::to_value;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{Account, AccountId, Caller, Code, Error, Group, GroupEdit, GroupId, Json, NewGroup, Permission};

use crate::holders::{
    ALL, EXECUTE, cloud_costs, everything, group, holder, host, member, permission, permissions, policy_group, refused,
    scope,
};
use crate::people::by;

/// Who may write groups, and hold this besides.
struct Actor {
    holds: &'static [&'static str],
    reaches: &'static str,
}

/// What somebody tries on a group, and which permission is in the way.
struct Row {
    actor: Actor,
    /// What the group holds and reaches; none: it is to be made.
    group: Option<(&'static [&'static str], &'static str)>,
    permissions: Option<&'static [&'static str]>,
    reaches: Option<&'static str>,
    refused_for: Option<&'static str>,
}

const ADMIN: &[&str] = &["admin:*"];
const PLANNER: &[&str] = &["create:groups", "update:groups", "view:plans"];
const AWS: &[&str] =
    &["create:groups", "update:groups", r#"view:plans {"providers": ["aws"], "max_amount": 100, "regions": ["eu-1"]}"#];

const fn admin(reaches: &'static str) -> Actor {
    Actor { holds: ADMIN, reaches }
}

const fn who(holds: &'static [&'static str]) -> Actor {
    Actor { holds, reaches: ALL }
}

/// The group holds `from` and is to hold `to`.
const fn holds(actor: Actor, from: &'static [&'static str], to: &'static [&'static str]) -> Row {
    Row { actor, group: Some((from, "")), permissions: Some(to), reaches: None, refused_for: None }
}

/// The group reaches `from` and is to reach `to`.
const fn reaches(actor: Actor, from: &'static str, to: &'static str) -> Row {
    Row { actor, group: Some((&[], from)), permissions: None, reaches: Some(to), refused_for: None }
}

/// A group that holds and reaches this is to be made.
const fn made(actor: Actor, holds: &'static [&'static str], reaches: Option<&'static str>) -> Row {
    Row { actor, group: None, permissions: Some(holds), reaches, refused_for: None }
}

const fn not(row: Row, permission: &'static str) -> Row {
    Row { refused_for: Some(permission), ..row }
}

const fn permission_rows() -> [Row; 28] {
    [
        not(holds(who(PLANNER), &[], &["delete:accounts"]), "delete:accounts"),
        not(made(who(PLANNER), &["view:plans", "delete:accounts"], None), "delete:accounts"),
        not(holds(who(PLANNER), &[], &["view:*"]), "view:*"),
        not(holds(who(PLANNER), &[], &["admin:*"]), "admin:*"),
        holds(who(PLANNER), &[], &["view:plans"]),
        holds(who(PLANNER), &[], &[r#"view:plans {"providers": ["aws"]}"#]),
        // What the group has already is measured again when the list is changed, and is not when it is not.
        not(holds(who(PLANNER), &["delete:accounts"], &["delete:accounts", "view:plans"]), "delete:accounts"),
        not(holds(who(PLANNER), &["view:plans", "delete:accounts"], &["delete:accounts"]), "delete:accounts"),
        holds(who(PLANNER), &["delete:accounts"], &["delete:accounts"]),
        holds(who(PLANNER), &["delete:accounts", "view:plans"], &["view:plans"]),
        holds(who(PLANNER), &["delete:accounts"], &[]),
        // Limits.
        holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws"], "max_amount": 50, "regions": ["eu-1"]}"#]),
        holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws"], "max_amount": 100, "regions": ["eu-1"]}"#]),
        holds(who(AWS), &[], &[r#"view:plans {"providers": [], "max_amount": 0, "regions": [], "services": ["ec2"]}"#]),
        not(holds(who(AWS), &[], &["view:plans"]), "view:plans"),
        not(
            holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws", "azure"], "max_amount": 5, "regions": []}"#]),
            "view:plans",
        ),
        not(holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws"], "regions": ["eu-1"]}"#]), "view:plans"),
        not(holds(who(AWS), &[], &[r#"view:plans {"max_amount": 5, "regions": ["eu-1"]}"#]), "view:plans"),
        not(
            holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws"], "max_amount": 100.5, "regions": []}"#]),
            "view:plans",
        ),
        not(
            holds(who(AWS), &[], &[r#"view:plans {"providers": ["aws"], "max_amount": 5, "regions": ["EU-1"]}"#]),
            "view:plans",
        ),
        not(holds(who(AWS), &["view:plans"], &["view:plans", "view:plans {\"max_amount\": 1}"]), "view:plans"),
        // Wildcards.
        holds(who(&["update:groups", "view:*"]), &[], &["view:plans", "view:*", "view:purchases"]),
        not(holds(who(&["update:groups", "view:*"]), &[], &["create:plans"]), "create:plans"),
        holds(admin(ALL), &[], &["admin:*", "view:*", "delete:accounts", "cancel-any:purchases"]),
        made(admin(ALL), &["admin:*"], None),
        not(holds(who(&["update:groups", r#"admin:* {"max_amount": 1}"#]), &[], &["admin:*"]), "admin:*"),
        not(holds(who(&["update:groups", r#"view:* {"max_amount": 1}"#]), &[], &["view:plans"]), "view:plans"),
        not(holds(who(&["update:groups", "update:plans"]), &[], &["update:*"]), "update:*"),
    ]
}

const fn explicit_rows() -> [Row; 11] {
    const BOTH: &[&str] = &["admin:*", EXECUTE];
    const CAPPED: &str = r#"execute:purchases {"max_amount": 100}"#;
    [
        not(holds(admin(ALL), &[], &[EXECUTE]), EXECUTE),
        not(holds(who(BOTH), &[], &[EXECUTE]), EXECUTE),
        not(holds(who(BOTH), &[], &[CAPPED]), EXECUTE),
        not(holds(who(BOTH), &[], &["view:plans", "approve-any:purchases"]), "approve-any:purchases"),
        not(made(admin(ALL), &[EXECUTE], None), EXECUTE),
        not(made(who(BOTH), &["execute:ri-exchange"], None), "execute:ri-exchange"),
        // A row that got there in another way is not kept either: it is taken off, or nothing is changed.
        not(holds(admin(ALL), &[EXECUTE], &[EXECUTE, "view:plans"]), EXECUTE),
        not(holds(who(BOTH), &[CAPPED], &[EXECUTE]), EXECUTE),
        not(holds(who(BOTH), &[EXECUTE], &[CAPPED]), EXECUTE),
        holds(admin(ALL), &[EXECUTE, "view:plans"], &["view:plans"]),
        holds(admin(ALL), &[EXECUTE], &[]),
    ]
}

const fn scope_rows() -> [Row; 21] {
    const SCOPE: &str = "scope";
    [
        not(reaches(admin("a"), "a", "a b"), SCOPE),
        not(reaches(admin("a"), "a", ALL), SCOPE),
        not(reaches(admin("a"), "a", "a *"), SCOPE), // an id like others
        reaches(admin("a"), "a", ""),
        reaches(admin("a b"), "a", "a b"),
        reaches(admin("z"), "a b", "a"),
        reaches(admin("z"), "a b", "a b"),
        reaches(admin("z"), "a b", ""),
        not(reaches(admin("z"), "a", "a z"), SCOPE), // beyond its own scope and the group's old one
        not(reaches(admin(""), "", "a"), SCOPE),     // an actor that reaches nothing
        not(reaches(admin(""), "", ALL), SCOPE),
        reaches(admin(""), ALL, "a"),
        not(reaches(admin("*"), "", "a"), SCOPE),
        not(reaches(admin("*"), "", ALL), SCOPE),
        reaches(admin("*"), "", "*"),
        not(reaches(admin("a"), "", "A"), SCOPE),
        reaches(admin(ALL), "", ALL),
        made(admin("a"), &[], None), // reaches nothing
        made(admin("a"), &[], Some("a")),
        not(made(admin("a"), &[], Some(ALL)), SCOPE),
        not(made(admin("a"), &[], Some("a b")), SCOPE),
    ]
}

/// Puts a permission on a group behind the engine's back.
pub async fn stray(t: &TestEngine, id: GroupId, position: usize, permission: &Permission) {
    let sql = "INSERT INTO group_permissions (group_id, position, action, resource, constraints)
               VALUES ($1, $2, $3, $4, $5)";
    let position = i64::try_from(position).expect("small");
    let (action, resource) = (permission.action().to_owned(), permission.resource().to_owned());
    let constraints = Json(permission.constraints().clone());
    let mut tx = t.engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&id, &position, &action, &resource, &constraints]).await.expect("written");
    tx.commit().await.expect("committed");
}

async fn target(t: &TestEngine, slug: &str, holds: &[&str], reaches: &str) -> GroupId {
    let id = group(&t.engine, slug, &[], reaches).await;
    for (position, text) in holds.iter().enumerate() {
        stray(t, id, position, &permission(text)).await;
    }
    id
}

async fn attempt(
    t: &TestEngine,
    n: usize,
    row: &Row,
    (caller, id): (&Caller, Option<GroupId>),
) -> Result<Group, Error> {
    let (permissions, reaches) = (row.permissions.map(permissions), row.reaches.map(scope));
    match id {
        Some(id) => {
            let edit = GroupEdit { permissions, scope: reaches, ..GroupEdit::default() };
            t.engine.edit_group(caller, id, edit).await
        }
        None => {
            let new = NewGroup {
                name: format!("New {n}"),
                permissions: permissions.unwrap_or_default(),
                scope: reaches.unwrap_or_default(),
                ..NewGroup::default()
            };
            t.engine.create_group(caller, new).await
        }
    }
}

async fn hold_to(t: &TestEngine, rows: &[Row]) {
    for (n, row) in rows.iter().enumerate() {
        let actor = holder(&t.engine, &format!("actor-{n}"), row.actor.holds, row.actor.reaches).await;
        let id = match row.group {
            Some((holds, reaches)) => Some(target(t, &format!("group-{n}"), holds, reaches).await),
            None => None,
        };
        let what = format!("row {n}, {:?} {:?}", row.permissions, row.reaches);
        let (caller, action) = (by(&actor), if id.is_some() { "group.edited" } else { "group.created" });
        let tried = attempt(t, n, row, (&caller, id));
        match row.refused_for {
            Some(permission) => refused(t, &what, (&caller, action), (Code::Ceiling, permission), tried).await,
            None => {
                let group = tried.await.unwrap_or_else(|why| panic!("{what} should pass: {why:?}"));
                let stored = t.engine.group(group.id).await.expect("it is there");
                let (held, reached) = row.group.unwrap_or((&[], ""));
                assert_eq!(stored.permissions, permissions(row.permissions.unwrap_or(held)), "{what}: whole");
                assert_eq!(stored.scope, scope(row.reaches.unwrap_or(reached)), "{what}");
            }
        }
    }
}

db_test!(nobody_puts_on_a_group_what_they_do_not_hold, |db: TestDb| async move {
    hold_to(&cloud_costs(&db).await, &permission_rows()).await;
});

db_test!(what_is_explicit_is_put_on_no_group_by_anybody, |db: TestDb| async move {
    hold_to(&cloud_costs(&db).await, &explicit_rows()).await;
});

db_test!(nobody_lets_a_group_reach_further_than_they_do, |db: TestDb| async move {
    hold_to(&cloud_costs(&db).await, &scope_rows()).await;
});

db_test!(the_host_gives_a_group_whatever_is_not_explicit, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let new = |holds: &[&str]| NewGroup { name: "Ops".into(), permissions: permissions(holds), ..NewGroup::default() };
    for caller in [host(), Caller::system()] {
        let made = t.engine.create_group(&caller, new(&[EXECUTE]));
        refused(&t, "made by the host", (&caller, "group.created"), (Code::Ceiling, EXECUTE), made).await;
    }
    let ops = t.engine.create_group(&host(), new(&["admin:*", "view:plans"])).await.expect("the host can").id;
    let everywhere = GroupEdit { scope: Some(scope(ALL)), ..GroupEdit::default() };
    t.engine.edit_group(&host(), ops, everywhere).await.expect("the host reaches everything");
    let more = GroupEdit { permissions: Some(permissions(&["admin:*", EXECUTE])), ..GroupEdit::default() };
    let caller = host();
    let edited = t.engine.edit_group(&caller, ops, more);
    refused(&t, "edited by the host", (&caller, "group.edited"), (Code::Ceiling, EXECUTE), edited).await;
});

/// The edits of a group that could be tried, each of one thing.
fn edits() -> Vec<GroupEdit> {
    vec![
        GroupEdit { name: Some("Other".into()), ..GroupEdit::default() },
        GroupEdit { description: Some("Other".into()), ..GroupEdit::default() },
        GroupEdit { permissions: Some(permissions(&[EXECUTE])), ..GroupEdit::default() },
        GroupEdit { permissions: Some(Vec::new()), ..GroupEdit::default() },
        GroupEdit { scope: Some(scope("")), ..GroupEdit::default() },
        GroupEdit::default(),
    ]
}

db_test!(a_group_of_the_policy_is_changed_by_nobody, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let admin = member(&t.engine, "root", &[vestibule::ADMINISTRATORS]).await;
    let narrow = holder(&t.engine, "narrow", &["update:groups", "delete:groups"], "").await;
    let slugs = ["administrators", "members", "purchaser", "ri-exchanger", "standard-users", "viewers"];
    for slug in slugs {
        let known = t.engine.group_by_slug(slug).await.expect("an answer").expect("the policy has it");
        assert!(known.system_managed, "{slug}");
        for caller in [by(&admin), by(&narrow), host()] {
            for edit in edits() {
                let (what, edited) = (format!("{slug}: {edit:?}"), t.engine.edit_group(&caller, known.id, edit));
                refused(&t, &what, (&caller, "group.edited"), (Code::SystemManaged, &known.name), edited).await;
            }
            let deleted = t.engine.delete_group(&caller, known.id);
            refused(&t, slug, (&caller, "group.deleted"), (Code::SystemManaged, &known.name), deleted).await;
        }
    }
});

db_test!(whoever_may_not_write_groups_is_told_so_before_anything_else, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let ann = holder(&t.engine, "ann", &["view:*", "update:users"], ALL).await;
    let (caller, id) = (by(&ann), policy_group(&t.engine, "purchaser").await);
    let lacks = |permission: &'static str| (Code::PermissionRequired, permission);
    let edited = t.engine.edit_group(&caller, id, edits().remove(2));
    refused(&t, "edit", (&caller, "group.edited"), lacks("update:groups"), edited).await;
    let deleted = t.engine.delete_group(&caller, id);
    refused(&t, "delete", (&caller, "group.deleted"), lacks("delete:groups"), deleted).await;
    let new = NewGroup { name: "New".into(), permissions: permissions(&[EXECUTE]), ..NewGroup::default() };
    let made = t.engine.create_group(&caller, new);
    refused(&t, "make", (&caller, "group.created"), lacks("create:groups"), made).await;
    let before = everything(&t.engine).await;
    let nobody = t.engine.edit_group(&Caller::anonymous(), id, GroupEdit::default()).await;
    assert!(matches!(nobody, Err(Error::Denied(Code::Unauthenticated))), "{nobody:?}");
    assert_eq!(everything(&t.engine).await, before);
});

db_test!(what_the_catalogue_does_not_know_is_put_on_no_group, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let caller = by(&member(&t.engine, "root", &[vestibule::ADMINISTRATORS]).await);
    // A wildcard of an action all of whose permissions are explicit matches nothing.
    for unknown in ["execute:*", "approve-any:*", "spend:money", "admin:users", "execute:plans"] {
        let new = NewGroup { name: "New".into(), permissions: permissions(&[unknown]), ..NewGroup::default() };
        let made = t.engine.create_group(&caller, new);
        refused(&t, unknown, (&caller, "group.created"), (Code::PermissionUnknown, unknown), made).await;
    }
    for blank in ["view:", ":plans", " : ", "view: "] {
        assert!(blank.parse::<Permission>().is_err(), "{blank:?} does not even become a permission");
    }
});

/// Somebody in a group that reaches `scope`, and in one that reaches nothing.
async fn scoped(t: &TestEngine, username: &str, reaches: &str) -> (Account, GroupId) {
    let scoping = group(&t.engine, &format!("{username}-scope"), &[], reaches).await;
    let admin = group(&t.engine, &format!("{username}-admin"), &["admin:*"], "").await;
    (member(&t.engine, username, &[admin, scoping]).await, scoping)
}

db_test!(a_group_that_is_gone_gives_no_scope_and_takes_none_from_others, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let widen = |account: &Account, id, reaches| {
        let edit = GroupEdit { scope: Some(scope(reaches)), ..GroupEdit::default() };
        let (engine, caller) = (t.engine.clone(), by(account));
        async move { engine.edit_group(&caller, id, edit).await }
    };
    let target = group(&t.engine, "target", &[], "").await;
    let (ann, scoping) = scoped(&t, "ann", "a").await;
    t.engine.delete_group(&host(), scoping).await.expect("deleted");
    for reaches in ["a", "b", ALL] {
        let widened = widen(&ann, target, reaches);
        refused(&t, reaches, (&by(&ann), "group.edited"), (Code::Ceiling, "scope"), widened).await;
    }
    let (bob, scoping) = scoped(&t, "bob", "a").await;
    let everywhere = group(&t.engine, "everywhere", &[], ALL).await;
    t.engine.add_member(&host(), everywhere, bob.id, vestibule::BreakGlass::No).await.expect("the host can");
    t.engine.delete_group(&host(), scoping).await.expect("deleted");
    assert_eq!(widen(&bob, target, ALL).await.expect("bob reaches everything").scope, scope(ALL));
});

db_test!(a_group_within_the_ceiling_keeps_what_it_was_given_in_that_order, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let admin = member(&t.engine, "root", &[vestibule::ADMINISTRATORS]).await;
    let holds = ["view:plans", r#"view:plans {"max_amount": 5}"#, "update:*", "view:history", "view:plans"];
    let new = NewGroup { name: "Mixed".into(), permissions: permissions(&holds), ..NewGroup::default() };
    let made = t.engine.create_group(&by(&admin), new).await.expect("within the ceiling");
    assert_eq!(made.permissions, permissions(&holds[..4]), "the one that was there twice is there once");
    assert_eq!(made, t.engine.group(made.id).await.expect("it is there"));
    assert_eq!(made.created_by, Some(AccountId(admin.id.0)));
    assert_eq!(to_value(&made).expect("JSON")["scope"], serde_json::json!([]), "it reaches nothing");
});
