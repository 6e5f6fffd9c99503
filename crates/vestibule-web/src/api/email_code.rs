//! Signing in by a code that is mailed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, MailRequest, RedeemEmailCode};

use super::accepted::{AcceptedJson, accepted};
use super::link::guessed;
use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Session, presenter};

/// Whose code.
#[derive(Deserialize, ToSchema)]
struct EmailCodeBody {
    #[schema(example = "ann@example.com")]
    email: String,
}

/// The code that was mailed, and what its presenter proves besides.
#[derive(Deserialize, ToSchema)]
struct RedeemCodeBody {
    #[schema(example = "ann@example.com")]
    email: String,
    /// Six digits.
    code: TypedCode,
    /// The account's password, to keep what is attached to an account whose address was never proven.
    password: Option<Password>,
    /// A code of the account's second factor, or a recovery code.
    mfa_code: Option<TypedCode>,
}

/// Ask for a code to sign in by
///
/// It lives 10 minutes, takes 5 guesses, and ends the one before. The answer is the same, and takes the same work, for
/// every address.
#[utoipa::path(post, path = "/api/v1/email-code", tag = "Signing in", request_body = EmailCodeBody, responses(
    (status = 202, description = "Accepted, whosever the address is.", body = AcceptedJson),
    (status = 422, description = "`email_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn request(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<EmailCodeBody>,
) -> Result<(StatusCode, Json<AcceptedJson>)> {
    app.limits.mail_request(caller.ip(), &body.email)?;
    app.vestibule.ask_by_mail(&caller.anonymous(), &body.email, MailRequest::EmailCode).await?;
    Ok(accepted())
}

/// Sign in by a code
///
/// A wrong code counts like a wrong password. Where a second factor is on, its code is needed as well: after
/// `mfa_required` nothing is consumed; send the same again with `mfa_code`.
#[utoipa::path(post, path = "/api/v1/email-code/redeem", tag = "Signing in", request_body = RedeemCodeBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "Signed in; the cookie is set.", body = SignedInJson),
        (status = 401, description = "`code_invalid`, `mfa_required`, `invalid_mfa_code`"),
        (status = 422, description = "`email_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn redeem(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    Body(body): Body<RedeemCodeBody>,
) -> Result<Response> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    app.limits.sign_in(ip, &body.email)?;
    let RedeemCodeBody { email, code, password, mfa_code } = body;
    let presenter = presenter(session, password.map(Password::into), mfa_code.map(TypedCode::into));
    match app.vestibule.redeem_email_code(&caller.anonymous(), &email, &code.into(), presenter).await? {
        RedeemEmailCode::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::OK, *signed_in)),
        RedeemEmailCode::MfaRequired => Err(Code::MfaRequired.into()),
        RedeemEmailCode::WrongMfaCode => Err(guessed(&app, ip, Code::InvalidMfaCode)),
        RedeemEmailCode::Refused => Err(guessed(&app, ip, Code::CodeInvalid)),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(redeem))
}
