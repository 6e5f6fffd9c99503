//! `/admin/groups/{id}/edit` and below: what a change would do is shown before it is done.

use testkit::{TestEngine, db_test};
use vestibule::{BreakGlass, Caller, GroupEdit, GroupId, Scope};

use crate::pages_groups::make;
use crate::pages_visitor::{Seen, Visitor, id_of};

/// An administrator, and the group Clerks that two are in: Ann, and Bob, who may view users in another way as well.
async fn clerks(engine: &TestEngine) -> (Visitor, GroupId, String) {
    let mut root = Visitor::at(engine);
    root.administer(engine, "root").await;
    let fields = [
        ("name", "Clerks"),
        ("permissions", "view:users"),
        ("lines", "view:audit {\"regions\": [\"eu\"]}"),
        ("scope", "ids"),
        ("scope_ids", "a\nb"),
    ];
    let group = make(&mut root, &fields).await;
    root.stranger().sign_up("ann@example.com").await;
    root.stranger().hold(engine, "bob@example.com", &["view:users"], Scope::default()).await;
    for member in ["ann@example.com", "bob@example.com"] {
        let id = id_of(engine, member).await;
        engine.engine.add_member(&Caller::system(), group, id, BreakGlass::No).await.expect("it can be joined");
    }
    (root, group, format!("/admin/groups/{group}"))
}

/// The lists of a page, each as its items' text.
fn lists(seen: &Seen, class: &str) -> Vec<String> {
    let start = format!("<ul class=\"held {class}\">");
    let text = |list: &str| {
        let html = crate::pages_markup::unescape(list.split("</ul>").next().unwrap_or_default());
        let words = html.split(['<', '>']).step_by(2).collect::<Vec<_>>().join(" ");
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    seen.html.split(&start).skip(1).map(text).collect()
}

db_test!(a_change_is_shown_with_what_it_does_to_whom_and_then_saved, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, group, path) = clerks(&engine).await;
    let (edit, save) = (format!("{path}/edit"), format!("{path}/edit/save"));
    let form = root.get(&edit).await;
    let filled = form.form(&edit).fields;
    assert_eq!((filled["name"].as_str(), filled["permissions"].as_str()), ("Clerks", "view:users"));
    assert_eq!(filled["lines"], "view:audit {\"regions\":[\"eu\"]}");
    assert_eq!((filled["scope"].as_str(), filled["scope_ids"].as_str()), ("ids", "a\r\nb"));
    let change = [
        ("name", "Clerks at night"),
        ("permissions", "view:sessions"),
        ("lines", "view:audit {\"regions\": [\"eu\", \"us\"]}"),
        ("scope_ids", "b\nc"),
    ];
    let preview = root.submit(&form, &edit, &change).await;
    assert_eq!(preview.status, 200);
    preview.assert_says("<dt>New name</dt><dd>Clerks at night</dd>");
    let wider = "View the audit log view:audit only regions: eu, us";
    let narrower = "View the audit log view:audit only regions: eu";
    assert_eq!(
        lists(&preview, "gains"),
        [
            format!("View sessions view:sessions {wider}"),
            format!("View sessions view:sessions {wider} reaches c"), // Ann and Bob
            format!("View sessions view:sessions {wider} reaches c"),
        ]
    );
    let loses = lists(&preview, "loses");
    assert_eq!(loses[0], format!("View users view:users {narrower}"));
    let mut members = loses[1..].to_vec();
    members.sort();
    assert_eq!(members, ["View users view:users no longer reaches a", "no longer reaches a"], "Bob keeps view:users");
    preview.assert_says("Of its 2 members something changes for 2.");
    assert_eq!(engine.engine.group(group).await.unwrap().name, "Clerks", "nothing is saved by looking");

    let saved = root.submit(&preview, &save, &[]).await;
    assert_eq!(saved.place(), format!("{path}?done=group_saved"));
    root.follow(&saved).await.assert_says("<h1>Clerks at night</h1>");
    let after = engine.engine.group(group).await.unwrap();
    let names: Vec<String> = after.permissions.iter().map(ToString::to_string).collect();
    assert_eq!(
        (names, after.scope),
        (vec!["view:sessions".to_owned(), "view:audit".to_owned()], Scope::of(["b", "c"]).unwrap())
    );
    let mut ann = root.stranger();
    ann.sign_in("ann@example.com").await;
    assert_eq!(ann.get("/admin/users").await.status, 403);
});

db_test!(going_back_loses_nothing_that_was_typed, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, path) = clerks(&engine).await;
    let edit = format!("{path}/edit");
    let form = root.get(&edit).await;
    let typed = [
        ("name", "Other"),
        ("description", "One\r\n\r\ntwo  \"three\" <4>"),
        ("permissions", "view:sessions"),
        ("permissions", "view:audit"),
        ("lines", "\r\nview:*\r\n\r\n"),
        ("scope", "all"),
    ];
    let preview = root.submit(&form, &edit, &typed).await;
    assert!(preview.html.contains(&format!("formaction=\"{path}/edit/back\"")), "{}", preview.html);
    let sent = preview.form(&format!("{path}/edit/save"));
    let back = root.post(&format!("{path}/edit/back"), &sent.sent).await;
    assert_eq!(back.status, 200);
    let again = back.form(&edit);
    for (field, value) in [typed[0], typed[1], typed[4], typed[5], ("scope_ids", "a\r\nb")] {
        assert_eq!(again.fields[field], value, "{field}");
    }
    let ticked: Vec<_> = again.sent.iter().filter(|(name, _)| name == "permissions").map(|(_, value)| value).collect();
    assert_eq!(ticked, ["view:audit", "view:sessions"]);
});

db_test!(what_cannot_be_changed_to_is_said_beside_its_field, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, path) = clerks(&engine).await;
    let edit = format!("{path}/edit");
    let form = root.get(&edit).await;
    let seen = root.submit(&form, &edit, &[("lines", "view:users\nview:everything")]).await;
    seen.assert_mistake(422, "lines", "Line 2: There is no permission view:everything in the catalogue.");
    let seen = root.submit(&form, &edit, &[("scope_ids", "  ")]).await;
    seen.assert_mistake(422, "scope_ids", "Write at least one, or choose that it reaches nothing.");
    let seen = root.submit(&form, &edit, &[("name", "")]).await;
    seen.assert_mistake(422, "name", vestibule::Code::NameInvalid.message());
    let long = "x".repeat(201);
    let seen = root.submit(&form, &edit, &[("scope_ids", &long)]).await;
    seen.assert_mistake(422, "scope", vestibule::Code::ScopeInvalid.message());
});

db_test!(a_change_that_is_none_has_nothing_to_save, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, _, path) = clerks(&engine).await;
    let edit = format!("{path}/edit");
    let form = root.get(&edit).await;
    let preview = root.submit(&form, &edit, &[]).await;
    preview.assert_says("Nothing is different");
    assert!(!preview.html.contains("<button>Save</button>"), "{}", preview.html);
});

db_test!(what_somebody_else_changed_meanwhile_is_shown_before_it_is_overwritten, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (mut root, group, path) = clerks(&engine).await;
    let (edit, save) = (format!("{path}/edit"), format!("{path}/edit/save"));
    let form = root.get(&edit).await;
    let preview = root.submit(&form, &edit, &[("permissions", "view:users"), ("permissions", "view:sessions")]).await;
    assert_eq!(lists(&preview, "loses"), Vec::<String>::new());
    engine.clock.advance(std::time::Duration::from_secs(1));
    let permissions = ["view:users", "view:settings"].map(|name| name.parse().unwrap());
    let other = GroupEdit { permissions: Some(permissions.to_vec()), ..GroupEdit::default() };
    engine.engine.edit_group(&Caller::system(), group, other).await.unwrap();
    let again = root.submit(&preview, &save, &[]).await;
    assert_eq!(again.status, 409);
    again.assert_says("Somebody changed this group meanwhile. This is what the change would do now.");
    assert_eq!(lists(&again, "loses")[0], "View settings view:settings");
    let saved = root.submit(&again, &save, &[]).await;
    assert_eq!(saved.place(), format!("{path}?done=group_saved"));
});

db_test!(a_change_beyond_ones_own_power_shows_the_form_again, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (root, group, path) = clerks(&engine).await;
    let mut eve = root.stranger();
    let held = ["view:groups", "update:groups", "view:users", "view:audit"];
    eve.hold(&engine, "eve@example.com", &held, Scope::of(["a", "b"]).unwrap()).await;
    let (edit, save) = (format!("{path}/edit"), format!("{path}/edit/save"));
    let form = eve.get(&edit).await;
    let preview = eve.submit(&form, &edit, &[("permissions", "delete:users")]).await;
    let refused = eve.submit(&preview, &save, &[]).await;
    assert_eq!(refused.status, 403);
    refused.assert_says("You do not hold delete:users yourself, so you cannot give it.");
    assert_eq!(refused.form(&edit).fields["permissions"], "delete:users");
    let preview = eve.submit(&form, &edit, &[("scope", "all")]).await;
    eve.submit(&preview, &save, &[]).await.assert_says("Your scope does not reach everything");
    let preview = eve.submit(&form, &edit, &[("name", "Clerks of Eve")]).await;
    preview.assert_says("nothing changes for any of them");
    assert_eq!(eve.submit(&preview, &save, &[]).await.place(), format!("{path}?done=group_saved"));
    assert_eq!(engine.engine.group(group).await.unwrap().name, "Clerks of Eve");
});

db_test!(who_may_change_groups_and_not_see_them_is_shown_none, |db| async move {
    let engine = TestEngine::new(&db).await;
    let (root, group, path) = clerks(&engine).await;
    let mut eve = root.stranger();
    eve.hold(&engine, "eve@example.com", &["create:groups", "update:groups", "update:users"], Scope::All).await;
    let token = eve.get("/account").await.csrf_token();
    let fields = [("csrf_token", token.as_str()), ("name", "Mine"), ("scope", "nothing"), ("member", "nobody")];
    for address in ["/edit", "/edit/back", "/edit/save", "/members"] {
        let seen = eve.post(&format!("{path}{address}"), &fields).await;
        assert_eq!(seen.status, 403, "{address}");
        seen.assert_says("This needs the permission view:groups");
    }
    for address in [&format!("{path}/edit"), "/admin/groups/new"] {
        assert_eq!(eve.get(address).await.status, 403, "{address}");
    }
    assert_eq!(engine.engine.group(group).await.unwrap().name, "Clerks");
});
