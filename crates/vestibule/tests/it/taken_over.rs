//! Whoever took an account over counts as having made it: one person alone does not first take over and then give.

use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    Account, AccountId, BreakGlass, Code, Error, GroupId, MEMBERS, NewAdministrator, RedeemToken, UserEdit, Vestibule,
};

use crate::holders::{EXECUTE, cloud_costs, may, member, policy_group};
use crate::people::{OTHER, PASSWORD, administrator, by, nobody, signs_in};

/// An administrator, somebody who holds nothing and whom nobody made, and the group that holds what is explicit.
async fn scene(db: &TestDb) -> (TestEngine, Account, Account, GroupId) {
    let t = cloud_costs(db).await;
    let ann = administrator(&t.engine, "ann").await.account;
    let victim = member(&t.engine, "victim", &[MEMBERS]).await;
    let purchaser = policy_group(&t.engine, "purchaser").await;
    (t, ann, victim, purchaser)
}

async fn is_not_given(engine: &Vestibule, from: &Account, group: GroupId, to: AccountId) {
    let given = engine.add_member(&by(from), group, to, BreakGlass::No).await;
    let Err(Error::Forbidden(why)) = given else { panic!("given: {given:?}") };
    assert_eq!((why.code, why.permission.as_str()), (Code::Ceiling, EXECUTE));
    assert!(!may(engine, to, EXECUTE).await);
}

db_test!(whoever_set_the_password_does_not_give, |db: TestDb| async move {
    let (t, ann, victim, purchaser) = scene(&db).await;
    t.engine.set_password(&by(&ann), victim.id, OTHER.into()).await.expect("the victim holds nothing yet");
    is_not_given(&t.engine, &ann, purchaser, victim.id).await;
});

db_test!(whoever_was_shown_the_link_does_not_give, |db: TestDb| async move {
    let (t, ann, victim, purchaser) = scene(&db).await;
    let url = t.engine.show_reset_link(&by(&ann), victim.id).await.expect("shown");
    let token = url.split_once("?token=").expect("a link").1;
    let reset = t.engine.reset_password(&nobody(), token, OTHER.into(), None).await.expect("an answer");
    assert_eq!(reset, RedeemToken::Done);
    is_not_given(&t.engine, &ann, purchaser, victim.id).await;
});

db_test!(nobody_changes_the_address_and_gives_in_one_edit, |db: TestDb| async move {
    let (t, ann, victim, purchaser) = scene(&db).await;
    let edit = UserEdit {
        email: Some("ann-too@example.com".into()),
        group_ids: Some(vec![MEMBERS, purchaser]),
        ..UserEdit::default()
    };
    let edited = t.engine.edit_user(&by(&ann), victim.id, edit).await;
    assert!(matches!(&edited, Err(Error::Forbidden(why)) if why.code == Code::Ceiling), "{edited:?}");
    assert!(!may(&t.engine, victim.id, EXECUTE).await);
    assert_eq!(t.engine.account(victim.id).await.expect("there").account.email, victim.email, "nothing was done");
});

db_test!(whoever_changed_the_address_does_not_give_later, |db: TestDb| async move {
    let (t, ann, victim, purchaser) = scene(&db).await;
    let edit = UserEdit { email: Some("ann-too@example.com".into()), ..UserEdit::default() };
    t.engine.edit_user(&by(&ann), victim.id, edit).await.expect("holds nothing yet");
    is_not_given(&t.engine, &ann, purchaser, victim.id).await;
});

db_test!(an_administrator_who_was_taken_over_gives_nothing_to_whoever_did_it, |db: TestDb| async move {
    let (t, ann, _, purchaser) = scene(&db).await;
    let rob = administrator(&t.engine, "rob").await.account;
    t.engine.set_password(&by(&ann), rob.id, OTHER.into()).await.expect("ann holds as much as rob");
    let robs = signs_in(&t.engine, "rob", OTHER).await.expect("ann is rob now");
    is_not_given(&t.engine, &robs.account.account, purchaser, ann.id).await;
});

db_test!(what_was_in_hand_stays_so_when_the_hand_is_deleted, |db: TestDb| async move {
    let (t, ann, victim, purchaser) = scene(&db).await;
    let hand = NewAdministrator { email: None, username: Some("hand".into()), name: None, password: PASSWORD.into() };
    let hand = t.engine.create_administrator(&by(&ann), hand).await.expect("made").account;
    t.engine.set_password(&by(&hand), victim.id, OTHER.into()).await.expect("the victim holds nothing yet");
    is_not_given(&t.engine, &ann, purchaser, victim.id).await;
    t.engine.delete_account(&by(&ann), hand.id).await.expect("deleted");
    is_not_given(&t.engine, &ann, purchaser, victim.id).await;
    let rob = administrator(&t.engine, "rob").await.account;
    t.engine.add_member(&by(&rob), purchaser, victim.id, BreakGlass::No).await.expect("rob is somebody else");
});
