//! What pages say when they refuse, where they are mounted, and what becomes of hostile names.

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::Code;
use vestibule_web::Limit;

use crate::pages_markup;
use crate::pages_visitor::{Visitor, id_of};

const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

db_test!(a_form_without_its_token_is_refused_with_a_page, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    for (path, fields) in [
        ("/account", vec![("name", "Eve"), ("username", "")]),
        ("/account/security", vec![("current_password", PASSWORD), ("new_password", "velvet spoon arcade 79")]),
        ("/account/sessions/end-others", vec![("csrf_token", "0")]),
        ("/account/data/close", vec![("csrf_token", ""), ("confirm", "ann@example.com")]),
        ("/reauthenticate", vec![("password", PASSWORD)]),
        ("/sign-out", vec![("csrf_token", "wrong")]),
    ] {
        let seen = ann.post(path, &fields).await;
        assert_eq!(seen.status, 403, "{path}");
        seen.assert_says("This page was out of date");
    }
    assert_eq!(ann.get("/account").await.status, 200);
    let view = engine.engine.find_account("ann@example.com").await.unwrap().unwrap();
    assert_eq!(view.account.name, None);
});

db_test!(a_form_sent_from_elsewhere_is_refused_with_a_page, |db| async move {
    let app = TestApp::new(&db).await;
    let ann = app.sign_up("ann@example.com").await;
    let fields = [("identifier", "ann@example.com"), ("password", PASSWORD)];
    for (site, origin) in [
        ("cross-site", "null"),
        ("none", "null"),
        ("same-site", "http://localhost:8080"),
        ("same-origin", "http://evil.example"),
    ] {
        let call = app.post("/sign-in").form(&fields).header("sec-fetch-site", site).header("origin", origin);
        let answer = call.await;
        assert_eq!(answer.status, 403, "{site} {origin}");
        assert!(answer.text.contains("Open http://localhost:8080/ and try again"), "{}", answer.text);
        pages_markup::check(&answer.text, "", false);
    }
    let ours =
        app.post("/sign-in").form(&fields).header("sec-fetch-site", "same-origin").header("origin", "null").await;
    assert_eq!(ours.status, 303, "a browser says no more of a page without referrer: {}", ours.text);
    let without = app.post("/sign-in").form(&fields).header("origin", "null").await;
    assert_eq!(without.status, 403);
    assert_eq!(app.get("/account").cookie(&ann.token).await.status, 200);
});

db_test!(pages_refuse_as_pages_and_the_api_as_the_api, |db| async move {
    let app = TestApp::new(&db).await;
    for (path, status) in [("/nothing", 404), ("/account/nothing", 404), ("/sign-out", 405), ("/sign-in?done=%00", 400)]
    {
        let answer = app.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        pages_markup::check(&answer.text, "", false);
        assert!(answer.text.contains(answer.header("x-request-id")), "{}", answer.text);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && answer.header("cache-control") == "no-store");
    }
    for path in ["/api/v1/nothing", "/api", "/assets/nothing.css"] {
        assert_eq!(app.get(path).await.problem(), (404, Code::NotFound.as_str().to_owned()), "{path}");
    }
    let twice = app.get("/account").cookie("a").header("cookie", "vestibule=b").await;
    assert_eq!(twice.status, 303, "shown something, they are nobody, who can sign in");
    let fields = [("identifier", "a"), ("password", "b")];
    let twice = app.post("/sign-out").form(&fields).cookie("a").header("cookie", "vestibule=b").await;
    assert_eq!(twice.status, 400, "what changes something is refused: {}", twice.text);
    assert!(twice.text.contains("clear this site&#39;s cookies"), "{}", twice.text);
    let big = app.post("/sign-in").form(&[("identifier", &"a".repeat(70_000)), ("password", "")]).await;
    assert_eq!((big.status.as_u16(), big.header("content-type")), (413, "text/html; charset=utf-8"));
    let json = app.post("/sign-in").json(serde_json::json!({"identifier": "a", "password": "b"})).await;
    assert_eq!((json.status.as_u16(), json.header("content-type")), (415, "text/html; charset=utf-8"));
});

db_test!(a_form_counts_against_the_same_limits_as_the_api, |db| async move {
    let limit = |text: &str| Some(text.parse::<Limit>().unwrap());
    let app = TestApp::with(&db, |config| {
        config.limits.sign_in_identifier = limit("2/60");
        config.limits.sign_up = limit("1/60");
        config.limits.sensitive = limit("1/60");
    })
    .await;
    let ann = app.sign_up("ann@example.com").await;
    let fields = [("identifier", "ann@example.com"), ("password", "nope")];
    assert_eq!(app.post("/sign-in").form(&fields).await.status, 401);
    let body = serde_json::json!({"identifier": "ann@example.com", "password": "nope"});
    assert_eq!(app.post("/api/v1/sign-in").json(body).await.status, 401);
    let third = app.post("/sign-in").form(&fields).await;
    assert_eq!((third.status.as_u16(), third.header("retry-after")), (429, "30"));
    assert!(third.text.contains("Wait 30 seconds, then go back and try again."), "{}", third.text);
    let fields = [("email", "bob@example.com"), ("name", ""), ("password", PASSWORD)];
    assert_eq!(app.post("/sign-up").form(&fields).await.status, 429);
    let change = [("csrf_token", ann.csrf_token.as_str()), ("current_password", "nope"), ("new_password", "x")];
    assert_eq!(app.post("/account/security").cookie(&ann.token).form(&change).await.status, 401);
    assert_eq!(app.post("/account/security").cookie(&ann.token).form(&change).await.status, 429);
    let prove = [("csrf_token", ann.csrf_token.as_str()), ("password", PASSWORD)];
    assert_eq!(app.post("/reauthenticate").cookie(&ann.token).form(&prove).await.status, 429);
});

db_test!(under_a_prefix_everything_stays_under_it, |db| async move {
    let engine =
        TestEngine::with(&db, |config| config.public_url = "http://localhost:8080/auth".parse().unwrap()).await;
    let token = engine.engine.issue_setup_token(&vestibule::Caller::system()).await.unwrap().unwrap();
    let mut root = Visitor::at(&engine);
    assert_eq!(root.get("").await.place(), "/auth/setup");
    let page = root.get("/setup").await;
    let style = page.html.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(style.starts_with("/auth/assets/vestibule-"), "{style}");
    assert_eq!(root.get(style.strip_prefix("/auth").unwrap()).await.header("content-type"), "text/css; charset=utf-8");
    let fields = [("setup_token", token.expose()), ("username", "root"), ("password", PASSWORD)];
    let seen = root.submit(&page, "/setup", &fields).await;
    assert_eq!(seen.place(), "/auth/admin?done=set_up");
    let mut ann = root.stranger();
    assert_eq!(ann.get("/account/data").await.place(), "/auth/sign-in?return_to=%2Fauth%2Faccount%2Fdata");
    ann.sign_up("ann@example.com").await;
    let id = id_of(&engine, "ann@example.com").await;
    let user = format!("/admin/users/{id}");
    let group = format!("/admin/groups/{}", vestibule::ADMINISTRATORS);
    for path in [
        "/account",
        "/account/security",
        "/account/security/email",
        "/account/security/two-step",
        "/account/sessions",
        "/account/activity",
        "/account/data",
        "/reauthenticate",
        "/admin",
        "/admin/users",
        "/admin/users/new",
        &user,
        "/admin/admins",
        "/admin/admins/new",
        "/admin/groups",
        "/admin/groups/new",
        &group,
        "/admin/permissions",
        "/admin/explain",
        "/admin/directory",
        "/admin/directory/invites",
        "/admin/directory/invites/new",
        "/directory/join",
        "/admin/mail",
        "/admin/audit",
        "/docs",
    ] {
        assert_eq!(root.get(path).await.status, 200, "{path}");
    }
    let page = root.get(&user).await;
    let seen = root.submit(&page, &format!("{user}/disable"), &[]).await;
    assert_eq!(seen.place(), format!("/auth{user}?done=user_disabled"));
    assert!(ann.get("/account").await.place().starts_with("/auth/sign-in?return_to=%2Fauth%2Faccount"));
    assert_eq!(ann.get("/nothing").await.status, 404);
    assert_eq!(root.get("/admin/login").await.place(), "/auth/sign-in?return_to=%2Fauth%2Fadmin");
    let page = root.get("/account").await;
    assert_eq!(root.submit(&page, "/sign-out", &[]).await.place(), "/auth/sign-in?done=signed_out");
});

db_test!(a_hostile_name_is_only_ever_text, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    root.administer(&engine, "root").await;
    let mut ann = root.stranger();
    ann.sign_up("ann@example.com").await;
    let page = ann.get("/account").await;
    let seen = ann.submit(&page, "/account", &[("name", HOSTILE)]).await;
    let shown = ann.follow(&seen).await;
    assert_eq!(shown.form("/account").fields["name"], HOSTILE);
    let id = id_of(&engine, "ann@example.com").await;
    for path in ["/admin", "/admin/users", &format!("/admin/users/{id}"), "/admin/audit"] {
        let page = root.get(path).await;
        assert!(!page.html.contains("<script"), "{path}");
        assert!(page.html.contains("&#60;script&#62;"), "{path}");
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("search", HOSTILE).finish();
    root.get(&format!("/admin/users?{query}")).await.assert_says(HOSTILE);
    let seen = ann.submit(&page, "/account", &[("username", HOSTILE)]).await;
    assert_eq!(seen.form("/account").fields["username"], HOSTILE);
});

db_test!(a_hostile_browser_name_is_only_ever_text, |db| async move {
    let app = TestApp::new(&db).await;
    app.sign_up("ann@example.com").await;
    let fields = [("identifier", "ann@example.com"), ("password", PASSWORD)];
    let answer = app.post("/sign-in").form(&fields).header("user-agent", HOSTILE).await;
    let token = answer.session_cookie().unwrap().to_owned();
    let page = app.get("/account/sessions").cookie(&token).await;
    pages_markup::check(&page.text, "", true);
    assert!(page.text.contains("&#60;script&#62;") && !page.text.contains("<script"), "{}", page.text);
});
