//! Nobody rises by an API key: by whatever verb, a key confers no more than it says and its owner holds; what is
//! explicit it confers only if it holds it itself; and it does nothing to its owner that it does not say.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    ADMINISTRATORS, Account, AccountId, BreakGlass, Caller, Entry, Error, GroupEdit, GroupId, MEMBERS,
    NewAdministrator, NewGroup, UserEdit,
};

use crate::holders::{
    cloud_costs, everything, group, holder, host, member, new_user, permission, permissions, policy_group, scope,
};
use crate::people::{OTHER, PASSWORD, administrator, sign_up, signs_in};
use crate::programs::{acting, key, principal};

/// The people and groups of these attempts.
struct Scene {
    t: TestEngine,
    root: Account,
    chief: AccountId,
    bob: AccountId,
    viewers: GroupId,
    purchaser: GroupId,
}

impl Scene {
    async fn new(db: &TestDb) -> Scene {
        let t = cloud_costs(db).await;
        let root = administrator(&t.engine, "root").await.account;
        let chief = administrator(&t.engine, "chief").await.account.id;
        let bob = member(&t.engine, "bob", &[MEMBERS]).await.id;
        let viewers = group(&t.engine, "plan-readers", &["view:plans"], "").await;
        let purchaser = policy_group(&t.engine, "purchaser").await;
        Scene { t, root, chief, bob, viewers, purchaser }
    }

    /// Somebody who acts by a key that says this.
    async fn by_key(&self, username: &str, says: Option<&[&str]>) -> Caller {
        let signed_in = signs_in(&self.t.engine, username, PASSWORD).await.expect("signed in");
        let made = key(&self.t.engine, &signed_in, says).await;
        acting(principal(&self.t.engine, made.token.expose()).await.as_ref())
    }

    /// Every verb that confers power or takes an account over, aimed at what the key does not hold.
    async fn attempts(&self, caller: &Caller) -> Vec<(&'static str, Result<(), Error>)> {
        let (v, bob, chief) = (&self.t.engine, self.bob, self.chief);
        let in_groups = |ids: &[GroupId]| UserEdit { group_ids: Some(ids.to_vec()), ..UserEdit::default() };
        let holding = |holds: &[&str], reaches: &str| NewGroup {
            name: "more".into(),
            permissions: permissions(holds),
            scope: scope(reaches),
            ..NewGroup::default()
        };
        let raised = GroupEdit { permissions: Some(permissions(&["view:plans", "admin:*"])), ..GroupEdit::default() };
        let entry = Entry { action: "view".into(), resource: "vault".into(), ..Entry::default() };
        let admin =
            NewAdministrator { email: None, username: Some("backdoor".into()), name: None, password: PASSWORD.into() };
        vec![
            ("add a member", v.add_member(caller, ADMINISTRATORS, bob, BreakGlass::Yes).await.map(drop)),
            ("edit a user", v.edit_user(caller, bob, in_groups(&[MEMBERS, ADMINISTRATORS])).await.map(drop)),
            ("create a user", v.create_user(caller, new_user("eve", &[ADMINISTRATORS])).await.map(drop)),
            ("create an administrator", v.create_administrator(caller, admin).await.map(drop)),
            ("grant", v.grant_permission(caller, bob, permission("delete:accounts")).await),
            ("create a group", v.create_group(caller, holding(&["admin:*"], "")).await.map(drop)),
            ("edit a group", v.edit_group(caller, self.viewers, raised).await.map(drop)),
            ("add a permission", v.add_permission(caller, entry).await.map(drop)),
            ("set a password", v.set_password(caller, chief, OTHER.into()).await),
            ("reset a second factor", v.reset_second_factor(caller, chief).await),
            ("show a reset link", v.show_reset_link(caller, chief).await.map(drop)),
            ("grant what is explicit", v.grant_permission(caller, bob, permission("execute:purchases")).await),
            ("join what is explicit", v.add_member(caller, self.purchaser, bob, BreakGlass::Yes).await.map(drop)),
            ("edit to what is explicit", v.edit_user(caller, bob, in_groups(&[self.purchaser])).await.map(drop)),
            ("create with what is explicit", v.create_user(caller, new_user("mal", &[self.purchaser])).await.map(drop)),
            ("make a group of it", v.create_group(caller, holding(&["execute:purchases"], "")).await.map(drop)),
        ]
    }

    async fn assert_refused(&self, caller: &Caller, whose: &str, but: &[&str]) {
        let before = everything(&self.t.engine).await;
        for (what, tried) in self.attempts(caller).await {
            if but.contains(&what) {
                assert!(tried.is_ok(), "{whose}: {what}: {tried:?}");
            } else {
                assert!(matches!(tried, Err(Error::Forbidden(_))), "{whose}: {what}: {tried:?}");
            }
        }
        if but.is_empty() {
            assert_eq!(everything(&self.t.engine).await, before, "{whose}: something changed");
        }
    }
}

db_test!(an_administrators_key_confers_no_more_than_it_says, |db: TestDb| async move {
    let scene = Scene::new(&db).await;
    let says: [&[&str]; 5] = [
        &[],
        &["view:plans"],
        &["update:users", "create:users"],
        &["update:users", "create:users", "update:groups", "create:groups", "view:plans"],
        &["update:*", "create:*", "view:*", "delete:users"],
    ];
    for says in says {
        let caller = scene.by_key("root", Some(says)).await;
        let but: &[&str] = if says.contains(&"view:*") { &["add a permission"] } else { &[] };
        scene.assert_refused(&caller, &format!("{says:?}"), but).await;
    }
});

db_test!(an_administrators_key_that_says_everything_reaches_nothing_that_is_explicit, |db: TestDb| async move {
    let scene = Scene::new(&db).await;
    for says in [None, Some(["admin:*"].as_slice())] {
        let caller = scene.by_key("root", says).await;
        let before = everything(&scene.t.engine).await;
        let explicit = scene
            .attempts(&caller)
            .await
            .into_iter()
            .filter(|(what, _)| what.contains("explicit") || *what == "make a group of it");
        for (what, tried) in explicit {
            assert!(matches!(tried, Err(Error::Forbidden(_))), "{says:?}: {what}: {tried:?}");
        }
        assert_ne!(everything(&scene.t.engine).await, before, "it is an administrator's, and did the others");
        assert!(!crate::holders::may(&scene.t.engine, scene.bob, "execute:purchases").await);
        let own = scene.t.engine.add_member(&caller, scene.purchaser, scene.root.id, BreakGlass::Yes).await;
        assert!(matches!(own, Err(Error::Forbidden(_))), "{own:?}");
        for name in ["eve", "backdoor"] {
            let made = scene.t.engine.find_account(name).await.expect("an answer").expect("it was made").account.id;
            scene.t.engine.delete_account(&host(), made).await.expect("deleted");
        }
        let members = UserEdit { group_ids: Some(vec![MEMBERS]), ..UserEdit::default() };
        scene.t.engine.edit_user(&host(), scene.bob, members).await.expect("as before");
        scene.t.engine.revoke_permission(&host(), scene.bob, &permission("delete:accounts")).await.expect("as before");
        let more = scene.t.engine.group_by_slug("more").await.expect("an answer").expect("it was made").id;
        scene.t.engine.delete_group(&host(), more).await.expect("as before");
        let known = scene.t.engine.list_permissions().await.expect("a list");
        let vault = known.iter().find(|known| known.entry.resource == "vault").expect("it was added");
        scene.t.engine.delete_permission(&host(), vault.id).await.expect("as before");
    }
});

db_test!(a_key_of_the_second_person_confers_what_is_explicit_only_if_it_says_so, |db: TestDb| async move {
    let scene = Scene::new(&db).await;
    holder(&scene.t.engine, "helpdesk", &["update:users", "view:*"], "all").await;
    let by_session = signs_in(&scene.t.engine, "helpdesk", PASSWORD).await.expect("signed in");
    for says in [None, Some(["update:users", "view:*"].as_slice())] {
        let caller = scene.by_key("helpdesk", says).await;
        let tried = scene.t.engine.add_member(&caller, scene.purchaser, scene.bob, BreakGlass::No).await;
        assert!(matches!(tried, Err(Error::Forbidden(_))), "a key is no person: {tried:?}");
    }
    let person = acting(&crate::people::live(&scene.t.engine, &by_session).await.expect("signed in"));
    scene.t.engine.add_member(&person, scene.purchaser, scene.bob, BreakGlass::No).await.expect("a person may");
});

db_test!(a_key_that_says_nothing_does_nothing_to_its_owner, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    for says in [None, Some([].as_slice())] {
        let made = key(&t.engine, &ann, says).await;
        let caller = acting(principal(&t.engine, made.token.expose()).await.as_ref());
        let tried = [
            t.engine.delete_account(&caller, id).await,
            t.engine.end_all_sessions(&caller, id).await.map(drop),
            t.engine.end_session(&caller, id, ann.session.id).await,
        ];
        for tried in tried {
            assert!(matches!(tried, Err(Error::Forbidden(_) | Error::Conflict(_))), "{says:?}: {tried:?}");
        }
        assert!(crate::people::live(&t.engine, &ann).await.is_some());
    }
});
