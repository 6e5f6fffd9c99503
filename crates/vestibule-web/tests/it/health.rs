//! `/healthz`, `/readyz`, `/version`

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use testkit::{TestApp, db_test};
use tower::ServiceExt as _;
use vestibule::{Db, Vestibule};
use vestibule_web::WebConfig;

db_test!(a_running_instance_is_alive_and_ready, |db| async move {
    let app = TestApp::new(&db).await;
    let alive = app.get("/healthz").await;
    assert_eq!((alive.status.as_u16(), alive.text.as_str()), (200, "ok"));
    let version = app.get("/version").await.json();
    assert_eq!(version, json!({"name": "vestibule", "version": env!("CARGO_PKG_VERSION")}));
    let mut ready = app.get("/readyz").await;
    for _ in 0..500 {
        if ready.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await; // the first round of what runs in the background
        ready = app.get("/readyz").await;
    }
    assert_eq!(ready.json(), json!({"database": true, "sweeper": true, "feed": true}));
    assert_eq!(ready.status, 200);
});

db_test!(an_instance_that_does_not_follow_what_others_revoke_is_not_ready, |db| async move {
    let database = Db::connect(&db.url).await.expect("the database opens");
    let engine = Vestibule::builder(database, vec![7; 32].into()).build().await.expect("an engine");
    let router = vestibule_web::router(engine, WebConfig::default());
    let request = Request::get("/readyz").body(Body::empty()).expect("a request");
    let response = router.oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), 503);
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["database"], &body["feed"]), (&json!(true), &json!(false)));
});
