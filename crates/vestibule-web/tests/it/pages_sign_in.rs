//! `/sign-in`, `/sign-out`, `/reauthenticate`, and where they lead.

use std::time::Duration;

use testkit::{PASSWORD, TestEngine, db_test};
use url::form_urlencoded;
use vestibule::{Caller, Code, MEMBERS, NewUser};

use crate::pages_visitor::Visitor;

const EARLIER: Duration = Duration::from_secs(16 * 60);

/// Addresses that lead, or might in some browser lead, to somebody else's host.
const ELSEWHERE: [&str; 19] = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/%2e//evil.example",
    "/account/..//evil.example",
    "https://evil.example",
    "https:evil.example",
    "http://localhost:8081/account",
    "https://localhost:8080/account",
    "javascript:alert(1)",
    "account",
    "",
    "@evil.example",
];

db_test!(signing_in_leads_to_where_the_visitor_wanted_to_go, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.stranger().sign_up("ann@example.com").await;
    let sent = ann.get("/account/sessions?cursor=").await;
    assert_eq!(sent.place(), "/sign-in?return_to=%2Faccount%2Fsessions%3Fcursor%3D");
    let page = ann.follow(&sent).await;
    let wrong = ann.submit(&page, "/sign-in", &[("identifier", "ann@example.com"), ("password", "not that one")]).await;
    assert_eq!(wrong.status, 401);
    wrong.assert_says(Code::InvalidCredentials.message());
    assert_eq!(wrong.forms()[0].fields["identifier"], "ann@example.com");
    assert!(!wrong.html.contains("not that one") && !ann.has_cookie());
    let right = ann.submit(&wrong, "/sign-in", &[("password", PASSWORD)]).await;
    assert_eq!(right.place(), "/account/sessions?cursor=");
    assert_eq!(ann.follow(&right).await.status, 200);
    assert_eq!(ann.get("/sign-in?return_to=/account/data").await.place(), "/account/data");
});

db_test!(an_unknown_account_and_a_wrong_password_look_the_same, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut visitor = Visitor::at(&engine);
    visitor.stranger().sign_up("ann@example.com").await;
    let page = visitor.get("/sign-in").await;
    let known = visitor.submit(&page, "/sign-in", &[("identifier", "ann@example.com"), ("password", "nope")]).await;
    let unknown = visitor.submit(&page, "/sign-in", &[("identifier", "bob@example.com"), ("password", "nope")]).await;
    assert_eq!(known.html.replace("ann@", "bob@"), unknown.html);
});

db_test!(an_address_elsewhere_is_as_if_it_were_not_there, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let mut stranger = ann.stranger();
    for elsewhere in ELSEWHERE {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", elsewhere).finish();
        let page = stranger.get(&format!("/sign-in?{query}")).await;
        assert!(!page.html.contains("return_to"), "{elsewhere:?}: {}", page.html);
        assert_eq!(ann.get(&format!("/sign-in?{query}")).await.place(), "/account", "{elsewhere:?}");
        assert_eq!(ann.get(&format!("/sign-up?{query}")).await.place(), "/account", "{elsewhere:?}");
        let fields = [("identifier", "ann@example.com"), ("password", PASSWORD), ("return_to", elsewhere)];
        let seen = stranger.stranger().post("/sign-in", &fields).await;
        assert_eq!(seen.place(), "/account", "{elsewhere:?}");
        let proving = ann.get(&format!("/reauthenticate?{query}")).await;
        assert_eq!(proving.forms()[1].fields["return_to"], "/account", "{elsewhere:?}");
    }
    for (here, sent) in
        [("/app?x=1&y=2#z", "/app?x=1&y=2#z"), ("/søk", "/s%C3%B8k"), ("/a/../b", "/b"), ("/%2F", "/%2F")]
    {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", here).finish();
        assert_eq!(ann.get(&format!("/sign-in?{query}")).await.place(), sent);
    }
});

db_test!(signing_out_ends_the_session_and_says_so, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let page = ann.get("/account").await;
    let out = ann.submit(&page, "/sign-out", &[]).await;
    assert_eq!(out.place(), "/sign-in?done=signed_out");
    assert!(!ann.has_cookie());
    ann.follow(&out).await.assert_says("You are signed out.");
    assert_eq!(ann.post("/sign-out", &[("", "")]).await.place(), "/sign-in?done=signed_out");
    assert_eq!(ann.get("/sign-out").await.status, 405);
    assert_eq!(ann.get("/sign-in?done=%3Cb%3Eyou%20won").await.html.matches("you won").count(), 0);
});

db_test!(proving_again_who_one_is_leads_back_with_a_new_cookie, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    assert_eq!(ann.get("/reauthenticate").await.place(), "/sign-in?return_to=%2Freauthenticate");
    ann.sign_up("ann@example.com").await;
    engine.clock.advance(EARLIER);
    let page = ann.get("/reauthenticate?return_to=/account/data").await;
    let wrong = ann.submit(&page, "/reauthenticate", &[("password", "nope")]).await;
    wrong.assert_mistake(401, "password", Code::CurrentPasswordIncorrect.message());
    let right = ann.submit(&wrong, "/reauthenticate", &[("password", PASSWORD)]).await;
    assert_eq!(right.place(), "/account/data");
    assert!(!right.header("set-cookie").is_empty());
    let data = ann.follow(&right).await;
    assert!(data.forms().iter().any(|form| form.action == "/account/data/close"), "{}", data.html);
});

db_test!(a_link_for_the_console_leads_through_sign_in, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = Visitor::at(&engine);
    assert_eq!(root.get("/admin/login").await.place(), "/sign-in?return_to=%2Fadmin");
    root.administer(&engine, "root").await;
    let sent = root.get("/admin/login").await;
    assert_eq!(root.follow(&sent).await.place(), "/admin");
});

db_test!(the_other_ways_in_lead_to_where_the_visitor_wanted_to_go_as_well, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut visitor = Visitor::at(&engine);
    let page = visitor.get("/sign-in?return_to=/account/data").await;
    for way in ["/forgot-password", "/magic-link", "/email-code", "/sign-up"] {
        let address = format!("{way}?return_to=%2Faccount%2Fdata");
        assert!(page.html.contains(&format!("href=\"{address}\"")), "{way}: {}", page.html);
        assert_eq!(visitor.get(&address).await.forms()[0].fields["return_to"], "/account/data", "{way}");
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", ELSEWHERE[0]).finish();
        assert!(!visitor.get(&format!("{way}?{query}")).await.html.contains("evil"), "{way}");
    }
});

db_test!(a_username_does_not_say_which_address_is_to_be_proven, |db| async move {
    let engine = TestEngine::with(&db, |config| config.require_verified_email = true).await;
    let new = NewUser {
        email: Some("ann@example.com".to_owned()),
        username: Some("ann".to_owned()),
        password: Some(PASSWORD.into()),
        group_ids: vec![MEMBERS],
        ..NewUser::default()
    };
    engine.engine.create_user(&Caller::host("root"), new).await.expect("an account can be made");
    let mut ann = Visitor::at(&engine);
    let page = ann.get("/sign-in").await;
    let seen = ann.submit(&page, "/sign-in", &[("identifier", "ann"), ("password", PASSWORD)]).await;
    assert_eq!((seen.status.as_u16(), seen.forms()[0].fields["email"].as_str()), (403, ""));
    assert!(!seen.html.contains("ann@example.com"), "{}", seen.html);
});
