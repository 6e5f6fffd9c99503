//! The browser, with and without scripts.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use testkit::Browser;
use thirtyfour::By;
use tokio::net::TcpListener;

const PAGE: &str = "<!doctype html><title>A page</title><p id=scripts>off</p>
    <script>document.getElementById('scripts').textContent = 'on'</script>";

#[tokio::test]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn scripts_run_in_a_browser_with_scripts() {
    assert_eq!(scripts_are(Browser::start(true).await).await, "on");
}

#[tokio::test]
#[ignore = "needs Chromium: run cargo xtask test"]
async fn no_script_runs_in_a_browser_without() {
    assert_eq!(scripts_are(Browser::start(false).await).await, "off");
}

async fn scripts_are(browser: Browser) -> String {
    browser.goto(serve().await).await.expect("the page opens");
    let word = browser.find(By::Id("scripts")).await.expect("the page has it");
    word.text().await.expect("it has a text")
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let page = Router::new().route("/", get(async || Html(PAGE)));
    tokio::spawn(async move { axum::serve(listener, page).await });
    format!("http://localhost:{port}/")
}
