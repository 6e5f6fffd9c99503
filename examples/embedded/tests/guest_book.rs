//! The guest book over its router: Vestibule's pages live under the prefix and know it, and the book's own routes are
//! guarded by the session that they make.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::{Router, body};
use embedded::{POLICY, PREFIX, program};
use testkit::{TestDb, TestEngine, db_test};
use tower::ServiceExt as _;
use vestibule::{BreakGlass, Caller, NewAdministrator, Policy, SignIn, SignInForm, SignUp, SignUpForm};

const PASSWORD: &str = "harbour-moss-Kettle";

/// An engine that knows where the guest book mounts it, and what there is to be permitted.
async fn engine(db: &TestDb) -> TestEngine {
    let public_url = format!("http://localhost:3000{PREFIX}").parse().expect("a URL");
    let engine = TestEngine::with(db, |config| config.public_url = public_url).await;
    let policy = Policy::parse(POLICY).expect("a policy");
    engine.engine.apply_policy(&Caller::host("root"), &policy).await.expect("applied");
    engine
}

/// The cookie of somebody who signs in.
async fn sign_in(t: &TestEngine, identifier: &str) -> String {
    let form = SignInForm { identifier: identifier.into(), password: PASSWORD.into(), mfa_code: None };
    let SignIn::Done(signed_in) = t.engine.sign_in(&Caller::anonymous(), form).await.expect("an answer") else {
        panic!("refused")
    };
    format!("vestibule={}", signed_in.token.expose())
}

async fn get(router: &Router, path: &str, cookie: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

async fn post(router: &Router, path: &str, form: &str) -> Response {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form.to_owned())).expect("a request");
    router.clone().oneshot(request).await.expect("an answer")
}

async fn text(response: Response) -> String {
    let bytes = body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Wherever the page leads: every link, form and asset.
fn links(page: &str) -> Vec<&str> {
    let attributes = [" href=\"", " src=\"", " action=\""];
    let found = attributes.iter().flat_map(|attribute| page.split(attribute).skip(1));
    found.filter_map(|rest| rest.split('"').next()).filter(|link| !link.starts_with('#')).collect()
}

db_test!(links_cookie_and_redirects_survive_the_prefix, |db: TestDb| async move {
    let t = engine(&db).await;
    let router = program(t.engine.clone()).expect("a safe configuration");
    let form = SignUpForm {
        email: "ann@example.com".into(),
        password: Some(PASSWORD.into()),
        name: None,
        invitation_code: None,
    };
    t.engine.sign_up(&Caller::anonymous(), form).await.expect("signed up");

    let turned_away = get(&router, "/accounts/account", None).await;
    assert_eq!(turned_away.status(), StatusCode::SEE_OTHER);
    let sign_in = header_of(&turned_away, header::LOCATION);
    assert!(sign_in.starts_with("/accounts/sign-in"), "{sign_in}");

    let page = text(get(&router, &sign_in, None).await).await;
    let links = links(&page);
    assert!(links.len() > 3, "{page}");
    assert!(links.iter().all(|link| link.starts_with("/accounts/")), "{links:?}");

    let form = format!("identifier=ann%40example.com&password={PASSWORD}");
    let signed_in = post(&router, "/accounts/sign-in", &form).await;
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    let (to, cookie) = (header_of(&signed_in, header::LOCATION), header_of(&signed_in, header::SET_COOKIE));
    assert!(to.starts_with("/accounts/"), "{to}");
    assert!(cookie.contains("; Path=/;"), "{cookie}");

    let cookie = cookie.split(';').next().expect("a pair");
    assert_eq!(get(&router, "/accounts/account", Some(cookie)).await.status(), StatusCode::OK);
    let book = get(&router, "/book", Some(cookie)).await;
    assert_eq!(book.status(), StatusCode::OK);
    assert_eq!(text(book).await, "Hello, ann@example.com.");
});

db_test!(the_books_own_routes_are_guarded, |db: TestDb| async move {
    let t = engine(&db).await;
    let router = program(t.engine.clone()).expect("a safe configuration");
    assert_eq!(get(&router, "/", None).await.status(), StatusCode::OK);
    assert_eq!(get(&router, "/book", None).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&router, "/moderate", None).await.status(), StatusCode::UNAUTHORIZED);

    let form = SignUpForm {
        email: "ann@example.com".into(),
        password: Some(PASSWORD.into()),
        name: None,
        invitation_code: None,
    };
    let SignUp::Done(ann) = t.engine.sign_up(&Caller::anonymous(), form).await.expect("an answer") else {
        panic!("refused")
    };
    let ann = format!("vestibule={}", ann.token.expose());
    let refused = get(&router, "/moderate", Some(&ann)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(text(refused).await.contains("\"permission\":\"moderate:entries\""));

    let account = t.engine.find_account("ann@example.com").await.expect("an answer").expect("signed up").account.id;
    let moderators = t.engine.group_by_slug("moderators").await.expect("an answer").expect("the policy's group").id;
    t.engine.add_member(&Caller::host("root"), moderators, account, BreakGlass::No).await.expect("joined");
    let ann = sign_in(&t, "ann@example.com").await;
    assert_eq!(text(get(&router, "/moderate", Some(&ann)).await).await, "ann@example.com may tidy up.");

    let root = NewAdministrator { email: None, username: Some("root".into()), name: None, password: PASSWORD.into() };
    t.engine.create_administrator(&Caller::host("root"), root).await.expect("made");
    let root = sign_in(&t, "root").await;
    assert_eq!(text(get(&router, "/moderate", Some(&root)).await).await, "root may tidy up.");
});
