//! Permissions in use: what is held is the union of what gives it, neither more nor less; whatever takes it away takes
//! it at the next question; and what cannot be read or is not in use allows nothing.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    AccountId, BreakGlass, Catalogue, Code, EffectivePermissions, Entry, Error, Ground, Group, GroupEdit, GroupId,
    MEMBERS, Need, NewUser, Permission, Policy, Question, Random, Scope, SignedIn, Stated, Vestibule,
};

use crate::ceilings::stray;
use crate::holders::{
    ALL, CLOUD_COSTS, EXECUTE, cloud_costs, group, holder, host, may, member, new_user, permission, permissions,
    policy_group, scope,
};
use crate::people::{PASSWORD, live, sign_up, signs_in};

const VIEW_PLANS: Need = Need::new("view", "plans");

/// What may be put on a group or granted, in a walk.
const PIECES: [&str; 12] = [
    "view:plans",
    r#"view:plans {"max_amount": 5}"#,
    r#"view:plans {"regions": ["eu-1"]}"#,
    "view:*",
    "update:*",
    r#"update:* {"max_amount": 9}"#,
    "admin:*",
    "cancel-any:purchases",
    "cancel-own:purchases",
    "delete:accounts",
    "view:history",
    r#"view:history {"regions": []}"#,
];
const SCOPES: [&str; 5] = ["", "a", "a b", "*", ALL];

/// A walk through the power of a few accounts: at each step one gets or loses one thing.
struct Walk {
    t: TestEngine,
    random: Random,
    accounts: Vec<AccountId>,
    groups: Vec<GroupId>,
}

/// What a step did to power, in the only direction that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Gave,
    Took,
    Neither,
}

impl Walk {
    async fn new(db: &TestDb, seed: u64) -> Walk {
        let t = cloud_costs(db).await;
        let (mut accounts, mut groups) = (Vec::new(), Vec::new());
        for n in 0..3 {
            accounts.push(member(&t.engine, &format!("walker-{n}"), &[MEMBERS]).await.id);
        }
        for n in 0..4 {
            groups.push(group(&t.engine, &format!("step-{n}"), &[PIECES[n]], SCOPES[n]).await);
        }
        for slug in ["purchaser", "plan-authors"] {
            groups.push(policy_group(&t.engine, slug).await);
        }
        Walk { t, random: Random::seeded(seed), accounts, groups }
    }

    fn draw<T: Copy>(&self, from: &[T]) -> T {
        from[usize::from(u16::from_be_bytes(self.random.bytes())) % from.len()]
    }

    async fn power(&self) -> Vec<EffectivePermissions> {
        let mut power = Vec::new();
        for id in &self.accounts {
            power.push(self.t.engine.effective_permissions(*id).await.expect("it is there"));
        }
        power
    }

    async fn step(&self) -> Step {
        let (id, group) = (self.draw(&self.accounts), self.draw(&self.groups));
        let piece = permission(self.draw(&PIECES));
        let engine = &self.t.engine;
        match self.draw(&[0, 0, 1, 1, 2, 3, 4, 5, 6]) {
            0 => {
                engine.add_member(&host(), group, id, BreakGlass::Yes).await.expect("the host can");
                Step::Gave
            }
            1 => done(engine.remove_member(&host(), group, id).await, Step::Took),
            2 => done(engine.grant_permission(&host(), id, piece).await, Step::Gave),
            3 => done(engine.revoke_permission(&host(), id, &piece).await, Step::Took),
            edit => self.edit(self.draw(&self.groups[..4]), edit, piece).await,
        }
    }

    /// Puts one thing more or one less on a custom group.
    async fn edit(&self, id: GroupId, edit: i32, piece: Permission) -> Step {
        let engine = &self.t.engine;
        let mut group = engine.group(id).await.expect("it is there");
        let (mut change, step) = match edit {
            4 => {
                group.permissions.push(piece);
                (GroupEdit { permissions: Some(group.permissions), ..GroupEdit::default() }, Step::Gave)
            }
            5 => {
                group.permissions.retain(|known| *known != piece);
                (GroupEdit { permissions: Some(group.permissions), ..GroupEdit::default() }, Step::Took)
            }
            _ => {
                let wanted = scope(self.draw(&SCOPES));
                let step = match (group.scope.covers(&wanted), wanted.covers(&group.scope)) {
                    (true, _) => Step::Took,
                    (false, true) => Step::Gave,
                    (false, false) => return Step::Neither,
                };
                (GroupEdit { scope: Some(wanted), ..GroupEdit::default() }, step)
            }
        };
        change.description = Some("Edited".into());
        // A wider scope for whoever holds what is explicit is not the host's alone to give: then nothing changed.
        done(engine.edit_group(&host(), id, change).await.map(drop), step)
    }
}

fn done(outcome: Result<(), Error>, step: Step) -> Step {
    match outcome {
        Ok(()) => step,
        Err(Error::NotFound | Error::Conflict(Code::GrantExists)) => Step::Neither,
        Err(Error::Forbidden(why)) if why.code == Code::Ceiling => Step::Neither,
        Err(why) => panic!("a step fails: {why:?}"),
    }
}

/// Whether the one is at least the other.
fn covers(one: &EffectivePermissions, other: &EffectivePermissions) -> bool {
    let is_covered = |wanted: &Permission| {
        let held = one.permissions.iter().map(|held| &held.permission);
        held.filter(|held| held.is_named_as(wanted)).any(|held| held.constraints().covers(wanted.constraints()))
    };
    one.scope.covers(&other.scope) && other.permissions.iter().all(|held| is_covered(&held.permission))
}

/// What an account holds by the rules, worked out from its groups and grants alone: each name once.
async fn by_the_rules(engine: &Vestibule, catalogue: &Catalogue, id: AccountId) -> (Vec<String>, Scope) {
    let mut groups: Vec<Group> = Vec::new();
    for known in engine.account(id).await.expect("it is there").groups {
        groups.push(engine.group(known.id).await.expect("it is there"));
    }
    let direct = engine.list_grants(id).await.expect("it is there");
    let reached = groups.iter().fold(Scope::default(), |reached, group| reached.union(&group.scope));
    let gives = |permission: &Permission, entry: &Entry, is_system_managed: bool| match entry.explicit {
        true => is_system_managed && permission.action() == entry.action && permission.resource() == entry.resource,
        false => {
            let is_of_action = permission.action() == entry.action || permission.action() == "admin";
            let is_of_resource = permission.resource() == entry.resource && permission.action() == entry.action;
            is_of_resource || (permission.resource() == "*" && is_of_action)
        }
    };
    let is_held = |entry: &&Entry| {
        let by_group =
            |group: &Group| group.permissions.iter().any(|permission| gives(permission, entry, group.system_managed));
        groups.iter().any(by_group) || direct.iter().any(|permission| gives(permission, entry, false))
    };
    (catalogue.entries().iter().filter(is_held).map(Entry::slug).collect(), reached)
}

async fn walk(db: &TestDb, seed: u64) {
    let walk = Walk::new(db, seed).await;
    let policy = Policy::parse(CLOUD_COSTS).expect("a policy");
    let (mut before, mut given, mut taken) = (walk.power().await, 0, 0);
    for n in 0..200 {
        let step = walk.step().await;
        let after = walk.power().await;
        for (before, after) in before.iter().zip(&after) {
            match step {
                Step::Gave => assert!(covers(after, before), "step {n} of {seed} took: {before:?} {after:?}"),
                Step::Took => assert!(covers(before, after), "step {n} of {seed} gave: {before:?} {after:?}"),
                Step::Neither => assert_eq!(before, after, "step {n} of {seed} did nothing"),
            }
        }
        given += usize::from(step == Step::Gave && before != after);
        taken += usize::from(step == Step::Took && before != after);
        for (id, held) in walk.accounts.iter().zip(&after) {
            let (names, reached) = by_the_rules(&walk.t.engine, policy.catalogue(), *id).await;
            let mut held_names: Vec<String> = held.permissions.iter().map(|held| held.permission.to_string()).collect();
            held_names.dedup();
            assert_eq!((held_names, &held.scope), (names, &reached), "step {n} of {seed}");
        }
        before = after;
    }
    assert!(given > 10 && taken > 10, "the walk went somewhere: {given} and {taken}");
}

db_test!(to_give_never_takes_and_to_take_never_gives, |db: TestDb| async move {
    walk(&db, 7).await;
});

/// Somebody signed in who holds `view:plans` by a group of their own.
async fn viewer(t: &TestEngine, name: &str) -> (SignedIn, AccountId, GroupId) {
    let email = format!("{name}@example.com");
    let id = sign_up(&t.engine, &email).await.account.account.id;
    let viewers = group(&t.engine, name, &["view:plans"], "a").await;
    t.engine.add_member(&host(), viewers, id, BreakGlass::No).await.expect("the host can");
    let signed_in = signs_in(&t.engine, &email, PASSWORD).await.expect("signed in");
    assert!(live(&t.engine, &signed_in).await.expect("signed in").may(VIEW_PLANS), "cached");
    assert!(may(&t.engine, id, "view:plans").await);
    (signed_in, id, viewers)
}

/// Nothing answers that they may view plans: no session, no question, no list.
async fn is_denied(t: &TestEngine, what: &str, signed_in: &SignedIn, id: AccountId) {
    assert!(live(&t.engine, signed_in).await.is_none_or(|session| !session.may(VIEW_PLANS)), "{what}: the session");
    assert!(!may(&t.engine, id, "view:plans").await, "{what}: the question");
    let power = t.engine.effective_permissions(id).await.expect("it is there");
    assert!(!power.permissions.iter().any(|held| held.permission.to_string() == "view:plans"), "{what}: the list");
    let question = Question::new("view", "plans");
    let why = t.engine.explain(id, &question).await.expect("it is there");
    assert!(!why.allowed && why.grant.is_none(), "{what}: {why:?}");
    let view = t.engine.view_of(id).await.expect("an answer");
    assert!(view.is_none_or(|view| !vestibule::decide(&view, &question)), "{what}: the view");
}

db_test!(whatever_takes_power_away_takes_it_at_the_next_question, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let lowered = |permissions| GroupEdit { permissions: Some(permissions), ..GroupEdit::default() };

    let (ann, id, viewers) = viewer(&t, "lowered").await;
    t.engine.edit_group(&host(), viewers, lowered(permissions(&["view:history"]))).await.expect("lowered");
    is_denied(&t, "another permission", &ann, id).await;
    let limited = permissions(&[r#"view:plans {"max_amount": 5}"#]);
    t.engine.edit_group(&host(), viewers, lowered(limited)).await.expect("limited");
    assert!(!may(&t.engine, id, "view:plans").await, "a limit that the question does not state");
    t.engine.edit_group(&host(), viewers, lowered(Vec::new())).await.expect("emptied");
    is_denied(&t, "no permission", &ann, id).await;

    let (ann, id, viewers) = viewer(&t, "removed").await;
    t.engine.remove_member(&host(), viewers, id).await.expect("removed");
    is_denied(&t, "no member", &ann, id).await;
    let (ann, id, viewers) = viewer(&t, "deleted").await;
    t.engine.delete_group(&host(), viewers).await.expect("deleted");
    is_denied(&t, "no group", &ann, id).await;

    let (ann, id, viewers) = viewer(&t, "direct").await;
    t.engine.grant_permission(&host(), id, permission("view:*")).await.expect("granted");
    t.engine.remove_member(&host(), viewers, id).await.expect("removed");
    let again = signs_in(&t.engine, "direct@example.com", PASSWORD).await.expect("signed in");
    assert!(live(&t.engine, &again).await.expect("signed in").may(VIEW_PLANS), "it is still held directly");
    t.engine.revoke_permission(&host(), id, &permission("view:*")).await.expect("revoked");
    is_denied(&t, "no grant", &ann, id).await;
    is_denied(&t, "no grant", &again, id).await;
});

db_test!(a_scope_that_was_taken_is_out_of_reach_at_the_next_question, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let (ann, id, viewers) = viewer(&t, "ann").await;
    let stated = Stated::nothing();
    let reaches = async |ids: &[&str]| {
        let question = Question { scope: Some(ids), stated: &stated, ..Question::new("view", "plans") };
        let session = live(&t.engine, &ann).await.expect("signed in");
        let answers =
            [vestibule::decide(&session.view, &question), t.engine.may(id, &question).await.expect("an answer")];
        assert_eq!(answers[0], answers[1], "{ids:?}");
        answers[0]
    };
    assert!(reaches(&["a"]).await);
    assert!(!reaches(&["a", "b"]).await && !reaches(&["A"]).await && !reaches(&[]).await && !reaches(&["*"]).await);
    for (now, sees_a, sees_everything) in
        [("b", false, false), ("*", false, false), ("", false, false), (ALL, true, true)]
    {
        let edit = GroupEdit { scope: Some(scope(now)), ..GroupEdit::default() };
        t.engine.edit_group(&host(), viewers, edit).await.expect("edited");
        assert_eq!((reaches(&["a"]).await, reaches(&[]).await), (sees_a, sees_everything), "{now:?}");
    }
});

db_test!(an_account_that_is_not_in_use_may_nothing_whatever_it_holds, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let (ann, id, _) = viewer(&t, "ann").await;
    t.engine.disable_account(&host(), id).await.expect("disabled");
    is_denied(&t, "disabled", &ann, id).await;
    let why = t.engine.explain(id, &Question::new("view", "plans")).await.expect("it is there");
    assert_eq!(why.code, Ground::AccountInactive);
    assert_eq!(t.engine.effective_permissions(id).await.expect("it is there").scope, Scope::default());
    t.engine.enable_account(&host(), id).await.expect("enabled");
    assert!(may(&t.engine, id, "view:plans").await, "it holds again what it held");
    assert!(live(&t.engine, &ann).await.is_none(), "but no session comes back");
    t.engine.delete_account(&host(), id).await.expect("deleted");
    assert!(!may(&t.engine, id, "view:plans").await, "gone");
    assert!(matches!(t.engine.effective_permissions(id).await, Err(Error::NotFound)));
    assert!(matches!(t.engine.explain(id, &Question::new("view", "plans")).await, Err(Error::NotFound)));
    let viewers = group(&t.engine, "viewers-too", &["view:plans"], ALL).await;
    let invited = NewUser { email: Some("dora@example.com".into()), group_ids: vec![viewers], ..NewUser::default() };
    let dora = t.engine.create_user(&host(), invited).await.expect("invited").view.account;
    assert!(!may(&t.engine, dora.id, "view:plans").await, "invited, and not opened");
    assert!(t.engine.effective_permissions(dora.id).await.expect("it is there").permissions.is_empty());
});

db_test!(what_leaves_the_catalogue_is_denied_on_every_node_to_everybody, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let other = t.second_node().await;
    let entry = Entry { action: "view".into(), resource: "reports".into(), ..Entry::default() };
    let known = t.engine.add_permission(&host(), entry).await.expect("added");
    let exact = holder(&t.engine, "exact", &["view:reports"], ALL).await;
    let wide = holder(&t.engine, "wide", &["view:*"], ALL).await;
    let root = holder(&t.engine, "root", &["admin:*"], ALL).await;
    let mut sessions = Vec::new();
    for name in ["exact", "wide", "root"] {
        sessions.push(signs_in(&t.engine, name, PASSWORD).await.expect("signed in"));
    }
    let reports = Need::new("view", "reports");
    for session in &sessions {
        assert!(live(&t.engine, session).await.expect("signed in").may(reports), "cached");
    }
    for id in [exact.id, wide.id, root.id] {
        assert!(may(&t.engine, id, "view:reports").await && may(&other.engine, id, "view:reports").await);
    }
    t.engine.delete_permission(&host(), known.id).await.expect("nothing rests on it");
    for session in &sessions {
        assert!(!live(&t.engine, session).await.expect("signed in").may(reports));
    }
    for node in [&t, &other] {
        for id in [exact.id, wide.id, root.id] {
            assert!(!may(&node.engine, id, "view:reports").await);
            let why = node.engine.explain(id, &Question::new("view", "reports")).await.expect("it is there");
            assert_eq!(why.code, Ground::NotInCatalogue);
        }
    }
});

db_test!(what_a_row_gives_that_no_verb_would_write_is_worth_nothing, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let (ann, id, viewers) = viewer(&t, "ann").await;
    stray(&t, viewers, 5, &permission(EXECUTE)).await;
    let mut tx = t.engine.db().write().await.expect("a transaction");
    let sql = "INSERT INTO account_permissions (id, account_id, action, resource, constraints, created_at)
               VALUES ($1, $1, 'execute', 'purchases', '{}', 0)";
    tx.exec(sql, &[&id]).await.expect("written");
    tx.commit().await.expect("committed");
    assert!(!may(&t.engine, id, EXECUTE).await, "it is explicit, and neither is a group of the policy");
    assert!(may(&t.engine, id, "view:plans").await, "the rest of the group counts");
    let again = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    for session in [&ann, &again] {
        let session = live(&t.engine, session).await.expect("signed in");
        assert!(!session.may(Need::new("execute", "purchases")) && session.may(VIEW_PLANS));
    }
});

async fn by_hand(t: &TestEngine, sql: &'static str) {
    let mut tx = t.engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[]).await.expect("written");
    tx.commit().await.expect("committed");
}

db_test!(what_cannot_be_read_is_an_error_and_never_a_yes, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let (_, id, _) = viewer(&t, "ann").await;
    let rows = [
        (
            "UPDATE group_permissions SET action = 'VIEW' WHERE action = 'view'",
            "UPDATE group_permissions SET action = 'view' WHERE action = 'VIEW'",
        ),
        (
            "UPDATE group_permissions SET constraints = '{\"max_amount\": \"much\"}' WHERE resource = 'plans'",
            "UPDATE group_permissions SET constraints = '{}' WHERE resource = 'plans'",
        ),
        (
            "UPDATE groups SET scope = '{\"ids\": [\" \"]}' WHERE slug = 'ann'",
            "UPDATE groups SET scope = '{\"ids\": [\"a\"]}' WHERE slug = 'ann'",
        ),
        (
            "UPDATE groups SET scope = '{\"everything\": true}' WHERE slug = 'ann'",
            "UPDATE groups SET scope = '{\"ids\": [\"a\"]}' WHERE slug = 'ann'",
        ),
        (
            "UPDATE groups SET scope = '\"all\"' WHERE slug = 'ann'",
            "UPDATE groups SET scope = '{\"ids\": [\"a\"]}' WHERE slug = 'ann'",
        ),
    ];
    for (broken, mended) in rows {
        let signed_in = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signing in asks no permission");
        by_hand(&t, broken).await;
        assert!(t.engine.session(&signed_in.token).await.is_err(), "{broken}: the session");
        assert!(t.engine.may(id, &Question::new("view", "plans")).await.is_err(), "{broken}: the question");
        assert!(t.engine.view_of(id).await.is_err(), "{broken}: the view");
        assert!(t.engine.effective_permissions(id).await.is_err(), "{broken}: the list");
        by_hand(&t, mended).await;
        assert!(live(&t.engine, &signed_in).await.expect("signed in").may(VIEW_PLANS), "{mended}");
    }
});

db_test!(when_the_database_is_gone_nobody_may_anything, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let root = holder(&t.engine, "root", &["admin:*"], ALL).await;
    let (ann, id, viewers) = viewer(&t, "ann").await;
    let fresh = signs_in(&t.engine, "ann@example.com", PASSWORD).await.expect("signed in");
    t.engine.db().close().await;
    assert!(t.engine.session(&fresh.token).await.is_err(), "one that was not cached");
    assert!(t.engine.may(id, &Question::new("view", "plans")).await.is_err());
    assert!(t.engine.view_of(id).await.is_err() && t.engine.effective_permissions(id).await.is_err());
    assert!(t.engine.explain(id, &Question::new("view", "plans")).await.is_err());
    t.clock.advance(Duration::from_secs(5)); // for which a cached one may be believed
    assert!(t.engine.session(&ann.token).await.is_err(), "one that was cached");
    let caller = crate::people::by(&root);
    assert!(t.engine.add_member(&caller, viewers, root.id, BreakGlass::Yes).await.is_err());
    assert!(t.engine.edit_group(&host(), viewers, GroupEdit::default()).await.is_err());
    assert!(t.engine.create_user(&caller, new_user("puppet", &[MEMBERS])).await.is_err());
});
