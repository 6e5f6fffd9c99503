//! The JSON API, a file for each noun: its types, its handlers (prove, parse, call one verb, answer), its `router()`.
//! What a route takes and answers is declared beside it and becomes the OpenAPI document; nothing is routed that is
//! not in it. Paths are written out in full, so that they can be searched for.

mod abilities;
pub(crate) mod accepted;
pub(crate) mod account;
mod administrators;
#[expect(unused_qualifications, reason = "in what utoipa makes of a query")]
mod all_organizations;
#[expect(unused_qualifications, reason = "in what utoipa makes of a query")]
mod audit;
mod bots;
mod circumstances;
mod directory;
mod directory_invites;
mod directory_members;
mod email;
mod email_code;
mod evaluation;
mod evaluations;
mod explain;
mod forward_auth;
mod group_members;
mod group_preview;
mod groups;
mod health;
mod introspect;
mod invitations;
mod jwks;
mod key_expiry;
pub(crate) mod link;
pub(crate) mod list;
mod magic_link;
mod mail;
mod me;
mod my_api_keys;
mod my_identities;
mod my_permissions;
mod my_sessions;
#[expect(unused_qualifications, reason = "in what utoipa makes of a query")]
mod oauth;
mod organization_invitations;
mod organization_keys;
mod organization_members;
mod organizations;
pub(crate) mod password;
#[expect(unused_qualifications, reason = "in what utoipa makes of a query")]
mod password_reset;
pub(crate) mod permission;
mod permissions;
mod second_factor;
mod service_keys;
mod session;
mod setup;
mod sign_in;
mod sign_out;
mod sign_up;
mod token;
pub(crate) mod typed_code;
mod user_grants;
mod user_invite;
mod user_password;
mod user_permissions;
mod user_second_factor;
mod user_sessions;
#[expect(unused_qualifications, reason = "in what utoipa makes of a query")]
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What proxies ask before every request of an application's.
pub(crate) fn checks() -> OpenApiRouter<App> {
    forward_auth::router()
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(sign_up::router())
        .merge(sign_in::router())
        .merge(sign_out::router())
        .merge(session::router())
        .merge(setup::router())
        .merge(magic_link::router())
        .merge(email_code::router())
        .merge(password::router())
        .merge(password_reset::router())
        .merge(email::router())
        .merge(me::router())
        .merge(second_factor::router())
        .merge(my_sessions::router())
        .merge(my_permissions::router())
        .merge(my_api_keys::router())
        .merge(my_identities::router())
        .merge(oauth::router())
        .merge(organization_keys::router())
        .merge(bots::router())
        .merge(token::router())
        .merge(jwks::router())
        .merge(introspect::router())
        .merge(users::router())
        .merge(user_invite::router())
        .merge(user_password::router())
        .merge(user_second_factor::router())
        .merge(user_sessions::router())
        .merge(administrators::router())
        .merge(groups::router())
        .merge(group_members::router())
        .merge(group_preview::router())
        .merge(permissions::router())
        .merge(user_grants::router())
        .merge(user_permissions::router())
        .merge(explain::router())
        .merge(evaluation::router())
        .merge(evaluations::router())
        .merge(organizations::router())
        .merge(organization_members::router())
        .merge(organization_invitations::router())
        .merge(invitations::router())
        .merge(all_organizations::router())
        .merge(service_keys::router())
        .merge(abilities::router())
        .merge(directory::router())
        .merge(directory_invites::router())
        .merge(directory_members::router())
        .merge(audit::router())
        .merge(mail::router())
        .merge(health::router())
}
