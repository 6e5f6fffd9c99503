//! Choosing a password by a link: another one after it was forgotten, or the first one of an invited account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, MailRequest, RedeemToken, ResetFlow, TokenState};

use super::accepted::{AcceptedJson, accepted};
use super::link::guessed;
use super::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Query, Session};

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
struct ForgotBody {
    #[schema(example = "ann@example.com")]
    email: String,
}

/// The link, and the password to be.
#[derive(Deserialize, ToSchema)]
struct ResetBody {
    /// Of a reset or of an invitation.
    #[schema(example = "vst_rst_…")]
    token: String,
    new_password: Password,
}

/// Which link.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// What the link carries.
    token: String,
}

/// What a link can still do.
#[derive(Serialize, ToSchema)]
#[schema(as = ResetStatus)]
struct StatusJson {
    /// `valid`, `expired`, or `used`: the last of links that were never issued as well.
    #[schema(value_type = String, example = "valid")]
    state: TokenState,
    /// `reset` or `invite`; of a link that is not known, `reset`.
    #[schema(value_type = String, example = "reset")]
    flow: ResetFlow,
}

/// Ask for a link to choose another password
///
/// It lives an hour; within a minute there is no second one. An invited account gets its invitation again. The answer is
/// the same, and takes the same work, for every address.
#[utoipa::path(post, path = "/api/v1/password/forgot", tag = "Password", request_body = ForgotBody, responses(
    (status = 202, description = "Accepted, whosever the address is.", body = AcceptedJson),
    (status = 422, description = "`email_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn forgot(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<ForgotBody>,
) -> Result<(StatusCode, Json<AcceptedJson>)> {
    app.limits.mail_request(caller.ip(), &body.email)?;
    app.vestibule.ask_by_mail(&caller.anonymous(), &body.email, MailRequest::PasswordReset).await?;
    Ok(accepted())
}

/// Is this link still good
///
/// Looking does not use it.
#[utoipa::path(get, path = "/api/v1/password/reset/status", tag = "Password", params(StatusQuery), responses(
    (status = 200, description = "What it can still do.", body = StatusJson),
    (status = 429, description = "`too_many_requests`"),
))]
async fn status(State(app): State<App>, caller: Caller, Query(query): Query<StatusQuery>) -> Result<Json<StatusJson>> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let status = app.vestibule.reset_status(&query.token).await?;
    match status.state {
        TokenState::Valid => {}
        TokenState::Expired | TokenState::Used => app.limits.code_failed(ip)?,
    }
    Ok(Json(StatusJson { state: status.state, flow: status.flow }))
}

/// Choose a password by a link
///
/// Every session of the account ends, and nobody is signed in. A password that cannot be chosen leaves the link good.
#[utoipa::path(post, path = "/api/v1/password/reset", tag = "Password", request_body = ResetBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "The account has the new password."),
        (status = 410, description = "`token_invalid`, `token_expired`"),
        (status = 422, description = "`password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn reset(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    Body(body): Body<ResetBody>,
) -> Result<StatusCode> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let (session, ResetBody { token, new_password }) = (session.map(|session| session.0), body);
    app.limits.link_with_password(ip, &token)?;
    match app.vestibule.reset_password(&caller.anonymous(), &token, new_password.into(), session).await? {
        RedeemToken::Done => Ok(StatusCode::NO_CONTENT),
        RedeemToken::Expired => Err(guessed(&app, ip, Code::TokenExpired)),
        RedeemToken::Used => Err(guessed(&app, ip, Code::TokenInvalid)),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(forgot)).routes(routes!(status)).routes(routes!(reset))
}
