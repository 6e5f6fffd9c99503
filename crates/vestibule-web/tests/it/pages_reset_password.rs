//! `/reset-password` and `/invitation`: choosing a password by a link.

use std::time::Duration;

use testkit::{TestApp, TestEngine, db_test};
use vestibule::{Caller, Code, MEMBERS, MailKind, NewUser};

use crate::pages_letters as letters;
use crate::pages_visitor::{Visitor, id_of};

const ANN: &str = "ann@example.com";
const NEXT: &str = "velvet spoon arcade 79";
const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Asks for a link, and gives where it leads.
async fn forgot(engine: &TestEngine, who: &mut Visitor, query: &str) -> String {
    let page = who.get(&format!("/forgot-password{query}")).await;
    let seen = who.submit(&page, "/forgot-password", &[("email", ANN)]).await;
    assert_eq!(seen.place(), "/check-your-mail");
    letters::link(engine, ANN, MailKind::PasswordReset).await
}

/// Makes an account without a password, and gives where its invitation leads, which is shown where no mail goes out.
async fn invite(engine: &TestEngine) -> String {
    let new = NewUser { email: Some(ANN.to_owned()), group_ids: vec![MEMBERS], ..NewUser::default() };
    let created = engine.engine.create_user(&Caller::host("root"), new).await.expect("they can be invited");
    let url = created.invitation.and_then(|invitation| invitation.url).expect("a link to hand over");
    url.strip_prefix("http://localhost:8080").expect("it leads to us").to_owned()
}

db_test!(a_forgotten_password_is_replaced, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up(ANN).await;
    let mut elsewhere = ann.stranger();
    let link = forgot(&engine, &mut elsewhere, "?return_to=/account/data").await;
    elsewhere.get(&link).await;
    let page = elsewhere.get(&link).await;
    page.assert_says("This is for <strong class=\"exact\">ann@example.com</strong>.");
    for (password, code) in [
        ("", Code::PasswordRequired),
        ("short", Code::PasswordTooShort),
        ("password1234", Code::PasswordTooCommon),
        ("my ann@example.com 77", Code::PasswordContainsIdentifier),
        (testkit::PASSWORD, Code::PasswordReused),
    ] {
        let refused = elsewhere.submit(&page, "/reset-password", &[("new_password", password)]).await;
        refused.assert_mistake(422, "new_password", code.message());
        let kept = &refused.forms()[0].fields;
        assert_eq!(kept["new_password"], "");
        assert!(kept["token"].starts_with("vst_rst_"), "the link stays good");
    }
    let seen = elsewhere.submit(&page, "/reset-password", &[("new_password", NEXT)]).await;
    assert_eq!(seen.place(), "/sign-in?done=password_reset&return_to=%2Faccount%2Fdata");
    assert!(!elsewhere.has_cookie(), "nobody is signed in by it");
    let sign_in = elsewhere.follow(&seen).await;
    sign_in.assert_says("Your new password is set, and you are signed out everywhere.");
    let fields = [("identifier", ANN), ("password", NEXT)];
    assert_eq!(elsewhere.submit(&sign_in, "/sign-in", &fields).await.place(), "/account/data");
    assert!(ann.get("/account").await.place().starts_with("/sign-in"), "every session ended");
    let mut late = elsewhere.stranger();
    let late = [late.get(&link).await, late.submit(&page, "/reset-password", &[("new_password", NEXT)]).await];
    for used in late {
        assert_eq!(used.status, 410);
        used.assert_says("This link no longer works");
        assert!(used.html.contains("href=\"/forgot-password\"") && !used.html.contains(ANN), "{}", used.html);
    }
});

db_test!(a_link_to_reset_lives_an_hour, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let link = forgot(&engine, &mut ann, "").await;
    let page = ann.get(&link).await;
    engine.clock.advance(HOUR);
    for late in [ann.get(&link).await, ann.submit(&page, "/reset-password", &[("new_password", NEXT)]).await] {
        assert_eq!(late.status, 410);
        late.assert_says("It was good for one hour.");
        assert!(late.html.contains("href=\"/forgot-password\""), "{}", late.html);
    }
    ann.sign_in(ANN).await;
});

db_test!(an_invited_person_chooses_their_password, |db| async move {
    let engine = TestEngine::new(&db).await;
    let link = invite(&engine).await;
    let mut ann = Visitor::at(&engine);
    let page = ann.get(&link).await;
    page.assert_says("An account was made for you: <strong class=\"exact\">ann@example.com</strong>.");
    let refused = ann.submit(&page, "/invitation", &[("new_password", "short")]).await;
    refused.assert_mistake(422, "new_password", Code::PasswordTooShort.message());
    let seen = ann.submit(&refused, "/invitation", &[("new_password", NEXT)]).await;
    assert_eq!(seen.place(), "/sign-in?done=password_chosen");
    let sign_in = ann.follow(&seen).await;
    sign_in.assert_says("Your password is set and the account is yours.");
    let fields = [("identifier", ANN), ("password", NEXT)];
    assert_eq!(ann.submit(&sign_in, "/sign-in", &fields).await.place(), "/account");
    let used = ann.stranger().get(&link).await;
    assert_eq!(used.status, 410);
    used.assert_says("If you chose your password with it, all is well: sign in.");
});

db_test!(an_invitation_that_expired_is_mailed_again_on_request, |db| async move {
    let engine = TestEngine::new(&db).await;
    let link = invite(&engine).await;
    engine.clock.advance(WEEK);
    let mut ann = Visitor::at(&engine);
    let late = ann.get(&link).await;
    assert_eq!(late.status, 410);
    late.assert_says("It was good for 7 days.");
    late.assert_says("Mail me a new invitation");
    let page = ann.get("/forgot-password").await;
    ann.submit(&page, "/forgot-password", &[("email", ANN)]).await;
    let page = ann.get(&letters::link(&engine, ANN, MailKind::AccountInvite).await).await;
    let seen = ann.submit(&page, "/invitation", &[("new_password", NEXT)]).await;
    assert_eq!(seen.place(), "/sign-in?done=password_chosen");
});

db_test!(a_link_of_another_kind_or_for_somebody_disabled_is_as_if_used, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up(ANN).await;
    let link = forgot(&engine, &mut ann, "").await;
    let verify = letters::link(&engine, ANN, MailKind::VerifyEmail).await;
    let page = ann.get(&link).await;
    let (_, verify) = verify.split_once('?').expect("a query");
    for path in ["/reset-password", "/invitation"] {
        for query in [verify, "token=", "token=vst_rst_x", ""] {
            ann.get(&format!("{path}?{query}")).await.assert_says("This link no longer works");
        }
    }
    let id = id_of(&engine, ANN).await;
    engine.engine.disable_account(&Caller::host("root"), id).await.unwrap();
    let refused = ann.submit(&page, "/reset-password", &[("new_password", NEXT)]).await;
    assert_eq!(refused.status, 410);
    refused.assert_says("This link no longer works");
});

db_test!(guessed_links_to_choose_a_password_are_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = Some("2/60".parse().unwrap())).await;
    let fields = [("token", "vst_rst_x"), ("new_password", NEXT)];
    for (path, status) in [("/reset-password", 410), ("/invitation", 410), ("/reset-password", 429)] {
        assert_eq!(app.post(path).form(&fields).await.status, status);
    }
});
