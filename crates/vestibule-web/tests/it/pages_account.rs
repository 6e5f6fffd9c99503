//! `/account` and below.

use std::time::Duration;

use testkit::{PASSWORD, TestEngine, db_test};
use vestibule::{Caller, Code, PageRequest, SignIn, SignInForm};

use crate::pages_authenticator::set_up;
use crate::pages_visitor::{Visitor, id_of};

const EARLIER: Duration = Duration::from_secs(16 * 60);
const NEXT: &str = "velvet spoon arcade 79";

db_test!(the_profile_is_edited_and_cleared, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    ann.stranger().sign_up("bob@example.com").await;
    let page = ann.get("/account").await;
    let seen = ann.submit(&page, "/account", &[("name", "Ann Lee"), ("username", "Ann")]).await;
    assert_eq!(seen.place(), "/account?done=profile_saved");
    let page = ann.follow(&seen).await;
    page.assert_says("The profile was saved.");
    assert_eq!(page.form("/account").fields["username"], "ann");
    let seen = ann.submit(&page, "/account", &[("name", ""), ("username", "")]).await;
    assert_eq!(ann.follow(&seen).await.form("/account").fields["name"], "");
});

db_test!(a_refused_profile_says_why_and_keeps_what_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let page = ann.get("/account").await;
    let seen = ann.submit(&page, "/account", &[("name", "Ann"), ("username", "root")]).await;
    seen.assert_mistake(409, "username", Code::UsernameInUse.message());
    let typed = seen.form("/account").fields;
    assert_eq!((typed["name"].as_str(), typed["username"].as_str()), ("Ann", "root"));
    let seen = ann.submit(&page, "/account", &[("username", "a b")]).await;
    seen.assert_mistake(422, "username", Code::UsernameInvalid.message());
    assert!(seen.html.contains("<title>Error: Profile"));
    let page = root.get("/account").await;
    let seen = root.submit(&page, "/account", &[("username", "")]).await;
    seen.assert_mistake(422, "username", Code::IdentifierRequired.message());
});

db_test!(changing_the_password_ends_the_other_sessions, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut elsewhere) = (Visitor::at(&engine), Visitor::at(&engine));
    ann.sign_up("ann@example.com").await;
    elsewhere.sign_in("ann@example.com").await;
    let page = ann.get("/account/security").await;
    let wrong = ann.submit(&page, "/account/security", &[("current_password", "nope"), ("new_password", NEXT)]).await;
    wrong.assert_mistake(401, "current_password", Code::CurrentPasswordIncorrect.message());
    let reused = [("current_password", PASSWORD), ("new_password", PASSWORD)];
    let seen = ann.submit(&wrong, "/account/security", &reused).await;
    seen.assert_mistake(422, "new_password", Code::PasswordReused.message());
    let fields = [("current_password", PASSWORD), ("new_password", NEXT)];
    let seen = ann.submit(&seen, "/account/security", &fields).await;
    assert_eq!(seen.place(), "/account/security?done=password_changed");
    ann.follow(&seen).await.assert_says("Your password was changed");
    assert!(elsewhere.get("/account").await.place().starts_with("/sign-in"));
});

db_test!(sessions_are_listed_and_ended_one_by_one_or_all_at_once, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut ann, mut phone, mut laptop) = (Visitor::at(&engine), Visitor::at(&engine), Visitor::at(&engine));
    ann.sign_up("ann@example.com").await;
    for other in [&mut phone, &mut laptop] {
        engine.clock.advance(Duration::from_secs(1));
        other.sign_in("ann@example.com").await;
    }
    let page = ann.get("/account/sessions").await;
    assert_eq!((page.html.matches("<th scope=\"row\">").count(), page.html.matches("this one").count()), (3, 1));
    let newest = page.forms().into_iter().find(|form| form.action.ends_with("/end")).unwrap().action;
    let seen = ann.submit(&page, &newest, &[]).await;
    assert_eq!(seen.place(), "/account/sessions?done=session_ended");
    assert!(laptop.get("/account").await.place().starts_with("/sign-in"));
    assert_eq!(ann.submit(&page, &newest, &[]).await.status, 404);
    let seen = ann.submit(&page, "/account/sessions/end-others", &[]).await;
    assert_eq!(seen.place(), "/account/sessions?done=other_sessions_ended");
    assert!(phone.get("/account").await.place().starts_with("/sign-in"));
    assert_eq!(ann.get("/account").await.status, 200);
});

db_test!(programs_that_are_signed_in_by_the_password_are_counted_and_signed_out_too, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let alone = ann.get("/account/sessions").await;
    alone.assert_says("No program is signed in with your password. Signing out everywhere else ends that too.");
    for said in ["1 program is signed in", "2 programs are signed in"] {
        let form = SignInForm { identifier: "ann@example.com".to_owned(), password: PASSWORD.into(), mfa_code: None };
        let issued = engine.engine.issue_tokens_by_password(&Caller::anonymous(), form).await.unwrap();
        assert!(matches!(issued, SignIn::Done(_)), "{issued:?}");
        ann.get("/account/sessions").await.assert_says(said);
    }
    let seen = ann.submit(&alone, "/account/sessions/end-others", &[]).await;
    assert_eq!(seen.place(), "/account/sessions?done=other_sessions_ended");
    ann.get("/account/sessions").await.assert_says("No program is signed in");
});

db_test!(sessions_and_activity_say_what_somebody_signed_in_with, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let (authenticator, recovery_codes) = set_up(&engine, &mut ann).await;
    for code in [authenticator.next(&engine), recovery_codes[0].clone()] {
        engine.clock.advance(Duration::from_secs(1));
        let form = SignInForm {
            identifier: "ann@example.com".to_owned(),
            password: PASSWORD.into(),
            mfa_code: Some(code.into()),
        };
        let signed_in = engine.engine.sign_in(&Caller::anonymous(), form).await.unwrap();
        assert!(matches!(signed_in, SignIn::Done(_)), "{signed_in:?}");
    }
    let sessions = ann.get("/account/sessions").await;
    let told = ["Password", "Password and authenticator app", "Password and recovery code"];
    for words in told {
        sessions.assert_says(&format!("<td data-label=\"Signed in by\">{words}</td>"));
    }
    let user = format!("/admin/users/{}", id_of(&engine, "ann@example.com").await);
    for page in [ann.get("/account/activity").await, root.get(&user).await] {
        for words in told {
            page.assert_says(&format!("Signing in<span class=\"how\">{words}</span>"));
        }
    }
});

db_test!(ending_the_present_session_by_its_id_is_signing_out, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let account = id_of(&engine, "ann@example.com").await;
    let id = engine.engine.list_sessions(account, PageRequest::first()).await.unwrap().items[0].id;
    let token = ann.get("/account").await.csrf_token();
    let seen = ann.post(&format!("/account/sessions/{id}/end"), &[("csrf_token", token)]).await;
    assert_eq!((seen.place(), ann.has_cookie()), ("/sign-in?done=signed_out", false));
});

db_test!(activity_is_leafed_through_from_the_newest, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    for n in 0..30 {
        engine.clock.advance(Duration::from_secs(1));
        let page = ann.get("/account").await;
        ann.submit(&page, "/account", &[("name", &format!("Ann {n}"))]).await;
    }
    let first = ann.get("/account/activity").await;
    assert_eq!(first.html.matches("Editing the account").count(), 25);
    assert!(!first.html.contains("Back to the newest"));
    let older = first.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).unwrap();
    let second = ann.get(older.split('"').next().unwrap()).await;
    assert_eq!(second.html.matches("Editing the account").count(), 5);
    second.assert_says("Signing in");
    second.assert_says("Back to the newest");
    assert!(!second.html.contains("rel=\"next\""));
    assert_eq!(ann.get("/account/activity?cursor=nonsense").await.status, 422);
});

db_test!(what_is_held_about_one_can_be_taken_along, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    assert!(ann.get("/account/data/export").await.place().starts_with("/sign-in"));
    ann.sign_up("ann@example.com").await;
    let seen = ann.get("/account/data/export").await;
    assert_eq!(seen.header("content-disposition"), "attachment; filename=\"vestibule-export.json\"");
    let everything: serde_json::Value = serde_json::from_str(&seen.html).unwrap();
    assert_eq!(everything["account"]["email"], "ann@example.com");
});

db_test!(closing_the_account_wants_a_recent_proof_and_its_name, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let page = ann.get("/account/data").await;
    let seen = ann.submit(&page, "/account/data/close", &[("confirm", "ann")]).await;
    seen.assert_mistake(422, "confirm", "This is not what is shown above. Type it exactly.");
    engine.clock.advance(EARLIER);
    let late = ann.submit(&page, "/account/data/close", &[("confirm", "ann@example.com")]).await;
    assert_eq!(late.place(), "/reauthenticate?return_to=%2Faccount%2Fdata");
    let page = ann.get("/account/data").await;
    assert!(!page.html.contains("/account/data/close"), "it first asks for the proof: {}", page.html);
    page.assert_says("/reauthenticate?return_to=%2Faccount%2Fdata");
    let proving = ann.follow(&late).await;
    let back = ann.submit(&proving, "/reauthenticate", &[("password", PASSWORD)]).await;
    let page = ann.follow(&back).await;
    let gone = ann.submit(&page, "/account/data/close", &[("confirm", " ann@example.com ")]).await;
    assert_eq!((gone.place(), ann.has_cookie()), ("/sign-in?done=account_closed", false));
    ann.follow(&gone).await.assert_says("Your account is closed");
    assert!(engine.engine.find_account("ann@example.com").await.unwrap().is_none());
});

db_test!(the_last_administrator_cannot_close_their_account, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    let page = root.get("/account/data").await;
    let seen = root.submit(&page, "/account/data/close", &[("confirm", "root")]).await;
    assert_eq!(seen.status, 409);
    seen.assert_says(Code::LastAdmin.message());
});
