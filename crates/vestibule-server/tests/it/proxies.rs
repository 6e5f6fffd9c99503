//! nginx and Caddy as Debian has them, by the very snippets of `deploy/`, before an application that only echoes: nobody
//! reaches it without signing in, and what it hears of people is Vestibule's word alone.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use testkit::{Server, TestDb};

use crate::echo::Echo;
use crate::host::PASSWORD;
use crate::node::{node_with, sign_up};
use crate::person::Person;
use crate::proxy::{Proxy, free_port};

const NGINX: &str = include_str!("../../../../deploy/forward-auth.nginx.conf");
const CADDY: &str = include_str!("../../../../deploy/forward-auth.Caddyfile");
const REMOTE: [&str; 4] = ["remote-user", "remote-email", "remote-name", "remote-groups"];

/// An application behind a proxy behind Vestibule.
struct Site {
    _db: TestDb,
    vestibule: Server,
    echo: Echo,
    proxy: Proxy,
    client: Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nginx,
    Caddy,
}

impl Site {
    /// With what is asked besides, such as `?permission=view:audit`.
    async fn guarded_by(kind: Kind, asked: &str) -> Site {
        let (db, port, echo) = (TestDb::sqlite(), free_port(), Echo::start().await);
        let origin = format!("http://localhost:{port}");
        let redirect = if kind == Kind::Caddy { "true" } else { "false" };
        let settings = [
            ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1"),
            ("VESTIBULE_FORWARD_AUTH_REDIRECT", redirect),
            ("VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS", origin.as_str()),
            ("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", "8"),
            ("VESTIBULE_PASSWORD_ARGON2_ITERATIONS", "1"),
        ];
        let vestibule = node_with(&db, &settings).await;
        let asks = format!("/api/v1/forward-auth{asked}");
        let (ours, theirs) = (vestibule.url().replace("http://localhost", "127.0.0.1"), echo.address.to_string());
        let proxy = match kind {
            Kind::Nginx => {
                let snippet = swapped(NGINX, &[("vestibule/api/v1/forward-auth;", &format!("vestibule{asks};"))]);
                Proxy::nginx(port, &snippet, [("vestibule", &ours), ("application", &theirs)]).await
            }
            Kind::Caddy => {
                let site = format!("http://localhost:{port} {{");
                let uri = if asked.is_empty() { format!("uri {asks}?\n") } else { format!("uri {asks}\n") };
                let changes = [
                    ("\napp.example.com {", format!("\n{site}")),
                    ("127.0.0.1:8080", ours),
                    ("127.0.0.1:3000", theirs),
                    ("uri /api/v1/forward-auth?\n", uri),
                ];
                let changes: Vec<(&str, &str)> = changes.iter().map(|(old, new)| (*old, new.as_str())).collect();
                Proxy::caddy(port, &swapped(CADDY, &changes)).await
            }
        };
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Site { _db: db, vestibule, echo, proxy, client }
    }

    async fn sign_up(&self, email: &str) -> String {
        sign_up(&self.client, &self.vestibule.url(), email).await
    }

    /// Gives somebody a name of theirs.
    async fn call(&self, token: &str, what: &str, name: &str) {
        let me = format!("{}/api/v1/me", self.vestibule.url());
        let called = self.client.patch(&me).bearer_auth(token).json(&json!({ what: name })).send().await;
        assert_eq!(called.expect("an answer").status(), 200);
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://localhost:{}{path}", self.proxy.port))
    }

    /// A request that claims to be somebody, in every spelling.
    fn spoofing(&self, path: &str) -> reqwest::RequestBuilder {
        let names = REMOTE.into_iter().chain(["Remote_User", "Remote_Email", "Remote_Name", "REMOTE_GROUPS"]);
        names.fold(self.ask(Method::GET, path), |request, name| request.header(name, "root"))
    }
}

/// A snippet with its example addresses replaced; each must be there.
fn swapped(snippet: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(snippet.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} is once in the snippet");
        text.replace(old, new)
    })
}

async fn sent(request: reqwest::RequestBuilder) -> Response {
    request.send().await.expect("the proxy answers")
}

/// What the application heard of who it is: by the names of headers as CGI spells them, empty ones left out.
async fn heard(answer: Response) -> Value {
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("the echo is JSON");
    let headers = body["headers"].as_array().expect("headers").iter();
    let pair = |header: &Value| Some((header[0].as_str()?.replace('_', "-"), header[1].as_str()?.to_owned()));
    let remote = headers.filter_map(pair).filter(|(name, value)| name.starts_with("remote-") && !value.is_empty());
    let (mut told, mut count) = (serde_json::Map::new(), 0);
    for (name, value) in remote {
        told.insert(name, value.into());
        count += 1;
    }
    assert_eq!(told.len(), count, "each is told once: {body}");
    told.into()
}

async fn signed_out_is_sent_to_sign_in(site: &Site) {
    let back = format!("http%3A%2F%2Flocalhost%3A{}%2Fa%2520b%3Fc%3Dd%26permission%3Df", site.proxy.port);
    let sign_in = format!("{}/sign-in?return_to={back}", site.vestibule.url());
    for request in [site.ask(Method::GET, "/a%20b?c=d&permission=f"), site.spoofing("/a%20b?c=d&permission=f")] {
        let lies = request.header("x-forwarded-host", "evil.example").header("x-original-url", "https://evil.example/");
        let turned_away = sent(lies.header("x-forwarded-uri", "//evil.example").header("cookie", "vestibule=x")).await;
        assert_eq!(turned_away.status(), 302);
        assert_eq!(turned_away.headers()["location"], sign_in.as_str());
        assert!(REMOTE.iter().all(|name| !turned_away.headers().contains_key(*name)));
    }
    let program = sent(site.ask(Method::GET, "/").bearer_auth("vst_key_x")).await;
    assert_eq!(program.status(), 401);
    assert_eq!(site.echo.heard(), 0, "the application heard nothing");
}

async fn signed_in_is_told_to_the_application(site: &Site) {
    let token = site.sign_up("ann@example.com").await;
    let cookie = format!("vestibule={token}");
    site.call(&token, "username", "ann").await;
    let ann = json!({"remote-user": "ann", "remote-groups": "members"});
    assert_eq!(heard(sent(site.ask(Method::GET, "/a").header("cookie", &cookie)).await).await, ann);
    assert_eq!(heard(sent(site.spoofing("/a").header("cookie", &cookie)).await).await, ann, "nothing is made up");
    assert_eq!(heard(sent(site.spoofing("/a").bearer_auth(&token)).await).await, ann);
    site.call(&token, "name", "李 Ann").await;
    let named = heard(sent(site.spoofing("/a").header("cookie", &cookie)).await).await;
    assert_eq!(named["remote-name"], "%E6%9D%8E%20Ann");
    let own = site.ask(Method::GET, "/a?permission=all&permission=%00").header("cookie", &cookie);
    assert_eq!(sent(own).await.status(), 200, "the application's query is its own");
    let posted = site.ask(Method::POST, "/a").header("cookie", &cookie).body("x".repeat(200_000));
    let body: Value = sent(posted).await.json().await.expect("the echo is JSON");
    assert_eq!((&body["method"], &body["bytes"]), (&json!("POST"), &json!(200_000)));
    let out = site.client.post(format!("{}/api/v1/sign-out", site.vestibule.url())).bearer_auth(&token).send().await;
    assert_eq!(out.expect("an answer").status(), 204);
    assert_eq!(sent(site.ask(Method::GET, "/a").header("cookie", &cookie)).await.status(), 302);
}

/// Which cookies the application heard of.
async fn cookies_heard(answer: Response) -> String {
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("the echo is JSON");
    let headers = body["headers"].as_array().expect("headers").iter().filter(|header| header[0] == "cookie");
    headers.filter_map(|header| header[1].as_str()).collect::<Vec<_>>().join("|")
}

async fn our_cookie_is_kept_from_the_application(site: &Site) {
    let token = site.sign_up("bob@example.com").await;
    let ours = format!("vestibule={token}");
    for (sent_along, left) in [
        (ours.clone(), ""),
        (format!("{ours}; a=b"), "a=b"),
        (format!("a=b; {ours}"), "a=b"),
        (format!("a=b;{ours};c=d"), "a=b;c=d"),
        (format!("a=b; __Host-vestibule=x; {ours}; __Secure-vestibule=y; c=d"), "a=b; c=d"),
        (format!("a=b; \tvestibule \t= {token}; c=d"), "a=b; c=d"),
        (format!("my-vestibule=x; {ours}; vestibule2=y; a=vestibule=z"), "my-vestibule=x; vestibule2=y; a=vestibule=z"),
    ] {
        let answer = sent(site.ask(Method::GET, "/").header("cookie", &sent_along)).await;
        assert_eq!(cookies_heard(answer).await, left, "{sent_along:?}");
    }
    let planted = format!("{ours}; a=b; {ours}; __Host-vestibule=x; {ours}");
    let answer = sent(site.ask(Method::GET, "/").bearer_auth(&token).header("cookie", planted)).await;
    let heard = cookies_heard(answer).await;
    assert!(!heard.contains("vestibule"), "{heard}");
}

async fn who_it_is_cannot_be_dropped_on_the_way(kind: Kind, site: &Site) {
    let token = site.sign_up("lee@example.com").await;
    let told = heard(sent(site.ask(Method::GET, "/").bearer_auth(&token)).await).await;
    let before = site.echo.heard();
    for named in ["Remote-User", "close, REMOTE-GROUPS", "remote_user", "keep-alive, Remote-Email"] {
        let answer = sent(site.ask(Method::GET, "/").bearer_auth(&token).header("connection", named)).await;
        match kind {
            Kind::Nginx => assert_eq!(heard(answer).await, told, "{named}"),
            Kind::Caddy => assert_eq!((answer.status().as_u16(), site.echo.heard()), (400, before), "{named}"),
        }
    }
}

async fn whoever_lacks_the_permission_is_refused(kind: Kind) {
    let site = Site::guarded_by(kind, "?permission=view:audit").await;
    let token = site.sign_up("ann@example.com").await;
    assert_eq!(sent(site.spoofing("/").bearer_auth(&token)).await.status(), 403);
    assert_eq!(sent(site.spoofing("/").header("cookie", format!("vestibule={token}"))).await.status(), 403);
    assert_eq!(sent(site.ask(Method::GET, "/")).await.status(), 302);
    assert_eq!(site.echo.heard(), 0, "the application heard nothing");
}

async fn guards(kind: Kind) {
    let site = Site::guarded_by(kind, "").await;
    signed_out_is_sent_to_sign_in(&site).await;
    signed_in_is_told_to_the_application(&site).await;
    our_cookie_is_kept_from_the_application(&site).await;
    who_it_is_cannot_be_dropped_on_the_way(kind, &site).await;
    whoever_lacks_the_permission_is_refused(kind).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: run cargo xtask test"]
async fn nginx_lets_nobody_pass_unasked() {
    guards(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Caddy: run cargo xtask test"]
async fn caddy_lets_nobody_pass_unasked() {
    guards(Kind::Caddy).await;
}

/// The answer to the form leads to another origin, where a browser goes only if the page's policy lets it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and Chromium: run cargo xtask test"]
async fn a_person_signs_in_and_comes_back_to_the_application() {
    let site = Site::guarded_by(Kind::Nginx, "").await;
    site.sign_up("ann@example.com").await;
    let person = Person::at(&site.vestibule, true).await;
    person.browser.goto(format!("http://localhost:{}/a?b=c", site.proxy.port)).await.expect("a page opens");
    person.arrives("/sign-in").await;
    person.sign_in("ann@example.com", PASSWORD).await;
    person.arrives("/a").await;
    let url = person.browser.current_url().await.expect("a URL");
    assert_eq!((url.port(), url.query()), (Some(site.proxy.port), Some("b=c")));
    let heard = person.reads("body").await;
    assert!(heard.contains("[\"remote-groups\",\"members\"]"), "{heard}");
}

#[test]
fn traefik_is_told_of_the_same_headers() {
    let text = include_str!("../../../../deploy/forward-auth.traefik.yaml");
    let copied = text.lines().filter_map(|line| line.trim().strip_prefix("- Remote-"));
    assert_eq!(copied.collect::<Vec<_>>(), ["User", "Email", "Name", "Groups"]);
    assert!(text.contains("/api/v1/forward-auth\n"));
}
