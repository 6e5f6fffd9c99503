//! A program of its own that has accounts: a guest book. Vestibule is mounted under `/accounts`; the book's own routes
//! ask for what they need by naming an extractor. Nothing here looks at a cookie or a token.

use axum::Router;
use axum::extract::FromRef;
use axum::response::Html;
use axum::routing::get;
use vestibule::Vestibule;
use vestibule_web::extract::{Require, Session};
use vestibule_web::{App, WebConfig, permission};

/// Where the accounts are mounted, and so the path of their public URL.
pub const PREFIX: &str = "/accounts";
/// What there is to be permitted here, and which group holds it.
pub const POLICY: &str = include_str!("../policy.toml");

permission! {
    /// Tidy up the book.
    pub Moderate = "moderate": "entries"
}

/// The program's own state; it lends Vestibule's part to the extractors.
#[derive(Clone, FromRef)]
struct State {
    accounts: App,
}

/// The whole program: its own routes, and Vestibule's under the prefix.
pub fn program(vestibule: Vestibule) -> vestibule::Result<Router> {
    let accounts = App::new(vestibule, WebConfig::default())?;
    Ok(Router::new()
        .route("/", get(front))
        .route("/book", get(book))
        .route("/moderate", get(moderate))
        .nest(PREFIX, accounts.router())
        .with_state(State { accounts }))
}

async fn front() -> Html<String> {
    Html(format!(
        "<a href=\"{PREFIX}/sign-in?return_to={PREFIX}/account\">Sign in</a> to read the <a href=\"/book\">book</a>."
    ))
}

/// Only for people who are signed in.
async fn book(session: Session) -> String {
    format!("Hello, {}.", session.label)
}

/// Only for people who may tidy up.
async fn moderate(moderator: Require<Moderate>) -> String {
    format!("{} may tidy up.", moderator.label)
}
