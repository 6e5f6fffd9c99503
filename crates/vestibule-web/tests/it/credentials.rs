//! Which credential of a request counts.

use serde_json::json;
use testkit::{PASSWORD, TestApp, db_test};

use crate::programs::{Key, Tokens, service_key};

const PATH: &str = "/api/v1/me";
const FORM: &str = "application/x-www-form-urlencoded";

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

db_test!(two_cookies_of_our_name_keep_nobody_from_the_pages, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let planted = format!("vestibule={}; a=b; vestibule=x", ann.token);
    for path in ["/sign-in", "/sign-up", "/forgot-password"] {
        let page = app.get(path).header("cookie", &planted).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
    let account = app.get("/account").header("cookie", &planted).await;
    assert_eq!(account.status, 303);
    assert!(account.header("location").starts_with("/sign-in"), "{}", account.header("location"));
    let form = format!("identifier=ann%40example.com&password={PASSWORD}");
    let post = app.post("/sign-in").header("cookie", &planted).header("sec-fetch-site", "same-origin");
    let signed_in = post.body(FORM, form).await;
    assert_eq!((signed_in.status.as_u16(), signed_in.header("location")), (303, "/account"));
    assert!(signed_in.header("set-cookie").starts_with("vestibule=vst_ses_"));
    let unsafe_one = app.post("/account/sessions/end-others").header("cookie", &planted);
    let refused = unsafe_one.body(FORM, String::new()).await;
    assert_eq!(refused.status, 400, "what changes something is refused: {}", refused.text);
});

db_test!(a_key_may_come_in_a_header_of_its_own_and_nothing_else_may, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let key = Key::make(&app, &ann, None).await.token;
    let tokens = Tokens::by_session(&app, &ann).await;
    let service = service_key(&app, &["introspect"]).await;
    let with = |value: &str| app.get(PATH).header("x-api-key", value);
    assert_eq!(with(&key).await.json()["email"], "ann@example.com");
    assert_eq!(with(&key).cookie(&bob.token).await.json()["email"], "ann@example.com", "it counts, not the cookie");
    for other in [ann.token.as_str(), &tokens.access, &tokens.refresh, &service, "", "x", "vst_key_x", &key[1..]] {
        let answer = with(other).cookie(&bob.token).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{other}");
        assert_eq!(app.get("/api/v1/session").header("x-api-key", other).await.status, 401, "{other}");
    }
    for both in [with(&key).bearer(&key), with(&key).bearer("x"), with(&key).header("x-api-key", &key)] {
        assert_eq!(both.await.problem(), (400, "bad_request".into()));
    }
    assert_eq!(with(&key).header("authorization", "Basic eDp5").await.status, 200, "another scheme is somebody else's");
    let ask = |key: &str| app.post("/api/v1/introspect").header("x-api-key", key).json(json!({"token": key}));
    assert_eq!(ask(&service).await.json()["token_type"], "service_key");
    assert_eq!(ask(&key).await.problem(), (401, "unauthenticated".into()));
});

db_test!(no_key_in_a_header_takes_a_cookie_past_its_csrf_token, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let other = app.sign_in("ann@example.com").await;
    let key = Key::make(&app, &ann, None).await.token;
    for value in [key.as_str(), "", "x", "vst_key_x", &ann.token] {
        let json = app.delete("/api/v1/me/sessions").cookie(&ann.token).header("x-api-key", value).await;
        assert_eq!(json.status, 401, "{value}: {}", json.text);
        let form = app.post("/account/sessions/end-others").cookie(&ann.token).header("x-api-key", value);
        let form = form.header("sec-fetch-site", "cross-site").body(FORM, String::new()).await;
        assert_eq!(form.status, 303, "{value}: to sign in");
        assert!(form.header("location").starts_with("/sign-in"), "{value}: {}", form.header("location"));
    }
    let plain = app.delete("/api/v1/me/sessions").cookie(&ann.token).await;
    assert_eq!(plain.problem(), (403, "csrf_token_invalid".into()));
    assert_eq!(app.get("/api/v1/session").bearer(&other.token).await.status, 200, "nothing ended");
});
