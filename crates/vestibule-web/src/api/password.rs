//! Passwords in bodies, wrapped at once so that none can be printed; changing one's own, and setting the first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{ChangePassword, Code, PasswordChange};

use super::sign_in::{SignedInJson, signed_in_answer};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller, RecentlyProven, Session};

/// A password in a body.
#[derive(Deserialize, ToSchema)]
#[serde(from = "String")]
#[schema(value_type = String, format = Password, example = "harbour moss kettle 42")]
pub(crate) struct Password(SecretString);

/// The password now and the one to be.
#[derive(Deserialize, ToSchema)]
struct ChangeBody {
    current_password: Password,
    new_password: Password,
    /// Whether every API key of the account ends as well.
    #[serde(default)]
    #[schema(required = false)]
    revoke_api_keys: bool,
}

/// The first password of an account.
#[derive(Deserialize, ToSchema)]
struct SetBody {
    new_password: Password,
}

/// Change the password
///
/// Every other session of the account ends, and this one's token is replaced. Who came by cookie gets the new one as
/// cookie and no body; who came by bearer gets it in a body, since there is no other way to learn it.
#[utoipa::path(post, path = "/api/v1/password/change", tag = "Password", request_body = ChangeBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "Changed, for a bearer: the session's new token.", body = SignedInJson),
        (status = 204, description = "Changed, for a cookie: the new cookie is set."),
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`"),
        (status = 422, description = "`password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn change(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    Body(body): Body<ChangeBody>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let ChangeBody { current_password, new_password, revoke_api_keys } = body;
    let change = PasswordChange { current: current_password.into(), new: new_password.into(), revoke_api_keys };
    match app.vestibule.change_password(&caller.acting(&session), &session, change).await? {
        ChangePassword::Done(renewed) if session.is_by_cookie() => {
            let cookie = app.cookie.session(&renewed, app.vestibule.now());
            Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
        }
        ChangePassword::Done(renewed) => Ok(signed_in_answer(&app, StatusCode::OK, *renewed)),
        ChangePassword::WrongCurrent => Err(Code::CurrentPasswordIncorrect.into()),
    }
}

/// Set the first password
///
/// Of an account that has none. Sessions stay. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/password/set", tag = "Password", request_body = SetBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "Set."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 409, description = "`password_set`"),
        (status = 422, description = "`password_…`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn set(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<SetBody>,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.set_first_password(&caller.acting(&session), &session, body.new_password.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<String> for Password {
    fn from(text: String) -> Password {
        Password(text.into())
    }
}

impl From<Password> for SecretString {
    fn from(password: Password) -> SecretString {
        password.0
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(set))
}
