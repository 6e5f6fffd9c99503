//! Sign-up: making one's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, SignUp, SignUpForm};

use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller};

/// Who signs up.
#[derive(Deserialize, ToSchema)]
struct SignUpBody {
    #[schema(example = "ann@example.com")]
    email: String,
    password: Password,
    #[schema(example = "Ann Lee")]
    name: Option<String>,
}

/// Sign up
///
/// Makes an account and signs it in.
#[utoipa::path(post, path = "/api/v1/sign-up", tag = "Signing in", request_body = SignUpBody, responses(
    (status = 201, description = "The account was made and is signed in; the cookie is set.", body = SignedInJson),
    (status = 403, description = "`sign_up_closed`, `email_domain_not_allowed`"),
    (status = 409, description = "`email_in_use`"),
    (status = 422, description = "`email_invalid`, `password_…`, `name_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn sign_up(State(app): State<App>, caller: Caller, Body(body): Body<SignUpBody>) -> Result<Response> {
    app.limits.sign_up(caller.ip(), &body.email)?;
    let form = SignUpForm { email: body.email, password: body.password.into(), name: body.name };
    match app.vestibule.sign_up(&caller.anonymous(), form).await? {
        SignUp::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::CREATED, *signed_in)),
        SignUp::EmailInUse => Err(Code::EmailInUse.into()),
        SignUp::Closed => Err(Code::SignUpClosed.into()),
        SignUp::DomainNotAllowed => Err(Code::EmailDomainNotAllowed.into()),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_up))
}
