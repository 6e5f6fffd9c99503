//! Sign-up: making one's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, SignUp, SignUpForm};

use super::accepted::{AcceptedJson, accepted};
use super::link::guessed;
use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller};

/// Who signs up.
#[derive(Deserialize, ToSchema)]
struct SignUpBody {
    #[schema(example = "ann@example.com")]
    email: String,
    /// May be absent where mail works: the link in it signs in.
    password: Option<Password>,
    #[schema(example = "Ann Lee")]
    name: Option<String>,
    /// The code of an invitation to an organization: needed where sign-up is by invitation.
    #[schema(value_type = Option<String>, example = "aB3dE6gH")]
    invitation_code: Option<TypedCode>,
}

/// Sign up
///
/// Makes an account and signs it in; or, where an address must be proven first or no password is given, mails its
/// owner how it goes on. Where addresses must be proven the answer is the same, and takes the same work, whether or not
/// the address is taken.
///
/// By the code of an invitation one comes into its organization with the account; where the address must be proven
/// first, on proving it within a day as the account's owner. An invitation that is for one address lets that address
/// sign up, and is accepted once it is proven.
#[utoipa::path(post, path = "/api/v1/sign-up", tag = "Signing in", request_body = SignUpBody, responses(
    (status = 201, description = "The account was made and is signed in; the cookie is set.", body = SignedInJson),
    (status = 202, description = "A mail says how it goes on.", body = AcceptedJson),
    (status = 403, description = "`sign_up_closed`, `invitation_required`, `invitation_for_another_address`, \
        `email_domain_not_allowed`"),
    (status = 409, description = "`email_in_use`"),
    (status = 422, description = "`email_invalid`, `password_…`, `name_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn sign_up(State(app): State<App>, caller: Caller, Body(body): Body<SignUpBody>) -> Result<Response> {
    let ip = caller.ip();
    app.limits.sign_up(ip, &body.email)?;
    let SignUpBody { email, password, name, invitation_code } = body;
    if invitation_code.is_some() {
        app.limits.code_looked_up(ip)?;
    }
    let (password, invitation_code) = (password.map(Password::into), invitation_code.map(TypedCode::into));
    let form = SignUpForm { email, password, name, invitation_code };
    match app.vestibule.sign_up(&caller.anonymous(), form).await? {
        SignUp::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::CREATED, *signed_in)),
        SignUp::MailSent => Ok(accepted().into_response()),
        SignUp::EmailInUse => Err(Code::EmailInUse.into()),
        SignUp::Closed => Err(Code::SignUpClosed.into()),
        SignUp::InvitationRequired => Err(Code::InvitationRequired.into()),
        SignUp::InvitationUnknown => Err(guessed(&app, ip, Code::InvitationRequired)),
        SignUp::AnotherAddress => Err(Code::InvitationForAnotherAddress.into()),
        SignUp::DomainNotAllowed => Err(Code::EmailDomainNotAllowed.into()),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_up))
}
