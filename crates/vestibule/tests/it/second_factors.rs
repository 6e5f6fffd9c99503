//! Second factors: enrolled by password and code, replaced and disabled by whoever holds the old one, reset by others.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use testkit::{TestDb, TestEngine, db_test};
use vestibule::{
    AccountId, BeginEnrolment, Code, DisableSecondFactor, EnableSecondFactor, EnrolmentForm, Error, MailKind, Random,
    RenewRecoveryCodes, SecondFactorStatus, SignedIn,
};

use crate::authenticators::{
    App, Careful, STEP, begin, begun, disable, enable, enabled, logged, renew, renewed, session, status,
};
use crate::people::{OTHER, PASSWORD, account, administrator, by, count_mailed, live, sign_up, signs_in};

const ANN: &str = "ann@example.com";
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const OFF: SecondFactorStatus =
    SecondFactorStatus { enabled_at: None, recovery_codes_remaining: 0, pending_until: None };

db_test!(a_secret_waits_and_changes_nothing_until_a_code_of_it_comes, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    assert_eq!(status(&t.engine, id).await, OFF);
    let enrolment = begun(begin(&t.engine, &ann, PASSWORD, None).await);
    let until = t.engine.now().plus(FIVE_MINUTES);
    assert_eq!(enrolment.expires_at, until);
    assert_eq!(status(&t.engine, id).await, SecondFactorStatus { pending_until: Some(until), ..OFF });
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_some(), "without a code, as before");
    assert!(!t.engine.account(id).await.expect("ann").mfa_enabled);

    let code = App::scan(&enrolment.uri).code(t.engine.now());
    assert_eq!(enabled(enable(&t.engine, &ann, &code).await).len(), 10);
    let on = SecondFactorStatus { enabled_at: Some(t.engine.now()), recovery_codes_remaining: 10, pending_until: None };
    assert_eq!(status(&t.engine, id).await, on);
    assert!(t.engine.account(id).await.expect("ann").mfa_enabled);
    assert_eq!(logged(&t.engine, id, "second_factor.enrolment_begun").await, (1, 0));
    assert_eq!(logged(&t.engine, id, "second_factor.enabled").await, (1, 0));
    assert!(matches!(enable(&t.engine, &ann, &code).await, EnableSecondFactor::NoEnrolment), "it waits no more");
});

db_test!(beginning_takes_the_password, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    assert!(matches!(begin(&t.engine, &ann, OTHER, None).await, Ok(BeginEnrolment::WrongPassword)));
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1);
    assert_eq!(logged(&t.engine, id, "second_factor.enrolment_begun").await, (0, 1));
    let (by_ann, session) = (by(&ann.account.account), session(&t.engine, &ann).await);
    let without = t.engine.begin_enrolment(&by_ann, &session, EnrolmentForm::default()).await;
    assert!(matches!(without, Err(Error::Invalid(fields)) if fields.0[0].code == Code::PasswordRequired));
    assert_eq!(status(&t.engine, id).await, OFF);
    begun(begin(&t.engine, &ann, PASSWORD, None).await);
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1, "the right one takes back its own attempt alone");
});

db_test!(a_secret_waits_for_five_minutes_to_the_microsecond, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, bob) = (sign_up(&t.engine, ANN).await, sign_up(&t.engine, "bob@example.com").await);
    let anns = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    let bobs = App::scan(&begun(begin(&t.engine, &bob, PASSWORD, None).await).uri);
    t.clock.advance(FIVE_MINUTES - Duration::from_micros(1));
    enabled(enable(&t.engine, &ann, &anns.code(t.engine.now())).await);
    t.clock.advance(Duration::from_micros(1));
    assert_eq!(status(&t.engine, bob.account.account.id).await, OFF);
    let late = bobs.code(t.engine.now());
    assert!(matches!(enable(&t.engine, &bob, &late).await, EnableSecondFactor::Expired));
    assert!(matches!(enable(&t.engine, &bob, &late).await, EnableSecondFactor::NoEnrolment), "it is gone");
    assert_eq!(account(&t.engine, bob.account.account.id).await.failed_attempts, 0);
});

db_test!(a_second_enrolment_voids_the_first, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let first = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    t.clock.advance(FIVE_MINUTES - STEP);
    let second = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    t.clock.advance(STEP);
    let now = t.engine.now();
    assert!(matches!(enable(&t.engine, &ann, &first.code(now)).await, EnableSecondFactor::WrongCode));
    enabled(enable(&t.engine, &ann, &second.code(now)).await);
});

db_test!(a_wrong_first_code_counts_and_the_secret_waits_on, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let app = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    let wrong = app.wrong_code(t.engine.now());
    assert!(matches!(enable(&t.engine, &ann, &wrong).await, EnableSecondFactor::WrongCode));
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1);
    assert_eq!(logged(&t.engine, id, "second_factor.enabled").await, (0, 1));
    enabled(enable(&t.engine, &ann, &app.code(t.engine.now())).await);
    assert_eq!(account(&t.engine, id).await.failed_attempts, 1);
});

db_test!(blank_codes_are_asked_for_again_and_count_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let blanks = || ["", "  ", "\t\n", " - "];
    for blank in blanks() {
        assert!(matches!(enable(&t.engine, &ann, &blank.into()).await, EnableSecondFactor::NoEnrolment));
        assert!(matches!(renew(&t.engine, &ann, &blank.into()).await, RenewRecoveryCodes::NotEnabled));
    }
    let app = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    for blank in blanks() {
        assert!(matches!(enable(&t.engine, &ann, &blank.into()).await, EnableSecondFactor::CodeRequired));
    }
    enabled(enable(&t.engine, &ann, &app.code(t.engine.now())).await);
    for blank in blanks() {
        let again = begin(&t.engine, &ann, PASSWORD, Some(blank.into())).await;
        assert!(matches!(again, Ok(BeginEnrolment::CodeRequired)));
        assert!(matches!(renew(&t.engine, &ann, &blank.into()).await, RenewRecoveryCodes::CodeRequired));
        let off = disable(&t.engine, &ann, PASSWORD, Some(blank.into())).await;
        assert!(matches!(off, DisableSecondFactor::CodeRequired));
    }
    assert!(matches!(disable(&t.engine, &ann, PASSWORD, None).await, DisableSecondFactor::CodeRequired));
    assert_eq!(account(&t.engine, ann.account.account.id).await.failed_attempts, 0);
});

db_test!(enabling_ends_every_other_session, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let node = t.second_node().await;
    let ann = sign_up(&t.engine, ANN).await;
    let other = signs_in(&t.engine, ANN, PASSWORD).await.expect("signed in twice");
    assert!(live(&node.engine, &other).await.is_some());
    let ann = Careful::enrol(&t, ann).await;
    assert!(live(&t.engine, &other).await.is_none());
    assert!(live(&t.engine, &ann.signed_in).await.is_some());
    until(async || live(&node.engine, &other).await.is_none()).await;
});

db_test!(a_factor_that_is_on_must_be_shown_to_be_replaced, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let (now, who) = (t.engine.now(), &ann.signed_in);
    assert!(matches!(begin(&t.engine, who, PASSWORD, None).await, Ok(BeginEnrolment::CodeRequired)));
    let wrong = begin(&t.engine, who, PASSWORD, Some(ann.app.wrong_code(now))).await;
    assert!(matches!(wrong, Ok(BeginEnrolment::WrongCode)));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 1);
    assert_eq!(status(&t.engine, ann.id()).await.pending_until, None);
    let new = App::scan(&begun(begin(&t.engine, who, PASSWORD, Some(ann.app.code(now))).await).uri);

    t.clock.advance(STEP);
    let now = t.engine.now();
    renewed(renew(&t.engine, who, &ann.app.code(now)).await); // the old one is still the factor
    let codes = enabled(enable(&t.engine, who, &new.code(now)).await);
    t.clock.advance(STEP);
    let now = t.engine.now();
    assert!(matches!(renew(&t.engine, who, &ann.app.code(now)).await, RenewRecoveryCodes::WrongCode));
    renewed(renew(&t.engine, who, &new.code(now)).await);
    let off = disable(&t.engine, who, PASSWORD, Some(codes[0].clone())).await;
    assert!(matches!(off, DisableSecondFactor::WrongCode), "renewed meanwhile");
});

db_test!(a_recovery_code_lets_its_owner_replace_a_lost_authenticator, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    let code = Some(ann.recovery_codes[3].clone());
    let new = App::scan(&begun(begin(&t.engine, &ann.signed_in, PASSWORD, code).await).uri);
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 9);
    enabled(enable(&t.engine, &ann.signed_in, &new.code(t.engine.now())).await);
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 10);
});

db_test!(disabling_takes_password_and_code_and_leaves_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let (now, who) = (t.engine.now(), &ann.signed_in);
    let right = || Some(ann.app.code(now));
    assert!(matches!(disable(&t.engine, who, OTHER, right()).await, DisableSecondFactor::WrongPassword));
    let wrong = Some(ann.app.wrong_code(now));
    assert!(matches!(disable(&t.engine, who, PASSWORD, wrong).await, DisableSecondFactor::WrongCode));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 2);
    assert_eq!(logged(&t.engine, ann.id(), "second_factor.disabled").await, (0, 2));
    assert!(status(&t.engine, ann.id()).await.enabled_at.is_some());

    assert!(matches!(disable(&t.engine, who, PASSWORD, right()).await, DisableSecondFactor::Done));
    assert_eq!(status(&t.engine, ann.id()).await, OFF);
    assert_eq!(logged(&t.engine, ann.id(), "second_factor.disabled").await, (1, 2));
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_some(), "without a code");
});

db_test!(disabling_what_is_off_is_done_and_ends_an_enrolment, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let id = ann.account.account.id;
    let app = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    assert!(matches!(disable(&t.engine, &ann, OTHER, None).await, DisableSecondFactor::WrongPassword));
    assert!(status(&t.engine, id).await.pending_until.is_some());
    for _ in 0..2 {
        assert!(matches!(disable(&t.engine, &ann, PASSWORD, None).await, DisableSecondFactor::Done));
    }
    let code = app.code(t.engine.now());
    assert!(matches!(enable(&t.engine, &ann, &code).await, EnableSecondFactor::NoEnrolment));
    assert_eq!(logged(&t.engine, id, "second_factor.disabled").await, (0, 1), "nothing was on");
});

db_test!(an_administrator_resets_it_and_its_owner_does_not, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let root = administrator(&t.engine, "root").await.account;
    let ann = Careful::sign_up(&t, ANN).await;
    let bob = sign_up(&t.engine, "bob@example.com").await;
    let reset = |caller, id| {
        let engine = t.engine.clone();
        async move { engine.reset_second_factor(&caller, id).await }
    };
    assert!(matches!(reset(by(ann.account()), ann.id()).await, Err(Error::Conflict(Code::OwnAccount))));
    let by_bob = reset(by(&bob.account.account), ann.id()).await;
    let Err(Error::Forbidden(why)) = by_bob else { panic!("bob may not: {by_bob:?}") };
    assert_eq!((why.code, why.permission.as_str()), (Code::PermissionRequired, "update:users"));
    let nobody = AccountId::fresh(t.engine.now(), &Random::system());
    assert!(matches!(reset(by(&root), nobody).await, Err(Error::NotFound)));
    assert!(matches!(t.engine.second_factor(nobody).await, Err(Error::NotFound)));
    assert!(status(&t.engine, ann.id()).await.enabled_at.is_some());

    reset(by(&root), ann.id()).await.expect("reset");
    assert_eq!(status(&t.engine, ann.id()).await, OFF);
    assert!(signs_in(&t.engine, ANN, PASSWORD).await.is_some(), "without a code");
    reset(by(&root), ann.id()).await.expect("off already");
    assert_eq!(logged(&t.engine, ann.id(), "second_factor.reset").await, (1, 2));
    assert_eq!(count_mailed(&t.engine, ANN, MailKind::SecondFactorReset).await, 1);
});

db_test!(a_reset_ends_an_enrolment_that_waits, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, ANN).await;
    let app = App::scan(&begun(begin(&t.engine, &ann, PASSWORD, None).await).uri);
    t.engine.reset_second_factor(&vestibule::Caller::host("root"), ann.account.account.id).await.expect("reset");
    let code = app.code(t.engine.now());
    assert!(matches!(enable(&t.engine, &ann, &code).await, EnableSecondFactor::NoEnrolment));
});

db_test!(the_owner_hears_of_each_change_and_never_by_a_code, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let mailbox = t.mailbox();
    let signed_in = sign_up(&t.engine, ANN).await;
    mailbox.read_all().await;
    let ann = Careful::enrol(&t, signed_in).await;
    assert_eq!(mailbox.kinds(ANN).await, [MailKind::SecondFactorEnabled]);
    t.clock.advance(STEP);
    let codes = renewed(renew(&t.engine, &ann.signed_in, &ann.app.code(t.engine.now())).await);
    assert_eq!(mailbox.kinds(ANN).await, [MailKind::RecoveryCodesRenewed]);
    begun(begin(&t.engine, &ann.signed_in, PASSWORD, Some(codes[0].clone())).await);
    let used = mailbox.unread(ANN).await;
    assert_eq!(used.iter().map(|mail| mail.row.kind).collect::<Vec<_>>(), [MailKind::RecoveryCodeUsed]);
    assert!(used[0].text.contains('9'), "it says how many are left: {}", used[0].text);
    t.clock.advance(STEP);
    disable(&t.engine, &ann.signed_in, PASSWORD, Some(ann.app.code(t.engine.now()))).await;
    assert_eq!(mailbox.kinds(ANN).await, [MailKind::SecondFactorDisabled]);
    for mail in t.engine.kept_mail(100).await.expect("the development outbox") {
        assert!(codes.iter().all(|code| !mail.text.contains(code.expose_secret())));
    }
});

db_test!(whoever_was_signed_out_meanwhile_changes_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, ANN).await;
    t.clock.advance(STEP);
    let session = session(&t.engine, &ann.signed_in).await;
    let mut caller = by(ann.account());
    caller.credential = Some(session.credential);
    t.engine.end_all_sessions(&by(ann.account()), ann.id()).await.expect("ended");
    let code = ann.app.code(t.engine.now());
    let form = || EnrolmentForm { password: Some(PASSWORD.into()), code: Some(code.clone()) };
    let begun = t.engine.begin_enrolment(&caller, &session, form()).await;
    assert!(matches!(begun, Err(Error::Denied(Code::Unauthenticated))));
    let enabled = t.engine.enable_second_factor(&caller, &session, &code).await;
    assert!(matches!(enabled, Err(Error::Denied(Code::Unauthenticated))));
    let renewed = t.engine.renew_recovery_codes(&caller, &session, &code).await;
    assert!(matches!(renewed, Err(Error::Denied(Code::Unauthenticated))));
    let form = vestibule::DisableForm { password: Some(PASSWORD.into()), code: Some(code.clone()) };
    let disabled = t.engine.disable_second_factor(&caller, &session, form).await;
    assert!(matches!(disabled, Err(Error::Denied(Code::Unauthenticated))));
    assert_eq!(account(&t.engine, ann.id()).await.failed_attempts, 0, "the password was right");
    assert_eq!(status(&t.engine, ann.id()).await.recovery_codes_remaining, 10);
});

async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn an_enrolment_shows_nothing_of_its_secret_in_logs() {
    testkit::run(TestDb::sqlite(), |db| async move {
        let t = TestEngine::new(&db).await;
        let ann: SignedIn = sign_up(&t.engine, ANN).await;
        let enrolment = begun(begin(&t.engine, &ann, PASSWORD, None).await);
        let shown = format!("{enrolment:?}");
        assert!(shown.starts_with("Enrolment { expires_at: "), "{shown}");
        assert!(!shown.contains(enrolment.secret.expose_secret()) && !shown.contains("svg"), "{shown}");
    });
}
