//! `/admin/explain`: what somebody would be answered, and why.

use testkit::{TestEngine, db_test};
use url::form_urlencoded;
use vestibule::{AccountId, Caller, Scope};

use crate::pages_visitor::{Seen, Visitor, id_of};

const PATH: &str = "/admin/explain";
const HOSTILE: &str = "<script>alert(\"1\")</script>'&";

/// An administrator, and Ann, who may view users, and view the audit log of Europe up to an amount.
async fn console(engine: &TestEngine) -> (Visitor, AccountId) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    root.stranger().hold(engine, "ann@example.com", &["view:users"], Scope::of(["a", "b"]).expect("ids")).await;
    let ann = id_of(engine, "ann@example.com").await;
    let limited = serde_json::json!({ "action": "view", "resource": "audit",
                                      "constraints": { "regions": ["eu"], "max_amount": 500 } });
    let limited = serde_json::from_value(limited).expect("a permission");
    engine.engine.grant_permission(&Caller::system(), ann, limited).await.expect("it can be granted");
    (root, ann)
}

/// Asks, with Ann as the one it is about unless the fields say otherwise.
async fn ask(root: &mut Visitor, fields: &[(&str, &str)]) -> Seen {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !fields.iter().any(|(name, _)| *name == "principal") {
        query.append_pair("principal", "ann@example.com");
    }
    let query = query.extend_pairs(fields).finish();
    root.get(&format!("{PATH}?{query}")).await
}

fn is_allowed(seen: &Seen) -> bool {
    assert_eq!(seen.status, 200, "{}", seen.html);
    match seen.element("verdict").as_deref() {
        Some("Allowed") => true,
        Some("Denied") => false,
        other => panic!("{other:?} in {}", seen.html),
    }
}

db_test!(an_answer_says_what_allowed_it_and_where_that_is_from, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let group = engine
        .engine
        .account(id)
        .await
        .unwrap()
        .groups
        .into_iter()
        .find(|group| group.name.starts_with("ann"))
        .unwrap();
    let seen = ask(&mut root, &[("action", "view"), ("resource", "users")]).await;
    assert!(is_allowed(&seen));
    seen.assert_says("View users <code>view:users</code>");
    seen.assert_says(&format!("<a href=\"/admin/groups/{}\">ann@example.com</a>", group.id));
    let limits = [("action", "view"), ("resource", "audit"), ("context", "amount = 500\r\nregions = [\"eu\"]")];
    let seen = ask(&mut root, &limits).await;
    assert!(is_allowed(&seen));
    seen.assert_says("granted directly");
    seen.assert_says("only amount at most 500; regions: eu");
    let seen = ask(&mut root, &[("action", "delete"), ("resource", "users"), ("principal", "root")]).await;
    assert!(is_allowed(&seen));
    seen.assert_says("<code>admin:*</code>");
    let seen = ask(&mut root, &[("action", " view "), ("resource", "users"), ("principal", &id.to_string())]).await;
    assert!(is_allowed(&seen), "an id names somebody too");
});

db_test!(a_denial_says_what_came_near_and_what_it_lacked, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let seen = ask(&mut root, &[("action", "delete"), ("resource", "users")]).await;
    assert!(!is_allowed(&seen));
    seen.assert_says("No grant allows delete:users.");
    assert!(!seen.html.contains("What came near"));
    let audit = [("action", "view"), ("resource", "audit")];
    let seen =
        ask(&mut root, &[audit.as_slice(), &[("context", "{\"amount\": 501, \"regions\": [\"us\"]}")]].concat()).await;
    assert!(!is_allowed(&seen));
    seen.assert_says("What came near");
    seen.assert_says("501 is above 500");
    seen.assert_says("<li>regions may not be \"us\"</li>");
    let seen = ask(&mut root, &[audit.as_slice(), &[("context", "regions = eu")]].concat()).await;
    seen.assert_says("<li>max_amount is not stated</li>");
    let seen = ask(&mut root, &[("action", "view"), ("resource", "users"), ("scope", "a\r\nc")]).await;
    assert!(!is_allowed(&seen));
    seen.assert_says("The account's scope does not reach c.");
    seen.assert_says("answered as if it were not there");
    assert!(is_allowed(&ask(&mut root, &[("action", "view"), ("resource", "users"), ("scope", "a\r\nb")]).await));
    let seen = ask(&mut root, &[("action", "fly"), ("resource", "planes")]).await;
    assert!(!is_allowed(&seen));
    seen.assert_says("There is no permission fly:planes.");
    seen.assert_says("<a href=\"/admin/permissions\">the catalogue</a>");
    let page = root.get(&format!("/admin/users/{id}")).await;
    root.submit(&page, &format!("/admin/users/{id}/disable"), &[]).await;
    assert!(
        !is_allowed(&ask(&mut root, &[("action", "view"), ("resource", "users")]).await),
        "a disabled one may nothing"
    );
});

db_test!(whose_it_is_decides_where_a_permission_is_for_ones_own, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let page = root.get("/admin/permissions").await;
    root.submit(&page, "/admin/permissions", &[("action", "edit-own"), ("resource", "notes")]).await;
    let page = root.get(&format!("/admin/users/{}", id_of(&engine, "ann@example.com").await)).await;
    let grants = page.forms().into_iter().find(|form| form.action.ends_with("/grants")).unwrap();
    root.send_form(&grants, &[("permission", "edit-own:notes")]).await;
    let own = [("action", "edit"), ("resource", "notes")];
    assert!(is_allowed(&ask(&mut root, &[own.as_slice(), &[("owner", "self")]].concat()).await));
    let seen = ask(&mut root, &[own.as_slice(), &[("owner", "other")]].concat()).await;
    assert!(!is_allowed(&seen));
    seen.assert_says("the account is not the owner");
    seen.assert_says("<option value=\"other\" selected>somebody else</option>");
    ask(&mut root, &own).await.assert_says("no owner is recorded");
});

db_test!(a_question_that_cannot_be_asked_says_so_beside_its_fields, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, id) = console(&engine).await;
    let blank = root.get(PATH).await;
    assert!(blank.element("verdict").is_none() && !blank.html.contains("role=\"alert\""));
    let prefilled = root.get(&format!("{PATH}?principal={id}")).await;
    assert!(prefilled.html.contains(&format!("value=\"{id}\"")) && prefilled.element("verdict").is_none());
    let seen = ask(&mut root, &[("principal", "nobody"), ("action", "view"), ("context", "a = 1\nb")]).await;
    seen.assert_mistake(422, "principal", "Nobody is known by this.");
    seen.assert_mistake(422, "resource", "Write one word, as in the catalogue.");
    seen.assert_mistake(422, "context", "Line 2: Write it as name = value.");
    assert!(seen.element("verdict").is_none());
    assert_eq!(seen.element("context").as_deref(), Some("\na = 1\nb"), "what was typed is still there");
    let seen =
        ask(&mut root, &[("action", HOSTILE), ("resource", HOSTILE), ("scope", HOSTILE), ("context", "x = <b>")]).await;
    assert!(!is_allowed(&seen));
    assert!(!seen.html.contains("<script") && seen.html.contains("&#60;script&#62;"));
});

db_test!(asking_leaves_nothing_behind, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _) = console(&engine).await;
    let acts = async |root: &mut Visitor| root.get("/admin/audit").await.html.matches("<th scope=\"row\">").count();
    let before = acts(&mut root).await;
    ask(&mut root, &[("action", "view"), ("resource", "users")]).await;
    assert_eq!(acts(&mut root).await, before);
    let mut stranger = root.stranger();
    assert!(stranger.get(PATH).await.place().starts_with("/sign-in"));
    stranger.sign_up("eve@example.com").await;
    let seen = stranger.get(&format!("{PATH}?principal=root&action=view&resource=users")).await;
    assert_eq!(seen.status, 403);
    seen.assert_says("This needs the permission view:groups");
});
