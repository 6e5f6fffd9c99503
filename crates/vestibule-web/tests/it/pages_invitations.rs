//! What lets people into accounts that others made for them: `/admin/users/new` without a password, and the acts of
//! `/admin/users/{id}` that invite, show links and reset second factors.

use std::time::Duration;

use testkit::{Behaviour, PASSWORD, SmtpSink, TestEngine, db_test, sink_test};
use vestibule::{Caller, Code, RedeemToken, ResetFlow, TokenState};

use crate::letters::token_in;
use crate::pages_authenticator::{set_up, shown_once};
use crate::pages_visitor::{Seen, Visitor, id_of};

const NEW: &str = "/admin/users/new";
const BOB: &str = "bob@example.com";
const EARLIER: Duration = Duration::from_secs(16 * 60);
/// Every act of this file.
const ACTS: [&str; 4] = ["resend-invite", "revoke-invite", "reset-link", "reset-mfa"];

async fn console(engine: &TestEngine) -> Visitor {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root
}

/// Makes an account for Bob without a password.
async fn invite_bob(root: &mut Visitor) -> Seen {
    let page = root.get(NEW).await;
    root.submit(&page, NEW, &[("email", BOB), ("name", "Bob"), ("password", "")]).await
}

async fn path_of(engine: &TestEngine, who: &str) -> String {
    format!("/admin/users/{}", id_of(engine, who).await)
}

fn has_form(page: &Seen, action: &str) -> bool {
    page.forms().iter().any(|form| form.action == action)
}

async fn state(engine: &TestEngine, link: &str) -> (TokenState, ResetFlow) {
    let status = engine.engine.reset_status(&token_in(link)).await.expect("the engine answers");
    (status.state, status.flow)
}

db_test!(without_mail_an_invitation_is_shown_once_to_be_handed_over, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    root.get(NEW).await.assert_says("Leave it empty to be shown an invitation.");
    let made = invite_bob(&mut root).await;
    assert_eq!(made.status, 200, "{}", made.html);
    let first = shown_once(&made);
    assert!(first.starts_with("http://localhost:8080/invitation?token=vst_inv_"), "{first}");
    assert!(!made.html.contains(&format!("href=\"{first}")), "it is not the administrator's to open: {}", made.html);
    assert_eq!(state(&engine, &first).await, (TokenState::Valid, ResetFlow::Invite));

    let path = path_of(&engine, BOB).await;
    let page = root.get(&path).await;
    page.assert_says("<span class=\"badge invited\">invited</span>");
    page.assert_says("<span class=\"badge unconfirmed\">not confirmed</span>");
    assert!(!page.html.contains("vst_inv_") && !has_form(&page, &format!("{path}/reset-link")), "{}", page.html);
    let resent = root.submit(&page, &format!("{path}/resend-invite"), &[]).await;
    let second = shown_once(&resent);
    assert_eq!(state(&engine, &first).await.0, TokenState::Used, "the earlier one ends");
    assert_eq!(state(&engine, &second).await.0, TokenState::Valid);
    let revoked = root.submit(&page, &format!("{path}/revoke-invite"), &[]).await;
    assert_eq!(revoked.place(), format!("{path}?done=invitation_revoked"));
    root.follow(&revoked).await.assert_says("The invitation was called back");
    assert_eq!(state(&engine, &second).await.0, TokenState::Used);

    let third = shown_once(&root.submit(&page, &format!("{path}/resend-invite"), &[]).await);
    let redeemed =
        engine.engine.reset_password(&Caller::anonymous(), &token_in(&third), PASSWORD.into(), None).await.unwrap();
    assert!(matches!(redeemed, RedeemToken::Done), "{redeemed:?}");
    root.stranger().sign_in(BOB).await;
    let arrived = root.get(&path).await;
    for act in ["resend-invite", "revoke-invite"] {
        assert!(!has_form(&arrived, &format!("{path}/{act}")), "{act}");
        let late = root.submit(&page, &format!("{path}/{act}"), &[]).await;
        assert_eq!(late.status, 409, "{act}");
        late.assert_says(Code::NotInvited.message());
    }
});

db_test!(who_has_no_address_cannot_be_invited, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let page = root.get(NEW).await;
    let seen = root.submit(&page, NEW, &[("username", "bob"), ("password", "")]).await;
    seen.assert_mistake(422, "password", Code::PasswordRequired.message());
    let made = root.submit(&page, NEW, &[("username", "bob"), ("password", PASSWORD)]).await;
    assert!(made.place().ends_with("?done=user_created"), "{}", made.place());
});

db_test!(invited_accounts_are_counted_and_found, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    invite_bob(&mut root).await;
    root.get("/admin").await.assert_says("/admin/users?state=invited\"><strong>1</strong> invited");
    let found = root.get("/admin/users?state=invited").await;
    found.assert_says("bob@example.com</a></th>");
    found.assert_says("<option value=\"invited\" selected>invited</option>");
    assert!(!found.html.contains("\">root</a></th>"), "{}", found.html);
});

db_test!(without_mail_a_link_to_choose_a_password_is_shown_once, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    root.stranger().sign_up(BOB).await;
    let path = path_of(&engine, BOB).await;
    let page = root.get(&path).await;
    let shown = root.submit(&page, &format!("{path}/reset-link"), &[]).await;
    shown.assert_says("It works once, for one hour.");
    let link = shown_once(&shown);
    assert!(link.starts_with("http://localhost:8080/reset-password?token=vst_rst_"), "{link}");
    assert_eq!(state(&engine, &link).await, (TokenState::Valid, ResetFlow::Reset));
    assert!(!root.get(&path).await.html.contains("vst_rst_"), "once");
    root.submit(&page, &format!("{path}/disable"), &[]).await;
    let disabled = root.submit(&page, &format!("{path}/reset-link"), &[]).await;
    assert_eq!(disabled.status, 409);
    disabled.assert_says(Code::AccountDisabled.message());
});

db_test!(somebodys_two_step_sign_in_is_reset, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let mut bob = root.stranger();
    bob.sign_up(BOB).await;
    let path = path_of(&engine, BOB).await;
    let before = root.get(&path).await;
    before.assert_says("<dt>Two-step sign-in</dt><dd>off</dd>");
    assert!(!has_form(&before, &format!("{path}/reset-mfa")));
    set_up(&engine, &mut bob).await;
    let page = root.get(&path).await;
    page.assert_says("10 recovery codes left");
    let reset = root.submit(&page, &format!("{path}/reset-mfa"), &[]).await;
    assert_eq!(reset.place(), format!("{path}?done=second_factor_reset"));
    root.follow(&reset).await.assert_says("<dt>Two-step sign-in</dt><dd>off</dd>");
    bob.get("/account/security").await.assert_says("Set it up");
});

db_test!(what_opens_an_account_is_for_administrators_with_a_recent_proof, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    invite_bob(&mut root).await;
    let bob = path_of(&engine, BOB).await;
    let me = path_of(&engine, "root").await;
    let (mine, hers) = (root.get("/admin").await.csrf_token(), ann.get("/account").await.csrf_token());
    for act in ACTS {
        let seen = ann.post(&format!("{bob}/{act}"), &[("csrf_token", &hers)]).await;
        assert_eq!(seen.status, 403, "{act}");
        let seen = root.post(&format!("{bob}/{act}"), &[("csrf_token", "0")]).await;
        assert_eq!(seen.status, 403, "{act}");
        let seen = root.post(&format!("/admin/users/{}/{act}", uuid::Uuid::nil()), &[("csrf_token", &mine)]).await;
        assert_eq!(seen.status, 404, "{act}");
    }
    for act in ["reset-link", "reset-mfa"] {
        let seen = root.post(&format!("{me}/{act}"), &[("csrf_token", &mine)]).await;
        assert_eq!(seen.status, 409, "{act}");
        seen.assert_says(Code::OwnAccount.message());
    }
    engine.clock.advance(EARLIER);
    let stale = root.get(&bob).await;
    for act in ACTS {
        assert!(!has_form(&stale, &format!("{bob}/{act}")), "{act}");
        let seen = root.post(&format!("{bob}/{act}"), &[("csrf_token", &mine)]).await;
        assert_eq!(seen.place(), format!("/reauthenticate?return_to={}", bob.replace('/', "%2F")), "{act}");
    }
});

sink_test!(an_invitation_by_mail_says_what_became_of_it, |db| async move {
    let mut sink = SmtpSink::start().await;
    let smtp = sink.config();
    let engine = TestEngine::with(&db, |config| config.mail.smtp = Some(smtp)).await;
    let mut root = console(&engine).await;
    root.get(NEW).await.assert_says("Leave it empty to send an invitation.");
    let made = invite_bob(&mut root).await;
    let path = path_of(&engine, BOB).await;
    assert_eq!(made.place(), format!("{path}?done=invitation_sent"));
    let page = root.follow(&made).await;
    page.assert_says("The invitation was sent.");
    page.assert_says("<span class=\"badge done\">sent</span>");
    assert!(!page.html.contains("vst_inv_") && !has_form(&page, &format!("{path}/reset-link")), "{}", page.html);
    assert_eq!(sink.mails().await.last().expect("it arrived").to, [BOB]);

    sink.behave(Behaviour::AnswersRecipient("550 5.1.1 nobody of that name")).await;
    let failed = root.submit(&page, &format!("{path}/resend-invite"), &[]).await;
    assert_eq!(failed.place(), format!("{path}?done=invitation_failed"));
    let page = root.follow(&failed).await;
    page.assert_says("<span class=\"badge refused\">given up</span>");
    page.assert_says("nobody of that name");

    sink.stop();
    engine.clock.advance(Duration::from_secs(1));
    let waiting = root.submit(&page, &format!("{path}/resend-invite"), &[]).await;
    assert_eq!(waiting.place(), format!("{path}?done=invitation_waiting"));
    root.follow(&waiting).await.assert_says("to be tried again");
    let seen = root.post(&format!("{path}/reset-link"), &[("csrf_token", page.csrf_token())]).await;
    assert_eq!(seen.status, 409);
    seen.assert_says(Code::MailConfigured.message());
});
