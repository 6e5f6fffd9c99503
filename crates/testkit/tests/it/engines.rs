//! Engines on a clock that moves.

use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{Caller, SignUp, SignUpForm, SignUpMode, SignedIn};

const DAY: Duration = Duration::from_secs(24 * 3600);

db_test!(a_second_node_shares_accounts_and_clock, |db| async move {
    let first = TestEngine::new(&db).await;
    let second = first.second_node().await;
    let signed_in = sign_up(&first).await.expect("sign-up is open");
    assert!(second.engine.session(&signed_in.token).await.unwrap().is_some());
    first.clock.advance(DAY);
    assert!(second.engine.session(&signed_in.token).await.unwrap().is_none());
});

db_test!(settings_can_be_changed, |db| async move {
    let closed = TestEngine::with(&db, |config| config.sign_up = SignUpMode::Closed).await;
    assert!(sign_up(&closed).await.is_none());
});

db_test!(the_machines_clock_can_be_used, |db| async move {
    let engine = TestEngine::system_clock(&db).await.engine;
    let before = engine.now();
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(before < engine.now());
});

async fn sign_up(on: &TestEngine) -> Option<Box<SignedIn>> {
    let password = Some("harbour-moss-Kettle-9".into());
    let form = SignUpForm { email: "ann@example.com".to_owned(), password, name: None, invitation_code: None };
    match on.engine.sign_up(&Caller::system(), form).await.expect("the engine works") {
        SignUp::Done(signed_in) => Some(signed_in),
        SignUp::MailSent
        | SignUp::EmailInUse
        | SignUp::Closed
        | SignUp::InvitationRequired
        | SignUp::InvitationUnknown
        | SignUp::AnotherAddress
        | SignUp::DomainNotAllowed => None,
    }
}
