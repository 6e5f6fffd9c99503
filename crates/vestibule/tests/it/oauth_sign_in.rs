//! Signing in by a login elsewhere: which account it opens, and which never.

use std::time::Duration;

use testkit::{FakeGithub, GithubAddress, GithubUser, Retort, TestDb, TestEngine, Whim, db_test, race};
use vestibule::{
    AuditFilter, AuditOutcome, Config, FinishOAuth, OAuthAnswer, OAuthDone, OAuthRefusal, OAuthWish, PageRequest,
    SignUpMode, StartOAuth, Vestibule,
};

use crate::logins::{Logins, Trip, ann, browser, proven, to_app};
use crate::people::{PASSWORD, account, nobody, sign_up, signs_in};

const ANN: &str = "ann@example.com";
const MIB: u64 = 1024 * 1024;

/// How many accounts there are.
async fn count(engine: &Vestibule) -> i64 {
    engine.count_accounts().await.expect("an answer").total
}

/// The reasons of what was refused as this action, newest first.
async fn refusals(engine: &Vestibule, action: &str) -> Vec<String> {
    let outcome = Some(AuditOutcome::Refused);
    let filter = AuditFilter { action: Some(action.to_owned()), outcome, ..AuditFilter::default() };
    let rows = engine.list_audit(&filter, PageRequest { limit: 100, cursor: None }).await.expect("the log");
    rows.items.into_iter().map(|row| row.details.0["reason"].as_str().expect("a reason").to_owned()).collect()
}

db_test!(a_login_makes_an_account_and_finds_it_whatever_it_is_called_later, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let mut user = ann();
    user.name = Some("Ann Lee".to_owned());
    let Ok(OAuthDone::SignedIn { signed_in: first, new_user: true }) = l.sign_in(&user).await else { panic!() };
    let made = account(l.engine(), first.session.account_id).await;
    assert_eq!((made.email.as_deref(), made.name.as_deref()), (Some(ANN), Some("Ann Lee")));
    assert!(made.email_verified_at.is_some() && made.first_proven_at.is_some());
    assert_eq!(first.account.groups.len(), 1, "the default group");

    let moved = GithubUser::new(user.id, "ann-of-moss", "ann@elsewhere.example");
    let Ok(OAuthDone::SignedIn { signed_in: second, new_user: false }) = l.sign_in(&moved).await else { panic!() };
    assert_eq!(second.session.account_id, made.id);
    assert_eq!(account(l.engine(), made.id).await.email.as_deref(), Some(ANN), "the account's own address stays");
    let page = PageRequest { limit: 10, cursor: None };
    let identities = l.engine().list_identities(made.id, page).await.expect("a list").items;
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].username.as_deref(), Some("ann-of-moss"));
    assert_eq!(identities[0].email.as_deref(), Some("ann@elsewhere.example"));

    let namesake = GithubUser::new(7, "ann", "other@example.com");
    let other = l.signs_in(&namesake).await;
    assert_ne!(other.session.account_id, made.id, "a login that was given up names somebody else");
    assert_eq!(count(l.engine()).await, 2);
});

db_test!(simultaneous_first_sign_ins_of_one_person_make_one_account, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    for round in 0..25u64 {
        let user = GithubUser::new(1000 + round, "ann", &format!("ann{round}@example.com"));
        let mut answers = Vec::new();
        for _ in 0..20 {
            answers.push(Some(l.leave(&browser("a browser"), to_app(None), &user).await));
        }
        let answers = std::sync::Mutex::new(answers);
        let outcomes = race(20, |i| {
            let (engine, answer) = (l.engine().clone(), answers.lock().unwrap()[i].take().unwrap());
            async move { engine.finish_oauth(&nobody(), answer).await }
        })
        .await;
        let logins: Vec<_> = outcomes.into_iter().map(|one| proven(one.expect("no fault")).expect("proven")).collect();
        assert_eq!(logins.iter().filter(|login| login.new_user).count(), 1, "round {round}");
        assert_eq!(count(l.engine()).await, i64::try_from(round).unwrap() + 1, "round {round}");
    }
});

db_test!(a_state_has_one_winner, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    for round in 0..25u64 {
        let trip = browser("a browser");
        let answer = l.leave(&trip, to_app(None), &ann()).await;
        let (state, code) = (answer.state.clone(), answer.code.clone());
        let asked = l.github.asked();
        let outcomes = race(50, |_| {
            let (engine, trip, state, code) = (l.engine().clone(), trip.clone(), state.clone(), code.clone());
            let (provider, browser) = ("github".to_owned(), Some(trip.browser));
            let answer = OAuthAnswer { provider, browser, state, code, ..OAuthAnswer::default() };
            async move { engine.finish_oauth(&nobody(), answer).await.expect("an answer") }
        })
        .await;
        let won = outcomes.iter().filter(|one| matches!(one, FinishOAuth::Application { outcome: Ok(_), .. })).count();
        let lost = outcomes.iter().filter(|one| matches!(one, FinishOAuth::StateInvalid)).count();
        assert_eq!((won, lost, l.github.asked() - asked), (1, 49, 1), "round {round}: and GitHub was asked once");
    }
});

db_test!(a_state_is_good_in_its_own_browser_under_its_own_provider_for_ten_minutes, |db: TestDb| async move {
    let l = Logins::with(&db, |config| {
        let mut corp = oidc("http://127.0.0.1:9");
        corp.name = "corp".to_owned();
        config.oauth.oidc = vec![corp];
    })
    .await;
    let trip = browser("ann's");
    let answer = l.leave(&trip, to_app(None), &ann()).await;
    let changed = |change: fn(&mut OAuthAnswer)| {
        let mut other = OAuthAnswer {
            provider: answer.provider.clone(),
            browser: answer.browser,
            session: None,
            state: answer.state.clone(),
            code: answer.code.clone(),
            ..OAuthAnswer::default()
        };
        change(&mut other);
        other
    };
    let strange: [fn(&mut OAuthAnswer); 5] = [
        |answer| answer.browser = Some(browser("another's").browser),
        |answer| answer.browser = None,
        |answer| answer.provider = "corp".to_owned(),
        |answer| answer.state = Some("x".repeat(43)),
        |answer| answer.state = None,
    ];
    for change in strange {
        assert!(matches!(l.arrive(changed(change)).await, FinishOAuth::StateInvalid));
    }
    assert_eq!(l.github.asked(), 0, "nobody was asked anything");
    assert_eq!(refusals(l.engine(), "identity.proven").await, ["oauth_state_invalid"; 5]);
    assert!(proven(l.arrive(changed(|_| {})).await).is_ok(), "none of them ended it");
    assert!(matches!(l.arrive(changed(|_| {})).await, FinishOAuth::StateInvalid), "once");

    let late = l.leave(&trip, to_app(None), &ann()).await;
    l.t.clock.advance(Duration::from_secs(600));
    assert!(matches!(l.arrive(late).await, FinishOAuth::StateInvalid));
    let unknown = OAuthAnswer { provider: "gitlab".to_owned(), ..OAuthAnswer::default() };
    assert!(matches!(l.arrive(unknown).await, FinishOAuth::UnknownProvider));
});

db_test!(an_equal_address_never_opens_or_joins_an_account, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let owner = sign_up(l.engine(), ANN).await; // with a password, and unproven, as whoever waits for ann would
    let login = l.signs_in(&ann()).await;
    assert_ne!(login.session.account_id, owner.session.account_id);
    assert_eq!(account(l.engine(), login.session.account_id).await.email, None, "the address stays whose it is");
    let untouched = account(l.engine(), owner.session.account_id).await;
    assert_eq!((untouched.email.as_deref(), untouched.first_proven_at), (Some(ANN), None));
    assert!(signs_in(l.engine(), ANN, PASSWORD).await.is_some());
    assert_eq!(l.signs_in(&ann()).await.session.account_id, login.session.account_id, "and again");
});

db_test!(an_address_that_the_provider_does_not_prove_is_not_taken_over, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let address = |email: &str, primary, verified| GithubAddress { email: email.to_owned(), primary, verified };
    let lists = [
        vec![address("ceo@example.com", true, false)],
        vec![address("ceo@example.com", false, true)],
        vec![address("ceo@example.com", true, false), address("b@example.com", false, true)],
        vec![address("no address", true, true)],
        vec![],
    ];
    for (id, emails) in (1u64..).zip(lists) {
        let user = GithubUser { id, login: "bob".to_owned(), name: Some("\u{202e}".to_owned()), emails };
        let made = account(l.engine(), l.signs_in(&user).await.session.account_id).await;
        assert_eq!((made.email, made.first_proven_at, made.name), (None, None, None), "{id}");
    }
    l.github.behave(Whim::HidesAddresses);
    let made = account(l.engine(), l.signs_in(&GithubUser::new(99, "eve", ANN)).await.session.account_id).await;
    assert_eq!(made.email, None);
});

db_test!(nobody_gets_an_account_where_they_could_not_sign_up, |db: TestDb| async move {
    let change: fn(&mut Config) = |config| config.email_domains = vec!["corp.example".to_owned()];
    let l = Logins::with(&db, change).await;
    assert_eq!(l.sign_in(&ann()).await.err(), Some(OAuthRefusal::SignUpClosed));
    let mut unproven = GithubUser::new(3, "eve", "eve@corp.example");
    unproven.emails[0].verified = false;
    assert_eq!(l.prove(&unproven).await.err(), Some(OAuthRefusal::SignUpClosed));
    assert!(l.prove(&GithubUser::new(4, "bob", "bob@Corp.example")).await.expect("welcome").new_user);
    assert_eq!(refusals(l.engine(), "account.created").await, ["email_domain_not_allowed"; 2]);
    assert_eq!(count(l.engine()).await, 1);
});

db_test!(whoever_has_an_account_signs_in_where_sign_up_is_closed, |db: TestDb| async move {
    let open = Logins::new(&db).await;
    let id = open.signs_in(&ann()).await.session.account_id;
    let mut github = open.github.config();
    github.client_id = "vestibule-test".to_owned();
    for (mode, why) in [(SignUpMode::Closed, "sign_up_closed"), (SignUpMode::Invite, "invitation_required")] {
        let closed = TestEngine::with(&db, |config| {
            config.sign_up = mode;
            config.oauth.github = Some(github.clone());
        })
        .await;
        // Another stream of randomness, at another time, so that no id comes twice.
        for _ in 0..=id.0.as_bytes()[15] as usize + why.len() {
            closed.engine.random().bytes::<1009>();
        }
        closed.clock.advance(Duration::from_secs(60 * why.len() as u64));
        let closed = Logins { t: closed, github: FakeGithub::start().await };
        let trip = browser("a browser");
        let StartOAuth::Away(address) =
            closed.engine().start_oauth("github", trip.browser, page()).await.expect("it starts")
        else {
            panic!()
        };
        let (state, code) = open.github.agree(&address, &ann());
        let answer = answer_of(&trip, (state, code));
        let FinishOAuth::Page { outcome: Ok(OAuthDone::SignedIn { signed_in, .. }), .. } = closed.arrive(answer).await
        else {
            panic!()
        };
        assert_eq!(signed_in.session.account_id, id);
        let StartOAuth::Away(address) =
            closed.engine().start_oauth("github", trip.browser, page()).await.expect("it starts")
        else {
            panic!()
        };
        let stranger = open.github.agree(&address, &GithubUser::new(2, "bob", "bob@example.com"));
        let FinishOAuth::Page { outcome, .. } = closed.arrive(answer_of(&trip, stranger)).await else { panic!() };
        assert_eq!(outcome.err(), Some(OAuthRefusal::SignUpClosed));
        assert_eq!(refusals(closed.engine(), "account.created").await[0], why);
    }
    assert_eq!(count(open.engine()).await, 1);
});

db_test!(a_disabled_account_is_neither_opened_nor_refreshed, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let id = l.signs_in(&ann()).await.session.account_id;
    let proven_before = l.prove(&ann()).await.expect("proven").code;
    l.engine().disable_account(&vestibule::Caller::host("root"), id).await.expect("disabled");
    let renamed = GithubUser::new(ann().id, "ann-again", "new@example.com");
    assert_eq!(l.sign_in(&renamed).await.err(), Some(OAuthRefusal::AccountDisabled));
    assert_eq!(l.prove(&renamed).await.err(), Some(OAuthRefusal::AccountDisabled));
    let page = PageRequest { limit: 10, cursor: None };
    let kept = l.engine().list_identities(id, page).await.expect("a list").items;
    assert_eq!(kept[0].username.as_deref(), Some("ann"));
    let exchanged = l.exchange(proven_before.expose()).await;
    assert!(matches!(exchanged, vestibule::RedeemOAuthCode::Refused), "{exchanged:?}");
    l.engine().enable_account(&vestibule::Caller::host("root"), id).await.expect("enabled");
    assert_eq!(l.signs_in(&renamed).await.session.account_id, id, "and it is open again, not invited");
});

db_test!(a_provider_that_misbehaves_opens_nothing, |db: TestDb| async move {
    let l = Logins::with(&db, |config| config.oauth.patience = Duration::from_secs(2)).await;
    let elsewhere = FakeGithub::start().await;
    let to = format!("{}login/oauth/access_token", elsewhere.config().base_url);
    let whims = [
        (Whim::Hangs, "provider_unreachable"),
        (Whim::Floods, "provider_answer_too_large"),
        (Whim::Redirects(to), "provider_answer_invalid"),
        (Whim::Ill, "provider_unreachable"),
        (Whim::Refuses, "provider_refused"),
        (Whim::Babbles, "provider_answer_invalid"),
        (Whim::Forgets, "provider_answer_invalid"),
    ];
    for (whim, reason) in whims {
        l.t.clock.advance(Duration::from_secs(1)); // so that the newest entry is the last one
        l.github.behave(whim.clone());
        assert_eq!(l.sign_in(&ann()).await.err(), Some(OAuthRefusal::ProviderFailed), "{whim:?}");
        assert_eq!(refusals(l.engine(), "identity.proven").await[0], reason, "{whim:?}");
    }
    let taken = l.github.sent(); // of a gigabyte, with what the connection itself held
    assert!((MIB..16 * MIB).contains(&taken), "{taken} bytes");
    assert_eq!(elsewhere.asked(), 0, "no redirect is followed");
    assert_eq!(count(l.engine()).await, 0);
    l.github.behave(Whim::Honest);
    l.signs_in(&ann()).await;
});

const SCOPES: &str = r#"{"message": "Resource not accessible by integration"}"#;
const TOO_MUCH: &str = r#"{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}"#;

db_test!(whoever_does_not_let_addresses_be_seen_signs_in_without_one, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let left = Some(("x-ratelimit-remaining", "4999"));
    for (id, status, header, body) in [(1, 404, None, "{}"), (2, 403, left, SCOPES), (3, 403, None, "no JSON")] {
        l.github.behave(Whim::Retorts(Retort { to: "user/emails", status, header, body }));
        let user = GithubUser::new(id, "ann", &format!("ann{id}@example.com"));
        let made = account(l.engine(), l.signs_in(&user).await.session.account_id).await;
        assert_eq!(made.email, None, "{status} {body}");
    }
});

db_test!(a_github_that_is_ill_or_was_asked_too_often_makes_no_account_without_an_address, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let (spent, later) = (Some(("x-ratelimit-remaining", "0")), Some(("retry-after", "60")));
    let with = |status, header, body| Retort { to: "user/emails", status, header, body };
    let either = [
        (with(403, spent, SCOPES), "provider_unreachable"),
        (with(403, later, SCOPES), "provider_unreachable"),
        (with(429, None, "{}"), "provider_unreachable"),
        (with(500, None, "[]"), "provider_unreachable"),
        (with(502, None, "[]"), "provider_unreachable"),
        (with(503, later, "[]"), "provider_unreachable"),
        (with(401, None, "{}"), "provider_refused"),
    ];
    let of_addresses =
        [(with(403, None, TOO_MUCH), "provider_unreachable"), (with(200, None, "{}"), "provider_answer_invalid")];
    let of_them = [(with(403, None, SCOPES), "provider_refused"), (with(404, None, "{}"), "provider_refused")];
    let to_user = either.iter().chain(&of_them).map(|(retort, reason)| (Retort { to: "user", ..*retort }, *reason));
    for (retort, reason) in either.into_iter().chain(of_addresses).chain(to_user) {
        l.t.clock.advance(Duration::from_secs(1)); // so that the newest entry is the last one
        l.github.behave(Whim::Retorts(retort));
        assert_eq!(l.sign_in(&ann()).await.err(), Some(OAuthRefusal::ProviderFailed), "{retort:?}");
        assert_eq!(refusals(l.engine(), "identity.proven").await[0], reason, "{retort:?}");
        assert_eq!(count(l.engine()).await, 0, "{retort:?}");
    }
    l.github.behave(Whim::Honest);
    let made = account(l.engine(), l.signs_in(&ann()).await.session.account_id).await;
    assert_eq!(made.email.as_deref(), Some(ANN), "once it answers");
});

db_test!(what_a_provider_refuses_is_refused_and_the_state_is_spent, |db: TestDb| async move {
    let l = Logins::new(&db).await;
    let trip = browser("a browser");
    for (error, refusal) in
        [("access_denied", OAuthRefusal::AccessDenied), ("server_error", OAuthRefusal::ProviderFailed)]
    {
        let mut answer = l.leave(&trip, page(), &ann()).await;
        (answer.code, answer.error) = (None, Some(error.to_owned()));
        let again = OAuthAnswer { state: answer.state.clone(), ..answer_of(&trip, (String::new(), "x".to_owned())) };
        let FinishOAuth::Page { outcome, .. } = l.arrive(answer).await else { panic!() };
        assert_eq!(outcome.err(), Some(refusal));
        assert!(matches!(l.arrive(again).await, FinishOAuth::StateInvalid));
    }
    for code in [None, Some(String::new()), Some("x".repeat(5000))] {
        let mut answer = l.leave(&trip, page(), &ann()).await;
        answer.code = code.map(Into::into);
        let FinishOAuth::Page { outcome, .. } = l.arrive(answer).await else { panic!() };
        assert_eq!(outcome.err(), Some(OAuthRefusal::ProviderFailed));
    }
    // Somebody else's code, brought to the right state: PKCE holds.
    let mut mine = l.leave(&trip, page(), &ann()).await;
    mine.code = l.leave(&browser("eve's"), page(), &GithubUser::new(6, "eve", "eve@example.com")).await.code;
    let FinishOAuth::Page { outcome, .. } = l.arrive(mine).await else { panic!() };
    assert_eq!(outcome.err(), Some(OAuthRefusal::ProviderFailed));
    assert_eq!(count(l.engine()).await, 0);
});

db_test!(an_instance_without_a_provider_says_so, |db: TestDb| async move {
    let t = TestEngine::new(&db).await;
    let start = async |provider: &str| t.engine.start_oauth(provider, browser("b").browser, page()).await.unwrap();
    assert!(matches!(start("github").await, StartOAuth::NotConfigured));
    assert!(matches!(start("corp").await, StartOAuth::UnknownProvider));
    assert!(t.engine.login_providers().is_empty());
});

fn page() -> OAuthWish {
    OAuthWish::SignIn { return_to: None }
}

fn answer_of(trip: &Trip, (state, code): (String, String)) -> OAuthAnswer {
    let (provider, browser) = ("github".to_owned(), Some(trip.browser));
    OAuthAnswer { provider, browser, state: Some(state), code: Some(code.into()), ..OAuthAnswer::default() }
}

fn oidc(issuer: &str) -> vestibule::OidcConfig {
    vestibule::OidcConfig {
        name: "corp".to_owned(),
        label: "Corp".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "us".to_owned(),
        client_secret: "secret".into(),
        scopes: vec!["openid".to_owned()],
        allow_private: true,
    }
}
