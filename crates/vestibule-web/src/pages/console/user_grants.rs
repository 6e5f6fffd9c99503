//! What an account holds directly, besides its groups: granting it a permission, written on a line, and taking one back.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::AccountId;

use super::on::{OnUser, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, Session, UpdateUsers};
use crate::pages::form::Form;
use crate::pages::notice::Notice;
use crate::pages::permission::{InWords, line, read_known, read_line};

/// A permission that an account holds directly.
pub(crate) struct DirectGrant {
    pub permission: InWords,
    /// The same, as the form that takes it back sends it.
    pub line: String,
}

#[derive(Deserialize)]
struct GrantFields {
    permission: String,
}

/// What an account holds directly.
pub(super) async fn direct(app: &App, session: &Session, id: AccountId) -> Result<Vec<DirectGrant>> {
    let grants = app.vestibule.list_grants(id).await?;
    let shown = |permission| DirectGrant {
        permission: InWords::of(session.view.catalogue(), permission),
        line: line(permission),
    };
    Ok(grants.iter().map(shown).collect())
}

async fn grant(
    Sensitive(on): Sensitive<OnUser<UpdateUsers>>,
    FormBody(fields): FormBody<GrantFields>,
) -> Result<Response> {
    let typed = Form::blank().with("permission", &fields.permission);
    let permission = match read_known(on.session.view.catalogue(), &fields.permission) {
        Ok(permission) => permission,
        Err(why) => return on.page(typed.wrong("permission", why)).await,
    };
    on.answer_typed(on.engine().grant_permission(&on.by, on.id, permission).await, Notice::GrantAdded, typed).await
}

async fn take_back(
    Sensitive(on): Sensitive<OnUser<UpdateUsers>>,
    FormBody(fields): FormBody<GrantFields>,
) -> Result<Response> {
    let permission = match read_line(&fields.permission) {
        Ok(permission) => permission,
        Err(why) => return on.page(Form::blank().wrong("permission", why)).await,
    };
    on.answer(on.engine().revoke_permission(&on.by, on.id, &permission).await, Notice::GrantRemoved).await
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/users/{id}/grants", post(grant))
        .route("/admin/users/{id}/grants/take-back", post(take_back))
}
