//! What is explicit takes two people: whoever made an account, itself or by others in between, neither gives it to that
//! account nor gets it from it; nobody takes an account over that holds it; and the host alone can break the glass.

use secrecy::SecretString;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    ADMINISTRATORS, Account, AccountId, AccountState, AuditFilter, AuditOutcome, BreakGlass, Code, Error, GroupEdit,
    GroupId, MEMBERS, MailKind, MailRequest, NewAdministrator, NewUser, PageRequest, Presenter, RedeemToken, UserEdit,
    Vestibule,
};

use crate::authenticators::Careful;
use crate::holders::{
    ALL, CLOUD_COSTS, EXECUTE, cloud_costs, everything, group, holder, host, last_done, last_refusal, may, member,
    new_user, policy_group, refused, scope,
};
use crate::people::{OTHER, PASSWORD, account, administrator, by, live, mailed, nobody, sign_up, signs_in};

/// Two administrators whom the host made, and the group that holds what is explicit.
struct Scene {
    t: TestEngine,
    ann: Account,
    rob: Account,
    purchaser: GroupId,
}

impl Scene {
    async fn new(db: &TestDb) -> Scene {
        Scene::of(cloud_costs(db).await).await
    }

    async fn of(t: TestEngine) -> Scene {
        let (ann, rob) = (administrator(&t.engine, "ann").await.account, administrator(&t.engine, "rob").await.account);
        let purchaser = policy_group(&t.engine, "purchaser").await;
        Scene { t, ann, rob, purchaser }
    }

    fn engine(&self) -> &Vestibule {
        &self.t.engine
    }

    async fn give(&self, from: &Account, to: AccountId) -> Result<(), Error> {
        self.engine().add_member(&by(from), self.purchaser, to, BreakGlass::Yes).await.map(drop)
    }

    async fn give_by_edit(&self, from: &Account, to: AccountId) -> Result<(), Error> {
        let groups = self.engine().account(to).await?.groups;
        let group_ids = groups.iter().map(|group| group.id).chain([self.purchaser]).collect();
        let edit = UserEdit { group_ids: Some(group_ids), ..UserEdit::default() };
        self.engine().edit_user(&by(from), to, edit).await.map(drop)
    }

    /// The one gives the other nothing explicit, by whatever verb.
    async fn gives_nothing(&self, what: &str, from: &Account, to: &Account) {
        let rule = (Code::Ceiling, EXECUTE);
        let (caller, given) = (by(from), self.give(from, to.id));
        refused(&self.t, what, (&caller, "group_member.added"), rule, given).await;
        let given = self.give_by_edit(from, to.id);
        refused(&self.t, what, (&caller, "account.edited"), rule, given).await;
        assert!(!may(self.engine(), to.id, EXECUTE).await, "{what}");
    }

    /// Neither gives the other anything explicit, and somebody else gives it to either.
    async fn is_a_pair(&self, what: &str, one: &Account, other: &Account) {
        self.gives_nothing(what, one, other).await;
        self.gives_nothing(what, other, one).await;
        for to in [one, other] {
            self.give(&self.rob, to.id).await.unwrap_or_else(|why| panic!("{what}: rob is somebody else: {why:?}"));
            assert!(may(self.engine(), to.id, EXECUTE).await, "{what}");
            self.engine().remove_member(&by(&self.rob), self.purchaser, to.id).await.expect("they were in it");
        }
    }
}

async fn administrator_by(engine: &Vestibule, maker: &Account, username: &str) -> Account {
    let admin =
        NewAdministrator { email: None, username: Some(username.to_owned()), name: None, password: PASSWORD.into() };
    engine.create_administrator(&by(maker), admin).await.expect("an administrator can make another").account
}

/// An invited administrator, and the secret of the link that was shown to whoever made it.
async fn invited_by(engine: &Vestibule, maker: &Account, email: &str) -> (Account, String) {
    let user = NewUser { email: Some(email.into()), group_ids: vec![ADMINISTRATORS], ..NewUser::default() };
    let created = engine.create_user(&by(maker), user).await.expect("invited");
    let url = created.invitation.and_then(|invitation| invitation.url).expect("shown where there is no SMTP");
    (created.view.account, secret_of(&url))
}

fn secret_of(url: &str) -> String {
    url.split_once("?token=").expect("a link").1.to_owned()
}

async fn redeem(engine: &Vestibule, token: &str, new: &str) -> RedeemToken {
    engine.reset_password(&nobody(), token, new.into(), None).await.expect("an answer")
}

db_test!(maker_and_made_give_each_other_nothing_explicit, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bob = administrator_by(s.engine(), &s.ann, "bob").await;
    s.is_a_pair("made an administrator", &s.ann, &bob).await;
    let made = s.engine().create_user(&by(&s.ann), new_user("carl", &[ADMINISTRATORS])).await.expect("made");
    s.is_a_pair("made with a password", &s.ann, &made.view.account).await;
    let (dora, token) = invited_by(s.engine(), &s.ann, "dora@example.com").await;
    s.gives_nothing("invited, not opened", &s.ann, &dora).await;
    assert_eq!(redeem(s.engine(), &token, OTHER).await, RedeemToken::Done);
    s.is_a_pair("invited and opened", &s.ann, &dora).await;
    // Whom the host made, nobody made.
    s.give(&s.ann, s.rob.id).await.expect("rob is somebody else");
    s.give(&s.rob, s.ann.id).await.expect("and so is ann");
});

db_test!(nor_do_those_who_made_each_other_by_others_in_between, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let mut chain = vec![s.ann.clone()];
    for name in ["bob", "carl", "dora", "emil"] {
        let maker = chain.last().expect("it begins with ann");
        chain.push(administrator_by(s.engine(), maker, name).await);
    }
    let [ann, bob, carl, dora, emil] = &chain[..] else { panic!("five") };
    s.is_a_pair("two between", ann, dora).await;
    s.is_a_pair("one between", bob, dora).await;
    s.engine().delete_account(&by(ann), carl.id).await.expect("deleted by whoever gains by it");
    s.is_a_pair("the one in between is gone", ann, dora).await;
    s.is_a_pair("and beyond", bob, emil).await;
    s.engine().delete_account(&host(), dora.id).await.expect("deleted by the host");
    let signed_in = signs_in(s.engine(), "bob", PASSWORD).await.expect("signed in");
    let session = live(s.engine(), &signed_in).await.expect("signed in");
    s.engine().close_account(&by(bob), &session).await.expect("bob closes his own account");
    s.is_a_pair("everybody in between is gone", ann, emil).await;
    s.engine().delete_account(&host(), ann.id).await.expect("deleted");
    assert_eq!(account(s.engine(), emil.id).await.created_by, None);
    s.give(&s.rob, emil.id).await.expect("nobody made emil any more, and not rob");
});

/// Proves the address of an account by the link that was mailed to it.
async fn prove(s: &Scene, email: &str) {
    s.engine().ask_by_mail(&nobody(), email, MailRequest::EmailVerify).await.expect("asked");
    let link = mailed(s.engine(), email, MailKind::VerifyEmail).await;
    s.engine().verify_email(&nobody(), &link, Presenter::default()).await.expect("verified");
}

db_test!(an_account_that_nobody_proved_is_still_in_the_hand_of_whoever_made_it, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let (bob, carl) =
        (administrator_by(s.engine(), &s.ann, "bob").await, administrator_by(s.engine(), &s.ann, "carl").await);
    s.is_a_pair("two of one maker", &bob, &carl).await;
    let emil = administrator_by(s.engine(), &bob, "emil").await;
    s.is_a_pair("one of them further down", &emil, &carl).await;
    let (dora, link) = invited_by(s.engine(), &s.ann, "dora@example.com").await;
    assert_eq!(redeem(s.engine(), &link, OTHER).await, RedeemToken::Done);
    s.is_a_pair("opened by a link that ann was shown", &dora, &carl).await;
    prove(&s, "dora@example.com").await;
    s.give(&dora, carl.id).await.expect("dora is somebody of her own now");
    s.gives_nothing("and carl is still ann's", &carl, &dora).await;
    s.is_a_pair("but ann made her", &s.ann, &dora).await;
    s.give(&bob, s.rob.id).await.expect("whom the host made, nobody has in hand");
});

db_test!(taking_it_away_is_anybodys_and_keeping_it_is_not_giving_it, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bob = administrator_by(s.engine(), &s.ann, "bob").await;
    s.give(&s.rob, bob.id).await.expect("rob is somebody else");
    s.give(&s.ann, bob.id).await.expect("he is in it already");
    let edit = UserEdit {
        name: Some(Some("Bob".into())),
        group_ids: Some(vec![ADMINISTRATORS, s.purchaser, MEMBERS]),
        ..UserEdit::default()
    };
    s.engine().edit_user(&by(&s.ann), bob.id, edit).await.expect("what he had he keeps");
    assert!(may(s.engine(), bob.id, EXECUTE).await);
    s.engine().remove_member(&by(&s.ann), s.purchaser, bob.id).await.expect("taken away");
    s.gives_nothing("back again", &s.ann, &bob).await;
    s.gives_nothing("to oneself", &bob, &s.ann).await;
});

db_test!(a_disabled_holder_is_not_enabled_by_whoever_made_it, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bob = administrator_by(s.engine(), &s.ann, "bob").await;
    let carl = administrator_by(s.engine(), &bob, "carl").await;
    s.give(&s.rob, carl.id).await.expect("rob is somebody else");
    for who in [&s.ann, &bob] {
        s.engine().disable_account(&by(who), carl.id).await.expect("anybody who may update users");
        let (caller, rule) = (by(who), (Code::Ceiling, EXECUTE));
        let enabled = s.engine().enable_account(&caller, carl.id);
        refused(&s.t, "enable", (&caller, "account.enabled"), rule, enabled).await;
    }
    assert!(!may(s.engine(), carl.id, EXECUTE).await, "a disabled account may nothing");
    let view = s.engine().enable_account(&by(&s.rob), carl.id).await.expect("rob is somebody else");
    assert_eq!(view.account.state, AccountState::Active);
    s.engine().disable_account(&by(&s.ann), carl.id).await.expect("disabled");
    s.engine().enable_account(&host(), carl.id).await.expect("the host gives back what was there");
    let helpdesk = holder(s.engine(), "helpdesk", &["update:users", "view:*"], ALL).await;
    s.engine().disable_account(&by(&s.rob), bob.id).await.expect("disabled");
    let caller = by(&helpdesk);
    let enabled = s.engine().enable_account(&caller, bob.id);
    refused(&s.t, "enable", (&caller, "account.enabled"), (Code::Ceiling, "admin:*"), enabled).await;
});

/// The acts by which an account is taken over, the action that the log has for each.
#[derive(Clone, Copy, Debug)]
enum TakeOver {
    SetPassword,
    ShowResetLink,
    ResendInvite,
    ResetSecondFactor,
    ChangeEmail,
    ChangeUsername,
}

impl TakeOver {
    const OF_THE_ACTIVE: [TakeOver; 5] = [
        TakeOver::SetPassword,
        TakeOver::ShowResetLink,
        TakeOver::ResetSecondFactor,
        TakeOver::ChangeEmail,
        TakeOver::ChangeUsername,
    ];

    fn action(self) -> &'static str {
        match self {
            TakeOver::SetPassword => "password.set",
            TakeOver::ShowResetLink => "password_reset.requested",
            TakeOver::ResendInvite => "account_invite.sent",
            TakeOver::ResetSecondFactor => "second_factor.reset",
            TakeOver::ChangeEmail | TakeOver::ChangeUsername => "account.edited",
        }
    }

    async fn by(self, engine: &Vestibule, who: &Account, id: AccountId) -> Result<(), Error> {
        let caller = by(who);
        match self {
            TakeOver::SetPassword => engine.set_password(&caller, id, SecretString::from(OTHER)).await,
            TakeOver::ShowResetLink => engine.show_reset_link(&caller, id).await.map(drop),
            TakeOver::ResendInvite => engine.resend_invite(&caller, id).await.map(drop),
            TakeOver::ResetSecondFactor => engine.reset_second_factor(&caller, id).await,
            TakeOver::ChangeEmail => {
                let edit = UserEdit { email: Some(format!("{id}@evil.example.com")), ..UserEdit::default() };
                engine.edit_user(&caller, id, edit).await.map(drop)
            }
            TakeOver::ChangeUsername => {
                let edit = UserEdit { username: Some(Some("somebody-else".into())), ..UserEdit::default() };
                engine.edit_user(&caller, id, edit).await.map(drop)
            }
        }
    }
}

db_test!(nobody_takes_over_an_account_that_holds_more_than_they, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let victim = Careful::sign_up(&s.t, "victim@example.com").await;
    let (id, helpdesk) = (victim.id(), holder(s.engine(), "helpdesk", &["update:users", "view:*"], "a").await);
    let scoped = group(s.engine(), "scoped", &["view:plans"], "a b").await;
    s.engine().add_member(&host(), scoped, id, BreakGlass::No).await.expect("the host can");
    for act in TakeOver::OF_THE_ACTIVE {
        let (caller, tried) = (by(&helpdesk), act.by(s.engine(), &helpdesk, id));
        refused(&s.t, &format!("{act:?}"), (&caller, act.action()), (Code::Ceiling, "scope"), tried).await;
    }
    s.give(&s.rob, id).await.expect("rob is somebody else");
    for act in TakeOver::OF_THE_ACTIVE {
        for who in [&s.ann, &s.rob, &helpdesk] {
            let (caller, tried) = (by(who), act.by(s.engine(), who, id));
            refused(&s.t, &format!("{act:?}"), (&caller, act.action()), (Code::Ceiling, EXECUTE), tried).await;
        }
        let (caller, tried) = (by(&helpdesk), act.by(s.engine(), &helpdesk, s.ann.id));
        refused(&s.t, &format!("{act:?}"), (&caller, act.action()), (Code::Ceiling, "admin:*"), tried).await;
    }
    assert!(s.engine().second_factor(id).await.expect("an answer").enabled_at.is_some());
    // Whoever holds it all themselves gains nothing by it.
    s.give(&s.ann, s.rob.id).await.expect("ann is somebody else");
    for act in TakeOver::OF_THE_ACTIVE {
        act.by(s.engine(), &s.rob, id).await.unwrap_or_else(|why| panic!("{act:?}: rob holds as much: {why:?}"));
    }
});

db_test!(an_invited_holder_is_not_taken_over_by_its_link, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let (dora, link) = invited_by(s.engine(), &s.ann, "dora@example.com").await;
    s.give(&s.rob, dora.id).await.expect("rob is somebody else");
    for act in [TakeOver::ResendInvite, TakeOver::ShowResetLink, TakeOver::SetPassword, TakeOver::ChangeEmail] {
        for who in [&s.ann, &s.rob] {
            let (caller, tried) = (by(who), act.by(s.engine(), who, dora.id));
            refused(&s.t, &format!("{act:?}"), (&caller, act.action()), (Code::Ceiling, EXECUTE), tried).await;
        }
    }
    let before = everything(s.engine()).await;
    assert_eq!(redeem(s.engine(), &link, OTHER).await, RedeemToken::Used, "shown to ann before dora held it");
    assert_eq!(everything(s.engine()).await, before);
    s.engine().disable_account(&by(&s.ann), dora.id).await.expect("disabled");
    let (caller, rule) = (by(&s.ann), (Code::Ceiling, EXECUTE));
    let enabled = s.engine().enable_account(&caller, dora.id);
    refused(&s.t, "enable", (&caller, "account.enabled"), rule, enabled).await;
    s.engine().enable_account(&by(&s.rob), dora.id).await.expect("invited again");
    let link = s.engine().resend_invite(&host(), dora.id).await.expect("sent").url.expect("shown to the host");
    assert_eq!(redeem(s.engine(), &secret_of(&link), OTHER).await, RedeemToken::Done);
    assert!(may(s.engine(), dora.id, EXECUTE).await);
});

async fn shown(s: &Scene, to: &Account, of: AccountId) -> String {
    secret_of(&s.engine().show_reset_link(&by(to), of).await.expect("shown"))
}

/// The link changes nothing, its account still opens with its old password, and the log says by which rule.
async fn is_dead(s: &Scene, link: &str, email: &str, (code, permission): (Code, &str)) {
    let what = format!("{email}, {code}");
    let before = everything(s.engine()).await;
    s.t.clock.advance(std::time::Duration::from_millis(1)); // so that the newest row is the last one
    assert_eq!(redeem(s.engine(), link, OTHER).await, RedeemToken::Used, "{what}");
    assert_eq!(everything(s.engine()).await, before, "{what}: something changed");
    let row = last_refusal(s.engine()).await;
    assert_eq!((row.created_at, row.action.as_str()), (s.engine().now(), "password.reset"), "{what}");
    let (reason, named) = (row.details.0["reason"].as_str(), row.details.0["permission"].as_str());
    assert_eq!((reason, named), (Some(code.as_str()), Some(permission)), "{what}: {row:?}");
    assert!(signs_in(s.engine(), email, OTHER).await.is_none(), "{what}");
    assert!(signs_in(s.engine(), email, PASSWORD).await.is_some(), "{what}");
}

db_test!(a_link_that_was_shown_is_worth_what_whoever_saw_it_holds_when_it_is_used, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let (mut links, mut people) = (Vec::new(), Vec::new());
    for n in 0..5 {
        let email = format!("victim{n}@example.com");
        people.push((sign_up(s.engine(), &email).await.account.account.id, email));
        let shower = administrator(s.engine(), &format!("shower-{n}")).await.account;
        links.push((shown(&s, &shower, people[n].0).await, shower));
    }
    let host_link = s.engine().show_reset_link(&host(), people[4].0).await.expect("shown");
    s.give(&s.rob, people[0].0).await.expect("rob is somebody else");
    is_dead(&s, &links[0].0, &people[0].1, (Code::Ceiling, EXECUTE)).await;
    let lost = (Code::PermissionRequired, "update:users");
    s.engine().remove_member(&host(), ADMINISTRATORS, links[1].1.id).await.expect("demoted");
    is_dead(&s, &links[1].0, &people[1].1, lost).await;
    s.engine().disable_account(&host(), links[2].1.id).await.expect("disabled");
    is_dead(&s, &links[2].0, &people[2].1, lost).await;
    s.engine().delete_account(&host(), links[3].1.id).await.expect("deleted");
    is_dead(&s, &links[3].0, &people[3].1, lost).await;
    assert_eq!(redeem(s.engine(), &links[4].0, OTHER).await, RedeemToken::Used, "another one was shown since");
    s.give(&s.rob, people[4].0).await.expect("rob is somebody else");
    assert_eq!(redeem(s.engine(), &secret_of(&host_link), OTHER).await, RedeemToken::Done, "the host holds it all");
    let elsewhere = shown(&s, &s.ann, people[3].0).await;
    assert_eq!(redeem(s.engine(), &elsewhere, OTHER).await, RedeemToken::Done, "ann still holds as much");
});

db_test!(a_link_that_is_mailed_to_its_owner_is_anybodys_to_ask_for, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let victim = sign_up(s.engine(), "victim@example.com").await.account.account;
    prove(&s, "victim@example.com").await;
    s.give(&s.rob, victim.id).await.expect("rob is somebody else");
    s.engine().ask_by_mail(&by(&s.ann), "victim@example.com", MailRequest::PasswordReset).await.expect("asked");
    let link = mailed(s.engine(), "victim@example.com", MailKind::PasswordReset).await;
    assert_eq!(redeem(s.engine(), &link, OTHER).await, RedeemToken::Done);
    assert!(signs_in(s.engine(), "victim@example.com", OTHER).await.is_some());
});

db_test!(the_host_breaks_the_glass_and_nobody_else_and_it_is_written_down, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let (caller, bob) = (host(), administrator_by(s.engine(), &s.ann, "bob").await);
    let whole = s.engine().add_member(&caller, s.purchaser, bob.id, BreakGlass::No);
    refused(&s.t, "whole", (&caller, "group_member.added"), (Code::Ceiling, EXECUTE), whole).await;
    let edit = UserEdit { group_ids: Some(vec![s.purchaser]), ..UserEdit::default() };
    let whole = s.engine().edit_user(&caller, bob.id, edit);
    refused(&s.t, "whole", (&caller, "account.edited"), (Code::Ceiling, EXECUTE), whole).await;
    s.gives_nothing("an account has no glass to break", &s.ann, &bob).await;
    s.t.clock.advance(std::time::Duration::from_millis(1));
    s.engine().add_member(&caller, s.purchaser, bob.id, BreakGlass::Yes).await.expect("the host can");
    assert!(may(s.engine(), bob.id, EXECUTE).await);
    let row = last_done(s.engine(), "group_member.added").await;
    assert_eq!(row.details.0, serde_json::json!({ "group": "purchaser", "break_glass": true }));
    assert_eq!((row.actor_kind.as_str(), row.target_id), ("host", Some(bob.id.0)));
    s.t.clock.advance(std::time::Duration::from_millis(1));
    s.engine().add_member(&caller, MEMBERS, bob.id, BreakGlass::No).await.expect("nothing explicit");
    let row = last_done(s.engine(), "group_member.added").await;
    assert_eq!(row.details.0, serde_json::json!({ "group": "members" }), "only where it was broken");
});

/// The worked example, with buyers of one region.
fn regional_policy() -> String {
    format!(
        "{CLOUD_COSTS}\n[[groups]]\nslug = \"eu-buyers\"\nname = \"EU Buyers\"\npermissions = [\"{EXECUTE}\"]\n\
         scope = [\"eu\"]\n"
    )
}

db_test!(a_wider_scope_is_given_by_the_same_rule_to_whoever_holds_what_is_explicit, |db: TestDb| async move {
    let s = Scene::of(TestEngine::with_policy(&db, &regional_policy()).await).await;
    let (buyers, team) = (policy_group(s.engine(), "eu-buyers").await, group(s.engine(), "team", &[], "eu").await);
    let wide = group(s.engine(), "wide", &[], "eu us").await;
    let bob = s.engine().create_user(&by(&s.ann), new_user("bob", &[team])).await.expect("made").view.account;
    s.engine().add_member(&by(&s.rob), buyers, bob.id, BreakGlass::No).await.expect("rob is somebody else");
    let widen = |reaches: &str| GroupEdit { scope: Some(scope(reaches)), ..GroupEdit::default() };
    let (ann, rule) = (by(&s.ann), (Code::Ceiling, EXECUTE));
    for reaches in ["eu us", ALL] {
        let widened = s.engine().edit_group(&ann, team, widen(reaches));
        refused(&s.t, reaches, (&ann, "group.edited"), rule, widened).await;
    }
    let editor = by(&holder(s.engine(), "editor", &["update:groups", "view:*"], ALL).await);
    let widened = s.engine().edit_group(&editor, team, widen("eu us"));
    refused(&s.t, "who may update no users", (&editor, "group.edited"), rule, widened).await;
    let joined = s.engine().add_member(&ann, wide, bob.id, BreakGlass::Yes);
    refused(&s.t, "wide", (&ann, "group_member.added"), rule, joined).await;
    let root = host();
    let joined = s.engine().add_member(&root, wide, bob.id, BreakGlass::No);
    refused(&s.t, "wide", (&root, "group_member.added"), rule, joined).await;
    // Oneself: a buyer of the region who writes groups, within one's own scope.
    let admins = group(s.engine(), "eu-admins", &["admin:*"], "eu").await;
    let mia = member(s.engine(), "mia", &[admins, team, buyers]).await;
    let caller = by(&mia);
    for own in [admins, team] {
        let widened = s.engine().edit_group(&caller, own, widen("eu us"));
        refused(&s.t, "own", (&caller, "group.edited"), (Code::Ceiling, "scope"), widened).await;
    }
    let joined = s.engine().add_member(&caller, wide, mia.id, BreakGlass::No);
    // Whatever is explicit would reach further: that alone is named first.
    refused(&s.t, "own", (&caller, "group_member.added"), (Code::SelfEscalation, EXECUTE), joined).await;
    let widened = s.engine().edit_group(&by(&s.rob), team, widen("eu us")).await.expect("rob is somebody else");
    assert_eq!(widened.scope, scope("eu us"));
    assert_eq!(s.engine().effective_permissions(bob.id).await.expect("he is there").scope, scope("eu us"));
});

db_test!(each_refusal_is_written_down_once_and_nothing_else_is, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bob = administrator_by(s.engine(), &s.ann, "bob").await;
    let of_ann = AuditFilter { actor: Some(s.ann.id), ..AuditFilter::default() };
    let log = async || s.engine().list_audit(&of_ann, PageRequest::first()).await.expect("the log").items;
    let before = log().await.len();
    s.give(&s.ann, bob.id).await.expect_err("ann made bob");
    let rows = log().await;
    let new: Vec<_> = rows.iter().filter(|row| row.outcome == AuditOutcome::Refused).collect();
    assert_eq!((rows.len(), new.len()), (before + 1, 1));
    let row = new[0];
    assert_eq!((row.action.as_str(), row.target_id), ("group_member.added", Some(bob.id.0)));
    assert_eq!((row.target_label.as_deref(), row.actor_label.as_str()), (Some("bob"), "ann"));
});

db_test!(whoever_made_both_is_behind_an_account_that_nobody_proved, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bob = administrator_by(s.engine(), &s.ann, "bob").await;
    let cat = s.engine().create_user(&by(&s.ann), new_user("cat", &[MEMBERS])).await.expect("made").view.account;
    s.gives_nothing("both are ann's, who knows the way in", &bob, &cat).await;
    s.give(&s.rob, cat.id).await.expect("rob is somebody else");
    let dan = NewUser { email: Some("dan@example.com".into()), username: None, ..new_user("dan", &[ADMINISTRATORS]) };
    let dan = s.engine().create_user(&by(&s.ann), NewUser { password: None, ..dan }).await.expect("made");
    let link = dan.invitation.expect("invited").url.expect("shown, as there is no SMTP");
    assert_eq!(redeem(s.engine(), &secret_of(&link), OTHER).await, RedeemToken::Done);
    let eve = s.engine().create_user(&by(&s.ann), new_user("eve", &[MEMBERS])).await.expect("made").view.account;
    s.gives_nothing("the link was shown to ann", &dan.view.account, &eve).await;
});

db_test!(an_invitation_is_shown_to_whoever_may_make_accounts_and_then_works, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let maker = holder(s.engine(), "maker", &["create:users"], "").await;
    let new = NewUser { email: Some("fay@example.com".into()), username: None, ..new_user("fay", &[MEMBERS]) };
    let made = s.engine().create_user(&by(&maker), NewUser { password: None, ..new }).await.expect("they may");
    let link = made.invitation.expect("invited").url.expect("shown, as there is no SMTP");
    assert_eq!(redeem(s.engine(), &secret_of(&link), OTHER).await, RedeemToken::Done);
    assert!(signs_in(s.engine(), "fay@example.com", OTHER).await.is_some());
});

db_test!(nobody_renames_who_holds_more, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let help = holder(s.engine(), "help", &["update:users", "view:users"], ALL).await;
    let rename = UserEdit { username: Some(Some("ann2".into())), ..UserEdit::default() };
    let help = by(&help);
    let renamed = s.engine().edit_user(&help, s.ann.id, rename.clone());
    refused(&s.t, "who signs in by it", (&help, "account.edited"), (Code::Ceiling, "admin:*"), renamed).await;
    s.engine().edit_user(&by(&s.rob), s.ann.id, rename).await.expect("an equal may");
});
