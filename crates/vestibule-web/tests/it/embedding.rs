//! An axum app that mounts Vestibule under a prefix and guards its own routes.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, State};
use axum::http::Request;
use axum::routing::{get, post};
use serde_json::{Value, json};
use testkit::{PASSWORD, TestDb, TestEngine, db_test};
use tower::ServiceExt as _;
use vestibule::{Caller, Entry};
use vestibule_web::extract::{RecentlyProven, Require, RequireOrganization, Session};
use vestibule_web::{App, Limits, WebConfig, permission};

permission! {
    /// See what is secret.
    ViewSecrets = "view": "secrets";
    /// Change it.
    UpdateSecrets = "update": "secrets"
}

#[derive(Clone)]
struct Host {
    app: App,
    greeting: &'static str,
}

impl FromRef<Host> for App {
    fn from_ref(host: &Host) -> App {
        host.app.clone()
    }
}

async fn engine(db: &TestDb) -> TestEngine {
    TestEngine::with(db, |config| config.public_url = "http://localhost:3000/auth".parse().expect("a URL")).await
}

fn host(engine: &TestEngine) -> Router {
    let config = WebConfig { limits: Limits::off(), ..WebConfig::default() };
    let app = App::new(engine.engine.clone(), config).expect("a safe configuration");
    assert_eq!((app.base(), app.absolute("/sign-in").as_str()), ("/auth", "http://localhost:3000/auth/sign-in"));
    Router::new()
        .route(
            "/greet",
            get(|State(host): State<Host>, who: Session| async move { format!("{} {}", host.greeting, who.label) }),
        )
        .route(
            "/maybe",
            get(|who: Option<Session>| async move { who.map_or("nobody".into(), |who| who.label.clone()) }),
        )
        .route("/write", post(|_: Session| async { "written" }))
        .route("/secret", get(|who: Require<ViewSecrets>| async move { format!("secret of {}", who.label) }))
        .route("/secret/change", get(|RecentlyProven(_): RecentlyProven<Require<UpdateSecrets>>| async { "changed" }))
        .route(
            "/store",
            get(|RequireOrganization(who, organization): RequireOrganization| async move {
                format!("{} for {organization}", who.label)
            }),
        )
        .route("/danger", get(|_: RecentlyProven| async { "done" }))
        .nest("/auth", app.router())
        .with_state(Host { app, greeting: "Hello" })
}

async fn send(router: &Router, request: Request<Body>) -> (u16, String) {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let body = match body {
        Some(body) => {
            builder = builder.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    builder.body(body).expect("a request")
}

async fn sign_up(router: &Router) -> Value {
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let (status, text) = send(router, request("POST", "/auth/api/v1/sign-up", &[], Some(body))).await;
    assert_eq!(status, 201, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

db_test!(a_host_guards_its_own_routes_with_our_extractors, |db| async move {
    let engine = engine(&db).await;
    let router = host(&engine);
    let ann = sign_up(&router).await;
    let bearer = format!("Bearer {}", ann["token"].as_str().expect("a token"));
    let with = [("authorization", bearer.as_str())];
    assert_eq!(send(&router, request("GET", "/greet", &with, None)).await, (200, "Hello ann@example.com".into()));
    assert_eq!(send(&router, request("GET", "/maybe", &with, None)).await, (200, "ann@example.com".into()));
    assert_eq!(send(&router, request("GET", "/maybe", &[], None)).await, (200, "nobody".into()));
    assert_eq!(send(&router, request("GET", "/danger", &with, None)).await.0, 200);
    let (status, text) = send(&router, request("GET", "/greet", &[], None)).await;
    assert!(status == 401 && text.contains("unauthenticated"), "{status} {text}");
    let (status, text) = send(&router, request("GET", "/secret", &with, None)).await;
    assert!(status == 403 && text.contains("permission_required") && text.contains("view:secrets"), "{status} {text}");
    engine.clock.advance(std::time::Duration::from_secs(15 * 60));
    let (status, text) = send(&router, request("GET", "/danger", &with, None)).await;
    assert!(status == 403 && text.contains("reauthentication_required"), "{status} {text}");
});

db_test!(a_host_asks_for_permissions_of_its_own, |db| async move {
    let engine = engine(&db).await;
    let router = host(&engine);
    let ann = sign_up(&router).await;
    let by = Caller::host("root");
    for action in ["view", "update"] {
        let entry = Entry { action: action.into(), resource: "secrets".into(), ..Entry::default() };
        engine.engine.add_permission(&by, entry).await.expect("the host may");
    }
    let account = ann["account"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let permission = "view:secrets".parse().expect("a permission");
    engine.engine.grant_permission(&by, account, permission).await.expect("the host may");
    let body = json!({"identifier": "ann@example.com", "password": PASSWORD});
    let (_, signed_in) = send(&router, request("POST", "/auth/api/v1/sign-in", &[], Some(body))).await;
    let signed_in: Value = serde_json::from_str(&signed_in).expect("JSON");
    let bearer = format!("Bearer {}", signed_in["token"].as_str().expect("a token"));
    let with = [("authorization", bearer.as_str())];
    let secret = send(&router, request("GET", "/secret", &with, None)).await;
    assert_eq!(secret, (200, "secret of ann@example.com".into()));
    let (status, text) = send(&router, request("GET", "/secret/change", &with, None)).await;
    assert!(status == 403 && text.contains("\"permission\":\"update:secrets\""), "{status} {text}");
    engine
        .engine
        .grant_permission(&by, account, "update:secrets".parse().expect("a permission"))
        .await
        .expect("granted");
    let body = json!({"identifier": "ann@example.com", "password": PASSWORD});
    let (_, signed_in) = send(&router, request("POST", "/auth/api/v1/sign-in", &[], Some(body))).await;
    let signed_in: Value = serde_json::from_str(&signed_in).expect("JSON");
    let bearer = format!("Bearer {}", signed_in["token"].as_str().expect("a token"));
    let with = [("authorization", bearer.as_str())];
    assert_eq!(send(&router, request("GET", "/secret/change", &with, None)).await, (200, "changed".into()));
    engine.clock.advance(std::time::Duration::from_secs(15 * 60));
    let (status, text) = send(&router, request("GET", "/secret/change", &with, None)).await;
    assert!(status == 403 && text.contains("reauthentication_required"), "{status} {text}");
});

db_test!(a_hosts_unsafe_route_is_closed_to_a_cookie_without_proof, |db| async move {
    let router = host(&engine(&db).await);
    let ann = sign_up(&router).await;
    let cookie = format!("vestibule={}", ann["token"].as_str().expect("a token"));
    let token = ann["csrf_token"].as_str().expect("a CSRF token");
    let cookie = ("cookie", cookie.as_str());
    let status = async |headers: &[(&str, &str)]| send(&router, request("POST", "/write", headers, None)).await.0;
    assert_eq!(status(&[cookie]).await, 403);
    assert_eq!(status(&[cookie, ("x-csrf-token", "x")]).await, 403);
    assert_eq!(status(&[cookie, ("x-csrf-token", token), ("origin", "https://evil.example")]).await, 403);
    assert_eq!(status(&[cookie, ("x-csrf-token", token), ("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(status(&[cookie, ("x-csrf-token", token), ("origin", "http://localhost:3000")]).await, 200);
    let mut form = request("POST", "/write", &[cookie, ("content-type", "application/x-www-form-urlencoded")], None);
    *form.body_mut() = Body::from(format!("csrf_token={token}"));
    assert_eq!(send(&router, form).await.0, 403, "nobody has read this form");
});

db_test!(under_a_prefix_unknown_addresses_stay_problems, |db| async move {
    let router = host(&engine(&db).await);
    let (status, text) = send(&router, request("GET", "/auth/api/v1/nothing", &[], None)).await;
    assert!(status == 404 && text.contains("not_found"), "{status} {text}");
    let (status, text) = send(&router, request("PUT", "/auth/api/v1/session", &[], None)).await;
    assert!(status == 405 && text.contains("method_not_allowed"), "{status} {text}");
});

db_test!(a_host_is_told_which_organization_a_program_acts_for, |db| async move {
    let engine = engine(&db).await;
    let router = host(&engine);
    let ann = sign_up(&router).await;
    let bearer = |token: &Value| format!("Bearer {}", token.as_str().expect("a token"));
    let session = bearer(&ann["token"]);
    let post = async |path: &str, body: Value| {
        let path = format!("/auth/api/v1{path}");
        let (status, text) = send(&router, request("POST", &path, &[("authorization", &session)], Some(body))).await;
        assert_eq!(status, 201, "{text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let org = post("/organizations", json!({"name": "Acme"})).await["id"].as_str().expect("an id").to_owned();
    let at = format!("/organizations/{org}");
    let own = bearer(&post("/me/api-keys", json!({"name": "k"})).await["token"]);
    let theirs = post(&format!("{at}/api-keys"), json!({"name": "k"})).await;
    let bot = post(&format!("{at}/bots"), json!({"name": "Builder", "responsible_email": "a@b.example"})).await;
    let store = async |bearer: &str| send(&router, request("GET", "/store", &[("authorization", bearer)], None)).await;
    for bearer in [&session, &own] {
        let (status, text) = store(bearer).await;
        assert!(status == 403 && text.contains("organization_required"), "{status} {text}");
    }
    assert_eq!(send(&router, request("GET", "/store", &[], None)).await.0, 401);
    assert_eq!(store(&bearer(&theirs["token"])).await, (200, format!("ann@example.com for {org}")));
    let bots = bearer(&bot["api_key"]["token"]);
    assert_eq!(store(&bots).await, (200, format!("Builder for {org}")));
    let path = format!("/auth/api/v1{at}/bots/{}", bot["account_id"].as_str().expect("an id"));
    let (status, text) = send(&router, request("DELETE", &path, &[("authorization", &session)], None)).await;
    assert_eq!(status, 204, "{text}");
    assert_eq!(store(&bots).await.0, 401, "from the next request on");
});
