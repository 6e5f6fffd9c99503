//! Bots: made whole or not at all, of one organization, acting by keys alone; and no way that is for people leads in.

use std::time::Duration;

use testkit::{TestDb, db_test, race};
use vestibule::{
    AccountFilter, AccountId, AuditFilter, Bot, BotEdit, BreakGlass, Caller, Code, CreatedBot, Digest, Error, MailKind,
    MailRequest, NewBot, NewInvitation, OrganizationRole, PageRequest, Presenter, RedeemEmailCode, SignIn, UserEdit,
    Vestibule,
};

use crate::holders::{host, permission};
use crate::organization_keys::{Scene, by_key, id, named, put_in};
use crate::people::{OTHER, PASSWORD, administrator, by, count_mailed, nobody, sign_up, try_sign_in};
use crate::programs::{key, opens, principal, within_a_second};

const FIRST: PageRequest = PageRequest { limit: 100, cursor: None };

impl Scene {
    async fn try_bot(&self, caller: &Caller, name: &str, email: &str) -> Result<CreatedBot, Error> {
        let new = NewBot { name: name.to_owned(), responsible_email: email.to_owned(), ..NewBot::default() };
        self.t.engine.create_bot(caller, self.org, new).await
    }

    async fn bot(&self, email: &str) -> CreatedBot {
        self.try_bot(&self.by(&self.ann).await, "Builder", email).await.expect("an admin may")
    }

    async fn bots(&self) -> Vec<Bot> {
        self.t.engine.list_bots(&self.by(&self.ann).await, self.org, FIRST).await.expect("an admin may").items
    }

    async fn edit(&self, bot: AccountId, edit: BotEdit) -> Result<Bot, Error> {
        self.t.engine.edit_bot(&self.by(&self.ann).await, self.org, bot, edit).await
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

async fn accounts(engine: &Vestibule) -> i64 {
    let mut connection = engine.db().read().await.expect("a connection");
    connection.one::<(i64,)>("SELECT COUNT(*) FROM accounts", &[]).await.expect("a number").0
}

db_test!(a_bot_is_made_with_its_first_key_and_acts_by_it_as_itself, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let made = s.bot(" Bob@Example.com ").await;
    let (name, email, role) = (&made.bot.name, &made.bot.responsible_email, made.bot.role);
    assert_eq!((name.as_str(), email.as_str(), role), ("Builder", "Bob@example.com", OrganizationRole::Member));
    assert_eq!((made.bot.live_keys, made.first.key.organization_id), (1, Some(s.org)));
    let who = principal(&s.t.engine, made.first.token.expose()).await;
    assert_eq!((who.account_id, who.organization, who.label.as_str()), (made.bot.account_id, Some(s.org), "Builder"));
    assert_eq!((&who.email, &who.username, who.groups.len()), (&None, &None, 0), "not to be taken for bob");
    assert_eq!(count_mailed(&s.t.engine, "Bob@example.com", MailKind::BotResponsible).await, 1);
    let again = s.bot("bob@example.com").await;
    assert_ne!(again.bot.account_id, made.bot.account_id, "many bots of one person, and of one name");
    assert_eq!(s.bots().await.len(), 2);
    let filter = AuditFilter { organization: Some(s.org), ..AuditFilter::default() };
    let rows = s.t.engine.list_audit(&filter, FIRST).await.expect("a list").items;
    let made = rows.iter().filter(|row| row.action == "bot.created" && row.target_label.as_deref() == Some("Builder"));
    assert_eq!(made.count(), 2);
    assert!(rows.iter().all(|row| !row.details.0.to_string().contains("vst_key")));
});

db_test!(only_an_admin_in_a_session_makes_a_bot_and_only_one_that_fits, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let before = accounts(&s.t.engine).await;
    let by_ann = s.by(&s.ann).await;
    let refused = async |caller: &Caller, name: &str, email: &str| code(s.try_bot(caller, name, email).await);
    assert_eq!(refused(&s.by(&s.bob).await, "", "").await, Code::OrganizationAdminRequired, "first of all");
    assert_eq!(refused(&s.by(&s.eve).await, "Builder", "a@b.example").await, Code::NotFound);
    assert_eq!(refused(&by_ann, " ", "a@b.example").await, Code::NameInvalid);
    assert_eq!(refused(&by_ann, "Builder", " ").await, Code::EmailInvalid);
    assert_eq!(refused(&by_ann, "Builder", "nobody").await, Code::EmailInvalid);
    for key in [s.key(&s.ann).await, key(&s.t.engine, &s.ann, None).await] {
        let by = by_key(&s.t.engine, &key).await;
        assert_eq!(refused(&by, "Builder", "a@b.example").await, Code::SessionRequired);
    }
    assert_eq!((accounts(&s.t.engine).await, s.bots().await.len()), (before, 0), "nothing is left of any attempt");
    let bot = s.bot("a@b.example").await;
    let by_bot = by_key(&s.t.engine, &bot.first).await;
    assert_eq!(refused(&by_bot, "Another", "a@b.example").await, Code::OrganizationAdminRequired);
    s.t.engine.change_role(&by_ann, s.org, bot.bot.account_id, OrganizationRole::Admin).await.expect("it may be one");
    assert_eq!(refused(&by_bot, "Another", "a@b.example").await, Code::SessionRequired, "nor one that administers");
    let more = s.t.engine.create_bot_key(&by_bot, s.org, bot.bot.account_id, named("more")).await;
    assert_eq!(code(more), Code::SessionRequired);
});

db_test!(no_way_that_is_for_people_leads_into_a_bot, |db: TestDb| async move {
    const EMAIL: &str = "robot@example.com";
    let s = Scene::new(&db).await;
    let engine = &s.t.engine;
    let bot = s.bot(EMAIL).await.bot.account_id;
    for identifier in [EMAIL, "ROBOT@example.com", "Builder", &bot.to_string()] {
        assert!(matches!(try_sign_in(engine, identifier, PASSWORD).await, Ok(SignIn::Refused)), "{identifier}");
    }
    let magic = MailRequest::MagicLink { browser: Digest::of(b"a browser") };
    for what in [MailRequest::PasswordReset, magic, MailRequest::EmailCode, MailRequest::EmailVerify] {
        engine.ask_by_mail(&nobody(), EMAIL, what).await.expect("one answer for all");
    }
    for kind in [MailKind::PasswordReset, MailKind::MagicLink, MailKind::EmailCode, MailKind::VerifyEmail] {
        assert_eq!(count_mailed(engine, EMAIL, kind).await, 0, "{kind}");
    }
    let guessed =
        engine.redeem_email_code(&nobody(), EMAIL, &"123456".into(), Presenter::default()).await.expect("an answer");
    assert!(matches!(guessed, RedeemEmailCode::Refused), "{guessed:?}");
    assert!(engine.find_account(EMAIL).await.expect("an answer").is_none());
    let person = sign_up(engine, EMAIL).await; // the address is free: it is the person's
    assert_ne!(id(&person), bot);
    assert!(opens(engine, s.bot(EMAIL).await.first.token.expose()).await, "and bots may have it still");
});

db_test!(no_administrator_of_the_instance_makes_a_person_of_a_bot, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let engine = &s.t.engine;
    let made = s.bot("robot@example.com").await;
    let bot = made.bot.account_id;
    let root = by(&administrator(engine, "root").await.account);
    for caller in [&root, &host()] {
        let edit = |email: Option<&str>, username: Option<&str>| UserEdit {
            email: email.map(str::to_owned),
            username: username.map(|name| Some(name.to_owned())),
            ..UserEdit::default()
        };
        let attempts = [
            ("password", engine.set_password(caller, bot, OTHER.into()).await),
            ("reset link", engine.show_reset_link(caller, bot).await.map(drop)),
            ("address", engine.edit_user(caller, bot, edit(Some("root@example.com"), None)).await.map(drop)),
            ("username", engine.edit_user(caller, bot, edit(None, Some("robot"))).await.map(drop)),
            ("second factor", engine.reset_second_factor(caller, bot).await),
            ("unlock", engine.unlock_account(caller, bot).await.map(drop)),
            ("invite", engine.resend_invite(caller, bot).await.map(drop)),
            ("disable", engine.disable_account(caller, bot).await.map(drop)),
            ("enable", engine.enable_account(caller, bot).await.map(drop)),
            ("grant", engine.grant_permission(caller, bot, permission("view:users")).await),
        ];
        for (what, result) in attempts {
            assert_eq!(code(result), Code::NotFound, "{what}");
        }
        let joined = engine.add_member(caller, vestibule::MEMBERS, bot, BreakGlass::Yes).await;
        assert_eq!(code(joined), Code::AccountUnknown);
    }
    let view = engine.account(bot).await.expect("it is there");
    assert_eq!((view.groups.len(), view.account.username, view.account.email_verified_at), (0, None, None));
    let listed = engine.list_accounts(&AccountFilter::default(), FIRST).await.expect("a list").items;
    assert!(listed.iter().all(|view| view.account.id != bot), "it is not among those who sign in");
    let counts = engine.count_accounts().await.expect("numbers");
    assert_eq!(counts.total, i64::try_from(listed.len()).expect("few"));
    assert!(opens(engine, made.first.token.expose()).await, "none of it touched the bot");
    engine.delete_account(&host(), bot).await.expect("deleting one always succeeds");
    assert!(!opens(engine, made.first.token.expose()).await && s.bots().await.is_empty());
});

db_test!(a_bot_never_counts_as_who_administers, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let bot = s.bot("robot@example.com").await;
    let by_ann = s.by(&s.ann).await;
    let (engine, admin) = (&s.t.engine, OrganizationRole::Admin);
    engine.change_role(&by_ann, s.org, bot.bot.account_id, admin).await.expect("it may be one");
    assert_eq!(code(engine.leave_organization(&by_ann, s.org).await), Code::LastAdmin);
    let by_bot = by_key(engine, &bot.first).await;
    // Whoever was taken out may still have its key, so it decides nothing about who is in.
    for refused in [
        engine.remove_member_of(&by_bot, s.org, id(&s.ann)).await,
        engine.leave_organization(&by_bot, s.org).await,
        engine.change_role(&by_bot, s.org, id(&s.bob), admin).await.map(drop),
        engine.create_invitation(&by_bot, s.org, NewInvitation::default()).await.map(drop),
    ] {
        assert_eq!(code(refused), Code::SessionRequired);
    }
});

db_test!(a_bot_is_changed_switched_off_and_on_and_deleted_by_its_own_admins_alone, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let there = s.t.second_node().await;
    let engine = &s.t.engine;
    let made = s.bot("robot@example.com").await;
    let (bot, token) = (made.bot.account_id, made.first.token.expose());
    let off = |disabled: bool| BotEdit { disabled: Some(disabled), ..BotEdit::default() };
    put_in(engine, s.other, id(&s.ann), OrganizationRole::Admin).await;
    for (who, org, wanted) in [
        (&s.bob, s.org, Code::OrganizationAdminRequired),
        (&s.eve, s.org, Code::NotFound),
        (&s.eve, s.other, Code::NotFound),
        (&s.ann, s.other, Code::NotFound),
    ] {
        let by = s.by(who).await;
        assert_eq!(code(engine.edit_bot(&by, org, bot, off(true)).await), wanted);
        assert_eq!(code(engine.delete_bot(&by, org, bot).await), wanted);
        assert_eq!(code(engine.create_bot_key(&by, org, bot, named("k")).await), wanted);
    }
    for stranger in [id(&s.bob), id(&s.ann), id(&s.eve), AccountId(uuid::Uuid::from_u128(7))] {
        assert_eq!(code(s.edit(stranger, off(true)).await), Code::NotFound, "people are no bots");
        assert_eq!(code(engine.delete_bot(&s.by(&s.ann).await, s.org, stranger).await), Code::NotFound);
        let key = engine.create_bot_key(&s.by(&s.ann).await, s.org, stranger, named("k")).await;
        assert_eq!(code(key), Code::NotFound, "nobody makes a key for another person");
    }
    assert!(opens(engine, token).await && opens(&there.engine, token).await);
    assert!(s.edit(bot, off(true)).await.expect("an admin may").disabled_at.is_some());
    assert!(!opens(engine, token).await, "at once");
    within_a_second("disabled", async || !opens(&there.engine, token).await).await;
    assert!(s.edit(bot, off(false)).await.expect("an admin may").disabled_at.is_none());
    assert!(opens(engine, token).await && opens(&there.engine, token).await, "and again");
    let edit =
        BotEdit { name: Some("Baker".into()), responsible_email: Some("eve@example.com".into()), disabled: None };
    let edited = s.edit(bot, edit).await.expect("an admin may");
    assert_eq!((edited.name.as_str(), edited.responsible_email.as_str()), ("Baker", "eve@example.com"));
    assert_eq!(principal(engine, token).await.label, "Baker");
    assert_eq!(count_mailed(engine, "eve@example.com", MailKind::BotResponsible).await, 1);
    let by_ann = s.by(&s.ann).await;
    let second = engine.create_bot_key(&by_ann, s.org, bot, named("second")).await.expect("an admin may");
    let renewed = engine.rotate_organization_key(&by_ann, s.org, second.key.id, Duration::ZERO).await.expect("a bot's");
    assert!(opens(engine, renewed.token.expose()).await && opens(&there.engine, renewed.token.expose()).await);
    let revoked = engine.revoke_organization_key(&by_ann, s.org, made.first.key.id).await;
    revoked.expect("an admin may");
    assert!(!opens(engine, token).await);
    engine.delete_bot(&by_ann, s.org, bot).await.expect("an admin may");
    assert!(!opens(engine, renewed.token.expose()).await, "at once");
    within_a_second("deleted", async || !opens(&there.engine, renewed.token.expose()).await).await;
    assert_eq!((s.bots().await.len(), engine.account(bot).await.is_err()), (0, true));
});

db_test!(a_bot_that_is_taken_out_is_gone_with_its_keys, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let made = s.bot("robot@example.com").await;
    let before = accounts(&s.t.engine).await;
    s.t.engine.remove_member_of(&s.by(&s.ann).await, s.org, made.bot.account_id).await.expect("an admin may");
    assert!(!opens(&s.t.engine, made.first.token.expose()).await);
    assert_eq!((accounts(&s.t.engine).await, s.bots().await.len()), (before - 1, 0), "it belongs nowhere else");
});

db_test!(of_a_deletion_and_a_key_made_at_once_no_live_key_is_left, |db: TestDb| async move {
    let s = Scene::new(&db).await;
    let by = s.by(&s.ann).await;
    for round in 0..25 {
        let bot = s.bot("robot@example.com").await.bot.account_id;
        let (engine, org) = (s.t.engine.clone(), s.org);
        let keys = race(4, |n| {
            let (engine, by) = (engine.clone(), by.clone());
            async move {
                match n {
                    0 => {
                        engine.delete_bot(&by, org, bot).await.expect("it is there");
                        None
                    }
                    _ => engine.create_bot_key(&by, org, bot, named("k")).await.ok(),
                }
            }
        })
        .await;
        for key in keys.into_iter().flatten() {
            assert!(!opens(&s.t.engine, key.token.expose()).await, "round {round}");
        }
        let left = s.t.engine.list_organization_keys(&by, s.org, FIRST).await.expect("a list").items;
        assert_eq!(left, [], "round {round}");
    }
});
