//! Organizations: who is in one, as what, and that an active person administers it unless the instance itself took the
//! last one away.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    AccountId, ActorKind, AuditFilter, AuditOutcome, AuditRow, Caller, Code, Credential, Error, KeyExpiry, Member,
    NewApiKey, NewInvitation, Organization, OrganizationId, OrganizationRole, PageRequest, Presented, SignedIn,
    Vestibule,
};

use crate::holders::host;
use crate::people::{live, nobody, sign_up};
use crate::programs::{acting, by_session, key, principal, tokens_of, within_a_second};

pub const EVERYTHING: PageRequest = PageRequest { limit: 100, cursor: None };
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// An organization, and two people in sessions of theirs.
pub struct Two {
    pub t: TestEngine,
    pub org: OrganizationId,
    pub ann: Caller,
    pub bob: Caller,
}

impl Two {
    /// Ann administers it, and Bob is this in it.
    pub async fn with(db: &TestDb, role: OrganizationRole) -> Two {
        let t = TestEngine::new(db).await;
        let ann = person(&t.engine, "ann").await;
        let bob = person(&t.engine, "bob").await;
        let org = make(&t.engine, &ann, "Harbour Works").await;
        put(&t.engine, org, id(&bob), role).await;
        Two { t, org, ann, bob }
    }
}

pub fn id(caller: &Caller) -> AccountId {
    caller.account_id().expect("somebody")
}

/// Somebody who signed up, acting by a session.
pub async fn person(engine: &Vestibule, name: &str) -> Caller {
    by_session(engine, &sign_up(engine, &format!("{name}@example.com")).await).await
}

pub async fn make(engine: &Vestibule, by: &Caller, name: &str) -> OrganizationId {
    engine.create_organization(by, name).await.expect("a person can").id
}

/// Puts an account into an organization.
pub async fn put(engine: &Vestibule, org: OrganizationId, account: AccountId, role: OrganizationRole) {
    let sql = "INSERT INTO organization_members (organization_id, account_id, role, created_at)
               VALUES ($1, $2, $3, $4)";
    let mut tx = engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&org, &account, &role, &engine.now()]).await.expect("inserted");
    tx.commit().await.expect("committed");
}

/// A bot of an organization.
pub async fn bot(engine: &Vestibule, org: OrganizationId, role: OrganizationRole) -> AccountId {
    let (id, now) = (AccountId::fresh(engine.now(), engine.random()), engine.now());
    let sql = "INSERT INTO accounts (id, kind, name, session_version, state, failed_attempts, created_at, updated_at)
               VALUES ($1, 'bot', 'Crane', 1, 'active', 0, $2, $2)";
    let mut tx = engine.db().write().await.expect("a transaction");
    tx.exec(sql, &[&id, &now]).await.expect("inserted");
    tx.commit().await.expect("committed");
    put(engine, org, id, role).await;
    id
}

pub async fn members(engine: &Vestibule, org: OrganizationId) -> Vec<Member> {
    engine.list_members_of_any(org, EVERYTHING).await.expect("a list").items
}

/// Who is in it as what: `ann admin, bob member`.
async fn roles(engine: &Vestibule, org: OrganizationId) -> String {
    let mut all: Vec<String> =
        members(engine, org).await.iter().map(|one| format!("{} {}", one.label(), one.role.as_str())).collect();
    all.sort();
    all.join(", ").replace("@example.com", "")
}

pub async fn orphaned(engine: &Vestibule) -> Vec<Organization> {
    engine.list_organizations(Some(true), EVERYTHING).await.expect("a list").items
}

pub async fn log(engine: &Vestibule, org: OrganizationId) -> Vec<AuditRow> {
    let wanted = AuditFilter { organization: Some(org), ..AuditFilter::default() };
    engine.list_audit(&wanted, EVERYTHING).await.expect("the log").items
}

/// The only row of an action in an organization's log.
async fn row_of(engine: &Vestibule, org: OrganizationId, action: &str) -> AuditRow {
    let mut rows = log(engine, org).await;
    rows.retain(|row| row.action == action);
    assert_eq!(rows.len(), 1, "{action}: {rows:?}");
    rows.remove(0)
}

pub fn is_conflict<T>(outcome: &Result<T, Error>, code: Code) -> bool {
    matches!(outcome, Err(Error::Conflict(found)) if *found == code)
}

fn is_not_admin<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Forbidden(why)) if why.code == Code::OrganizationAdminRequired)
}

async fn close(engine: &Vestibule, who: &SignedIn) -> Result<(), Error> {
    let session = live(engine, who).await.expect("signed in");
    engine.close_account(&acting(&session), &session).await
}

db_test!(whoever_makes_an_organization_administers_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = person(&t.engine, "ann").await;
    let made = t.engine.create_organization(&ann, "  Harbour Works ").await.expect("made");
    assert_eq!((made.name.as_str(), made.role), ("Harbour Works", OrganizationRole::Admin));
    assert_eq!(t.engine.organizations_of(&ann).await.expect("a list"), std::slice::from_ref(&made));
    assert_eq!(t.engine.organization(&ann, made.id).await.expect("hers"), made);
    let kept = t.engine.any_organization(made.id).await.expect("there");
    assert_eq!((kept.created_by, kept.orphaned_at, kept.member_count), (Some(id(&ann)), None, 1));
    make(&t.engine, &ann, "Atelier").await;
    make(&t.engine, &ann, "Harbour Works").await;
    let names: Vec<String> =
        t.engine.organizations_of(&ann).await.expect("a list").into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Atelier", "Harbour Works", "Harbour Works"], "by name, which need not be one's own");
    for blank in ["", "   ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
        let refused = t.engine.create_organization(&ann, blank).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.0[0].code == Code::NameInvalid), "{refused:?}");
    }
    assert!(t.engine.create_organization(&nobody(), "Atelier").await.is_err());
    assert!(t.engine.create_organization(&host(), "Atelier").await.is_err(), "a person makes it");
});

db_test!(a_member_sees_who_is_in_it_and_decides_nothing, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let seen = engine.list_members_of(&bob, org, EVERYTHING).await.expect("a member sees them").items;
    assert_eq!(seen.len(), 2);
    assert_eq!(engine.organization(&bob, org).await.expect("his").role, OrganizationRole::Member);
    assert!(is_not_admin(&engine.change_role(&bob, org, id(&bob), OrganizationRole::Admin).await));
    assert!(is_not_admin(&engine.change_role(&bob, org, id(&ann), OrganizationRole::Member).await));
    assert!(is_not_admin(&engine.remove_member_of(&bob, org, id(&ann)).await));
    assert!(is_not_admin(&engine.remove_member_of(&bob, org, id(&bob)).await), "and is not told to leave instead");
    assert!(is_not_admin(&engine.rename_organization(&bob, org, "").await), "who may not hears that first");
    assert!(is_not_admin(&engine.delete_organization(&bob, org, "Harbour Works").await));
    assert!(is_not_admin(&engine.organization_audit(&bob, org, EVERYTHING).await));
    assert_eq!(roles(engine, org).await, "ann admin, bob member");
    engine.leave_organization(&bob, org).await.expect("a member leaves");
    assert!(matches!(engine.leave_organization(&bob, org).await, Err(Error::NotFound)));
    assert_eq!(roles(engine, org).await, "ann admin");
});

db_test!(roles_are_changed_at_once, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let promoted = engine.change_role(&ann, org, id(&bob), OrganizationRole::Admin).await.expect("promoted");
    assert_eq!((promoted.account_id, promoted.role), (id(&bob), OrganizationRole::Admin));
    engine.rename_organization(&bob, org, "Quay").await.expect("bob administers it now");
    let rows = log(engine, org).await.len();
    engine.change_role(&bob, org, id(&bob), OrganizationRole::Admin).await.expect("he is that already");
    assert_eq!(log(engine, org).await.len(), rows, "nothing was changed, nothing is written down");
    engine.change_role(&bob, org, id(&ann), OrganizationRole::Member).await.expect("demoted by the one she promoted");
    assert!(is_not_admin(&engine.rename_organization(&ann, org, "Mine").await));
    assert_eq!(roles(engine, org).await, "ann member, bob admin");
    let carl = person(engine, "carl").await;
    for stranger in [id(&carl), NOBODY.parse().expect("an id")] {
        let unknown = engine.change_role(&bob, org, stranger, OrganizationRole::Admin).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
        assert!(matches!(engine.remove_member_of(&bob, org, stranger).await, Err(Error::NotFound)));
    }
});

db_test!(the_last_admin_neither_leaves_nor_steps_down_nor_closes_the_account, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let engine = &t.engine;
    let signed_in = sign_up(engine, "ann@example.com").await;
    let (ann, bob) = (by_session(engine, &signed_in).await, person(engine, "bob").await);
    let org = make(engine, &ann, "Harbour Works").await;
    put(engine, org, id(&bob), OrganizationRole::Member).await;
    let refused = async || {
        assert!(is_conflict(&engine.leave_organization(&ann, org).await, Code::LastAdmin));
        let demoted = engine.change_role(&ann, org, id(&ann), OrganizationRole::Member).await;
        assert!(is_conflict(&demoted, Code::LastAdmin));
        assert!(is_conflict(&close(engine, &signed_in).await, Code::LastAdmin));
        assert!(is_conflict(&engine.remove_member_of(&ann, org, id(&ann)).await, Code::UseLeave));
        assert!(engine.account(id(&ann)).await.is_ok() && engine.organization(&ann, org).await.is_ok());
    };
    refused().await;
    let actions = ["member.left", "member.role_changed", "account.closed", "member.removed"];
    for action in actions {
        let wanted = AuditFilter {
            action: Some(action.to_owned()),
            outcome: Some(AuditOutcome::Refused),
            ..AuditFilter::default()
        };
        assert_eq!(engine.list_audit(&wanted, EVERYTHING).await.expect("the log").items.len(), 1, "{action}");
    }
    bot(engine, org, OrganizationRole::Admin).await;
    refused().await;
    engine.change_role(&ann, org, id(&bob), OrganizationRole::Admin).await.expect("promoted");
    engine.disable_account(&host(), id(&bob)).await.expect("disabled");
    refused().await;
    assert!(orphaned(engine).await.is_empty(), "ann still administers it");
    engine.enable_account(&host(), id(&bob)).await.expect("enabled");
    close(engine, &signed_in).await.expect("bob is active again");
    assert_eq!(roles(engine, org).await, "Crane admin, bob admin");
});

db_test!(a_bot_is_never_the_admin_that_remains, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let crane = bot(engine, org, OrganizationRole::Admin).await;
    assert!(is_conflict(&engine.leave_organization(&ann, org).await, Code::LastAdmin));
    engine.change_role(&ann, org, crane, OrganizationRole::Member).await.expect("a bot steps down whenever");
    engine.change_role(&ann, org, crane, OrganizationRole::Admin).await.expect("and up");
    let by_bot = Caller { actor: nobody().acting_as(crane, "Crane".into()).actor, credential: None, ..nobody() };
    let left = engine.leave_organization(&by_bot, org).await;
    assert!(matches!(left, Err(Error::Denied(Code::SessionRequired))), "a bot is of its organization: {left:?}");
    engine.disable_account(&host(), id(&ann)).await.expect("disabled");
    assert_eq!(orphaned(engine).await.len(), 1, "the bot does not count");
    let promoted = engine.change_role(&by_bot, org, id(&bob), OrganizationRole::Admin).await;
    assert!(
        matches!(promoted, Err(Error::Denied(_))),
        "nor does it make admins, who would be its owner's: {promoted:?}"
    );
    engine.name_admin(&host(), org, id(&bob)).await.expect("the instance does");
    assert!(orphaned(engine).await.is_empty(), "somebody administers it again");
    assert!(log(engine, org).await.iter().any(|row| row.action == "organization.adopted"));
    engine.remove_member_of(&bob, org, crane).await.expect("a bot is taken out whenever");
    assert!(matches!(engine.account(crane).await, Err(Error::NotFound)), "it was of nothing else");
});

db_test!(what_the_instance_takes_away_leaves_an_orphan_until_it_has_an_admin_again, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let other = make(engine, &bob, "Quay").await;
    let name = async |org, account| engine.name_admin(&host(), org, account).await;
    assert!(is_conflict(&name(org, id(&bob)).await, Code::OrganizationNotOrphaned));
    engine.disable_account(&host(), id(&ann)).await.expect("always");
    let [orphan] = <[Organization; 1]>::try_from(orphaned(engine).await).expect("one");
    assert_eq!((orphan.id, orphan.orphaned_at), (org, Some(engine.now())));
    let administered = engine.list_organizations(Some(false), EVERYTHING).await.expect("a list").items;
    assert_eq!(administered.iter().map(|one| one.id).collect::<Vec<_>>(), [other]);
    assert_eq!(engine.list_organizations(None, EVERYTHING).await.expect("a list").items.len(), 2);
    assert_eq!(row_of(engine, org, "organization.orphaned").await.actor_kind, ActorKind::Host);
    engine.enable_account(&host(), id(&ann)).await.expect("enabled");
    assert!(orphaned(engine).await.is_empty(), "she is back");

    engine.delete_account(&host(), id(&ann)).await.expect("always");
    assert_eq!(orphaned(engine).await.len(), 1);
    assert_eq!(engine.any_organization(org).await.expect("it stays").created_by, None);
    let crane = bot(engine, org, OrganizationRole::Member).await;
    for nobody in [NOBODY.parse().expect("an id"), crane] {
        let refused = name(org, nobody).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.0[0].code == Code::AccountUnknown), "{refused:?}");
    }
    let carl = person(engine, "carl").await;
    engine.disable_account(&host(), id(&carl)).await.expect("disabled");
    assert!(matches!(name(org, id(&carl)).await, Err(Error::Invalid(_))), "only somebody active");
    let by_bob = name_by(engine, &bob, org).await;
    assert!(matches!(by_bob, Err(Error::Forbidden(ref why)) if why.permission == "update:organizations"));
    name(org, id(&bob)).await.expect("he is in it, and administers it from now on");
    assert_eq!(roles(engine, org).await, "Crane member, bob admin");
    assert!(orphaned(engine).await.is_empty());
    assert!(is_conflict(&name(org, id(&bob)).await, Code::OrganizationNotOrphaned));
    let done = async |action: &str| {
        let rows = log(engine, org).await;
        rows.iter().filter(|row| row.action == action && row.outcome == AuditOutcome::Done).count()
    };
    assert_eq!(done("organization.admin_named").await, 1);
    assert_eq!(done("organization.adopted").await, 2, "by enabling, and by naming");
    engine.delete_account(&host(), id(&bob)).await.expect("always");
    let dora = person(engine, "dora").await;
    name(org, id(&dora)).await.expect("whoever was not in it joins");
    assert_eq!(roles(engine, org).await, "Crane member, dora admin");
});

async fn name_by(engine: &Vestibule, by: &Caller, org: OrganizationId) -> Result<(), Error> {
    engine.name_admin(by, org, id(by)).await
}

db_test!(whoever_goes_loses_the_keys_of_that_organization_and_no_others, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    let engine = &t.engine;
    let ann = person(engine, "ann").await;
    let signed_in = sign_up(engine, "bob@example.com").await;
    let bob = by_session(engine, &signed_in).await;
    let (org, other) = (make(engine, &ann, "Harbour Works").await, make(engine, &bob, "Quay").await);
    let new = || NewApiKey { name: "A key".into(), permissions: None, expiry: KeyExpiry::Usual };
    for by_leaving in [false, true] {
        put(engine, org, id(&bob), OrganizationRole::Member).await;
        let in_org = engine.create_organization_key(&bob, org, new()).await.expect("a member's");
        let in_other = engine.create_organization_key(&bob, other, new()).await.expect("his");
        let own = key(engine, &signed_in, None).await;
        let opens = async |engine: &Vestibule, key: &vestibule::CreatedApiKey| {
            matches!(engine.principal(key.token.expose()).await.expect("an answer"), Presented::Live(_))
        };
        for key in [&in_org, &in_other, &own] {
            assert!(opens(engine, key).await && opens(&there.engine, key).await);
        }
        assert!(is_not_admin(&engine.remove_member_of(&bob, org, id(&ann)).await));
        match by_leaving {
            true => engine.leave_organization(&bob, org).await.expect("left"),
            false => engine.remove_member_of(&ann, org, id(&bob)).await.expect("taken out"),
        }
        assert!(!opens(engine, &in_org).await, "at once");
        within_a_second("the key is dead there", async || !opens(&there.engine, &in_org).await).await;
        assert!(opens(engine, &in_other).await && opens(engine, &own).await, "the others live");
        assert!(live(engine, &signed_in).await.is_some(), "and so does the session");
        let action = if by_leaving { "member.left" } else { "member.removed" };
        let mut rows = log(engine, org).await;
        rows.retain(|row| row.action == action && row.details.0["api_keys_revoked"] == 1);
        assert_eq!(rows.len(), 1, "{rows:?}");
        put(engine, org, id(&bob), OrganizationRole::Member).await;
        assert!(!opens(engine, &in_org).await, "who comes back does not have it again");
        engine.leave_organization(&bob, org).await.expect("left");
    }
});

db_test!(keys_and_tokens_act_by_the_role_of_their_account_unless_they_are_limited, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let engine = &t.engine;
    let signed_in = sign_up(engine, "ann@example.com").await;
    let ann = by_session(engine, &signed_in).await;
    let (org, other) = (make(engine, &ann, "Harbour Works").await, make(engine, &ann, "Quay").await);
    let bob = person(engine, "bob").await;
    put(engine, org, id(&bob), OrganizationRole::Member).await;
    let by = async |token: &str| acting(&*principal(engine, token).await);
    let jwt = by(crate::programs::jwt(&tokens_of(engine, &signed_in).await)).await;
    assert!(matches!(jwt.credential, Some(Credential::AccessToken(_))));
    let whole = by(key(engine, &signed_in, None).await.token.expose()).await;
    for program in [&jwt, &whole] {
        engine.rename_organization(program, org, "Renamed").await.expect("its account administers it");
        assert_eq!(engine.organizations_of(program).await.expect("a list").len(), 2);
        for refused in [
            engine.create_organization(program, "Mine").await.map(drop),
            engine.delete_organization(program, org, "Renamed").await,
            engine.change_role(program, org, id(&ann), OrganizationRole::Admin).await.map(drop),
            engine.remove_member_of(program, org, id(&bob)).await,
            engine.create_invitation(program, org, NewInvitation::default()).await.map(drop),
        ] {
            assert!(matches!(refused, Err(Error::Denied(Code::SessionRequired))), "{refused:?}");
        }
    }
    let limited = by(key(engine, &signed_in, Some(&[])).await.token.expose()).await;
    for refused in [
        engine.organization(&limited, org).await.map(drop),
        engine.organizations_of(&limited).await.map(drop),
        engine.list_members_of(&limited, org, EVERYTHING).await.map(drop),
        engine.rename_organization(&limited, org, "Limited").await,
        engine.change_role(&limited, org, id(&ann), OrganizationRole::Member).await.map(drop),
        engine.leave_organization(&limited, org).await,
        engine.organization_audit(&limited, org, EVERYTHING).await.map(drop),
    ] {
        let why = |why: &vestibule::Forbidden| (why.code, why.permission.clone());
        let says = match &refused {
            Err(Error::Forbidden(forbidden)) => why(forbidden),
            other => panic!("{other:?}"),
        };
        assert_eq!(says, (Code::PermissionRequired, "organizations".to_owned()));
    }
    let new = NewApiKey { name: "A key".into(), permissions: None, expiry: KeyExpiry::Usual };
    let of_one = engine.create_organization_key(&ann, org, new).await.expect("hers");
    let of_one = by(of_one.token.expose()).await;
    assert_eq!(engine.organization(&of_one, org).await.expect("its own").id, org);
    assert!(matches!(engine.organization(&of_one, other).await, Err(Error::NotFound)), "it is nobody elsewhere");
    let only: Vec<OrganizationId> =
        engine.organizations_of(&of_one).await.expect("a list").into_iter().map(|one| one.id).collect();
    assert_eq!(only, [org]);
    engine.end_all_sessions(&host(), id(&ann)).await.expect("ended");
    let dead = engine.rename_organization(&ann, org, "Dead").await;
    assert!(matches!(dead, Err(Error::Denied(Code::Unauthenticated))), "{dead:?}");
});

db_test!(one_from_elsewhere_finds_what_nobody_finds, |db: TestDb| async move {
    let Two { t, org, ann, .. } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let eve = person(engine, "eve").await;
    let hers = make(engine, &eve, "Eve's").await;
    for foreign in [org, NOBODY.parse().expect("an id")] {
        for found in [
            engine.organization(&eve, foreign).await.map(drop),
            engine.list_members_of(&eve, foreign, EVERYTHING).await.map(drop),
            engine.rename_organization(&eve, foreign, "Mine").await,
            engine.delete_organization(&eve, foreign, "Harbour Works").await,
            engine.change_role(&eve, foreign, id(&eve), OrganizationRole::Admin).await.map(drop),
            engine.change_role(&eve, foreign, id(&ann), OrganizationRole::Member).await.map(drop),
            engine.remove_member_of(&eve, foreign, id(&ann)).await,
            engine.remove_member_of(&eve, foreign, id(&eve)).await,
            engine.leave_organization(&eve, foreign).await,
            engine.organization_audit(&eve, foreign, EVERYTHING).await.map(drop),
        ] {
            assert!(matches!(found, Err(Error::NotFound)), "{found:?}");
        }
        for refused in
            [engine.delete_any_organization(&eve, foreign).await, engine.name_admin(&eve, foreign, id(&eve)).await]
        {
            assert!(matches!(refused, Err(Error::Forbidden(_))), "alike, whether it is there or not: {refused:?}");
        }
    }
    for account in [id(&ann), NOBODY.parse().expect("an id")] {
        assert!(matches!(engine.remove_member_of(&eve, hers, account).await, Err(Error::NotFound)));
    }
    assert_eq!(roles(engine, org).await, "ann admin, bob member");
    let told = AuditFilter { about: Some(id(&eve)), ..AuditFilter::default() };
    let told = engine.list_audit(&told, EVERYTHING).await.expect("the log").items;
    assert_eq!(told.iter().filter(|row| row.outcome == AuditOutcome::Refused).count(), 4, "her own refusals");
    let leaks = |row: &AuditRow| format!("{row:?}").contains("Harbour") || format!("{row:?}").contains("ann@");
    assert!(!told.iter().any(leaks), "nothing of what is not hers: {told:?}");
    assert!(!log(engine, org).await.iter().any(|row| row.actor_id == Some(id(&eve).0)), "nor do they hear of her");
});

db_test!(a_refusal_in_an_organization_says_who_tried_what_on_whom, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let eve = person(engine, "eve").await;
    assert!(is_not_admin(&engine.remove_member_of(&bob, org, id(&ann)).await));
    let row = row_of(engine, org, "member.removed").await;
    assert_eq!(row.outcome, AuditOutcome::Refused);
    assert_eq!((row.actor_id, row.target_id), (Some(id(&bob).0), Some(id(&ann).0)));
    assert_eq!(row.target_label.as_deref(), Some("ann@example.com"));
    t.clock.advance(std::time::Duration::from_secs(1));
    assert!(is_not_admin(&engine.remove_member_of(&bob, org, id(&eve)).await));
    let row = &log(engine, org).await[0];
    assert_eq!((row.target_id, row.target_label.as_deref()), (Some(id(&eve).0), Some("")), "no label of a stranger");
});

db_test!(an_organization_is_deleted_by_its_name_with_all_that_is_in_it, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let crane = bot(engine, org, OrganizationRole::Member).await;
    let new = NewApiKey { name: "A key".into(), permissions: None, expiry: KeyExpiry::Usual };
    let of_bob = engine.create_organization_key(&bob, org, new).await.expect("his");
    for wrong in ["", "harbour works", "Harbour", "Harbour Works!"] {
        let refused = engine.delete_organization(&ann, org, wrong).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.0[0].code == Code::NameMismatch), "{refused:?}");
    }
    principal(engine, of_bob.token.expose()).await;
    engine.delete_organization(&ann, org, " Harbour Works ").await.expect("its name");
    assert!(matches!(engine.any_organization(org).await, Err(Error::NotFound)));
    assert!(matches!(engine.account(crane).await, Err(Error::NotFound)), "the bot was of nothing else");
    assert!(!matches!(engine.principal(of_bob.token.expose()).await, Ok(Presented::Live(_))), "at once");
    assert!(engine.account(id(&bob)).await.is_ok() && engine.organizations_of(&bob).await.expect("a list").is_empty());
    assert_eq!(row_of(engine, org, "organization.deleted").await.target_label.as_deref(), Some("Harbour Works"));
    let second = make(engine, &ann, "Quay").await;
    engine.delete_any_organization(&host(), second).await.expect("the host can");
    assert!(matches!(engine.organization(&ann, second).await, Err(Error::NotFound)));
    assert!(matches!(engine.delete_any_organization(&host(), second).await, Err(Error::NotFound)));
});

db_test!(one_is_in_so_many_organizations_at_most, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = person(&t.engine, "ann").await;
    let mut last = None;
    for n in 0..100 {
        last = Some(make(&t.engine, &ann, &format!("No. {n}")).await);
    }
    assert!(is_conflict(&t.engine.create_organization(&ann, "One more").await, Code::TooManyOrganizations));
    t.engine.delete_organization(&ann, last.expect("made"), "No. 99").await.expect("deleted");
    make(&t.engine, &ann, "One more").await;
});

db_test!(an_admin_reads_the_log_without_where_others_acted_from, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Admin).await;
    let engine = &t.engine;
    let from = |caller: &Caller, ip: &str| Caller { ip: Some(ip.parse().expect("an address")), ..caller.clone() };
    t.clock.advance(std::time::Duration::from_secs(1));
    engine.rename_organization(&from(&ann, "192.0.2.1"), org, "One").await.expect("renamed");
    t.clock.advance(std::time::Duration::from_secs(1));
    engine.rename_organization(&from(&bob, "192.0.2.2"), org, "Two").await.expect("renamed");
    make(engine, &ann, "Elsewhere").await;
    let rows = engine.organization_audit(&ann, org, EVERYTHING).await.expect("hers").items;
    assert!(rows.iter().all(|row| row.organization_id == Some(org)), "this organization's alone");
    let ips: Vec<Option<&str>> = rows.iter().map(|row| row.ip.as_deref()).collect();
    assert_eq!(ips, [None, Some("192.0.2.1"), None]);
    let first = engine.organization_audit(&ann, org, PageRequest { limit: 2, cursor: None }).await.expect("a page");
    let next = PageRequest::parse(Some("2"), first.next_cursor.as_deref()).expect("a cursor");
    let rest = engine.organization_audit(&ann, org, next).await.expect("a page");
    assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
});

db_test!(an_export_names_what_one_is_in_and_was_taken_out_of, |db: TestDb| async move {
    let Two { t, org, ann, bob } = Two::with(&db, OrganizationRole::Member).await;
    let engine = &t.engine;
    let export = async |who: &Caller| engine.export(id(who)).await.expect("an export");
    let told = export(&bob).await;
    assert_eq!(
        (&told["organizations"][0]["name"], &told["organizations"][0]["role"]),
        (&"Harbour Works".into(), &"member".into())
    );
    engine.remove_member_of(&ann, org, id(&bob)).await.expect("taken out");
    let told = export(&bob).await;
    assert_eq!(told["organizations"], serde_json::json!([]));
    assert_eq!(told["taken_out_of_organizations"][0]["organization_id"], serde_json::json!(org));
    assert_eq!(export(&ann).await["organizations"][0]["role"], "admin");
});

/// Whether the account is in use and a person's.
pub fn is_active_person(member: &Member) -> bool {
    member.is_active && member.kind == vestibule::AccountKind::Human
}

#[test]
fn a_role_is_written_as_it_is_read() {
    for role in [OrganizationRole::Member, OrganizationRole::Admin] {
        assert_eq!(role.as_str().parse::<OrganizationRole>(), Ok(role));
    }
    assert!("owner".parse::<OrganizationRole>().is_err());
}
