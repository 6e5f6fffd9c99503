//! Whose address is believed.

use testkit::{TestApp, db_test};

async fn recorded(app: &TestApp, peer: &str, forwarded_for: &str) -> String {
    let body = serde_json::json!({"identifier": "ann@example.com", "password": testkit::PASSWORD});
    let call = app.post("/api/v1/sign-in").peer(peer).header("x-forwarded-for", forwarded_for).json(body);
    let ann = testkit::SignedIn::of(&call.await);
    let sessions = app.get("/api/v1/me/sessions").bearer(&ann.token).await.json();
    let current = sessions["items"].as_array().expect("items").iter().find(|one| one["current"] == true);
    current.expect("the current one")["ip"].as_str().expect("an address").to_owned()
}

db_test!(a_forged_header_is_ignored_unless_a_trusted_proxy_sends_it, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    assert_eq!(recorded(&app, "192.0.2.7", "203.0.113.1").await, "192.0.2.7");
    assert_eq!(recorded(&app, "127.0.0.1", "203.0.113.1").await, "127.0.0.1");
    let trusting = |config: &mut vestibule_web::WebConfig| {
        config.trusted_proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network")).to_vec();
    };
    let app = TestApp::with(&db, trusting).await;
    assert_eq!(recorded(&app, "192.0.2.7", "203.0.113.1").await, "192.0.2.7");
    assert_eq!(recorded(&app, "10.1.2.3", "6.6.6.6, 203.0.113.1").await, "203.0.113.1");
    assert_eq!(recorded(&app, "::ffff:10.1.2.3", "6.6.6.6, 203.0.113.1, fd00::1").await, "203.0.113.1");
    assert_eq!(recorded(&app, "10.1.2.3", "6.6.6.6, <script>").await, "10.1.2.3");
});
