//! Nobody raises themselves or others above what they hold, by whatever verb; and no administrator reaches what is
//! explicit by wildcards, groups, new accounts, direct grants or the catalogue.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    ADMINISTRATORS, Account, AccountId, BreakGlass, Code, Entry, Error, GroupEdit, GroupId, MEMBERS, NewAdministrator,
    NewGroup, NewUser, Own, Policy, UserEdit,
};

use crate::ceilings::stray;
use crate::holders::{
    ALL, CLOUD_COSTS, EXECUTE, cloud_costs, everything, group, holder, host, may, member, new_user, permission,
    permissions, policy_group, refused, scope,
};
use crate::people::{PASSWORD, administrator, by, live, sign_up, signs_in};

/// Everything that takes a second person.
const EXPLICIT: [&str; 4] = [EXECUTE, "approve-any:purchases", "retry-any:purchases", "execute:ri-exchange"];

/// What somebody joins.
#[derive(Clone, Copy, Debug)]
enum Joins {
    /// A group that holds and reaches this.
    Custom(&'static [&'static str], &'static str),
    /// A group of the policy.
    Policys(&'static str),
}

/// Who puts whom in what, and what is in the way.
struct Row {
    holds: &'static [&'static str],
    reaches: &'static str,
    /// What somebody else holds and reaches who is put in the group; none: it is the actor.
    on: Option<(&'static [&'static str], &'static str)>,
    joins: Joins,
    refused_for: Option<(Code, &'static str)>,
}

use Code::{Ceiling, PermissionRequired, SelfEscalation};
use Joins::{Custom, Policys};

const ADMIN: &[&str] = &["admin:*"];
const HELPDESK: &[&str] = &["update:users", "view:plans"];

const fn oneself(holds: &'static [&'static str], reaches: &'static str, joins: Joins) -> Row {
    Row { holds, reaches, on: None, joins, refused_for: None }
}

const fn other(holds: &'static [&'static str], reaches: &'static str, joins: Joins) -> Row {
    Row { on: Some((&[], "")), ..oneself(holds, reaches, joins) }
}

const fn on(row: Row, holds: &'static [&'static str], reaches: &'static str) -> Row {
    Row { on: Some((holds, reaches)), ..row }
}

const fn not(row: Row, code: Code, permission: &'static str) -> Row {
    Row { refused_for: Some((code, permission)), ..row }
}

const fn own_rows() -> [Row; 20] {
    const BUYER: &[&str] = &["admin:*", EXECUTE];
    [
        not(oneself(&["view:plans"], ALL, Custom(&["view:plans"], "")), PermissionRequired, "update:users"),
        not(oneself(&["view:plans"], ALL, Policys("purchaser")), PermissionRequired, "update:users"),
        oneself(HELPDESK, ALL, Custom(&["view:plans"], ALL)),
        oneself(HELPDESK, ALL, Custom(&[r#"view:plans {"max_amount": 5}"#], "a")),
        oneself(HELPDESK, ALL, Policys("members")),
        not(oneself(HELPDESK, ALL, Custom(&["delete:accounts"], "")), SelfEscalation, "delete:accounts"),
        not(oneself(HELPDESK, ALL, Custom(&["view:*"], "")), SelfEscalation, "view:*"),
        not(oneself(HELPDESK, ALL, Policys("administrators")), SelfEscalation, "admin:*"),
        not(
            oneself(&["update:users", r#"view:plans {"max_amount": 5}"#], ALL, Custom(&["view:plans"], "")),
            SelfEscalation,
            "view:plans",
        ),
        not(oneself(ADMIN, ALL, Policys("purchaser")), SelfEscalation, EXECUTE),
        not(oneself(ADMIN, ALL, Policys("ri-exchanger")), SelfEscalation, "execute:ri-exchange"),
        not(oneself(BUYER, ALL, Policys("ri-exchanger")), SelfEscalation, "execute:ri-exchange"),
        // It is the permission that counts and not the group, even if the group could not give it.
        not(oneself(ADMIN, ALL, Custom(&[EXECUTE], "")), SelfEscalation, EXECUTE),
        oneself(BUYER, ALL, Policys("plan-authors")),
        // Scope.
        not(oneself(ADMIN, "a", Custom(&[], ALL)), SelfEscalation, "scope"),
        not(oneself(ADMIN, "a", Custom(&[], "a b")), SelfEscalation, "scope"),
        not(oneself(ADMIN, "a", Custom(&[], "*")), SelfEscalation, "scope"),
        not(oneself(ADMIN, "", Custom(&[], "a")), SelfEscalation, "scope"),
        oneself(ADMIN, "a b", Custom(&["view:plans"], "a")),
        oneself(ADMIN, "a", Custom(&["admin:*"], "")),
    ]
}

const fn others_rows() -> [Row; 18] {
    [
        other(HELPDESK, ALL, Custom(&["view:plans"], ALL)),
        not(other(&["create:users", "delete:users"], ALL, Policys("members")), PermissionRequired, "update:users"),
        not(other(HELPDESK, ALL, Custom(&["delete:accounts"], "")), Ceiling, "delete:accounts"),
        not(other(HELPDESK, ALL, Policys("administrators")), Ceiling, "admin:*"),
        other(ADMIN, ALL, Policys("administrators")),
        not(other(ADMIN, "a", Policys("administrators")), Ceiling, "scope"),
        not(other(ADMIN, "", Policys("administrators")), Ceiling, "scope"),
        not(other(ADMIN, "a", Custom(&[], ALL)), Ceiling, "scope"),
        not(other(ADMIN, "a", Custom(&[], "b")), Ceiling, "scope"),
        not(other(ADMIN, "a", Custom(&[], "*")), Ceiling, "scope"),
        other(ADMIN, "a b", Custom(&["view:plans"], "b")),
        other(ADMIN, "", Custom(&["view:plans"], "")),
        // What is joined counts even if it is held already in another way.
        not(on(other(HELPDESK, ALL, Custom(&["delete:accounts"], "")), ADMIN, ALL), Ceiling, "delete:accounts"),
        not(on(other(ADMIN, "a", Custom(&[], "b")), &[], ALL), Ceiling, "scope"),
        // And what somebody may newly do, they may do as far as they reach.
        not(on(other(ADMIN, "a", Custom(&["view:plans"], "a")), &[], ALL), Ceiling, "scope"),
        on(other(ADMIN, "a", Custom(&["view:plans"], "a")), &["view:plans"], ALL),
        not(on(other(HELPDESK, ALL, Custom(&[], ALL)), &["delete:accounts"], ""), Ceiling, "delete:accounts"),
        // The second person: somebody else gives what is explicit, without holding it.
        other(HELPDESK_OF_BUYERS, ALL, Policys("purchaser")),
    ]
}

const HELPDESK_OF_BUYERS: &[&str] = &["update:users", "view:*"];

/// By which verb somebody is put in a group.
#[derive(Clone, Copy, Debug)]
enum Verb {
    AddMember,
    EditUser,
}

impl Verb {
    fn action(self) -> &'static str {
        match self {
            Verb::AddMember => "group_member.added",
            Verb::EditUser => "account.edited",
        }
    }

    async fn put(self, t: &TestEngine, actor: &Account, id: AccountId, group: GroupId) -> Result<(), Error> {
        match self {
            Verb::AddMember => t.engine.add_member(&by(actor), group, id, BreakGlass::Yes).await.map(drop),
            Verb::EditUser => {
                let groups = t.engine.account(id).await?.groups;
                let group_ids = groups.iter().map(|group| group.id).chain([group]).collect();
                let edit = UserEdit { group_ids: Some(group_ids), ..UserEdit::default() };
                t.engine.edit_user(&by(actor), id, edit).await.map(drop)
            }
        }
    }
}

async fn joined(t: &TestEngine, slug: &str, joins: Joins) -> GroupId {
    match joins {
        Policys(slug) => policy_group(&t.engine, slug).await,
        Custom(holds, reaches) => {
            let may_be_made: Vec<&str> = holds.iter().copied().filter(|text| *text != EXECUTE).collect();
            let id = group(&t.engine, slug, &may_be_made, reaches).await;
            if may_be_made.len() < holds.len() {
                stray(t, id, 9, &permission(EXECUTE)).await;
            }
            id
        }
    }
}

async fn hold_to(t: &TestEngine, rows: &[Row]) {
    for (n, row) in rows.iter().enumerate() {
        for verb in [Verb::AddMember, Verb::EditUser] {
            let name = format!("{n}-{verb:?}").to_lowercase();
            let actor = holder(&t.engine, &format!("actor-{name}"), row.holds, row.reaches).await;
            let id = match row.on {
                Some((holds, reaches)) => holder(&t.engine, &format!("other-{name}"), holds, reaches).await.id,
                None => actor.id,
            };
            let group = joined(t, &format!("joined-{name}"), row.joins).await;
            let what = format!("row {n}, {verb:?}: {:?}", row.joins);
            let tried = verb.put(t, &actor, id, group);
            match row.refused_for {
                Some(by_what) => refused(t, &what, (&by(&actor), verb.action()), by_what, tried).await,
                None => {
                    tried.await.unwrap_or_else(|why| panic!("{what} should pass: {why:?}"));
                    let groups = t.engine.account(id).await.expect("it is there").groups;
                    assert!(groups.iter().any(|known| known.id == group), "{what}");
                }
            }
        }
    }
}

db_test!(nobody_gives_themselves_what_they_do_not_hold, |db: TestDb| async move {
    hold_to(&cloud_costs(&db).await, &own_rows()).await;
});

db_test!(nobody_gives_others_what_they_do_not_hold, |db: TestDb| async move {
    hold_to(&cloud_costs(&db).await, &others_rows()).await;
});

async fn swap(t: &TestEngine, who: &Account, groups: Vec<GroupId>) -> Result<(), Error> {
    let edit = UserEdit { group_ids: Some(groups), ..UserEdit::default() };
    t.engine.edit_user(&by(who), who.id, edit).await.map(drop)
}

db_test!(leaving_a_group_never_widens_and_a_swap_is_measured_as_a_whole, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let admin = group(&t.engine, "admins-of-a", &["admin:*"], "a").await;
    let (wide, narrow) = (group(&t.engine, "wide", &[], ALL).await, group(&t.engine, "narrow", &[], "a").await);
    let ann = member(&t.engine, "ann", &[admin, narrow]).await;
    let escape = swap(&t, &ann, vec![wide]); // joins what reaches everything, and leaves what scoped her
    refused(&t, "escape", (&by(&ann), "account.edited"), (SelfEscalation, "scope"), escape).await;
    let escape = swap(&t, &ann, vec![admin, narrow, wide]);
    refused(&t, "escape", (&by(&ann), "account.edited"), (SelfEscalation, "scope"), escape).await;
    swap(&t, &ann, vec![admin]).await.expect("what is left reaches as far");
    t.engine.remove_member(&by(&ann), admin, ann.id).await.expect("anybody may take power from themselves");
    let power = t.engine.effective_permissions(ann.id).await.expect("she is there");
    assert_eq!((power.permissions.len(), power.scope), (0, scope("")), "nothing, and nowhere");
    let caller = by(&ann);
    let back = t.engine.add_member(&caller, admin, ann.id, BreakGlass::No);
    refused(&t, "back", (&caller, "group_member.added"), (PermissionRequired, "update:users"), back).await;
});

db_test!(what_was_held_before_the_change_decides_and_not_what_it_brings, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let key = group(&t.engine, "key", &["update:users", "delete:accounts"], ALL).await;
    let ann = holder(&t.engine, "ann", &["view:users"], ALL).await;
    let joins = swap(&t, &ann, vec![key]);
    refused(&t, "key", (&by(&ann), "account.edited"), (PermissionRequired, "update:users"), joins).await;
    let bob = holder(&t.engine, "bob", &["update:users"], ALL).await;
    let joins = swap(&t, &bob, vec![key]);
    refused(&t, "key", (&by(&bob), "account.edited"), (SelfEscalation, "delete:accounts"), joins).await;
});

db_test!(a_group_that_is_not_there_is_joined_by_nobody, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let root = member(&t.engine, "root", &[ADMINISTRATORS]).await;
    let gone = group(&t.engine, "gone", &[], "").await;
    t.engine.delete_group(&by(&root), gone).await.expect("deleted");
    let before = everything(&t.engine).await;
    let joins = t.engine.add_member(&by(&root), gone, root.id, BreakGlass::No).await;
    assert!(matches!(joins, Err(Error::NotFound)), "{joins:?}");
    let joins = swap(&t, &root, vec![ADMINISTRATORS, gone]).await;
    assert!(matches!(&joins, Err(Error::Invalid(fields)) if fields.0[0].code == Code::GroupUnknown), "{joins:?}");
    let nobody = t.engine.add_member(&by(&root), MEMBERS, AccountId(gone.0), BreakGlass::No).await;
    assert!(matches!(&nobody, Err(Error::Invalid(fields)) if fields.0[0].code == Code::AccountUnknown), "{nobody:?}");
    let left = t.engine.remove_member(&by(&root), MEMBERS, root.id).await;
    assert!(matches!(left, Err(Error::NotFound)), "not a member: {left:?}");
    assert_eq!(everything(&t.engine).await, before);
});

/// An administrator, and the groups that hold what is explicit.
async fn scene(db: &TestDb) -> (TestEngine, Account, [GroupId; 2]) {
    let t = cloud_costs(db).await;
    let root = administrator(&t.engine, "root").await.account;
    let groups = [policy_group(&t.engine, "purchaser").await, policy_group(&t.engine, "ri-exchanger").await];
    (t, root, groups)
}

async fn holds_nothing_explicit(t: &TestEngine, id: AccountId) {
    for permission in EXPLICIT {
        assert!(!may(&t.engine, id, permission).await, "{permission}");
    }
    let power = t.engine.effective_permissions(id).await.expect("it is there").permissions;
    let names: Vec<String> = power.iter().map(|held| held.permission.to_string()).collect();
    assert!(EXPLICIT.iter().all(|permission| !names.iter().any(|name| name == permission)), "{names:?}");
}

db_test!(no_wildcard_reaches_what_is_explicit, |db: TestDb| async move {
    let (t, root, _) = scene(&db).await;
    // With another permission of each action in the catalogue, the wildcard matches something, and may be given.
    for action in ["execute", "approve-any", "retry-any"] {
        let entry = Entry { action: action.into(), resource: "reports".into(), ..Entry::default() };
        t.engine.add_permission(&by(&root), entry).await.expect("a new question of its own");
    }
    let wildcards = ["execute:*", "approve-any:*", "retry-any:*", "admin:*"];
    let new = NewGroup {
        name: "Everything".into(),
        permissions: permissions(&wildcards),
        scope: scope(ALL),
        ..NewGroup::default()
    };
    let all = t.engine.create_group(&by(&root), new).await.expect("nothing in it is explicit").id;
    t.engine.add_member(&by(&root), all, root.id, BreakGlass::No).await.expect("she holds it already");
    for wildcard in wildcards {
        t.engine.grant_permission(&by(&root), root.id, permission(wildcard)).await.expect("she holds it already");
    }
    holds_nothing_explicit(&t, root.id).await;
    assert!(may(&t.engine, root.id, "execute:reports").await && may(&t.engine, root.id, "cancel-any:purchases").await);
});

db_test!(no_direct_grant_gives_what_is_explicit, |db: TestDb| async move {
    let (t, root, _) = scene(&db).await;
    let buyer = holder(&t.engine, "buyer", &["admin:*", EXECUTE], ALL).await;
    let plain = member(&t.engine, "plain", &[MEMBERS]).await;
    for explicit in EXPLICIT {
        for caller in [by(&root), by(&buyer), host()] {
            for id in [root.id, buyer.id, plain.id] {
                let granted = t.engine.grant_permission(&caller, id, permission(explicit));
                refused(&t, explicit, (&caller, "grant.added"), (Ceiling, explicit), granted).await;
            }
        }
    }
    let capped = permission(r#"execute:purchases {"max_amount": 1}"#);
    let granted = t.engine.grant_permission(&host(), plain.id, capped).await;
    assert!(matches!(&granted, Err(Error::Forbidden(why)) if why.code == Ceiling), "{granted:?}");
});

db_test!(a_direct_grant_keeps_to_the_ceiling, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let ann = holder(&t.engine, "ann", &["update:users", r#"view:plans {"max_amount": 5}"#], "a").await;
    let (bob, wide) = (member(&t.engine, "bob", &[MEMBERS]).await, holder(&t.engine, "wide", &[], ALL).await);
    let caller = by(&ann);
    let rows = [
        (bob.id, "view:plans", Ceiling, "view:plans"),
        (bob.id, r#"view:plans {"max_amount": 6}"#, Ceiling, "view:plans"),
        (bob.id, "view:*", Ceiling, "view:*"),
        (bob.id, "admin:*", Ceiling, "admin:*"),
        (ann.id, "view:plans", SelfEscalation, "view:plans"),
        (ann.id, "delete:users", SelfEscalation, "delete:users"),
        (wide.id, r#"view:plans {"max_amount": 5}"#, Ceiling, "scope"), // it would reach everything
        (bob.id, "spend:money", Code::PermissionUnknown, "spend:money"),
    ];
    for (id, text, code, named) in rows {
        let granted = t.engine.grant_permission(&caller, id, permission(text));
        refused(&t, text, (&caller, "grant.added"), (code, named), granted).await;
    }
    let narrower = permission(r#"view:plans {"max_amount": 5, "regions": []}"#);
    t.engine.grant_permission(&caller, bob.id, narrower.clone()).await.expect("within her own limits");
    assert_eq!(t.engine.list_grants(bob.id).await.expect("a list"), [narrower]);
    let plain = by(&bob);
    let granted = t.engine.grant_permission(&plain, bob.id, permission("view:plans"));
    refused(&t, "bob", (&plain, "grant.added"), (PermissionRequired, "update:users"), granted).await;
});

db_test!(no_new_account_holds_what_is_explicit, |db: TestDb| async move {
    let (t, root, groups) = scene(&db).await;
    let (caller, root_of_host) = (by(&root), host());
    for (group, named) in groups.into_iter().zip([EXECUTE, "execute:ri-exchange"]) {
        for groups in [vec![group], vec![MEMBERS, group], vec![group, ADMINISTRATORS]] {
            let with_password = t.engine.create_user(&caller, new_user("puppet", &groups));
            refused(&t, named, (&caller, "account.created"), (Ceiling, named), with_password).await;
            let invited = NewUser { email: Some("puppet@example.com".into()), group_ids: groups, ..NewUser::default() };
            let invited = t.engine.create_user(&caller, invited);
            refused(&t, named, (&caller, "account.created"), (Ceiling, named), invited).await;
        }
        let by_host = t.engine.create_user(&root_of_host, new_user("puppet", &[group]));
        refused(&t, "by the host", (&root_of_host, "account.created"), (Ceiling, named), by_host).await;
    }
    let helpdesk = holder(&t.engine, "helpdesk", &["create:users", "view:plans"], "a").await;
    let caller = by(&helpdesk);
    let rows = [(ADMINISTRATORS, "admin:*"), (policy_group(&t.engine, "plan-authors").await, "view:recommendations")];
    for (group, named) in rows {
        let made = t.engine.create_user(&caller, new_user("puppet", &[group]));
        refused(&t, named, (&caller, "account.created"), (Ceiling, named), made).await;
    }
    let wide = group(&t.engine, "wide", &["view:plans"], ALL).await;
    let made = t.engine.create_user(&caller, new_user("puppet", &[wide]));
    refused(&t, "wide", (&caller, "account.created"), (Ceiling, "scope"), made).await;
    t.engine.create_user(&caller, new_user("puppet", &[MEMBERS])).await.expect("that is nothing");
});

fn new_administrator(username: &str) -> NewAdministrator {
    NewAdministrator { email: None, username: Some(username.to_owned()), name: None, password: PASSWORD.into() }
}

db_test!(whoever_makes_an_administrator_holds_what_administrators_do, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    for (username, reaches, named) in [("scoped", "a", "scope"), ("nowhere", "", "scope")] {
        let caller = by(&holder(&t.engine, username, &["admin:*"], reaches).await);
        let made = t.engine.create_administrator(&caller, new_administrator("puppet"));
        refused(&t, username, (&caller, "account.created"), (Ceiling, named), made).await;
    }
    let caller = by(&holder(&t.engine, "helpdesk", &["create:users", "view:*"], ALL).await);
    let made = t.engine.create_administrator(&caller, new_administrator("puppet"));
    refused(&t, "helpdesk", (&caller, "account.created"), (Ceiling, "admin:*"), made).await;
    let caller = by(&holder(&t.engine, "viewer", &["view:*", "update:users"], ALL).await);
    let made = t.engine.create_administrator(&caller, new_administrator("puppet"));
    refused(&t, "viewer", (&caller, "account.created"), (PermissionRequired, "create:users"), made).await;
});

/// The worked example, with administrators who may also spend.
fn spending_administrators() -> String {
    let first = CLOUD_COSTS.find(r#"permissions = ["admin:*"]"#).expect("administrators are in it");
    let (before, after) = CLOUD_COSTS.split_at(first);
    format!("{before}{}", after.replacen(r#"["admin:*"]"#, r#"["admin:*", "execute:purchases"]"#, 1))
}

db_test!(where_administrators_hold_what_is_explicit_none_makes_another_alone, |db: TestDb| async move {
    let t = TestEngine::with_policy(&db, &spending_administrators()).await;
    let root = administrator(&t.engine, "root").await.account;
    assert!(may(&t.engine, root.id, EXECUTE).await, "the first one joins what the policy says");
    let caller = by(&root);
    let made = t.engine.create_administrator(&caller, new_administrator("puppet"));
    refused(&t, "puppet", (&caller, "account.created"), (Ceiling, EXECUTE), made).await;
    let root_of_host = host();
    let by_host = t.engine.create_administrator(&root_of_host, new_administrator("second"));
    refused(&t, "by the host", (&root_of_host, "account.created"), (Ceiling, EXECUTE), by_host).await;
    let puppet = t.engine.create_user(&caller, new_user("puppet", &[MEMBERS])).await.expect("made").view.account;
    let raised = t.engine.add_member(&caller, ADMINISTRATORS, puppet.id, BreakGlass::No);
    refused(&t, "raised", (&caller, "group_member.added"), (Ceiling, EXECUTE), raised).await;
});

/// What an administrator would add to the catalogue to get at an explicit permission.
fn entries_beside_explicit_ones() -> Vec<Entry> {
    let entry =
        |action: &str, resource: &str| Entry { action: action.into(), resource: resource.into(), ..Entry::default() };
    let own = |action: &str, resource: &str, any: &str| Entry {
        own: Some(Own::Owner),
        any: Some(any.into()),
        ..entry(action, resource)
    };
    vec![
        entry("approve", "purchases"), // the bare form of a question that an explicit any-form decides
        entry("retry", "purchases"),
        entry(" approve ", " purchases "),
        own("sign", "purchases", "approve-any"), // a question of its own that an explicit entry would decide
        own("settle", "purchases", "execute"),
        own("swap", "ri-exchange", "execute"),
    ]
}

db_test!(nothing_added_to_the_catalogue_opens_what_is_explicit, |db: TestDb| async move {
    let (t, root, _) = scene(&db).await;
    let caller = by(&root);
    for entry in entries_beside_explicit_ones() {
        let name = entry.slug();
        let added = t.engine.add_permission(&caller, entry);
        refused(&t, &name, (&caller, "permission.added"), (Code::PermissionConflict, &name), added).await;
    }
    for name in EXPLICIT {
        let (action, resource) = name.split_once(':').expect("two words");
        let again = Entry { action: action.into(), resource: resource.into(), ..Entry::default() };
        let added = t.engine.add_permission(&caller, again);
        refused(&t, name, (&caller, "permission.added"), (Code::PermissionExists, name), added).await;
        let known = t.engine.list_permissions().await.expect("a list");
        let known = known.into_iter().find(|known| known.entry.slug() == name).expect("the policy has it");
        let deleted = t.engine.delete_permission(&caller, known.id);
        refused(&t, name, (&caller, "permission.removed"), (Code::SystemManaged, name), deleted).await;
    }
    let explicit = Entry { action: "spend".into(), resource: "money".into(), explicit: true, ..Entry::default() };
    let added = t.engine.add_permission(&caller, explicit);
    refused(&t, "explicit", (&caller, "permission.added"), (Ceiling, "spend:money"), added).await;
    let viewer = by(&holder(&t.engine, "viewer", &["view:*", "create:groups"], ALL).await);
    let mine = Entry { action: "view".into(), resource: "secrets".into(), ..Entry::default() };
    let added = t.engine.add_permission(&viewer, mine);
    refused(&t, "viewer", (&viewer, "permission.added"), (PermissionRequired, "update:groups"), added).await;
    for question in ["approve:purchases", "retry:purchases", EXECUTE] {
        assert!(!may(&t.engine, root.id, question).await, "{question}");
    }
});

db_test!(what_becomes_explicit_is_worth_nothing_where_it_was_put_before, |db: TestDb| async move {
    let (t, root, _) = scene(&db).await;
    let caller = by(&root);
    let entry = Entry { action: "spend".into(), resource: "money".into(), ..Entry::default() };
    t.engine.add_permission(&caller, entry).await.expect("not explicit yet");
    let spenders = group(&t.engine, "spenders", &["spend:money", "view:plans"], ALL).await;
    t.engine.add_member(&caller, spenders, root.id, BreakGlass::No).await.expect("she holds it by admin:*");
    t.engine.grant_permission(&caller, root.id, permission("spend:money")).await.expect("she holds it by admin:*");
    assert!(may(&t.engine, root.id, "spend:money").await);
    let policy = CLOUD_COSTS.replacen(
        "permissions = [",
        "permissions = [{ action = \"spend\", resource = \"money\", explicit = true },",
        1,
    );
    let policy = Policy::parse(&policy).expect("a policy");
    let plan = t.engine.apply_policy(&host(), &policy).await.expect("applied");
    assert_eq!(plan.accounts.len(), 1, "root loses it: {:?}", plan.accounts);
    assert!(!may(&t.engine, root.id, "spend:money").await, "neither by a wildcard, nor by that group, nor directly");
    let keeps = GroupEdit { permissions: Some(permissions(&["spend:money"])), ..GroupEdit::default() };
    let edited = t.engine.edit_group(&caller, spenders, keeps);
    refused(&t, "kept", (&caller, "group.edited"), (Ceiling, "spend:money"), edited).await;
    let applied = t.engine.apply_policy(&caller, &policy);
    refused(&t, "policy", (&caller, "policy.applied"), (Code::SystemManaged, "policy"), applied).await;
});

db_test!(no_session_from_before_is_worth_more_than_it_was, |db: TestDb| async move {
    let (t, root, groups) = scene(&db).await;
    let authors = policy_group(&t.engine, "plan-authors").await;
    for (n, group) in [groups[0], authors, ADMINISTRATORS].into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let ann = sign_up(&t.engine, &email).await;
        let id = ann.account.account.id;
        t.engine.add_member(&by(&root), group, id, BreakGlass::No).await.expect("root did not make ann");
        assert!(live(&t.engine, &ann).await.is_none(), "a stolen session does not gain what its owner gains");
        let again = signs_in(&t.engine, &email, PASSWORD).await.expect("signed in");
        t.engine.add_member(&by(&root), group, id, BreakGlass::No).await.expect("nothing new");
        t.engine.remove_member(&by(&root), group, id).await.expect("out again");
        assert!(live(&t.engine, &again).await.is_some(), "losing power ends nothing");
    }
});
