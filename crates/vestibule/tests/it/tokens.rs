//! Access tokens: what they say, to whom they are given, and what ends them.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    AuditFilter, BreakGlass, Caller, Config, Credential, Db, Digest, Error, KeysBefore, MailKind, MailRequest,
    Presented, Presenter, RedeemEmailCode, SignIn, SignInForm, Vestibule,
};

use crate::authenticators::{Careful, STEP, logged};
use crate::holders::{group, host};
use crate::people::{PASSWORD, count_mailed, live, mailed, nobody, sign_up, signs_in};
use crate::programs::{
    acting, assert_dead, form, jwt, key, opens, principal, read_elsewhere, refreshed, tokens_for_password, tokens_of,
    try_password, within_a_second,
};

const ANN: &str = "ann@example.com";

db_test!(an_access_token_says_whose_it_is_and_is_verified_by_the_public_keys_alone, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let issued = tokens_of(&t.engine, &ann).await;
    assert_eq!(issued.expires_in, Duration::from_secs(15 * 60));
    let claims = read_elsewhere(&t.engine, jwt(&issued)).await.expect("another service reads it");
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (&*t.engine.issuer(), &*t.engine.audience()));
    assert_eq!((claims.sub, claims.exp - claims.iat, claims.nbf), (ann.account.account.id, 900, claims.iat));
    assert_eq!((claims.groups, claims.amr), (vec!["members".to_owned()], vec!["pwd".to_owned()]));
    let who = principal(&t.engine, jwt(&issued)).await;
    assert_eq!((who.account_id, who.credential), (claims.sub, Credential::AccessToken(claims.sid)));
    let tampered = format!("{}x", jwt(&issued));
    for text in
        [&tampered, "", ".", "a.b.c", ann.token.expose().trim_start_matches("vst_"), issued.refresh_token.expose()]
    {
        assert!(matches!(t.engine.principal(text).await, Ok(Presented::Unknown)), "{text}");
    }
});

db_test!(tokens_die_with_their_session_here_at_once_and_there_within_a_second, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let there = t.second_node().await;
    for round in 0..3 {
        let ann = sign_up(&t.engine, &format!("ann{round}@example.com")).await;
        let issued = tokens_of(&t.engine, &ann).await;
        assert!(opens(&t.engine, jwt(&issued)).await && opens(&there.engine, jwt(&issued)).await);
        let session = live(&t.engine, &ann).await.expect("signed in");
        t.engine.sign_out(&acting(&session), &session).await.expect("signed out");
        assert_dead(&t.engine, &issued, "at once").await;
        within_a_second("on another node", async || !opens(&there.engine, jwt(&issued)).await).await;
        let again = t.engine.issue_tokens(&nobody(), &session).await;
        assert!(matches!(again, Err(Error::Denied(_))), "a session that ended gives nothing: {again:?}");
    }
});

db_test!(a_revoked_chain_gives_nothing_and_any_other_text_is_no_error, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let (first, second, third) =
        (tokens_of(&t.engine, &ann).await, tokens_of(&t.engine, &ann).await, tokens_for_password(&t.engine, ANN).await);
    for _ in 0..2 {
        t.engine.revoke_token(&nobody(), jwt(&first)).await.expect("no error");
        t.engine.revoke_token(&nobody(), second.refresh_token.expose()).await.expect("no error");
        t.engine.revoke_token(&nobody(), "vst_rft_nothing").await.expect("no error");
        t.engine.revoke_token(&nobody(), "").await.expect("no error");
    }
    assert_dead(&t.engine, &first, "by its access token").await;
    assert_dead(&t.engine, &second, "by its refresh token").await;
    assert!(opens(&t.engine, jwt(&third)).await && live(&t.engine, &ann).await.is_some());
    assert_eq!(logged(&t.engine, id, "token.revoked").await, (2, 0), "each once");
});

db_test!(a_password_grant_is_a_sign_in_for_the_log_and_for_the_notice_of_a_new_device, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let from = |name: &str| {
        let ip: IpAddr = [192, 0, 2, 7].into();
        Caller { user_agent: Some(name.to_owned()), ip: Some(ip), ..nobody() }
    };
    let ann = sign_up(&t.engine, ANN).await.account.account.id;
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::NewDevice).await, 0);
    for _ in 0..2 {
        let issued = try_password(&t.engine, &from("backup/1.0"), form(ANN, PASSWORD)).await;
        assert!(matches!(issued, SignIn::Done(_)));
        assert_eq!(count_mailed(&t.engine, ANN, MailKind::NewDevice).await, 1, "of the first time");
    }
    let wrong = try_password(&t.engine, &from("backup/1.0"), form(ANN, "wrong")).await;
    assert!(matches!(wrong, SignIn::Refused));
    assert_eq!(logged(&t.engine, ann, "token.issued").await, (2, 1));
    assert_eq!(logged(&t.engine, ann, "session.created").await, (1, 0), "the sign-up's own");
    let unknown = try_password(&t.engine, &nobody(), form("nobody@example.com", PASSWORD)).await;
    assert!(matches!(unknown, SignIn::Refused));
    let filter = AuditFilter { action: Some("token.issued".into()), ..AuditFilter::default() };
    let rows = t.engine.list_audit(&filter, vestibule::PageRequest::first()).await.expect("the log").items;
    assert_eq!(rows.len(), 4);
});

db_test!(a_password_grant_asks_for_the_second_factor_and_says_so_in_its_tokens, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP * 2);
    assert!(matches!(try_password(&t.engine, &nobody(), form(ANN, PASSWORD)).await, SignIn::MfaRequired(_)));
    let with = |code| SignInForm { mfa_code: Some(code), ..form(ANN, PASSWORD) };
    let wrong = try_password(&t.engine, &nobody(), with(ann.app.wrong_code(t.engine.now()))).await;
    assert!(matches!(wrong, SignIn::WrongMfaCode));
    assert_eq!(logged(&t.engine, ann.id(), "token.issued").await, (0, 2));
    let right = try_password(&t.engine, &nobody(), with(ann.app.code(t.engine.now()))).await;
    let SignIn::Done(issued) = right else { panic!("both factors are right: {right:?}") };
    assert_eq!(read_elsewhere(&t.engine, jwt(&issued)).await.expect("it is good").amr, ["pwd", "otp", "mfa"]);
    let recovered = try_password(&t.engine, &nobody(), with(ann.recovery_codes[0].clone())).await;
    let SignIn::Done(issued) = recovered else { panic!("a recovery code is a second factor: {recovered:?}") };
    assert_eq!(read_elsewhere(&t.engine, jwt(&issued)).await.expect("it is good").amr, ["pwd", "otp", "mfa"]);
});

db_test!(what_was_mailed_is_a_one_time_secret_in_the_tokens, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    sign_up(&t.engine, ANN).await;
    t.engine.ask_by_mail(&nobody(), ANN, MailRequest::EmailCode).await.expect("asked");
    let code = mailed(&t.engine, ANN, MailKind::EmailCode).await;
    let redeemed = t.engine.redeem_email_code(&nobody(), ANN, &code.into(), Presenter::default()).await;
    let Ok(RedeemEmailCode::Done(by_code)) = redeemed else { panic!("the code signs in: {redeemed:?}") };
    let issued = tokens_of(&t.engine, &by_code).await;
    assert_eq!(read_elsewhere(&t.engine, jwt(&issued)).await.expect("it is good").amr, ["otp"]);
    t.engine.ask_by_mail(&nobody(), ANN, MailRequest::MagicLink { browser: Digest::of(b"b") }).await.expect("asked");
    let link = mailed(&t.engine, ANN, MailKind::MagicLink).await;
    let redeemed = t.engine.redeem_magic_link(&nobody(), &link, Presenter::default()).await;
    let Ok(vestibule::RedeemMagicLink::Done(by_link)) = redeemed else { panic!("the link signs in: {redeemed:?}") };
    let issued = tokens_of(&t.engine, &by_link).await;
    assert_eq!(read_elsewhere(&t.engine, jwt(&issued)).await.expect("it is good").amr, ["otp"]);
});

db_test!(a_token_of_somebody_in_very_many_groups_is_still_one_that_verifiers_read, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    for n in 0..140 {
        let id = group(&t.engine, &format!("{n:0>64}"), &[], "").await;
        t.engine.add_member(&host(), id, ann.account.account.id, BreakGlass::No).await.expect("the host can");
    }
    let issued = tokens_for_password(&t.engine, ANN).await;
    let groups = read_elsewhere(&t.engine, jwt(&issued)).await.expect("another service reads it").groups;
    assert_eq!(groups.len(), 4096 / (64 + 3), "with the quotes and a comma each");
    assert!(jwt(&issued).len() < 8192, "{}", jwt(&issued).len());
    assert_eq!(principal(&t.engine, jwt(&issued)).await.groups.len(), 141, "we know them all");
});

db_test!(an_access_token_that_would_outlive_its_key_is_refused_at_the_start, |db: TestDb| async move {
    let t = TestEngine::with(&db, |config| config.tokens.access = Duration::from_secs(55 * 60)).await;
    let ann = sign_up(&t.engine, ANN).await;
    let issued = tokens_of(&t.engine, &ann).await;
    t.engine.rotate_keys(&host(), KeysBefore::Retired).await.expect("rotated");
    t.clock.advance(issued.expires_in - Duration::from_secs(1));
    assert!(read_elsewhere(&t.engine, jwt(&issued)).await.is_some(), "its key is published until it ends");
    let mut config = t.engine.config().clone();
    config.tokens.access += Duration::from_secs(1);
    let database = Db::connect(&db.url).await.expect("it opens");
    let built = Vestibule::builder(database, vec![7; 32].into()).config(config).build().await;
    assert!(matches!(&built, Err(Error::Setup(why)) if why.contains("tokens.access")), "{built:?}");
});

db_test!(accounts_and_wallets_never_have_one_audience, |db: TestDb| async move {
    let mut config = Config::default();
    config.tokens.audience = Some("http://localhost:8080/directory".to_owned());
    let database = Db::connect(&db.url).await.expect("it opens");
    let built = Vestibule::builder(database, vec![7; 32].into()).config(config).build().await;
    assert!(matches!(&built, Err(Error::Setup(why)) if why.contains("tokens.audience")), "{built:?}");
});

db_test!(whoever_gains_power_has_no_tokens_from_before, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let eve = sign_up(&t.engine, ANN).await;
    let (by_session, by_password) = (tokens_of(&t.engine, &eve).await, tokens_for_password(&t.engine, ANN).await);
    let id = eve.account.account.id;
    t.engine.add_member(&host(), vestibule::ADMINISTRATORS, id, BreakGlass::No).await.expect("the host can");
    assert_dead(&t.engine, &by_session, "of the session").await;
    assert_dead(&t.engine, &by_password, "of the password").await;
});

db_test!(what_ends_every_session_ends_every_chain, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    for (n, how) in ["others", "all", "disabled", "password", "deleted"].into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let ann = sign_up(&t.engine, &email).await;
        let id = ann.account.account.id;
        let other = signs_in(&t.engine, &email, PASSWORD).await.expect("signed in");
        let chains = [tokens_of(&t.engine, &other).await, tokens_for_password(&t.engine, &email).await];
        let session = live(&t.engine, &ann).await.expect("signed in");
        let caller = acting(&session);
        match how {
            "others" => drop(t.engine.end_other_sessions(&caller, &session).await.expect("ended")),
            "all" => drop(t.engine.end_all_sessions(&caller, id).await.expect("ended")),
            "disabled" => drop(t.engine.disable_account(&host(), id).await.expect("disabled")),
            "password" => drop(crate::people::change_password(&t.engine, &ann, crate::people::OTHER).await),
            _ => t.engine.delete_account(&host(), id).await.expect("deleted"),
        }
        for chain in &chains {
            assert_dead(&t.engine, chain, how).await;
        }
        if how == "disabled" {
            t.engine.enable_account(&host(), id).await.expect("enabled");
            assert_dead(&t.engine, &chains[1], "and enabled again").await;
        }
    }
});

db_test!(an_export_has_keys_and_chains_without_their_secrets, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let made = key(&t.engine, &ann, Some(&[])).await;
    let (first, second) = (tokens_of(&t.engine, &ann).await, tokens_for_password(&t.engine, ANN).await);
    t.clock.advance(Duration::from_secs(60));
    let next = refreshed(&t.engine, first.refresh_token.expose()).await.expect("the next pair");
    t.engine.revoke_token(&nobody(), second.refresh_token.expose()).await.expect("revoked");
    let export = t.engine.export(id).await.expect("an export");
    assert_eq!(export["api_keys"].as_array().map(Vec::len), Some(1));
    assert_eq!((&export["api_keys"][0]["name"], &export["api_keys"][0]["permissions"]), (&json!("A key"), &json!([])));
    let chains = export["refresh_chains"].as_array().expect("a list");
    let of_session = chains.iter().find(|chain| chain["session_id"] == json!(ann.session.id)).expect("of the session");
    assert_eq!(of_session["last_used_at"], json!(t.engine.now()), "when it was last refreshed");
    assert!(chains.iter().any(|chain| chain["session_id"].is_null() && !chain["revoked_at"].is_null()));
    let text = export.to_string();
    for secret in [made.token.expose(), first.refresh_token.expose(), next.refresh_token.expose(), jwt(&next)] {
        assert!(!text.contains(secret) && !text.contains(&secret[15..]), "no secret");
    }
});
