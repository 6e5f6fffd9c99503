//! The console: accounts, administrators, mail and the audit log. Every page here asks for an administrator, and what is
//! dangerous asks for a recent proof besides, exactly as the JSON API does.

mod administrator;
mod administrators;
mod audit;
mod groups;
mod mail;
mod mail_line;
mod new_administrator;
mod new_user;
mod overview;
mod shown_link;
mod user;
mod user_acts;
mod user_edits;
mod user_openers;
mod users;

use axum::Router;

use crate::app::App;

pub(super) fn router() -> Router<App> {
    Router::new()
        .merge(overview::router())
        .merge(users::router())
        .merge(new_user::router())
        .merge(user::router())
        .merge(user_edits::router())
        .merge(user_acts::router())
        .merge(user_openers::router())
        .merge(administrators::router())
        .merge(new_administrator::router())
        .merge(administrator::router())
        .merge(mail::router())
        .merge(audit::router())
}
