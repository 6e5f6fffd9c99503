//! Whoever signs up first with somebody's address gains nothing by it; an honest owner who proves late loses nothing.

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, SignedIn, TestApp, db_test};
use vestibule::MailKind;

use crate::careful::Careful;
use crate::letters;

const NEW: &str = "lantern gravel orbit 77";
const STRANGERS: &str = "stranger@example.net";

/// A stranger with an account at somebody else's address, and everything that can be attached to it.
struct Stranger {
    email: String,
    sessions: Vec<SignedIn>,
    careful: Careful,
    /// A change to an address of the stranger's own, asked for and not yet confirmed.
    change: String,
}

/// How the owner of the address proves it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Verify,
    Reset,
    MagicLink,
    EmailCode,
}

const WAYS: [By; 4] = [By::Verify, By::Reset, By::MagicLink, By::EmailCode];

impl Stranger {
    async fn squat(app: &TestApp, email: &str) -> Stranger {
        let first = app.sign_up(email).await;
        let careful = Careful::enrol(app, &first).await;
        let body = json!({"identifier": email, "password": PASSWORD, "mfa_code": careful.next(app)});
        let second = SignedIn::of(&app.post("/api/v1/sign-in").json(body).await);
        let body = json!({"new_email": STRANGERS, "password": PASSWORD});
        assert_eq!(app.post("/api/v1/email/change").bearer(&first.token).json(body).await.status, 202);
        let change = letters::token(app, STRANGERS, MailKind::EmailChange).await;
        Stranger { email: email.to_owned(), sessions: vec![first, second], careful, change }
    }

    async fn has_nothing(&self, app: &TestApp, how: By) {
        for session in &self.sessions {
            assert_eq!(app.get("/api/v1/session").bearer(&session.token).await.status, 401, "{how:?}");
        }
        let codes = [None, Some(self.careful.next(app)), Some(self.careful.recovery_codes[0].clone())];
        for code in codes {
            let body = json!({"identifier": self.email, "password": PASSWORD, "mfa_code": code});
            let answer = app.post("/api/v1/sign-in").json(body).await;
            assert_eq!(answer.problem(), (401, "invalid_credentials".into()), "{how:?}");
        }
        let change = app.post("/api/v1/email/change/confirm").json(json!({"token": self.change})).await;
        assert_eq!(change.problem(), (410, "token_invalid".into()), "{how:?}");
    }
}

impl By {
    /// Asks for the mail that this takes, and reads the secret in it.
    async fn ask(self, app: &TestApp, email: &str) -> String {
        match self {
            By::Verify => letters::link(app, "/api/v1/email/verify/request", email).await,
            By::Reset => letters::link(app, "/api/v1/password/forgot", email).await,
            By::MagicLink => letters::link(app, "/api/v1/magic-link", email).await,
            By::EmailCode => letters::code(app, email).await,
        }
    }

    /// Presents it, with what else is proven, in the browser of somebody or nobody.
    async fn present(
        self,
        app: &TestApp,
        (email, secret): (&str, &str),
        more: Value,
        who: Option<&SignedIn>,
    ) -> Answer {
        let (path, mut body) = match self {
            By::Verify => ("/api/v1/email/verify", json!({ "token": secret })),
            By::Reset => ("/api/v1/password/reset", json!({"token": secret, "new_password": NEW})),
            By::MagicLink => ("/api/v1/magic-link/redeem", json!({ "token": secret })),
            By::EmailCode => ("/api/v1/email-code/redeem", json!({"email": email, "code": secret})),
        };
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let call = app.post(path).json(body);
        match who {
            Some(who) => call.browser(who).await,
            None => call.await,
        }
    }

    /// Who is signed in after that, by whatever the answer gave.
    async fn signed_in(self, app: &TestApp, email: &str, answer: &Answer) -> String {
        if self == By::Reset {
            assert_eq!(answer.session_cookie(), None, "a reset signs nobody in");
            let body = json!({"identifier": email, "password": NEW});
            return SignedIn::of(&app.post("/api/v1/sign-in").json(body).await).token;
        }
        answer.session_cookie().unwrap_or_else(|| panic!("{self:?} signs in: {}", answer.text)).to_owned()
    }
}

async fn account(app: &TestApp, token: &str) -> Value {
    let answer = app.get("/api/v1/me").bearer(token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

db_test!(a_stranger_who_was_there_first_keeps_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    for (n, how) in WAYS.into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let stranger = Stranger::squat(&app, &email).await;
        let secret = how.ask(&app, &email).await;
        let answer = how.present(&app, (&email, &secret), json!({}), None).await;
        assert!(answer.status.is_success(), "{how:?}: {}", answer.text);
        let ann = how.signed_in(&app, &email, &answer).await;
        stranger.has_nothing(&app, how).await;
        let account = account(&app, &ann).await;
        assert_eq!((&account["email"], &account["mfa_enabled"]), (&json!(email), &json!(false)), "{how:?}");
        assert!(account["email_verified_at"].is_string(), "{how:?}");
        let sessions = app.get("/api/v1/me/sessions").bearer(&ann).await.json();
        assert_eq!(sessions["items"].as_array().map(Vec::len), Some(1), "{how:?}: hers alone");
    }
});

db_test!(a_session_of_somebody_else_proves_nothing_about_the_account, |db| async move {
    let app = TestApp::new(&db).await;
    let bob = app.sign_up("bob@example.com").await;
    for (n, how) in WAYS.into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let stranger = Stranger::squat(&app, &email).await;
        let secret = how.ask(&app, &email).await;
        let answer = how.present(&app, (&email, &secret), json!({}), Some(&bob)).await;
        assert!(answer.status.is_success(), "{how:?}: {}", answer.text);
        stranger.has_nothing(&app, how).await;
        assert_eq!(account(&app, &bob.token).await["email"], "bob@example.com");
    }
});

db_test!(a_session_that_ended_proves_nothing_about_the_account, |db| async move {
    let app = TestApp::new(&db).await;
    for (n, how) in WAYS.into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let stranger = Stranger::squat(&app, &email).await;
        let ended = &stranger.sessions[1];
        assert_eq!(app.post("/api/v1/sign-out").bearer(&ended.token).await.status, 204);
        let secret = how.ask(&app, &email).await;
        let answer = how.present(&app, (&email, &secret), json!({}), Some(ended)).await;
        assert!(answer.status.is_success(), "{how:?}: {}", answer.text);
        stranger.has_nothing(&app, how).await;
    }
});

db_test!(an_owner_who_is_signed_in_keeps_everything, |db| async move {
    let app = TestApp::new(&db).await;
    for (n, how) in [By::Verify, By::MagicLink, By::EmailCode].into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let ann = Stranger::squat(&app, &email).await; // who is no stranger at all
        let secret = how.ask(&app, &email).await;
        let here = Some(&ann.sessions[0]);
        if how != By::Verify {
            let missing = how.present(&app, (&email, &secret), json!({}), here).await;
            assert_eq!(missing.problem(), (401, "mfa_required".into()), "{how:?}");
        }
        let more = json!({"mfa_code": ann.careful.next(&app)});
        let answer = how.present(&app, (&email, &secret), more, here).await;
        assert!(answer.status.is_success(), "{how:?}: {}", answer.text);
        keeps_everything(&app, &ann, how).await;
    }
});

db_test!(an_owner_who_gives_password_and_second_factor_keeps_everything, |db| async move {
    let app = TestApp::new(&db).await;
    for (n, how) in [By::Verify, By::MagicLink, By::EmailCode].into_iter().enumerate() {
        let email = format!("ann{n}@example.com");
        let ann = Stranger::squat(&app, &email).await; // who is no stranger at all
        let secret = how.ask(&app, &email).await;
        let wrong_code = how.present(&app, (&email, &secret), wrong(&ann, &app), None).await;
        assert_eq!(wrong_code.problem(), (401, "invalid_mfa_code".into()), "{how:?}");
        let missing = how.present(&app, (&email, &secret), json!({ "password": PASSWORD }), None).await;
        assert_eq!(missing.problem(), (401, "mfa_required".into()), "{how:?}");
        let bad = how.present(&app, (&email, &secret), json!({"password": NEW}), None).await;
        let expected = if how == By::EmailCode { "code_invalid" } else { "current_password_incorrect" };
        assert_eq!(bad.problem(), (401, expected.into()), "{how:?}");
        let more = json!({"password": PASSWORD, "mfa_code": ann.careful.next(&app)});
        let answer = how.present(&app, (&email, &secret), more, None).await;
        assert!(answer.status.is_success(), "{how:?}: {}", answer.text);
        assert!(answer.session_cookie().is_some(), "{how:?}");
        keeps_everything(&app, &ann, how).await;
    }
});

fn wrong(ann: &Stranger, app: &TestApp) -> Value {
    json!({"password": PASSWORD, "mfa_code": ann.careful.wrong(app)})
}

async fn keeps_everything(app: &TestApp, ann: &Stranger, how: By) {
    for session in &ann.sessions {
        let account = account(app, &session.token).await;
        assert_eq!(account["mfa_enabled"], true, "{how:?}");
        assert!(account["email_verified_at"].is_string(), "{how:?}");
    }
    let body = json!({"identifier": ann.email, "password": PASSWORD, "mfa_code": ann.careful.next(app)});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 200, "{how:?}");
}

db_test!(an_owner_who_resets_while_signed_in_keeps_the_second_factor, |db| async move {
    let app = TestApp::new(&db).await;
    let email = "ann@example.com";
    let ann = Stranger::squat(&app, email).await; // who is no stranger at all
    let secret = By::Reset.ask(&app, email).await;
    let answer = By::Reset.present(&app, (email, &secret), json!({}), Some(&ann.sessions[0])).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let body = json!({"identifier": email, "password": NEW});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.problem(), (401, "mfa_required".into()));
    let body = json!({"identifier": email, "password": NEW, "mfa_code": ann.careful.next(&app)});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 200);
});

db_test!(a_password_of_which_only_half_is_proven_keeps_nothing, |db| async move {
    let app = TestApp::new(&db).await;
    let email = "ann@example.com";
    let stranger = Stranger::squat(&app, email).await;
    let secret = By::Verify.ask(&app, email).await;
    let half = By::Verify.present(&app, (email, &secret), json!({ "password": PASSWORD }), None).await;
    assert_eq!(half.problem(), (401, "mfa_required".into()), "nothing is consumed");
    let none = By::Verify.present(&app, (email, &secret), json!({}), None).await;
    assert_eq!(none.status, 204);
    stranger.has_nothing(&app, By::Verify).await;
});
