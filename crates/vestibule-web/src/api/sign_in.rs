//! Sign-in, and the body with which every way of signing in answers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, SignIn, SignInForm, SignedIn, Timestamp};

use super::account::AccountJson;
use super::password::Password;
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller};

/// Who signs in.
#[derive(Deserialize, ToSchema)]
struct SignInBody {
    /// E-mail address or username.
    #[schema(example = "ann@example.com")]
    identifier: String,
    password: Password,
    /// A code of the second factor, or a recovery code, where one is asked for.
    mfa_code: Option<TypedCode>,
}

/// A session just made or renewed. The same token is also set as a cookie.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInJson {
    /// The session's token, shown this once: for `Authorization: Bearer`.
    #[schema(example = "vst_ses_…")]
    token: String,
    /// When the session ends if it is not used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What unsafe requests by cookie carry in `X-CSRF-Token`.
    csrf_token: String,
    account: AccountJson,
}

/// Sign in
///
/// The answer is the same, and takes the same work, whether the account is unknown, disabled, locked or has another
/// password. That a second factor is on, or the address not yet proven, is said only to the right password. After
/// `mfa_required` send the same again with `mfa_code`.
#[utoipa::path(post, path = "/api/v1/sign-in", tag = "Signing in", request_body = SignInBody, responses(
    (status = 200, description = "Signed in; the cookie is set.", body = SignedInJson),
    (status = 401, description = "`invalid_credentials`, `mfa_required`, `invalid_mfa_code`"),
    (status = 403, description = "`email_not_verified`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn sign_in(State(app): State<App>, caller: Caller, Body(body): Body<SignInBody>) -> Result<Response> {
    app.limits.sign_in(caller.ip(), &body.identifier)?;
    let SignInBody { identifier, password, mfa_code } = body;
    let form = SignInForm { identifier, password: password.into(), mfa_code: mfa_code.map(TypedCode::into) };
    match app.vestibule.sign_in(&caller.anonymous(), form).await? {
        SignIn::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::OK, *signed_in)),
        SignIn::MfaRequired(_) => Err(Code::MfaRequired.into()),
        SignIn::WrongMfaCode => Err(Code::InvalidMfaCode.into()),
        SignIn::EmailNotVerified => Err(Code::EmailNotVerified.into()),
        SignIn::Refused => Err(Code::InvalidCredentials.into()),
    }
}

/// The answer that hands a session over, by body and by cookie.
pub(crate) fn signed_in_answer(app: &App, status: StatusCode, signed_in: SignedIn) -> Response {
    let cookie = app.cookie.session(&signed_in, app.vestibule.now());
    (status, [(SET_COOKIE, cookie)], Json(SignedInJson::of(signed_in))).into_response()
}

impl SignedInJson {
    pub(crate) fn of(signed_in: SignedIn) -> SignedInJson {
        SignedInJson {
            token: signed_in.token.expose().to_owned(),
            expires_at: signed_in.session.expires_at,
            csrf_token: signed_in.csrf_token,
            account: signed_in.account.into(),
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_in))
}
