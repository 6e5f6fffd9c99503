//! Setup: the first administrator, made with a one-time token that only the host's terminal has shown.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, SetUp, SetUpForm};

use super::password::Password;
use super::sign_in::{SignedInJson, signed_in_answer};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Caller};

/// Whether setup is still to be done.
#[derive(Serialize, ToSchema)]
#[schema(as = Setup)]
struct SetupJson {
    /// True while there is no administrator at all.
    armed: bool,
}

/// The first administrator: an e-mail, a username, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupBody {
    /// The token that the server wrote to its terminal.
    #[schema(example = "vst_set_…")]
    setup_token: String,
    email: Option<String>,
    username: Option<String>,
    password: Password,
}

/// Is there an administrator yet
#[utoipa::path(get, path = "/api/v1/setup", tag = "Setup",
    responses((status = 200, description = "Whether setup is still to be done.", body = SetupJson)))]
async fn show(State(app): State<App>) -> Result<Json<SetupJson>> {
    Ok(Json(SetupJson { armed: app.vestibule.is_setup_armed().await? }))
}

/// Make the first administrator
#[utoipa::path(post, path = "/api/v1/setup", tag = "Setup", request_body = SetupBody, responses(
    (status = 201, description = "The administrator was made and is signed in; the cookie is set.", body = SignedInJson),
    (status = 403, description = "`setup_token_invalid`"),
    (status = 409, description = "`setup_closed`"),
    (status = 422, description = "`identifier_required`, `email_invalid`, `username_invalid`, `password_…`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn set_up(State(app): State<App>, caller: Caller, Body(body): Body<SetupBody>) -> Result<Response> {
    let ip = caller.ip();
    app.limits.set_up(ip)?;
    app.limits.code_looked_up(ip)?;
    let SetupBody { setup_token, email, username, password } = body;
    let form = SetUpForm { setup_token: setup_token.into(), email, username, password: password.into() };
    match app.vestibule.set_up(&caller.anonymous(), form).await? {
        SetUp::Done(signed_in) => Ok(signed_in_answer(&app, StatusCode::CREATED, *signed_in)),
        SetUp::Closed => Err(Code::SetupClosed.into()),
        SetUp::WrongToken => {
            app.limits.code_failed(ip)?;
            Err(Code::SetupTokenInvalid.into())
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, set_up))
}
