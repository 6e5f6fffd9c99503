//! Keys of organizations: worth what their owner is there at that moment, and nothing anywhere else.

use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    AccountId, ApiKeyId, Caller, Code, CreatedApiKey, Error, NewApiKey, OrganizationId, OrganizationRole, PageRequest,
    Presented, Principal, SignedIn, Vestibule,
};

use crate::holders::{cloud_costs, holder, host, member, permissions};
use crate::people::{PASSWORD, sign_up, signs_in};
use crate::programs::{acting, by_session, key, opens, principal, within_a_second};

/// An organization that ann administers and bob is in; eve is in another, which she administers.
pub struct Scene {
    pub t: TestEngine,
    pub ann: SignedIn,
    pub bob: SignedIn,
    pub eve: SignedIn,
    pub org: OrganizationId,
    pub other: OrganizationId,
}

impl Scene {
    pub async fn new(db: &TestDb) -> Scene {
        Scene::on(TestEngine::new(db).await).await
    }

    pub async fn on(t: TestEngine) -> Scene {
        let mut people = Vec::new();
        for name in ["ann", "bob", "eve"] {
            people.push(sign_up(&t.engine, &format!("{name}@example.com")).await);
        }
        let [ann, bob, eve] = <[SignedIn; 3]>::try_from(people).expect("three");
        let made = async |who: &SignedIn, name: &str| {
            t.engine.create_organization(&by_session(&t.engine, who).await, name).await.expect("anybody may").id
        };
        let (org, other) = (made(&ann, "Acme").await, made(&eve, "Umbrella").await);
        put_in(&t.engine, org, id(&bob), OrganizationRole::Member).await;
        Scene { ann, bob, eve, org, other, t }
    }

    pub async fn by(&self, who: &SignedIn) -> Caller {
        by_session(&self.t.engine, who).await
    }

    async fn make(&self, who: &SignedIn, new: NewApiKey) -> Result<CreatedApiKey, Error> {
        self.t.engine.create_organization_key(&self.by(who).await, self.org, new).await
    }

    pub async fn key(&self, who: &SignedIn) -> CreatedApiKey {
        self.make(who, named("A key")).await.expect("a member may")
    }

    /// The names of the keys that somebody sees.
    async fn seen_by(&self, who: &SignedIn) -> Vec<String> {
        let page = self.t.engine.list_organization_keys(&self.by(who).await, self.org, PageRequest::first()).await;
        page.expect("a member may").items.into_iter().map(|one| one.key.name).collect()
    }
}

pub fn id(who: &SignedIn) -> AccountId {
    who.account.account.id
}

pub fn named(name: &str) -> NewApiKey {
    NewApiKey { name: name.to_owned(), ..NewApiKey::default() }
}

/// Puts somebody into an organization behind the engine's back.
pub async fn put_in(engine: &Vestibule, org: OrganizationId, account: AccountId, role: OrganizationRole) {
    let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at) VALUES ($1, $2, $3, 1)";
    let mut tx = engine.db().write().await.expect("a transaction");
    assert_eq!(tx.exec(sql, &[&org, &account, &role]).await.expect("written"), 1);
    tx.commit().await.expect("committed");
}

/// By a key.
pub async fn by_key(engine: &Vestibule, key: &CreatedApiKey) -> Caller {
    acting(&*principal(engine, key.token.expose()).await)
}

async fn presented(engine: &Vestibule, key: &CreatedApiKey) -> &'static str {
    match engine.principal(key.token.expose()).await.expect("an answer") {
        Presented::Live(_) => "live",
        Presented::Revoked => "revoked",
        Presented::Expired => "expired",
        Presented::Unknown => "unknown",
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    match result.expect_err("refused") {
        Error::Denied(code) | Error::Conflict(code) => code,
        Error::Forbidden(why) => why.code,
        Error::NotFound => Code::NotFound,
        Error::Invalid(errors) => errors.0[0].code,
        other @ (Error::TooMany { .. } | Error::Unavailable { .. } | Error::Setup(_) | Error::Internal(_)) => {
            panic!("{other:?}")
        }
    }
}

db_test!(a_key_of_an_organization_says_which_and_a_personal_one_says_none, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let (theirs, own) = (s.key(&s.bob).await, key(&s.t.engine, &s.bob, None).await);
    assert_eq!(theirs.key.organization_id, Some(s.org));
    let organization = async |key: &CreatedApiKey| principal(&s.t.engine, key.token.expose()).await.organization;
    assert_eq!((organization(&theirs).await, organization(&own).await), (Some(s.org), None));
    let asked = s.t.engine.introspect(theirs.token.expose()).await.expect("an answer");
    assert_eq!((asked.active, asked.organization_id), (true, Some(s.org)));
    assert_eq!(s.t.engine.introspect(own.token.expose()).await.expect("an answer").organization_id, None);
    let personal = s.t.engine.list_api_keys(id(&s.bob), PageRequest::first()).await.expect("a list").items;
    assert_eq!(personal.iter().map(|key| key.id).collect::<Vec<_>>(), [own.key.id], "one's own are one's own alone");
    let all = s.t.engine.list_all_api_keys(id(&s.bob), PageRequest::first()).await.expect("a list").items;
    assert_eq!(all.len(), 2);
    let export = s.t.engine.export(id(&s.bob)).await.expect("an export");
    assert_eq!(export["api_keys"].as_array().expect("keys").len(), 2);
    for result in [
        s.t.engine.revoke_api_key(&s.by(&s.bob).await, id(&s.bob), theirs.key.id).await,
        s.t.engine.rotate_api_key(&s.by(&s.bob).await, id(&s.bob), theirs.key.id, Duration::ZERO).await.map(drop),
    ] {
        assert_eq!(code(result), Code::NotFound, "the verbs of personal keys do not see it");
    }
    s.t.engine.revoke_api_key(&host(), id(&s.bob), theirs.key.id).await.expect("the host ends any");
    assert_eq!(presented(&s.t.engine, &theirs).await, "revoked");
});

db_test!(a_member_sees_and_ends_their_own_and_an_admin_all, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bobs = s.make(&s.bob, named("bob's")).await.expect("a member may");
    let anns = s.make(&s.ann, named("ann's")).await.expect("an admin may");
    assert_eq!(s.seen_by(&s.bob).await, ["bob's"]);
    assert_eq!(s.seen_by(&s.ann).await.len(), 2);
    let revoke = async |who: &SignedIn, org: OrganizationId, key: ApiKeyId| {
        s.t.engine.revoke_organization_key(&s.by(who).await, org, key).await
    };
    let rotate = async |who: &SignedIn, org: OrganizationId, key: ApiKeyId| {
        s.t.engine.rotate_organization_key(&s.by(who).await, org, key, Duration::ZERO).await
    };
    for (who, org, key) in [
        (&s.bob, s.org, anns.key.id),
        (&s.eve, s.org, anns.key.id),
        (&s.eve, s.other, anns.key.id),
        (&s.ann, s.other, anns.key.id),
        (&s.ann, s.org, ApiKeyId(uuid::Uuid::from_u128(7))),
    ] {
        assert_eq!(code(revoke(who, org, key).await), Code::NotFound);
        assert_eq!(code(rotate(who, org, key).await), Code::NotFound);
    }
    assert_eq!(code(rotate(&s.ann, s.org, bobs.key.id).await), Code::KeyOwnerRequired, "an admin would act as bob");
    let renewed = rotate(&s.bob, s.org, bobs.key.id).await.expect("its owner may");
    assert_eq!((presented(&s.t.engine, &bobs).await, presented(&s.t.engine, &renewed).await), ("expired", "live"));
    revoke(&s.ann, s.org, bobs.key.id).await.expect("an admin ends any");
    assert_eq!(presented(&s.t.engine, &renewed).await, "revoked");
    assert_eq!(code(revoke(&s.ann, s.org, bobs.key.id).await), Code::NotFound, "it is out of the list");
    revoke(&s.ann, s.org, anns.key.id).await.expect("one's own");
    assert!(s.seen_by(&s.ann).await.is_empty());
});

db_test!(a_key_is_nobody_in_another_organization, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    put_in(&s.t.engine, s.other, id(&s.ann), OrganizationRole::Admin).await;
    let here = s.key(&s.ann).await;
    let (by_here, by_own) =
        (by_key(&s.t.engine, &here).await, by_key(&s.t.engine, &key(&s.t.engine, &s.ann, None).await).await);
    let look = async |by: &Caller, org: OrganizationId| s.t.engine.organization(by, org).await;
    assert!(look(&by_here, s.org).await.is_ok() && look(&by_own, s.org).await.is_ok());
    assert!(look(&by_own, s.other).await.is_ok(), "a personal key is whoever its owner is");
    assert_eq!(code(look(&by_here, s.other).await), Code::NotFound);
    assert_eq!(code(s.t.engine.list_organization_keys(&by_here, s.other, PageRequest::first()).await), Code::NotFound);
    assert_eq!(code(s.t.engine.list_bots(&by_here, s.other, PageRequest::first()).await), Code::NotFound);
    assert_eq!(code(s.t.engine.leave_organization(&by_here, s.other).await), Code::NotFound);
    assert_eq!(s.t.engine.list_bots(&by_here, s.org, PageRequest::first()).await.expect("an admin's").items, []);
});

db_test!(no_key_makes_a_key, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let anns = s.key(&s.ann).await;
    let by = by_key(&s.t.engine, &anns).await;
    assert_eq!(code(s.t.engine.create_organization_key(&by, s.org, named("more")).await), Code::SessionRequired);
    let rotated = s.t.engine.rotate_organization_key(&by, s.org, anns.key.id, Duration::ZERO).await;
    assert_eq!(code(rotated), Code::SessionRequired);
    let by_own = by_key(&s.t.engine, &key(&s.t.engine, &s.ann, None).await).await;
    assert_eq!(code(s.t.engine.create_organization_key(&by_own, s.org, named("more")).await), Code::SessionRequired);
    let limited = NewApiKey { permissions: Some(Vec::new()), ..named("limited") };
    let limited = by_key(&s.t.engine, &s.make(&s.ann, limited).await.expect("less is always allowed")).await;
    let seen = s.t.engine.list_organization_keys(&limited, s.org, PageRequest::first()).await;
    assert_eq!(code(seen), Code::PermissionRequired, "a key with a list of its own has no role");
    assert_eq!(s.seen_by(&s.ann).await.len(), 2);
});

db_test!(a_key_says_no_more_than_its_owner_holds_and_may_no_more_than_they_may, |db: TestDb| async move {
    let s = Scene::on(cloud_costs(&db).await).await;
    let kim = holder(&s.t.engine, "kim", &["view:plans"], "all").await;
    let kim_in = signs_in(&s.t.engine, "kim", PASSWORD).await.expect("signed in");
    put_in(&s.t.engine, s.org, kim.id, OrganizationRole::Member).await;
    let limited = |says: &[&str]| NewApiKey { permissions: Some(permissions(says)), ..named("limited") };
    assert_eq!(code(s.make(&kim_in, limited(&["update:plans"])).await), Code::Ceiling);
    assert_eq!(code(s.make(&kim_in, limited(&["fly:planes"])).await), Code::PermissionUnknown);
    let keys = [s.make(&kim_in, limited(&["view:plans"])).await.expect("held"), s.key(&kim_in).await];
    let views = async |key: &CreatedApiKey| {
        let question = vestibule::Question::new("view", "plans");
        principal(&s.t.engine, key.token.expose()).await.allows(&question)
    };
    for key in &keys {
        assert!(views(key).await);
    }
    let group = s.t.engine.group_by_slug("kim").await.expect("an answer").expect("its group").id;
    s.t.engine.remove_member(&host(), group, kim.id).await.expect("lowered");
    for key in &keys {
        assert!(!views(key).await, "at once");
    }
});

/// What ends a key of bob's in ann's organization.
#[derive(Clone, Copy, Debug)]
enum End {
    Removed,
    Left,
    Disabled,
    Deleted,
    OrganizationDeleted,
    Revoked,
}

db_test!(a_key_ends_with_its_ground_here_at_once_and_there_within_a_second, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    let s = Scene::on(t).await;
    let engine = &s.t.engine;
    for end in [End::Removed, End::Left, End::Disabled, End::Deleted, End::OrganizationDeleted, End::Revoked] {
        let name = format!("{end:?}").to_lowercase();
        let owner = sign_up(engine, &format!("{name}@example.com")).await;
        let org = engine.create_organization(&s.by(&s.ann).await, &name).await.expect("anybody may").id;
        put_in(engine, org, id(&owner), OrganizationRole::Member).await;
        let key = engine.create_organization_key(&s.by(&owner).await, org, named("k")).await.expect("a member may");
        let own = crate::programs::key(engine, &owner, None).await;
        for token in [&key.token, &own.token] {
            assert!(opens(engine, token.expose()).await && opens(&there.engine, token.expose()).await, "{end:?}");
        }
        let by = s.by(&s.ann).await;
        match end {
            End::Removed => engine.remove_member_of(&by, org, id(&owner)).await.expect("removed"),
            End::Left => engine.leave_organization(&s.by(&owner).await, org).await.expect("left"),
            End::Disabled => drop(engine.disable_account(&host(), id(&owner)).await.expect("disabled")),
            End::Deleted => engine.delete_account(&host(), id(&owner)).await.expect("deleted"),
            End::OrganizationDeleted => engine.delete_organization(&by, org, &name).await.expect("deleted"),
            End::Revoked => engine.revoke_organization_key(&by, org, key.key.id).await.expect("revoked"),
        }
        assert!(!opens(engine, key.token.expose()).await, "{end:?}: at once");
        within_a_second(&format!("{end:?}"), async || !opens(&there.engine, key.token.expose()).await).await;
        let keeps_own = !matches!(end, End::Disabled | End::Deleted);
        assert_eq!(opens(engine, own.token.expose()).await, keeps_own, "{end:?}: a personal key is not of it");
        if matches!(end, End::Removed | End::Left) {
            put_in(engine, org, id(&owner), OrganizationRole::Member).await;
            assert_eq!(presented(engine, &key).await, "revoked", "{end:?}: coming back revives nothing");
        }
    }
});

db_test!(a_membership_that_ended_otherwise_ends_the_key_as_well, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bobs = s.key(&s.bob).await;
    let mut tx = s.t.engine.db().write().await.expect("a transaction");
    tx.exec("DELETE FROM organization_members WHERE account_id = $1", &[&id(&s.bob)]).await.expect("gone");
    tx.commit().await.expect("committed");
    assert_eq!(presented(&s.t.engine, &bobs).await, "revoked", "no row of membership, no key");
});

db_test!(a_demoted_admins_key_is_a_members_from_the_next_request_on, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    put_in(&s.t.engine, s.org, id(&s.eve), OrganizationRole::Admin).await;
    let eves = s.key(&s.eve).await;
    let by = by_key(&s.t.engine, &eves).await;
    s.t.engine.list_bots(&by, s.org, PageRequest::first()).await.expect("an admin's");
    let demoted = s.t.engine.change_role(&s.by(&s.ann).await, s.org, id(&s.eve), OrganizationRole::Member).await;
    demoted.expect("demoted");
    let refused = s.t.engine.list_bots(&by, s.org, PageRequest::first()).await;
    assert_eq!(code(refused), Code::OrganizationAdminRequired);
    assert_eq!(presented(&s.t.engine, &eves).await, "live");
});

db_test!(of_a_removal_and_a_key_made_at_once_no_live_key_of_a_stranger_is_left, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let engine = &s.t.engine;
    let (by_ann, by_bob) = (s.by(&s.ann).await, s.by(&s.bob).await);
    let mut made = 0;
    for round in 0..25 {
        let (engine_of, org, bob) = (engine.clone(), s.org, id(&s.bob));
        let (ann, caller) = (by_ann.clone(), by_bob.clone());
        let results = race(4, |n| {
            let (engine, ann, caller) = (engine_of.clone(), ann.clone(), caller.clone());
            async move {
                match n {
                    0 => {
                        engine.remove_member_of(&ann, org, bob).await.expect("he was in it");
                        None
                    }
                    _ => engine.create_organization_key(&caller, org, named("k")).await.ok(),
                }
            }
        })
        .await;
        for key in results.into_iter().flatten() {
            made += 1;
            assert_eq!(presented(engine, &key).await, "revoked", "round {round}");
        }
        let left = engine.list_organization_keys(&by_ann, s.org, PageRequest::first()).await.expect("a list").items;
        assert_eq!(left, [], "round {round}");
        put_in(engine, s.org, bob, OrganizationRole::Member).await;
    }
    assert!(made > 0, "some came before the removal");
});

db_test!(of_many_made_at_once_no_more_live_keys_are_left_than_an_account_has, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    for _ in 0..98 {
        s.key(&s.bob).await;
    }
    let by = s.by(&s.bob).await;
    let (engine, org) = (s.t.engine.clone(), s.org);
    let results = race(8, |n| {
        let (engine, by) = (engine.clone(), by.clone());
        async move {
            match n % 2 {
                0 => engine.create_organization_key(&by, org, named("k")).await,
                _ => engine.create_api_key(&by, by.account_id().expect("bob"), named("k")).await,
            }
        }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2, "a hundred, of whatever organization");
});

db_test!(what_is_done_with_keys_is_in_the_organizations_log_and_what_is_refused_too, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bobs = s.key(&s.bob).await;
    let by = s.by(&s.bob).await;
    let renewed = s.t.engine.rotate_organization_key(&by, s.org, bobs.key.id, Duration::ZERO).await.expect("his");
    let by_ann = s.by(&s.ann).await;
    let refused = s.t.engine.rotate_organization_key(&by_ann, s.org, bobs.key.id, Duration::ZERO).await;
    assert_eq!(code(refused), Code::KeyOwnerRequired);
    s.t.engine.revoke_organization_key(&by_ann, s.org, renewed.key.id).await.expect("an admin may");
    let by_eve = s.by(&s.eve).await;
    assert_eq!(code(s.t.engine.create_organization_key(&by_eve, s.org, named("k")).await), Code::NotFound);
    let filter = vestibule::AuditFilter { organization: Some(s.org), ..vestibule::AuditFilter::default() };
    let rows = s.t.engine.list_audit(&filter, PageRequest::first()).await.expect("a list").items;
    let mut rows: Vec<String> = rows.iter().map(|row| format!("{} {}", row.action, row.outcome)).collect();
    rows.sort(); // all are of one instant
    let wanted = [
        "api_key.created done",
        "api_key.revoked done",
        "api_key.rotated done",
        "api_key.rotated refused",
        "organization.created done",
    ];
    assert_eq!(rows, wanted, "and nothing of a stranger's attempt");
});

db_test!(a_person_with_nothing_but_a_membership_may_make_a_key, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let kim = member(&s.t.engine, "kim", &[]).await;
    put_in(&s.t.engine, s.org, kim.id, OrganizationRole::Member).await;
    let kim = signs_in(&s.t.engine, "kim", PASSWORD).await.expect("signed in");
    let who: std::sync::Arc<Principal> = principal(&s.t.engine, s.key(&kim).await.token.expose()).await;
    assert_eq!((who.organization, who.groups.len()), (Some(s.org), 0));
});
