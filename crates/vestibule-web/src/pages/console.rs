//! The console: accounts, groups and what they may do, service keys, the directory of wallets, mail and the audit log.
//! Every page and every form here asks for its own permission, exactly as the JSON API does, and what is dangerous for a
//! recent proof besides.

mod abilities;
mod administrators;
mod audit;
mod directory;
mod directory_away;
mod directory_invites;
mod directory_member;
mod edit_group;
mod explain;
mod group;
mod group_boxes;
mod group_form;
mod group_members;
mod groups;
mod mail;
mod mail_line;
mod new_administrator;
mod new_directory_invite;
mod new_group;
mod new_service_key;
mod new_user;
mod on;
mod organization;
mod organizations;
mod overview;
mod permissions;
mod preview_group;
mod service_keys;
mod shown_directory_invite;
mod shown_link;
mod shown_service_key;
mod user;
mod user_acts;
mod user_edits;
mod user_grants;
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
        .merge(user_grants::router())
        .merge(administrators::router())
        .merge(new_administrator::router())
        .merge(groups::router())
        .merge(new_group::router())
        .merge(group::router())
        .merge(group_members::router())
        .merge(edit_group::router())
        .merge(permissions::router())
        .merge(explain::router())
        .merge(organizations::router())
        .merge(organization::router())
        .merge(service_keys::router())
        .merge(new_service_key::router())
        .merge(abilities::router())
        .merge(directory::router())
        .merge(directory_invites::router())
        .merge(new_directory_invite::router())
        .merge(directory_member::router())
        .merge(mail::router())
        .merge(audit::router())
}
