//! API keys: worth what they say and what their owner may at that moment, until they end, are given another secret or
//! are revoked.

use std::sync::Arc;
use std::time::Duration;

use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    ApiKeyId, Code, CreatedApiKey, Credential, Error, GroupEdit, KeyExpiry, MailKind, MailRequest, NewApiKey,
    PageRequest, Presented, Presenter, Question, SignedIn, Stated, VerifyEmail, Vestibule,
};

use crate::holders::{cloud_costs, group, holder, host, member, permission, permissions};
use crate::people::{PASSWORD, administrator, by, count_mailed, live, mailed, nobody, sign_up, signs_in};
use crate::programs::{
    acting, by_session, heard, jwt, key, opens, principal, tokens_for_password, tokens_of, within_a_second,
};

const TICK: Duration = Duration::from_micros(1);
const HOUR: Duration = Duration::from_secs(3600);

fn named(name: &str) -> NewApiKey {
    NewApiKey { name: name.to_owned(), ..NewApiKey::default() }
}

async fn make(engine: &Vestibule, who: &SignedIn, new: NewApiKey) -> Result<CreatedApiKey, Error> {
    engine.create_api_key(&by_session(engine, who).await, who.account.account.id, new).await
}

async fn rotate(engine: &Vestibule, who: &SignedIn, id: ApiKeyId, grace: Duration) -> Result<CreatedApiKey, Error> {
    engine.rotate_api_key(&by_session(engine, who).await, who.account.account.id, id, grace).await
}

async fn presented(engine: &Vestibule, token: &vestibule::Secret) -> &'static str {
    match engine.principal(token.expose()).await.expect("an answer") {
        Presented::Live(_) => "live",
        Presented::Revoked => "revoked",
        Presented::Expired => "expired",
        Presented::Unknown => "unknown",
    }
}

/// Whether a key may view plans.
async fn views_plans(engine: &Vestibule, key: &CreatedApiKey) -> bool {
    match engine.principal(key.token.expose()).await.expect("an answer") {
        Presented::Live(who) => who.allows(&Question::new("view", "plans")),
        Presented::Revoked | Presented::Expired | Presented::Unknown => false,
    }
}

/// What takes a permission from somebody.
#[derive(Clone, Copy, Debug)]
enum Loss {
    GroupLowered,
    MemberRemoved,
    GrantRevoked,
    Disabled,
    Deleted,
}

db_test!(a_key_never_exceeds_its_owner_here_at_once_and_there_within_a_second, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    let there = t.second_node().await;
    for (n, loss) in [Loss::GroupLowered, Loss::MemberRemoved, Loss::GrantRevoked, Loss::Disabled, Loss::Deleted]
        .into_iter()
        .enumerate()
    {
        let name = format!("ann{n}");
        let viewers = group(&t.engine, &format!("viewers{n}"), &["view:plans"], "all").await;
        let ann = match loss {
            Loss::GrantRevoked => {
                let ann = member(&t.engine, &name, &[vestibule::MEMBERS]).await;
                t.engine.grant_permission(&host(), ann.id, permission("view:plans")).await.expect("the host can");
                ann
            }
            Loss::GroupLowered | Loss::MemberRemoved | Loss::Disabled | Loss::Deleted => {
                member(&t.engine, &name, &[viewers]).await
            }
        };
        let signed_in = signs_in(&t.engine, &name, PASSWORD).await.expect("signed in");
        let keys = [key(&t.engine, &signed_in, None).await, key(&t.engine, &signed_in, Some(&["view:plans"])).await];
        for key in &keys {
            assert!(views_plans(&t.engine, key).await && views_plans(&there.engine, key).await, "{loss:?}");
        }
        let edit = || GroupEdit { permissions: Some(permissions(&["view:history"])), ..GroupEdit::default() };
        match loss {
            Loss::GroupLowered => drop(t.engine.edit_group(&host(), viewers, edit()).await.expect("lowered")),
            Loss::MemberRemoved => t.engine.remove_member(&host(), viewers, ann.id).await.expect("removed"),
            Loss::GrantRevoked => {
                let gone = permission("view:plans");
                t.engine.revoke_permission(&host(), ann.id, &gone).await.expect("revoked");
            }
            Loss::Disabled => drop(t.engine.disable_account(&host(), ann.id).await.expect("disabled")),
            Loss::Deleted => t.engine.delete_account(&host(), ann.id).await.expect("deleted"),
        }
        for key in &keys {
            assert!(!views_plans(&t.engine, key).await, "{loss:?}: at once");
        }
        for key in &keys {
            within_a_second(&format!("{loss:?}"), async || !views_plans(&there.engine, key).await).await;
        }
    }
});

db_test!(a_key_may_what_it_says_and_its_owner_may_and_nothing_else, |db: TestDb| async move {
    let t = cloud_costs(&db).await;
    holder(&t.engine, "ann", &["view:plans", "view:history", "update:plans {\"max_amount\": 100}"], "all").await;
    let ann = signs_in(&t.engine, "ann", PASSWORD).await.expect("signed in");
    let may = async |key: &CreatedApiKey| {
        let who = principal(&t.engine, key.token.expose()).await;
        assert_eq!(who.credential, Credential::ApiKey(key.key.id));
        let asked = ["view:plans", "view:history", "update:plans"];
        asked.map(|asked| {
            let (action, resource) = asked.split_once(':').expect("both");
            let stated = Stated::nothing().with_quantity("amount", 50.0);
            who.allows(&Question { stated: &stated, ..Question::new(action, resource) })
        })
    };
    assert_eq!(may(&key(&t.engine, &ann, None).await).await, [true, true, true], "all that its owner may");
    assert_eq!(may(&key(&t.engine, &ann, Some(&[])).await).await, [false, false, false], "an empty list is nothing");
    assert_eq!(may(&key(&t.engine, &ann, Some(&["view:plans"])).await).await, [true, false, false]);
    let small = ["update:plans {\"max_amount\": 10}"];
    assert_eq!(may(&key(&t.engine, &ann, Some(&small)).await).await, [false, false, false], "50 is beyond 10");
    for beyond in ["delete:plans", "view:*", "admin:*", "update:plans", "execute:purchases"] {
        let new = NewApiKey { permissions: Some(permissions(&[beyond])), ..named("more") };
        let refused = make(&t.engine, &ann, new).await;
        assert!(matches!(&refused, Err(Error::Forbidden(why)) if why.code == Code::Ceiling), "{beyond}: {refused:?}");
    }
});

db_test!(an_old_secret_is_good_until_its_end_exactly, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let first = key(&t.engine, &ann, None).await;
    assert_eq!(presented(&t.engine, &first.token).await, "live");
    let second = rotate(&t.engine, &ann, first.key.id, HOUR).await.expect("rotated");
    assert_eq!((second.key.id, second.key.expires_at), (first.key.id, first.key.expires_at), "the same key");
    assert_ne!(second.key.prefix, first.key.prefix);
    for moved in [Duration::ZERO, HOUR - TICK] {
        t.clock.advance(moved);
        heard(&t).await;
        assert_eq!(presented(&t.engine, &first.token).await, "live");
        assert_eq!(presented(&t.engine, &second.token).await, "live");
    }
    t.clock.advance(TICK);
    assert_eq!(presented(&t.engine, &first.token).await, "expired", "at its end");
    assert_eq!(presented(&t.engine, &second.token).await, "live");
    let third = rotate(&t.engine, &ann, first.key.id, Duration::ZERO).await.expect("rotated");
    assert_ne!(presented(&t.engine, &second.token).await, "live", "no grace: at once");
    assert_eq!(presented(&t.engine, &third.token).await, "live");
    let long = rotate(&t.engine, &ann, first.key.id, 7 * 24 * HOUR + Duration::from_secs(1)).await;
    assert!(matches!(long, Err(Error::Invalid(_))), "{long:?}");
    t.engine
        .revoke_api_key(&by_session(&t.engine, &ann).await, ann.account.account.id, third.key.id)
        .await
        .expect("revoked");
    assert_eq!(presented(&t.engine, &third.token).await, "revoked");
    assert_eq!(presented(&t.engine, &second.token).await, "revoked", "and so is the secret before it");
    let ended = rotate(&t.engine, &ann, first.key.id, HOUR).await;
    assert!(matches!(ended, Err(Error::Conflict(Code::KeyEnded))), "revoked is final: {ended:?}");
});

db_test!(a_key_ends_at_its_end_exactly, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let end = t.engine.now().plus(HOUR);
    let made = make(&t.engine, &ann, NewApiKey { expiry: KeyExpiry::At(end), ..named("An hour") }).await.expect("made");
    let rotated = rotate(&t.engine, &ann, made.key.id, 2 * HOUR).await.expect("rotated");
    t.clock.advance(HOUR - TICK);
    heard(&t).await;
    for token in [&made.token, &rotated.token] {
        assert_eq!(presented(&t.engine, token).await, "live");
    }
    t.clock.advance(TICK);
    for token in [&made.token, &rotated.token] {
        assert_eq!(presented(&t.engine, token).await, "expired", "no grace outlives the key");
    }
    let too_far = t.engine.now().plus(366 * 24 * HOUR);
    for expiry in [KeyExpiry::Never, KeyExpiry::At(t.engine.now()), KeyExpiry::At(end), KeyExpiry::At(too_far)] {
        let refused = make(&t.engine, &ann, NewApiKey { expiry, ..named("Never") }).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{expiry:?}: {refused:?}");
    }
    let usual = make(&t.engine, &ann, named("Usual")).await.expect("made").key;
    assert_eq!(usual.expires_at, Some(t.engine.now().plus(365 * 24 * HOUR)));
});

db_test!(a_use_racing_a_revocation_never_leaves_the_dead_key_cached, |db: TestDb| async move {
    let t = TestEngine::system_clock(&db).await;
    let there = t.second_node().await;
    let ann = Arc::new(sign_up(&t.engine, "ann@example.com").await);
    let caller = by_session(&t.engine, &ann).await;
    for round in 0..25 {
        let made = Arc::new(key(&t.engine, &ann, None).await);
        race(8, |i| {
            let (engine, made, caller) = (t.engine.clone(), made.clone(), caller.clone());
            async move {
                if i == 3 {
                    engine.revoke_api_key(&caller, made.key.account_id, made.key.id).await.expect("revoked");
                    assert_eq!(presented(&engine, &made.token).await, "revoked", "from the moment of the answer");
                } else {
                    for _ in 0..20 {
                        presented(&engine, &made.token).await;
                    }
                }
            }
        })
        .await;
        assert_eq!(presented(&t.engine, &made.token).await, "revoked", "round {round}");
        within_a_second("there", async || presented(&there.engine, &made.token).await == "revoked").await;
    }
});

db_test!(rotations_at_once_leave_one_secret_and_one_before_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let caller = by_session(&t.engine, &ann).await;
    for _ in 0..10 {
        let made = key(&t.engine, &ann, None).await.key;
        let rotated = race(8, |_| {
            let (engine, caller) = (t.engine.clone(), caller.clone());
            async move { engine.rotate_api_key(&caller, made.account_id, made.id, HOUR).await.expect("rotated").token }
        })
        .await;
        let mut live = 0;
        for token in &rotated {
            live += usize::from(opens(&t.engine, token.expose()).await);
        }
        assert_eq!(live, 2, "the newest and the one before it");
    }
});

db_test!(only_its_owner_signed_in_makes_changes_or_ends_a_key, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let admin = signs_in(&t.engine, "root", PASSWORD).await.expect("signed in");
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let id = ann.account.account.id;
    let made = key(&t.engine, &ann, None).await;
    let by_key = acting(principal(&t.engine, made.token.expose()).await.as_ref());
    let by_token = acting(principal(&t.engine, jwt(&tokens_of(&t.engine, &ann).await)).await.as_ref());
    let others = [
        (by_key, Code::SessionRequired),
        (by_token, Code::SessionRequired),
        (by_session(&t.engine, &admin).await, Code::Unauthenticated),
        (by(&root), Code::Unauthenticated),
        (by(&ann.account.account), Code::Unauthenticated),
        (nobody(), Code::Unauthenticated),
    ];
    for (caller, code) in &others {
        let made_another = t.engine.create_api_key(caller, id, named("more")).await.map(drop);
        let rotated = t.engine.rotate_api_key(caller, id, made.key.id, HOUR).await.map(drop);
        let revoked = t.engine.revoke_api_key(caller, id, made.key.id).await;
        for tried in [made_another, rotated, revoked] {
            assert!(matches!(&tried, Err(Error::Denied(why)) if why == code), "{caller:?}: {tried:?}");
        }
    }
    assert_eq!(
        t.engine.list_api_keys(id, PageRequest::first()).await.expect("a list").items,
        std::slice::from_ref(&made.key)
    );
    assert_eq!(presented(&t.engine, &made.token).await, "live");
    let foreign = t.engine.revoke_api_key(&by_session(&t.engine, &admin).await, root.id, made.key.id).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "another's key is not found");
    t.engine.revoke_api_key(&host(), id, made.key.id).await.expect("the host ends any");
    t.engine.create_api_key(&host(), id, named("of the host")).await.expect("and makes any");
});

db_test!(a_strangers_key_and_chain_die_when_the_owner_of_the_address_proves_it, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let squatter = sign_up(&t.engine, "ann@example.com").await;
    let made = key(&t.engine, &squatter, None).await;
    let rotated = rotate(&t.engine, &squatter, made.key.id, 24 * HOUR).await.expect("rotated");
    let chains = [tokens_of(&t.engine, &squatter).await, tokens_for_password(&t.engine, "ann@example.com").await];
    assert!(opens(&t.engine, made.token.expose()).await && opens(&t.engine, jwt(&chains[1])).await);
    t.clock.advance(Duration::from_secs(2)); // so that this mail is the newest
    t.engine.ask_by_mail(&nobody(), "ann@example.com", MailRequest::EmailVerify).await.expect("asked");
    let link = mailed(&t.engine, "ann@example.com", MailKind::VerifyEmail).await;
    let verified = t.engine.verify_email(&nobody(), &link, Presenter::default()).await.expect("an answer");
    let VerifyEmail::Done(Some(ann)) = verified else { panic!("the link signs in: {verified:?}") };
    for token in [&made.token, &rotated.token] {
        assert!(!opens(&t.engine, token.expose()).await, "the stranger's key");
    }
    for chain in &chains {
        crate::programs::assert_dead(&t.engine, chain, "the stranger's chain").await;
    }
    assert!(opens(&t.engine, jwt(&tokens_of(&t.engine, &ann).await)).await, "its owner's is good");
});

db_test!(a_change_of_password_ends_keys_only_if_it_is_asked_to, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let made = key(&t.engine, &ann, None).await;
    let vestibule::ChangePassword::Done(ann) =
        crate::people::change_password(&t.engine, &ann, crate::people::OTHER).await
    else {
        panic!("the password is right")
    };
    assert_eq!(presented(&t.engine, &made.token).await, "live");
    let session = live(&t.engine, &ann).await.expect("signed in");
    let change = vestibule::PasswordChange {
        current: crate::people::OTHER.into(),
        new: "willow-Anchor-9-fig".into(),
        revoke_api_keys: true,
    };
    t.engine.change_password(&acting(&session), &session, change).await.expect("changed");
    assert_eq!(presented(&t.engine, &made.token).await, "revoked");
});

db_test!(a_new_key_is_mailed_about_its_uses_are_noted_and_there_is_an_end_to_their_number, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let made = key(&t.engine, &ann, None).await;
    let id = ann.account.account.id;
    assert_eq!(count_mailed(&t.engine, "ann@example.com", MailKind::ApiKeyCreated).await, 1);
    t.engine.rotate_api_key(&by_session(&t.engine, &ann).await, id, made.key.id, HOUR).await.expect("rotated");
    assert_eq!(count_mailed(&t.engine, "ann@example.com", MailKind::ApiKeyRotated).await, 1);
    assert_eq!(made.key.last_used_at, None);
    t.clock.advance(HOUR - Duration::from_secs(1));
    assert!(opens(&t.engine, made.token.expose()).await);
    t.engine.introspect(made.token.expose()).await.expect("asking is no use");
    t.engine.flush_touches().await.expect("written");
    let keys = t.engine.list_api_keys(id, PageRequest::first()).await.expect("a list").items;
    assert_eq!(keys[0].last_used_at, Some(t.engine.now()));
    for n in 1..100 {
        make(&t.engine, &ann, named(&format!("{n}"))).await.expect("up to a hundred");
    }
    let full = make(&t.engine, &ann, named("one more")).await;
    assert!(matches!(full, Err(Error::Conflict(Code::TooManyKeys))), "{full:?}");
    t.engine.revoke_api_key(&by_session(&t.engine, &ann).await, id, made.key.id).await.expect("revoked");
    make(&t.engine, &ann, named("one more")).await.expect("a revoked one does not count");
});
