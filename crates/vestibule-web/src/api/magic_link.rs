//! Signing in by a link that is mailed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, MailRequest, RedeemMagicLink};

use super::accepted::{AcceptedJson, accepted};
use super::link::{LinkBody, guessed};
use super::sign_in::{SignedInJson, signed_in_answer};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, Session};
use crate::side_cookies;

/// Whose link.
#[derive(Deserialize, ToSchema)]
struct MagicLinkBody {
    #[schema(example = "ann@example.com")]
    email: String,
}

/// Ask for a link to sign in by
///
/// It lives 15 minutes and ends the one before. The answer is the same, and takes the same work, for every address. Its
/// cookie lets the link's page say whether it was this browser that asked.
#[utoipa::path(post, path = "/api/v1/magic-link", tag = "Signing in", request_body = MagicLinkBody, responses(
    (status = 202, description = "Accepted, whosever the address is.", body = AcceptedJson),
    (status = 422, description = "`email_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn request(State(app): State<App>, caller: Caller, Body(body): Body<MagicLinkBody>) -> Result<impl IntoResponse> {
    app.limits.mail_request(caller.ip(), &body.email)?;
    let (browser, cookie) = side_cookies::fresh_browser(&app);
    app.vestibule.ask_by_mail(&caller.anonymous(), &body.email, MailRequest::MagicLink { browser }).await?;
    Ok(([(SET_COOKIE, cookie)], accepted()))
}

/// Sign in by a link
///
/// Where a second factor is on, its code is needed as well: after `mfa_required` nothing is consumed; send the same
/// again with `mfa_code`.
#[utoipa::path(post, path = "/api/v1/magic-link/redeem", tag = "Signing in", request_body = LinkBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "Signed in; the cookie is set.", body = SignedInJson),
        (status = 401, description = "`mfa_required`, `invalid_mfa_code`, `current_password_incorrect`"),
        (status = 410, description = "`token_invalid`, `token_expired`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn redeem(
    State(app): State<App>,
    session: Option<Session>,
    caller: Caller,
    Body(body): Body<LinkBody>,
) -> Result<Response> {
    let ip = caller.ip();
    app.limits.code_looked_up(ip)?;
    let (token, presenter) = body.read(&app, session, ip)?;
    match app.vestibule.redeem_magic_link(&caller.anonymous(), &token, presenter).await? {
        RedeemMagicLink::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::OK, *signed_in)),
        RedeemMagicLink::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        RedeemMagicLink::MfaRequired => Err(Code::MfaRequired.into()),
        RedeemMagicLink::WrongMfaCode => Err(guessed(&app, ip, Code::InvalidMfaCode)),
        RedeemMagicLink::Expired => Err(guessed(&app, ip, Code::TokenExpired)),
        RedeemMagicLink::Used => Err(guessed(&app, ip, Code::TokenInvalid)),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(redeem))
}
