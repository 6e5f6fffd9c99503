//! The secrets of second factors: sealed at rest, good for their own account alone, and read by whatever reads such
//! URIs and pictures.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use testkit::{TestDb, TestEngine, db_test, read_picture};
use totp_rs::Secret;
use vestibule::{AccountId, BeginEnrolment, EnableSecondFactor, Enrolment, RenewRecoveryCodes, Timestamp};

use crate::authenticators::{App, Careful, STEP, begin, begun, enable, enabled, renew, status};
use crate::people::{PASSWORD, account, sign_up};

/// Reads a URI, and says what it says and what codes it leads to at the given seconds.
const READ_URI: &str = "
import json, sys, pyotp
uri, seconds = json.load(sys.stdin)
totp = pyotp.parse_uri(uri)
codes = [totp.at(at) for at in seconds]
print(json.dumps([totp.issuer, totp.name, totp.secret, totp.digits, totp.interval, totp.digest().name, codes]))
";

db_test!(what_is_stored_of_a_secret_is_sealed_anew_each_time, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = sign_up(&t.engine, "ann@example.com").await;
    let enrolment = begun(begin(&t.engine, &ann, PASSWORD, None).await);
    let pending = stored(&t, "SELECT secret FROM second_factor_enrolments").await;
    let app = App::scan(&enrolment.uri);
    let recovery_codes = enabled(enable(&t.engine, &ann, &app.code(t.engine.now())).await);
    let active = stored(&t, "SELECT secret FROM second_factors").await;
    let secret = Secret::try_from_base32(enrolment.secret.expose_secret()).expect("base 32");
    for sealed in [&pending[0], &active[0]] {
        // Key id, nonce, ciphertext, authentication tag.
        assert_eq!((sealed.len(), sealed[0]), (1 + 24 + 20 + 16, 1));
        assert!(!sealed.windows(4).any(|part| secret.as_bytes().windows(4).any(|clear| clear == part)));
    }
    let digests = stored(&t, "SELECT digest FROM recovery_codes").await;
    assert_eq!((digests.len(), digests.iter().filter(|digest| digest.len() == 32).count()), (10, 10));
    for code in &recovery_codes {
        let plain = code.expose_secret().replace('-', "");
        for unkeyed in [code.expose_secret(), plain.as_str()] {
            let unkeyed = vestibule::Digest::of(unkeyed.as_bytes());
            assert!(!digests.iter().any(|digest| digest[..] == unkeyed.0), "a thief could search for it");
        }
    }
});

db_test!(a_secret_that_does_not_open_matches_no_code, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    t.clock.advance(STEP);
    let now = t.engine.now();
    let sealed = stored(&t, "SELECT secret FROM second_factors").await.remove(0);
    let mut changed = sealed.clone();
    changed[30] ^= 1;
    let raw = Secret::try_from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("base 32").as_bytes().to_vec();
    for (i, bad) in [Vec::new(), raw, changed, sealed[..40].to_vec()].into_iter().enumerate() {
        put(&t, "UPDATE second_factors SET secret = $2 WHERE account_id = $1", ann.id(), &bad).await;
        for code in [ann.app.code(now), "000000".into()] {
            assert!(matches!(renew(&t.engine, &ann.signed_in, &code).await, RenewRecoveryCodes::WrongCode), "{i}");
        }
        t.engine.unlock_account(&vestibule::Caller::host("root"), ann.id()).await.expect("unlocked");
    }
    assert!(status(&t.engine, ann.id()).await.enabled_at.is_some(), "and it does not turn the factor off");
    let way_out = begin(&t.engine, &ann.signed_in, PASSWORD, Some(ann.recovery_codes[0].clone())).await;
    assert!(matches!(way_out, Ok(BeginEnrolment::Begun(_))));
});

db_test!(a_secret_put_in_anothers_row_opens_nothing, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let (ann, bob) = (Careful::sign_up(&t, "ann@example.com").await, sign_up(&t.engine, "bob@example.com").await);
    let bobs = bob.account.account.id;
    begun(begin(&t.engine, &bob, PASSWORD, None).await);
    let sealed = stored(&t, "SELECT secret FROM second_factors").await.remove(0);
    put(&t, "UPDATE second_factor_enrolments SET secret = $2 WHERE account_id = $1", bobs, &sealed).await;
    let code = ann.app.code(t.engine.now());
    assert!(matches!(enable(&t.engine, &bob, &code).await, EnableSecondFactor::WrongCode));
    assert_eq!(account(&t.engine, bobs).await.failed_attempts, 1);
});

db_test!(deleting_an_account_deletes_its_factor, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let ann = Careful::sign_up(&t, "ann@example.com").await;
    begun(begin(&t.engine, &ann.signed_in, PASSWORD, Some(ann.recovery_codes[0].clone())).await);
    t.engine.delete_account(&vestibule::Caller::host("root"), ann.id()).await.expect("deleted");
    for sql in [
        "SELECT secret FROM second_factors",
        "SELECT secret FROM second_factor_enrolments",
        "SELECT digest FROM recovery_codes",
    ] {
        assert!(stored(&t, sql).await.is_empty(), "{sql}");
    }
});

db_test!(a_secret_that_waited_in_vain_is_swept_after_a_day, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let late = enrolment(&t, "ann@example.com").await;
    t.clock.advance(Duration::from_secs(1));
    enrolment(&t, "bob@example.com").await;
    let waiting = async || stored(&t, "SELECT secret FROM second_factor_enrolments").await.len();
    t.clock.advance(late.expires_at.since(t.engine.now()) + Duration::from_secs(24 * 3600 - 1));
    for (left, moments) in [(2, 1), (1, 1), (0, 0)] {
        t.engine.sweep().await.expect("swept");
        assert_eq!(waiting().await, left);
        t.clock.advance(Duration::from_secs(moments));
    }
});

#[test]
fn the_picture_holds_exactly_the_uri() {
    testkit::run(TestDb::sqlite(), |db| async move {
        let t = TestEngine::new(&db).await;
        let longest = format!("{}@{}.example.com", "a".repeat(64), "moss.".repeat(34).trim_end_matches('.'));
        for email in ["ann@example.com", "ann+kettle@bücher.example", &longest] {
            let enrolment = enrolment(&t, email).await;
            assert_eq!(read_picture(&enrolment.qr_svg), enrolment.uri.expose_secret(), "{email}");
        }
    });
}

#[test]
#[ignore = "needs Python with pyotp: run cargo xtask test"]
fn another_implementation_reads_the_uri_and_shows_the_same_codes() {
    testkit::run(TestDb::sqlite(), |db| async move {
        let t = TestEngine::with(&db, |config| {
            config.public_url = "https://accounts.example.com/under/a/path".parse().expect("a URL");
        })
        .await;
        for email in ["ann@example.com", "ann+kettle%20moss@example.com"] {
            let ann = sign_up(&t.engine, email).await;
            let enrolment = begun(begin(&t.engine, &ann, PASSWORD, None).await);
            let app = App::scan(&enrolment.uri);
            let moments: Vec<Timestamp> = (0..20).map(|i| t.engine.now().plus(Duration::from_secs(977 * i))).collect();
            let read = read_uri(&enrolment.uri, &moments);
            let ours: Vec<String> = moments.iter().map(|at| app.code(*at).expose_secret().to_owned()).collect();
            let secret = enrolment.secret.expose_secret();
            let expected = serde_json::json!(["accounts.example.com", email, secret, 6, 30, "sha1", ours]);
            assert_eq!(read, expected);
            let code = read[6][0].as_str().expect("a code").to_owned();
            enabled(enable(&t.engine, &ann, &code.into()).await);
        }
    });
}

async fn enrolment(t: &TestEngine, email: &str) -> Enrolment {
    let signed_in = sign_up(&t.engine, email).await;
    begun(begin(&t.engine, &signed_in, PASSWORD, None).await)
}

async fn stored(t: &TestEngine, sql: &'static str) -> Vec<Vec<u8>> {
    let rows: Vec<(Vec<u8>,)> = t.engine.db().read().await.expect("a connection").all(sql, &[]).await.expect("rows");
    rows.into_iter().map(|(column,)| column).collect()
}

async fn put(t: &TestEngine, sql: &'static str, account: AccountId, value: &Vec<u8>) {
    let mut tx = t.engine.db().write().await.expect("a transaction");
    assert_eq!(tx.exec(sql, &[&account, value]).await.expect("it runs"), 1);
    tx.commit().await.expect("committed");
}

/// What Python's pyotp makes of a URI.
fn read_uri(uri: &SecretString, moments: &[Timestamp]) -> serde_json::Value {
    let seconds: Vec<i64> = moments.iter().map(|at| at.0 / 1_000_000).collect();
    let question = serde_json::json!([uri.expose_secret(), seconds]).to_string();
    let mut child = Command::new(testkit::python())
        .args(["-c", READ_URI])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be started");
    child.stdin.take().expect("piped").write_all(question.as_bytes()).expect("it listens");
    let answer = child.wait_with_output().expect("it ends");
    assert!(answer.status.success(), "Python has something to say");
    serde_json::from_slice(&answer.stdout).expect("JSON")
}
