//! `/account/api-keys` and below, and the box beside a new password that ends the keys.

use std::time::Duration;

use testkit::{PASSWORD, TestApp, TestEngine, db_test};
use vestibule::{AuditFilter, Caller, Code, NewApiKey, PageRequest, Presented, Principal, Scope, needs};

use crate::logs::LOG;
use crate::pages_authenticator::shown_once;
use crate::pages_visitor::{Seen, Visitor, id_of};

const PATH: &str = "/account/api-keys";
const NEW: &str = "/account/api-keys/new";
const SECURITY: &str = "/account/security";
const EARLIER: Duration = Duration::from_secs(16 * 60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

/// Makes a key through the page; the page that shows its secret.
async fn make(visitor: &mut Visitor, fields: &[(&str, &str)]) -> Seen {
    let page = visitor.get(NEW).await;
    let made = visitor.submit(&page, NEW, fields).await;
    assert_eq!(made.status, 200, "{}", made.html);
    made.assert_says("It is shown this once.");
    assert_eq!(made.header("cache-control"), "no-store");
    made
}

/// Where the first form of this act on a key is sent.
fn act(page: &Seen, act: &str) -> String {
    let form = page.forms().into_iter().find(|form| form.action.starts_with(PATH) && form.action.ends_with(act));
    form.unwrap_or_else(|| panic!("no form does {act}: {}", page.html)).action
}

async fn presented(engine: &TestEngine, secret: &str) -> Presented<Principal> {
    engine.engine.principal(secret).await.expect("the engine answers")
}

/// Whom a live key stands for.
async fn bearer(engine: &TestEngine, secret: &str) -> std::sync::Arc<Principal> {
    match presented(engine, secret).await {
        Presented::Live(principal) => principal,
        other @ (Presented::Revoked | Presented::Expired | Presented::Unknown) => panic!("it is {other:?}"),
    }
}

/// The sentences of the summary of what is wrong.
fn summary(seen: &Seen) -> String {
    let start = seen.html.find("role=\"alert\"").unwrap_or_else(|| panic!("nothing is wrong: {}", seen.html));
    crate::pages_markup::unescape(seen.html[start..].split("</div>").next().unwrap_or_default())
}

db_test!(a_key_is_made_and_its_secret_shown_this_once, |db| async move {
    let log = LOG.clone();
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let empty = ann.get(PATH).await;
    empty.assert_says("You have none.");
    empty.assert_says(&format!("<a href=\"{PATH}\" aria-current=\"page\">API keys</a>"));
    let page = ann.get(NEW).await;
    let form = page.form(NEW);
    assert_eq!(form.fields["expires_at"], (365 * 24 * 3600).to_string(), "a year, if nothing else is chosen");
    assert!(!form.fields.contains_key("may"), "what it may is chosen by whoever makes it");
    let made = make(&mut ann, &[("name", " Nightly backup "), ("may", "all")]).await;
    let secret = shown_once(&made);
    assert!(secret.starts_with("vst_key_") && secret.len() == 57, "{secret}");
    made.assert_says("This is the secret of <strong class=\"exact\">Nightly backup</strong>");
    made.assert_says("2027-01-01 00:00 UTC");
    assert_eq!(made.html.matches(&secret).count(), 1);
    let ann_herself = bearer(&engine, &secret).await;
    assert_eq!(ann_herself.account_id, id_of(&engine, "ann@example.com").await);

    let listed = ann.get(PATH).await;
    listed.assert_says("Nightly backup <span class=\"badge active\">live</span>");
    listed.assert_says(&format!("<code>{}…</code>", &secret[..14]));
    listed.assert_says("everything you may");
    let told = ann.get("/account/activity").await;
    told.assert_says("Making an API key");
    let mut root = ann.stranger();
    root.administer(&engine, "root").await;
    let audit = root.get("/admin/audit").await;
    audit.assert_says("Nightly backup");
    let rows = engine.engine.list_audit(&AuditFilter::default(), PageRequest::first()).await.unwrap();
    let (rows, log) = (format!("{rows:?}"), log.lock().expect("no listener panics").clone());
    let hidden = &secret[14..];
    let texts = [&listed.html, &told.html, &audit.html, &page.html, &rows, &log];
    assert!(rows.contains("api_key.created") && texts.iter().all(|text| !text.contains(hidden)));
});

db_test!(a_key_may_what_is_written_and_no_more, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut eve = Visitor::at(&engine);
    eve.hold(&engine, "eve@example.com", &["view:users", "view:audit"], Scope::All).await;
    let all = shown_once(&make(&mut eve, &[("name", "all"), ("may", "all")]).await);
    let only = [("name", "only"), ("may", "only"), ("permissions", "\r\nview:users {\"regions\": [\"eu\"]}\r\n")];
    let only = shown_once(&make(&mut eve, &only).await);
    let users = [("name", "users"), ("may", "only"), ("permissions", "view:users")];
    let users = shown_once(&make(&mut eve, &users).await);
    let nothing = shown_once(&make(&mut eve, &[("name", "nothing"), ("may", "nothing")]).await);
    for (secret, may) in
        [(all, [true, true]), (only, [false, false]), (users, [true, false]), (nothing, [false, false])]
    {
        let key = bearer(&engine, &secret).await;
        assert_eq!([key.may(needs::VIEW_USERS), key.may(needs::VIEW_AUDIT)], may, "{secret}");
    }
    let listed = eve.get(PATH).await;
    listed.assert_says("View users <code>view:users</code><span class=\"how\">only regions: eu</span>");
    listed.assert_says("<div>nothing</div>");
    listed.assert_says("<div>everything you may</div>");
});

db_test!(a_refused_key_says_why_beside_the_field_and_keeps_what_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let page = ann.get(NEW).await;
    let seen = ann.submit(&page, NEW, &[("name", HOSTILE), ("expires_at", "2592000")]).await;
    seen.assert_mistake(422, "may", "Choose what it may.");
    let kept = seen.form(NEW).fields;
    assert_eq!((kept["name"].as_str(), kept["expires_at"].as_str()), (HOSTILE, "2592000"));
    let seen = ann.submit(&page, NEW, &[("name", " "), ("may", "all")]).await;
    seen.assert_mistake(422, "name", Code::NameInvalid.message());
    assert_eq!(seen.form(NEW).fields["may"], "all");
    let seen = ann.submit(&page, NEW, &[("name", "a"), ("may", "only"), ("permissions", " \r\n")]).await;
    seen.assert_mistake(422, "permissions", "Write at least one, or choose that it may nothing.");
    let lines = "view:users\r\nfly:planes\r\nview users";
    let seen = ann.submit(&page, NEW, &[("name", "a"), ("may", "only"), ("permissions", lines)]).await;
    let wrong = "Line 2: There is no permission fly:planes in the catalogue. \
                 Line 3: \"view users\" is not of the form action:resource.";
    seen.assert_mistake(422, "permissions", wrong);
    assert_eq!(seen.form(NEW).fields["permissions"], lines);
    for may in ["all", "nothing"] {
        let seen = ann.submit(&page, NEW, &[("name", "a"), ("may", may), ("permissions", "view:users")]).await;
        let asked = "You wrote permissions below. Choose that it may only these, or empty the lines.";
        seen.assert_mistake(422, "may", asked);
    }
    for end in ["never", "1", "31622400", ""] {
        let seen = ann.submit(&page, NEW, &[("name", "a"), ("may", "all"), ("expires_at", end)]).await;
        seen.assert_mistake(422, "expires_at", Code::ExpiryInvalid.message());
    }
    let seen = ann.submit(&page, NEW, &[("name", "a"), ("may", "only"), ("permissions", "delete:users")]).await;
    assert_eq!(seen.status, 403, "nobody gives a key what they do not hold");
    assert!(summary(&seen).contains("You do not hold delete:users yourself, so you cannot give it."));
    assert_eq!(seen.form(NEW).fields["permissions"], "delete:users");
    ann.get(PATH).await.assert_says("You have none.");
});

db_test!(a_key_is_given_another_secret_and_the_earlier_one_ends, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let first = shown_once(&make(&mut ann, &[("name", "CI"), ("may", "all")]).await);
    let page = ann.get(PATH).await;
    let rotate = act(&page, "/rotate");
    let seen = ann.submit(&page, &rotate, &[("grace", "3600")]).await;
    assert_eq!((seen.status.as_u16(), seen.header("cache-control")), (200, "no-store"));
    seen.assert_says("Its earlier secret stays good until");
    let second = shown_once(&seen);
    assert!(first != second && !seen.html.contains(&first));
    for secret in [&first, &second] {
        bearer(&engine, secret).await;
    }
    engine.clock.advance(HOUR);
    assert!(matches!(presented(&engine, &first).await, Presented::Expired));
    bearer(&engine, &second).await;
    let mut ann = ann.stranger();
    ann.sign_in("ann@example.com").await;
    let page = ann.get(PATH).await;
    let seen = ann.submit(&page, &rotate, &[]).await;
    seen.assert_says("Its earlier secret has ended.");
    let third = shown_once(&seen);
    assert!(matches!(presented(&engine, &second).await, Presented::Expired), "at once, if nothing is chosen");
    bearer(&engine, &third).await;
    let listed = ann.get(PATH).await;
    assert!(listed.html.contains(&third[..14]) && !listed.html.contains(&third));
    assert_eq!(ann.submit(&page, &rotate, &[("grace", "604800")]).await.status, 400, "it was not offered");
});

db_test!(a_key_is_revoked_for_good, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let secret = shown_once(&make(&mut ann, &[("name", "CI"), ("may", "all")]).await);
    bearer(&engine, &secret).await;
    let page = ann.get(PATH).await;
    page.assert_says("Revoking is for good");
    let seen = ann.submit(&page, &act(&page, "/revoke"), &[]).await;
    assert_eq!(seen.place(), "/account/api-keys?done=api_key_revoked");
    let after = ann.follow(&seen).await;
    after.assert_says("The key was revoked.");
    after.assert_says("CI <span class=\"badge disabled\">revoked</span>");
    assert_eq!(after.forms().len(), 1, "there is nothing left to do with it");
    assert!(matches!(presented(&engine, &secret).await, Presented::Revoked));
    let again = ann.submit(&page, &act(&page, "/rotate"), &[]).await;
    assert_eq!(again.status, 409);
    assert!(summary(&again).contains(Code::KeyEnded.message()));
    ann.get("/account/activity").await.assert_says("Revoking an API key");
});

db_test!(making_keys_and_secrets_wants_a_recent_proof_and_revoking_does_not, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    make(&mut ann, &[("name", "CI"), ("may", "all")]).await;
    let (fresh, new) = (ann.get(PATH).await, ann.get(NEW).await);
    for form in fresh.forms().iter().chain(&new.forms()) {
        let forged: Vec<_> = form.sent.iter().filter(|(name, _)| name != "csrf_token").collect();
        let fields: Vec<(&str, &str)> = forged.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let seen = ann.post(&form.action, &fields).await;
        assert_eq!(seen.status, 403, "{}", form.action);
        seen.assert_says("This page was out of date");
    }
    let (rotate, revoke) = (act(&fresh, "/rotate"), act(&fresh, "/revoke"));
    let mut bob = ann.stranger();
    assert_eq!(bob.get(PATH).await.place(), "/sign-in?return_to=%2Faccount%2Fapi-keys");
    bob.sign_up("bob@example.com").await;
    let token = bob.get(PATH).await.csrf_token();
    for foreign in [&rotate, &revoke] {
        let fields = [("csrf_token", token.as_str()), ("grace", "0")];
        assert_eq!(bob.post(foreign, &fields).await.status, 404, "{foreign}");
    }
    engine.clock.advance(EARLIER);
    let sent = "/reauthenticate?return_to=%2Faccount%2Fapi-keys";
    assert_eq!(ann.get(NEW).await.place(), format!("{sent}%2Fnew"));
    assert_eq!(ann.submit(&new, NEW, &[("name", "a"), ("may", "all")]).await.place(), format!("{sent}%2Fnew"));
    assert_eq!(ann.submit(&fresh, &rotate, &[]).await.place(), sent);
    let stale = ann.get(PATH).await;
    assert!(!stale.has_form(&rotate) && stale.html.contains(&sent.replace('&', "&#38;")), "{}", stale.html);
    assert_eq!(ann.submit(&stale, &revoke, &[]).await.place(), "/account/api-keys?done=api_key_revoked");
});

db_test!(a_key_ends_when_it_was_chosen_or_never_where_that_is_allowed, |db| async move {
    let engine = TestEngine::with(&db, |config| config.tokens.api_key_never_expires = true).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let never = make(&mut ann, &[("name", "never"), ("may", "all"), ("expires_at", "never")]).await;
    never.assert_says("The key never ends by itself.");
    let month = make(&mut ann, &[("name", "month"), ("may", "all"), ("expires_at", "2592000")]).await;
    month.assert_says("2026-01-31 00:00 UTC");
    engine.clock.advance(30 * DAY);
    assert!(matches!(presented(&engine, &shown_once(&month)).await, Presented::Expired));
    bearer(&engine, &shown_once(&never)).await;
    ann.sign_in("ann@example.com").await;
    let listed = ann.get(PATH).await;
    listed.assert_says("month <span class=\"badge waiting\">expired</span>");
    assert_eq!(listed.forms().iter().filter(|form| form.action.ends_with("/revoke")).count(), 1);
});

db_test!(a_hostile_name_is_only_ever_text_and_long_lists_are_leafed_through, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let made = make(&mut ann, &[("name", HOSTILE), ("may", "all")]).await;
    let pages = [made, ann.get(PATH).await];
    for page in &pages {
        assert!(!page.html.contains("<script") && page.html.contains("&#60;script&#62;"), "{}", page.html);
    }
    let id = id_of(&engine, "ann@example.com").await;
    for n in 0..25 {
        engine.clock.advance(Duration::from_secs(1));
        let new = NewApiKey { name: format!("key {n}"), ..NewApiKey::default() };
        engine.engine.create_api_key(&Caller::system(), id, new).await.unwrap();
    }
    let newest = ann.get(PATH).await;
    assert!(!newest.html.contains("&#60;script"));
    let rest = newest.html.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).expect("older ones");
    let older = rest.split('"').next().unwrap().replace("&#38;", "&");
    ann.get(&older).await.assert_says(HOSTILE);
});

db_test!(another_password_ends_the_keys_only_when_that_is_ticked, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (next, last) = ("velvet spoon arcade 79", "copper lantern drift 31");
    let mut ann = Visitor::at(&engine);
    ann.sign_up("ann@example.com").await;
    let secret = shown_once(&make(&mut ann, &[("name", "CI"), ("may", "all")]).await);
    let page = ann.get(SECURITY).await;
    let change = [("current_password", PASSWORD), ("new_password", next)];
    let seen = ann.submit(&page, SECURITY, &change).await;
    assert_eq!(seen.place(), "/account/security?done=password_changed");
    bearer(&engine, &secret).await;
    let page = ann.follow(&seen).await;
    let wrong = [("current_password", "nope"), ("new_password", last), ("revoke_api_keys", "yes")];
    let wrong = ann.submit(&page, SECURITY, &wrong).await;
    wrong.assert_mistake(401, "current_password", Code::CurrentPasswordIncorrect.message());
    assert_eq!(wrong.form(SECURITY).fields["revoke_api_keys"], "yes", "it stays ticked");
    bearer(&engine, &secret).await;
    let change = [("current_password", next), ("new_password", last)];
    let seen = ann.submit(&wrong, SECURITY, &change).await;
    ann.follow(&seen).await.assert_says("your API keys are revoked");
    assert!(matches!(presented(&engine, &secret).await, Presented::Revoked));
});

db_test!(making_keys_is_limited, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = Some("1/60".parse().unwrap())).await;
    let ann = app.sign_up("ann@example.com").await;
    let fields = [
        ("csrf_token", ann.csrf_token.as_str()),
        ("name", "CI"),
        ("permissions", ""),
        ("expires_at", "2592000"),
        ("grace", "0"),
    ];
    assert_eq!(app.post(NEW).cookie(&ann.token).form(&fields).await.status, 422);
    for path in [NEW, "/account/api-keys/00000000-0000-5000-8000-000000000001/rotate"] {
        assert_eq!(app.post(path).cookie(&ann.token).form(&fields).await.status, 429, "{path}");
    }
});
