//! Rate limits, as clients meet them.

use std::time::Duration;

use serde_json::json;
use testkit::{Call, PASSWORD, TestApp, db_test};
use vestibule::Caller;
use vestibule_web::{Limit, Limits};

fn limit(text: &str) -> Option<Limit> {
    Some(text.parse().expect("a limit"))
}

fn sign_in(app: &TestApp, identifier: &str, peer: &str) -> Call {
    let body = json!({"identifier": identifier, "password": "quite another thing 7"});
    app.post("/api/v1/sign-in").peer(peer).json(body)
}

db_test!(sign_ins_are_counted_by_address_and_the_wait_is_told, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in = limit("3/60")).await;
    for n in 0..3 {
        assert_eq!(sign_in(&app, &format!("user{n}"), "192.0.2.1").await.status, 401);
    }
    let refused = sign_in(&app, "user9", "192.0.2.1").await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()));
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(sign_in(&app, "user9", "::ffff:192.0.2.1").await.status, 429, "the same address, written in IPv6");
    assert_eq!(sign_in(&app, "user9", "192.0.2.2").await.status, 401);
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(sign_in(&app, "user9", "192.0.2.1").await.status, 401);
    assert_eq!(sign_in(&app, "user9", "192.0.2.1").await.status, 429);
});

db_test!(an_identifier_is_counted_known_or_unknown_from_anywhere, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_identifier = limit("2/60")).await;
    app.sign_up("ann@example.com").await;
    for identifier in ["ann@example.com", "nobody@example.com"] {
        assert_eq!(sign_in(&app, identifier, "192.0.2.1").await.status, 401);
        assert_eq!(sign_in(&app, &identifier.to_uppercase(), "192.0.2.2").await.status, 401);
        assert_eq!(sign_in(&app, &format!(" {identifier}"), "192.0.2.3").await.status, 429);
        let wide = identifier.replace("example", "ｅxample");
        assert_eq!(sign_in(&app, &wide, "192.0.2.4").await.status, 429, "the same address, spelt in full width");
    }
    let right = json!({"identifier": "ann@example.com", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/sign-in").json(right).await.status, 429);
});

db_test!(there_is_a_ceiling_for_everybody, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_global = limit("2/60")).await;
    for n in 0..3 {
        let expected = if n < 2 { 401 } else { 429 };
        assert_eq!(sign_in(&app, &format!("user{n}"), &format!("192.0.2.{n}")).await.status, expected);
    }
});

db_test!(sign_ups_are_counted_too, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_up = limit("2/60")).await;
    for n in 0..3 {
        let body = json!({"email": format!("user{n}@example.com"), "password": PASSWORD});
        let expected = if n < 2 { 201 } else { 429 };
        assert_eq!(app.post("/api/v1/sign-up").peer("2001:db8::1").json(body).await.status, expected);
    }
    let neighbour = json!({"email": "user9@example.com", "password": PASSWORD});
    let answer = app.post("/api/v1/sign-up").peer("2001:db8:0:0:9::9").json(neighbour.clone()).await;
    assert_eq!(answer.status, 429, "the same network");
    assert_eq!(app.post("/api/v1/sign-up").peer("2001:db8:0:1::1").json(neighbour).await.status, 201);
});

db_test!(only_wrong_setup_tokens_are_charged_and_then_even_the_right_one_waits, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = limit("2/60")).await;
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let send = |token: &str, password: &str| {
        let body = json!({"setup_token": token, "username": "root", "password": password});
        app.post("/api/v1/setup").json(body)
    };
    for _ in 0..5 {
        assert_eq!(send(token.expose(), "short").await.status, 422, "a known token is no guess");
    }
    assert_eq!(send("vst_set_x", PASSWORD).await.status, 403);
    assert_eq!(send("vst_set_x", PASSWORD).await.status, 403);
    assert_eq!(send(token.expose(), PASSWORD).await.problem(), (429, "too_many_requests".into()));
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(send(token.expose(), PASSWORD).await.status, 201);
});

db_test!(wrong_setup_tokens_are_counted_from_everywhere_together, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = limit("1/60")).await;
    let token = app.engine.issue_setup_token(&Caller::system()).await.expect("a token").expect("no administrator yet");
    let send = |token: &str, n: u8| {
        let body = json!({"setup_token": token, "username": "root", "password": PASSWORD});
        app.post("/api/v1/setup").peer(&format!("192.0.2.{n}")).json(body)
    };
    for n in 0..10 {
        assert_eq!(send("vst_set_x", n).await.status, 403, "{n}");
    }
    let refused = send(token.expose(), 99).await;
    assert_eq!(refused.problem(), (429, "too_many_requests".into()), "an address that never guessed waits too");
    assert_eq!(refused.header("retry-after"), "6");
    app.clock.advance(Duration::from_secs(6));
    assert_eq!(send(token.expose(), 99).await.status, 201);
});

db_test!(dangerous_acts_are_counted_by_account, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("2/60")).await;
    let ann = app.sign_up("ann@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let prove = |token: &str| {
        app.post("/api/v1/session/reauthenticate").bearer(token).json(json!({"password": "quite another thing 7"}))
    };
    let change = app.post("/api/v1/password/change").bearer(&ann.token);
    let change = change.json(json!({"current_password": "quite another thing 7", "new_password": PASSWORD}));
    assert_eq!(prove(&ann.token).await.status, 401);
    assert_eq!(change.await.status, 401);
    assert_eq!(prove(&ann.token).await.status, 429);
    assert_eq!(prove(&bob.token).await.status, 401);
});

db_test!(what_one_does_to_ones_own_account_is_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("1/60")).await;
    let ann = app.sign_up("ann@example.com").await;
    let name = || app.patch("/api/v1/me").bearer(&ann.token).json(json!({"name": "Ann"}));
    let export = || app.get("/api/v1/me/export").bearer(&ann.token);
    let close = || app.delete("/api/v1/me").bearer(&ann.token);
    let form = |path: &str| app.post(path).cookie(&ann.token).header("origin", "http://localhost:8080");
    let token = ("csrf_token", ann.csrf_token.as_str());
    let profile = || form("/account").form(&[token, ("name", "Ann Lee"), ("username", "")]);
    let page_export = || app.get("/account/data/export").cookie(&ann.token);
    let page_close = || form("/account/data/close").form(&[token, ("confirm", "ann@example.com")]);
    for (first, expected) in [(name(), 200), (export(), 200), (profile(), 303), (page_export(), 200)] {
        assert_eq!(first.await.status, expected);
        let refused = name().await;
        assert_eq!(refused.problem(), (429, "too_many_requests".into()));
        assert_eq!(refused.header("retry-after"), "60");
        for next in [export(), close(), profile(), page_export(), page_close()] {
            assert_eq!(next.await.status, 429);
        }
        app.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(app.get("/api/v1/me").bearer(&ann.token).await.json()["name"], "Ann Lee");
    assert_eq!(close().await.status, 204);
});

db_test!(what_an_admin_does_to_bots_is_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("1/60")).await;
    let ann = app.sign_up("ann@example.com").await;
    let made = app.post("/api/v1/organizations").bearer(&ann.token).json(json!({"name": "Harbour Works"})).await.json();
    let at = format!("organizations/{}/bots", made["id"].as_str().expect("an id"));
    app.clock.advance(Duration::from_secs(60));
    let new = json!({"name": "Builder", "responsible_email": "robot@example.com"});
    let bot = app.post(&format!("/api/v1/{at}")).bearer(&ann.token).json(new).await.json();
    let at = format!("{at}/{}", bot["account_id"].as_str().expect("an id"));
    let api = format!("/api/v1/{at}");
    let edit = |body| app.patch(&api).bearer(&ann.token).json(body);
    let page = |act: &str, field: (&str, &str)| {
        let call = app.post(&format!("/{at}/{act}")).cookie(&ann.token).header("origin", "http://localhost:8080");
        call.form(&[("csrf_token", ann.csrf_token.as_str()), field])
    };
    let acts = || {
        [
            edit(json!({"disabled": true})),
            edit(json!({"name": "Baker"})),
            page("switch", ("disabled", "false")),
            page("delete", ("", "")),
            app.delete(&api).bearer(&ann.token),
        ]
    };
    for call in acts() {
        let what = format!("{call:?}");
        assert_eq!(call.await.status, 429, "{what}");
    }
    for (call, expected) in acts().into_iter().zip([200, 200, 303, 303, 404]) {
        app.clock.advance(Duration::from_secs(60));
        let what = format!("{call:?}");
        assert_eq!(call.await.status, expected, "{what}");
    }
});

db_test!(what_administrators_do_to_accounts_is_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("1/60")).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let path = format!("/api/v1/admin/users/{}", ann.account_id);
    let edit = |body| app.patch(&path).bearer(&root.token).json(body);
    let act = |what: &str| app.post(&format!("{path}/{what}")).bearer(&root.token);
    let page = |what: &str, field: (&str, &str)| {
        let call = app.post(&format!("/admin/users/{}/{what}", ann.account_id)).cookie(&root.token);
        let fields = [("csrf_token", root.csrf_token.as_str()), ("name", "Ann"), field];
        call.header("origin", "http://localhost:8080").form(&fields)
    };
    let members = vestibule::MEMBERS.to_string();
    let email = || edit(json!({"email": "ann@example.org"}));
    assert_eq!(email().await.status, 200);
    let refused = [
        email(),
        edit(json!({"username": "ann"})),
        edit(json!({"group_ids": [members]})),
        act("disable"),
        act("enable"),
        app.delete(&path).bearer(&root.token),
        app.delete(&format!("/api/v1/admin/admins/{}", root.account_id)).bearer(&root.token),
        page("profile", ("username", "ann")),
        page("email", ("email", "ann@example.com")),
        page("groups", ("group_ids", &members)),
        page("disable", ("", "")),
        page("enable", ("", "")),
        page("delete", ("confirm", "ann@example.org")),
    ];
    for call in refused {
        let what = format!("{call:?}");
        assert_eq!(call.await.status, 429, "{what}");
    }
    assert_eq!(edit(json!({"name": "Ann"})).await.status, 200, "a name alone is not counted");
    assert_eq!(page("profile", ("username", "")).await.status, 303, "nor on the page");
    assert_eq!(act("unlock").await.status, 204);
    for (first, expected) in [
        (page("email", ("email", "ann@example.com")), 303),
        (page("groups", ("group_ids", &members)), 303),
        (page("disable", ("", "")), 303),
        (act("enable"), 204),
        (act("disable"), 204),
        (page("enable", ("", "")), 303),
        (page("delete", ("confirm", "nonsense")), 422),
        (app.delete(&path).bearer(&root.token), 204),
    ] {
        app.clock.advance(Duration::from_secs(60));
        let what = format!("{first:?}");
        assert_eq!(first.await.status, expected, "{what}");
        assert_eq!(email().await.status, 429, "{what}");
    }
});

const ASKING: [&str; 4] =
    ["/api/v1/password/forgot", "/api/v1/email/verify/request", "/api/v1/magic-link", "/api/v1/email-code"];

fn ask(app: &TestApp, path: &str, email: &str, peer: &str) -> Call {
    app.post(path).peer(peer).json(json!({ "email": email }))
}

/// Asks four times for one mail each, which is as often as may be; `n` tells the requests apart.
async fn ask_four_times(app: &TestApp, email: impl Fn(usize) -> String, peer: impl Fn(usize) -> String) {
    for (n, path) in ASKING.into_iter().enumerate() {
        assert_eq!(ask(app, path, &email(n), &peer(n)).await.status, 202, "{path}: one count for all of them");
    }
}

async fn is_refused(app: &TestApp, email: &str, peer: &str) {
    for path in ASKING {
        let refused = ask(app, path, email, peer).await;
        assert_eq!(refused.problem(), (429, "too_many_requests".into()), "{path}");
        assert_eq!(refused.header("retry-after"), "15");
    }
}

db_test!(asking_for_mail_is_counted_by_address, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.password_reset = limit("4/60")).await;
    ask_four_times(&app, |n| format!("user{n}@example.com"), |_| "192.0.2.1".into()).await;
    is_refused(&app, "other@example.com", "192.0.2.1").await;
    assert_eq!(ask(&app, ASKING[0], "other@example.com", "192.0.2.2").await.status, 202);
});

db_test!(asking_for_mail_is_counted_by_identifier_known_or_not, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.password_reset_identifier = limit("4/60")).await;
    app.sign_up("ann@example.com").await;
    for email in ["ann@example.com", "nobody@example.com"] {
        ask_four_times(&app, |_| email.to_owned(), |n| format!("192.0.2.{n}")).await;
        is_refused(&app, &format!(" {}", email.to_uppercase()), "192.0.2.9").await;
    }
    assert_eq!(ask(&app, ASKING[0], "other@example.com", "192.0.2.1").await.status, 202);
});

db_test!(asking_for_mail_is_counted_altogether, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.password_reset_global = limit("4/60")).await;
    ask_four_times(&app, |n| format!("user{n}@example.com"), |n| format!("192.0.2.{n}")).await;
    is_refused(&app, "other@example.com", "192.0.2.9").await;
});

db_test!(dead_links_and_wrong_codes_are_charged_as_guesses, |db| async move {
    let guesses = [
        ("/api/v1/email/verify", json!({"token": "vst_vfy_x"}), 410),
        ("/api/v1/email/change/confirm", json!({"token": "vst_chg_x"}), 410),
        ("/api/v1/password/reset", json!({"token": "vst_rst_x", "new_password": PASSWORD}), 410),
        ("/api/v1/magic-link/redeem", json!({"token": "vst_mgl_x"}), 410),
        ("/api/v1/email-code/redeem", json!({"email": "nobody@example.com", "code": "123456"}), 401),
    ];
    for (n, (path, body, status)) in guesses.iter().enumerate() {
        let app = TestApp::with(&db, |config| config.limits.codes = limit("2/60")).await;
        let guess = |peer: &str| app.post(path).peer(peer).json(body.clone());
        assert_eq!(guess("192.0.2.1").await.status, *status, "{path}");
        assert_eq!(guess("192.0.2.1").await.status, *status, "{path}");
        assert_eq!(guess("192.0.2.1").await.problem(), (429, "too_many_requests".into()), "{path}");
        let (next, body, _) = &guesses[(n + 1) % guesses.len()];
        let next = app.post(next).peer("192.0.2.1").json(body.clone()).await;
        assert_eq!(next.status, 429, "{path}: they are counted together");
        let looking = app.get("/api/v1/password/reset/status?token=x").peer("192.0.2.1").await;
        assert_eq!(looking.status, 429, "{path}");
        assert_eq!(guess("192.0.2.2").await.status, *status, "{path}: another address");
    }
});

db_test!(looking_at_links_that_are_none_is_guessing, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.codes = limit("2/60")).await;
    app.sign_up("ann@example.com").await;
    let good = crate::letters::link(&app, "/api/v1/password/forgot", "ann@example.com").await;
    let look = |token: &str| app.get(&format!("/api/v1/password/reset/status?token={token}"));
    for _ in 0..5 {
        assert_eq!(look(&good).await.status, 200, "a good one is no guess");
    }
    assert_eq!(look("x").await.status, 200);
    assert_eq!(look("x").await.status, 200);
    assert_eq!(look(&good).await.status, 429);
});

db_test!(codes_typed_to_sign_in_count_as_sign_ins, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sign_in_identifier = limit("2/60")).await;
    let redeem = |email: &str| app.post("/api/v1/email-code/redeem").json(json!({"email": email, "code": "123456"}));
    for email in ["nobody@example.com", "Nobody@Example.com"] {
        assert_eq!(redeem(email).await.status, 401);
    }
    assert_eq!(redeem("nobody@example.com").await.problem(), (429, "too_many_requests".into()));
    assert_eq!(sign_in(&app, "nobody@example.com", "192.0.2.1").await.status, 429);
});

db_test!(dangerous_acts_with_mail_are_counted_by_account, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("1/60")).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await;
    let user = format!("/api/v1/admin/users/{}", ann.account_id);
    let own = |path: &str, body| app.post(path).bearer(&ann.token).json(body);
    let admin = |path: &str| app.post(path).bearer(&root.token);
    assert_eq!(own("/api/v1/password/set", json!({"new_password": PASSWORD})).await.status, 422);
    let change = json!({"new_email": "ann@example.org", "password": PASSWORD});
    assert_eq!(own("/api/v1/email/change", change).await.status, 429);
    assert_eq!(admin(&format!("{user}/reset-mfa")).await.status, 204);
    for what in ["reset-mfa", "reset-link", "resend-invite", "revoke-invite"] {
        assert_eq!(admin(&format!("{user}/{what}")).await.problem(), (429, "too_many_requests".into()), "{what}");
    }
    for path in ["/api/v1/admin/mail/test".to_owned(), format!("/api/v1/admin/mail/{}/retry", ann.account_id)] {
        assert_eq!(admin(&path).await.problem(), (429, "too_many_requests".into()), "{path}");
    }
});

db_test!(what_changes_power_is_counted, |db| async move {
    let app = TestApp::with(&db, |config| config.limits.sensitive = limit("1/60")).await;
    let root = app.administrator("root").await;
    let ann = app.sign_up("ann@example.com").await.account_id;
    let view = || json!({"action": "view", "resource": "users"});
    let (groups, grants) = ("/api/v1/admin/groups", format!("/api/v1/admin/users/{ann}/grants"));
    let made = app.post(groups).bearer(&root.token).json(json!({"name": "A"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let group = format!("{groups}/{}", made.json()["id"].as_str().expect("an id"));
    let permission = "/api/v1/admin/permissions";
    let with = |call: Call, body| call.bearer(&root.token).json(body);
    for refused in [
        with(app.post(groups), json!({"name": "B"})),
        with(app.patch(&group), json!({"name": "B"})),
        app.delete(&group).bearer(&root.token),
        with(app.post(&format!("{group}/members")), json!({"account_id": ann})),
        app.delete(&format!("{group}/members/{ann}")).bearer(&root.token),
        with(app.post(permission), json!({"action": "sail", "resource": "boats"})),
        app.delete(&format!("{permission}/{ann}")).bearer(&root.token),
        with(app.post(&grants), view()),
        with(app.delete(&grants), view()),
        with(app.post(&format!("{group}/preview")), json!({"name": "B"})), // much work
    ] {
        let what = format!("{refused:?}");
        assert_eq!(refused.await.problem(), (429, "too_many_requests".into()), "{what}");
    }
    let question = json!({"principal": "root", "action": "view", "resource": "users"});
    for asked in [with(app.post("/api/v1/admin/explain"), question), app.get(&grants).bearer(&root.token)] {
        assert_eq!(asked.await.status, 200, "to ask is not to change");
    }
});

db_test!(off_is_off, |db| async move {
    let app = TestApp::with(&db, |config| config.limits = Limits::off()).await;
    for _ in 0..120 {
        assert_eq!(sign_in(&app, "nobody", "192.0.2.1").await.status, 401);
    }
});
