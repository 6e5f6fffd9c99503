//! One's e-mail address: proving that it is one's own, and changing it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{ChangeEmail, Code, ConfirmEmailChange, MailRequest, VerifyEmail};

use super::accepted::{AcceptedJson, accepted};
use super::link::{LinkBody, guessed};
use super::password::Password;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, RecentlyProven, Session};

/// Which address is to be proven.
#[derive(Deserialize, ToSchema)]
struct VerifyRequestBody {
    #[schema(example = "ann@example.com")]
    email: String,
}

/// The address to change to.
#[derive(Deserialize, ToSchema)]
struct EmailChangeBody {
    #[schema(example = "ann@example.org")]
    new_email: String,
    /// The current password, unless none is set.
    password: Option<Password>,
}

/// Ask for a link that proves an address
///
/// It lives 24 hours and ends the one before. The answer is the same, and takes the same work, for every address.
#[utoipa::path(post, path = "/api/v1/email/verify/request", tag = "E-mail", request_body = VerifyRequestBody,
    responses(
        (status = 202, description = "Accepted, whosever the address is.", body = AcceptedJson),
        (status = 422, description = "`email_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn request_verification(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<VerifyRequestBody>,
) -> Result<(StatusCode, Json<AcceptedJson>)> {
    app.limits.mail_request(caller.ip(), &body.email)?;
    app.vestibule.ask_by_mail(&caller.anonymous(), &body.email, MailRequest::EmailVerify).await?;
    Ok(accepted())
}

/// Prove an address
///
/// Whoever proves the first address of an account is signed in by it, by cookie, unless they are already.
#[utoipa::path(post, path = "/api/v1/email/verify", tag = "E-mail", request_body = LinkBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "Proven; a cookie is set if that signed somebody in."),
        (status = 401, description = "`mfa_required`, `invalid_mfa_code`, `current_password_incorrect`"),
        (status = 410, description = "`token_invalid`, `token_expired`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn verify(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    Body(body): Body<LinkBody>,
) -> Result<Response> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let (token, presenter) = body.read(&app, session, ip)?;
    match app.vestibule.verify_email(&caller.anonymous(), &token, presenter).await? {
        VerifyEmail::Done(None) => Ok(StatusCode::NO_CONTENT.into_response()),
        VerifyEmail::Done(Some(signed_in)) => {
            let cookie = app.cookie.session(&signed_in, app.vestibule.now());
            Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
        }
        VerifyEmail::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        VerifyEmail::MfaRequired => Err(Code::MfaRequired.into()),
        VerifyEmail::WrongMfaCode => Err(guessed(&app, ip, Code::InvalidMfaCode)),
        VerifyEmail::Expired => Err(guessed(&app, ip, Code::TokenExpired)),
        VerifyEmail::Used => Err(guessed(&app, ip, Code::TokenInvalid)),
    }
}

/// Ask to change my address
///
/// A link goes to the new address and counts when it is presented; the old one is told. Whether the new address has an
/// account already is said only then. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/email/change", tag = "E-mail", request_body = EmailChangeBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 202, description = "Accepted, whosever the address is.", body = AcceptedJson),
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`mail_off`"),
        (status = 422, description = "`email_invalid`, `password_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn change(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<EmailChangeBody>,
) -> Result<(StatusCode, Json<AcceptedJson>)> {
    app.limits.sensitive(session.account_id)?;
    if !app.vestibule.config().is_mail_read() {
        return Err(Code::MailOff.into()); // as nobody could ever confirm it
    }
    app.limits.mail_request(caller.ip(), &body.new_email)?;
    let (caller, password) = (caller.acting(&session), body.password.map(Password::into));
    match app.vestibule.change_email(&caller, &session, &body.new_email, password).await? {
        ChangeEmail::MailSent => Ok(accepted()),
        ChangeEmail::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
    }
}

/// Confirm a change of address
#[utoipa::path(post, path = "/api/v1/email/change/confirm", tag = "E-mail", request_body = LinkBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "The account has the new address, proven."),
        (status = 401, description = "`mfa_required`, `invalid_mfa_code`, `current_password_incorrect`"),
        (status = 409, description = "`email_in_use`: the link stays good."),
        (status = 410, description = "`token_invalid`, `token_expired`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn confirm_change(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    Body(body): Body<LinkBody>,
) -> Result<StatusCode> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let (token, presenter) = body.read(&app, session, ip)?;
    match app.vestibule.confirm_email_change(&caller.anonymous(), &token, presenter).await? {
        ConfirmEmailChange::Done => Ok(StatusCode::NO_CONTENT),
        ConfirmEmailChange::EmailInUse => Err(Code::EmailInUse.into()),
        ConfirmEmailChange::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        ConfirmEmailChange::MfaRequired => Err(Code::MfaRequired.into()),
        ConfirmEmailChange::WrongMfaCode => Err(guessed(&app, ip, Code::InvalidMfaCode)),
        ConfirmEmailChange::Expired => Err(guessed(&app, ip, Code::TokenExpired)),
        ConfirmEmailChange::Used => Err(guessed(&app, ip, Code::TokenInvalid)),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(request_verification))
        .routes(routes!(verify))
        .routes(routes!(change))
        .routes(routes!(confirm_change))
}
