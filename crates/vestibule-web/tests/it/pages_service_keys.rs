//! `/admin/service-keys` and below.

use std::sync::Arc;
use std::time::Duration;

use testkit::{TestEngine, db_test};
use vestibule::{AuditFilter, Code, PageRequest, Presented, Scope, Secret, SecretKind, ServiceKey};

use crate::logs::LOG;
use crate::pages_authenticator::shown_once;
use crate::pages_visitor::{Seen, Visitor};

const PATH: &str = "/admin/service-keys";
const NEW: &str = "/admin/service-keys/new";
const ABILITIES: &str = "/admin/service-keys/abilities";
const EARLIER: Duration = Duration::from_secs(16 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

async fn console(engine: &TestEngine) -> Visitor {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root
}

/// Makes a key through the page; the page that shows its secret.
async fn make(root: &mut Visitor, fields: &[(&str, &str)]) -> Seen {
    let page = root.get(NEW).await;
    let made = root.submit(&page, NEW, fields).await;
    assert_eq!(made.status, 200, "{}", made.html);
    assert_eq!(made.header("cache-control"), "no-store");
    made
}

/// Adds an ability through the page.
async fn add(root: &mut Visitor, slug: &str, label: &str) -> Seen {
    let page = root.get(ABILITIES).await;
    root.submit(&page, ABILITIES, &[("slug", slug), ("label", label)]).await
}

/// Where the first form of this act is sent.
fn act(page: &Seen, act: &str) -> String {
    let form = page.forms().into_iter().find(|form| form.action.starts_with(PATH) && form.action.ends_with(act));
    form.unwrap_or_else(|| panic!("no form does {act}: {}", page.html)).action
}

async fn presented(engine: &TestEngine, secret: &str) -> Presented<ServiceKey> {
    let secret = Secret::parse(SecretKind::ServiceKey, secret).expect("the form of a service key");
    engine.engine.service_key(&secret).await.expect("the engine answers")
}

async fn live(engine: &TestEngine, secret: &str) -> Arc<ServiceKey> {
    match presented(engine, secret).await {
        Presented::Live(key) => key,
        other @ (Presented::Revoked | Presented::Expired | Presented::Unknown) => panic!("it is {other:?}"),
    }
}

fn summary(seen: &Seen) -> String {
    let start = seen.html.find("role=\"alert\"").unwrap_or_else(|| panic!("nothing is wrong: {}", seen.html));
    crate::pages_markup::unescape(seen.html[start..].split("</div>").next().unwrap_or_default())
}

db_test!(a_service_key_is_made_shown_this_once_and_revoked, |db| async move {
    let log = LOG.clone();
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let empty = root.get(PATH).await;
    empty.assert_says("There is none.");
    assert!(empty.console().contains(&"Service keys".to_owned()));
    let fields = [("name", "Gateway"), ("abilities", "introspect"), ("abilities", "evaluate")];
    let made = make(&mut root, &fields).await;
    let secret = shown_once(&made);
    assert!(secret.starts_with("vst_svc_") && secret.len() == 57, "{secret}");
    assert_eq!(made.html.matches(&secret).count(), 1);
    made.assert_says("<strong class=\"exact\">Gateway</strong>");
    made.assert_says("2027-01-01 00:00 UTC");
    assert_eq!(live(&engine, &secret).await.abilities, ["evaluate", "introspect"]);

    let listed = root.get(PATH).await;
    listed.assert_says("Gateway <span class=\"badge active\">live</span>");
    listed.assert_says(&format!("<code>{}…</code>", &secret[..14]));
    listed.assert_says("<code>evaluate</code>, <code>introspect</code>");
    let audit = root.get("/admin/audit").await;
    audit.assert_says("Making a service key");
    let rows = engine.engine.list_audit(&AuditFilter::default(), PageRequest::first()).await.unwrap();
    let (rows, log) = (format!("{rows:?}"), log.lock().expect("no listener panics").clone());
    let texts = [&listed.html, &audit.html, &rows, &log];
    assert!(rows.contains("service_key.created") && texts.iter().all(|text| !text.contains(&secret[14..])));

    let seen = root.submit(&listed, &act(&listed, "/revoke"), &[]).await;
    assert_eq!(seen.place(), "/admin/service-keys?done=service_key_revoked");
    let after = root.follow(&seen).await;
    after.assert_says("The service key was revoked.");
    after.assert_says("Gateway <span class=\"badge disabled\">revoked</span>");
    assert_eq!(after.forms().len(), 1, "there is nothing left to do with it");
    assert!(matches!(presented(&engine, &secret).await, Presented::Revoked));
    root.get("/admin/audit").await.assert_says("Revoking a service key");
});

db_test!(a_service_key_ends_when_it_was_chosen, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let month = make(&mut root, &[("name", "month"), ("expires_at", "2592000")]).await;
    month.assert_says("<dt>Abilities</dt><dd>none</dd>");
    let never = make(&mut root, &[("name", "never"), ("expires_at", "never")]).await;
    never.assert_says("<dt>Ends</dt><dd>never</dd>");
    engine.clock.advance(30 * DAY);
    assert!(matches!(presented(&engine, &shown_once(&month)).await, Presented::Expired));
    live(&engine, &shown_once(&never)).await;
    root.sign_in("root").await;
    root.get(PATH).await.assert_says("month <span class=\"badge waiting\">expired</span>");
});

db_test!(a_refused_service_key_says_why_and_keeps_what_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let page = root.get(NEW).await;
    let seen = root.submit(&page, NEW, &[("name", " "), ("abilities", "evaluate"), ("expires_at", "7776000")]).await;
    seen.assert_mistake(422, "name", Code::NameInvalid.message());
    let kept = seen.form(NEW).fields;
    assert_eq!((kept["abilities"].as_str(), kept["expires_at"].as_str()), ("evaluate", "7776000"));
    let seen = root.submit(&page, NEW, &[("name", HOSTILE), ("abilities", "view:users")]).await;
    seen.assert_mistake(422, "abilities", Code::AbilityUnknown.message());
    assert_eq!(seen.form(NEW).fields["name"], HOSTILE);
    let seen = root.submit(&page, NEW, &[("name", "a"), ("expires_at", "1")]).await;
    seen.assert_mistake(422, "expires_at", Code::ExpiryInvalid.message());
    root.get(PATH).await.assert_says("There is none.");
});

db_test!(abilities_are_added_and_deleted_but_for_those_built_in, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    let page = root.get(ABILITIES).await;
    page.assert_says("Ask whom a token stands for");
    assert_eq!(page.html.matches("<span class=\"badge managed\">Vestibule</span>").count(), 3);
    assert!(!page.forms().iter().any(|form| form.action.ends_with("/delete")), "those built in stay");
    let added = add(&mut root, " print-labels ", "Print labels").await;
    assert_eq!(added.place(), format!("{ABILITIES}?done=ability_added"));
    root.follow(&added).await.assert_says("The ability is known from now on.");
    add(&mut root, "Print labels", HOSTILE).await.assert_mistake(422, "slug", Code::SlugInvalid.message());
    add(&mut root, "print-labels", "Again").await.assert_mistake(409, "slug", Code::SlugInUse.message());
    let refused = add(&mut root, "print-more", " ").await;
    refused.assert_mistake(422, "label", Code::NameInvalid.message());
    assert_eq!(refused.form(ABILITIES).fields["slug"], "print-more");

    let secret = shown_once(&make(&mut root, &[("name", "Printer"), ("abilities", "print-labels")]).await);
    assert_eq!(live(&engine, &secret).await.abilities, ["print-labels"]);
    let page = root.get(ABILITIES).await;
    let seen = root.submit(&page, &act(&page, "/delete"), &[]).await;
    let after = root.follow(&seen).await;
    after.assert_says("The ability was deleted");
    assert!(!after.html.contains("<code>print-labels</code>"));
    assert!(live(&engine, &secret).await.abilities.is_empty(), "taken from every key");
    assert_eq!(root.submit(&page, &act(&page, "/delete"), &[]).await.status, 404);

    let token = after.csrf_token();
    for ability in engine.engine.list_abilities().await.unwrap() {
        let seen = root.post(&format!("{ABILITIES}/{}/delete", ability.id), &[("csrf_token", &token)]).await;
        assert_eq!(seen.status, 403, "{ability:?}");
        assert!(summary(&seen).contains(&ability.slug), "{}", seen.html);
    }
    assert_eq!(engine.engine.list_abilities().await.unwrap().len(), 3);
});

db_test!(hostile_names_of_keys_and_abilities_are_only_ever_text, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    add(&mut root, "hostile", HOSTILE).await;
    let mut seen = vec![make(&mut root, &[("name", HOSTILE), ("abilities", "hostile")]).await];
    for page in [PATH, NEW, ABILITIES, "/admin/audit"] {
        seen.push(root.get(page).await);
    }
    for page in seen {
        assert!(!page.html.contains("<script") && page.html.contains("&#60;script&#62;"), "{}", page.html);
    }
});

db_test!(who_may_only_look_is_shown_nothing_to_press_and_is_refused_by_name, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    make(&mut root, &[("name", "Gateway")]).await;
    add(&mut root, "print-labels", "Print labels").await;
    let (revoke, delete) = (act(&root.get(PATH).await, "/revoke"), act(&root.get(ABILITIES).await, "/delete"));
    let mut eve = root.stranger();
    eve.hold(&engine, "eve@example.com", &["view:service-keys"], Scope::default()).await;
    for path in ["/admin", PATH, ABILITIES] {
        let page = eve.get(path).await;
        assert_eq!(
            (page.status.as_u16(), path, page.console()),
            (200, path, vec!["Overview".into(), "Service keys".into()])
        );
        assert_eq!(page.forms().len(), 1, "but for signing out: {}", page.html);
        assert!(!page.html.contains(NEW));
    }
    eve.get(PATH).await.assert_says("Gateway");
    let token = eve.get(PATH).await.csrf_token();
    let needs = [
        (NEW, "create:service-keys"),
        (ABILITIES, "create:service-keys"),
        (revoke.as_str(), "delete:service-keys"),
        (delete.as_str(), "delete:service-keys"),
    ];
    for (address, permission) in needs {
        let seen = eve.post(address, &[("csrf_token", &token)]).await;
        assert_eq!(seen.status, 403, "{address}");
        seen.assert_says(&format!("This needs the permission {permission}, which you do not have."));
    }
    assert_eq!(eve.get(NEW).await.status, 403);
    let mut bob = root.stranger();
    bob.hold(&engine, "bob@example.com", &["view:users"], Scope::default()).await;
    assert!(!bob.get("/admin").await.html.contains(PATH), "nobody is led where they may not go");
    for path in [PATH, ABILITIES] {
        let seen = bob.get(path).await;
        assert_eq!(seen.status, 403, "{path}");
        seen.assert_says("This needs the permission view:service-keys");
    }
});

db_test!(what_changes_service_keys_wants_a_recent_proof_and_the_token, |db| async move {
    let engine = TestEngine::new(&db).await;
    let mut root = console(&engine).await;
    make(&mut root, &[("name", "Gateway")]).await;
    add(&mut root, "print-labels", "Print labels").await;
    let (keys, new, abilities) = (root.get(PATH).await, root.get(NEW).await, root.get(ABILITIES).await);
    for form in keys.forms().iter().chain(&new.forms()).chain(&abilities.forms()) {
        let forged: Vec<_> = form.sent.iter().filter(|(name, _)| name != "csrf_token").collect();
        let fields: Vec<(&str, &str)> = forged.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let seen = root.post(&form.action, &fields).await;
        assert_eq!(seen.status, 403, "{}", form.action);
        seen.assert_says("This page was out of date");
    }
    engine.clock.advance(EARLIER);
    let sent = "/reauthenticate?return_to=%2Fadmin%2Fservice-keys";
    assert_eq!(root.get(NEW).await.place(), format!("{sent}%2Fnew"));
    assert_eq!(root.submit(&new, NEW, &[("name", "a")]).await.place(), format!("{sent}%2Fnew"));
    assert_eq!(root.submit(&keys, &act(&keys, "/revoke"), &[]).await.place(), sent);
    for (path, fields) in
        [(ABILITIES.to_owned(), [("slug", "a"), ("label", "a")].as_slice()), (act(&abilities, "/delete"), &[])]
    {
        assert_eq!(root.submit(&abilities, &path, fields).await.place(), format!("{sent}%2Fabilities"), "{path}");
    }
    for path in [PATH, ABILITIES] {
        let stale = root.get(path).await;
        stale.assert_says("Confirm first that it is you.");
        assert_eq!(stale.forms().len(), 1, "only signing out is left: {path}");
    }
});
