//! Which credential of a request counts.

use testkit::{TestApp, db_test};

const PATH: &str = "/api/v1/me";

db_test!(a_bearer_beats_the_cookie_good_or_bad, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let both = app.get(PATH).bearer(&ann.token).cookie(&bob.token).await;
    assert_eq!(both.json()["email"], "ann@example.com");
    let changed = ann.token.replace(char::is_numeric, "x");
    for bad in ["", "x", "vst_ses_", &changed, &ann.token.replace("_ses_", "_set_"), &ann.token[1..]] {
        let answer = app.get(PATH).bearer(bad).cookie(&bob.token).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{bad}");
    }
    let unknown = "vst_ses_0000000000000000000000000000000000000000000";
    assert_eq!(app.get(PATH).bearer(unknown).cookie(&bob.token).await.status, 401);
});

db_test!(a_scheme_in_any_case_is_bearer_and_another_scheme_is_somebody_elses, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let with = |value: String| app.get(PATH).header("authorization", &value);
    assert_eq!(with(format!("bearer {}", ann.token)).await.status, 200);
    assert_eq!(with(format!("BEARER   {}", ann.token)).await.status, 200);
    assert_eq!(with(format!("Basic {}", ann.token)).await.status, 401);
    assert_eq!(with("Basic eDp5".into()).cookie(&ann.token).await.status, 200);
    assert_eq!(with("Bearer".into()).cookie(&ann.token).await.status, 401);
    let twice = with(format!("Bearer {}", ann.token)).bearer(&ann.token).await;
    assert_eq!(twice.problem(), (400, "bad_request".into()));
});

db_test!(between_two_cookies_of_our_name_nobody_chooses, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let planted = format!("vestibule={}; vestibule={}", ann.token, bob.token);
    assert_eq!(app.get(PATH).header("cookie", &planted).await.problem(), (400, "bad_request".into()));
    let in_two_lines = app.get(PATH).cookie(&ann.token).cookie(&ann.token).await;
    assert_eq!(in_two_lines.problem(), (400, "bad_request".into()));
    let among_others = format!("a=b; vestibule={}; vestibule2=x", ann.token);
    assert_eq!(app.get(PATH).header("cookie", &among_others).await.status, 200);
    for bad in ["vestibule=", "vestibule=x", "vestibule", "=x", ";;;", "__Host-vestibule=x"] {
        assert_eq!(app.get(PATH).header("cookie", bad).await.problem(), (401, "unauthenticated".into()), "{bad}");
    }
});
