//! Tokens for programs: an access token that services verify by themselves, and a refresh token that gives the next
//! pair. They begin with a session or with a password, never with another token or a key. Giving one back, or reporting
//! one that was found, is open to whoever has it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{Code, Error, IssuedTokens, RefreshTokens, SignIn, SignInForm};

use super::accepted::{AcceptedJson, reported};
use super::account::AccountJson;
use super::password::Password;
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Caller, Session};

/// For what tokens are asked.
#[derive(Deserialize, ToSchema)]
struct GrantBody {
    grant_type: GrantType,
    /// Of the grant `password`: e-mail address or username.
    #[schema(example = "ann@example.com")]
    identifier: Option<String>,
    /// Of the grant `password`.
    password: Option<Password>,
    /// Of the grant `password`: a code of the second factor, or a recovery code, where one is asked for.
    mfa_code: Option<TypedCode>,
}

/// What is given for tokens.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    /// The session of the request.
    Session,
    /// An identifier and its password.
    Password,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
struct RefreshBody {
    #[schema(example = "vst_rft_…")]
    refresh_token: String,
}

/// A token of ours, of any kind.
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenBody {
    #[schema(example = "vst_key_…")]
    pub token: String,
}

/// An access token and what gives the next, each shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedTokens)]
struct TokensJson {
    /// A JWT (RFC 9068), for `Authorization: Bearer`.
    #[schema(example = "eyJ…")]
    access_token: String,
    /// `Bearer`, always.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How many seconds the access token lives.
    #[schema(example = 900)]
    expires_in: u64,
    /// Gives the next pair, once.
    #[schema(example = "vst_rft_…")]
    refresh_token: String,
    account: AccountJson,
}

/// Get tokens for a program
///
/// For the session of the request, with which they end; or for a password, as when signing in. No token and no key of a
/// program stands for a session here.
#[utoipa::path(post, path = "/api/v1/token", tag = "Tokens", request_body = GrantBody,
    security((), ("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "The tokens.", body = TokensJson),
        (status = 401, description = "`unauthenticated`, `invalid_credentials`, `mfa_required`, `invalid_mfa_code`"),
        (status = 403, description = "`email_not_verified`; `session_too_old`: the tokens would be over already."),
        (status = 422, description = "`identifier_required`, `password_required`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn issue(
    State(app): State<App>,
    session: Result<Session>,
    caller: Caller,
    Body(body): Body<GrantBody>,
) -> Result<Json<TokensJson>> {
    match body.grant_type {
        GrantType::Session => by_session(&app, session?, caller).await,
        GrantType::Password => by_password(&app, body, caller).await,
    }
}

async fn by_session(app: &App, session: Session, caller: Caller) -> Result<Json<TokensJson>> {
    app.limits.sensitive(session.account_id)?;
    let issued = app.vestibule.issue_tokens(&caller.acting(&session), &session).await?;
    Ok(Json(issued.into()))
}

async fn by_password(app: &App, body: GrantBody, caller: Caller) -> Result<Json<TokensJson>> {
    let GrantBody { identifier, password, mfa_code, .. } = body;
    let identifier = identifier.ok_or(Error::field("identifier", Code::IdentifierRequired))?;
    let password = password.ok_or(Error::field("password", Code::PasswordRequired))?;
    app.limits.sign_in(caller.ip(), &identifier)?;
    let form = SignInForm { identifier, password: password.into(), mfa_code: mfa_code.map(TypedCode::into) };
    match app.vestibule.issue_tokens_by_password(&caller.anonymous(), form).await? {
        SignIn::Done(issued) => Ok(Json((*issued).into())),
        SignIn::MfaRequired(_) => Err(Code::MfaRequired.into()),
        SignIn::WrongMfaCode => Err(Code::InvalidMfaCode.into()),
        SignIn::EmailNotVerified => Err(Code::EmailNotVerified.into()),
        SignIn::Refused => Err(Code::InvalidCredentials.into()),
    }
}

/// Get the next tokens
///
/// A refresh token works once. One that comes back ends all that came of it; but within 10 seconds, while its successor
/// is unused, it gives that same successor again.
#[utoipa::path(post, path = "/api/v1/token/refresh", tag = "Tokens", request_body = RefreshBody, responses(
    (status = 200, description = "The next tokens.", body = TokensJson),
    (status = 401, description = "`refresh_token_invalid`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn refresh(State(app): State<App>, caller: Caller, Body(body): Body<RefreshBody>) -> Result<Json<TokensJson>> {
    if !is_counted(&app, &caller, &body.refresh_token).await? {
        return Err(Code::RefreshTokenInvalid.into());
    }
    match app.vestibule.refresh_tokens(&caller.anonymous(), &body.refresh_token).await? {
        RefreshTokens::Done(issued) => Ok(Json((*issued).into())),
        RefreshTokens::Refused => Err(Code::RefreshTokenInvalid.into()),
    }
}

/// Give tokens back
///
/// By the refresh or the access token: all that came of the same grant ends. Any other text is no error (RFC 7009).
#[utoipa::path(post, path = "/api/v1/token/revoke", tag = "Tokens", request_body = TokenBody,
    responses(
        (status = 204, description = "Nothing of it is good any more, if anything was."),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn revoke(State(app): State<App>, caller: Caller, Body(body): Body<TokenBody>) -> Result<StatusCode> {
    if is_counted(&app, &caller, &body.token).await? {
        app.vestibule.revoke_token(&caller.anonymous(), &body.token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Counts what is done by a token of a chain of ours; false: it is none, which is counted by address.
async fn is_counted(app: &App, caller: &Caller, token: &str) -> Result<bool> {
    app.limits.token_looked_up(caller.ip())?;
    match app.vestibule.chain_of_token(token).await? {
        Some(chain) => app.limits.chain(chain).map(|()| true).map_err(Problem::from),
        None => app.limits.token_unknown(caller.ip()).map(|()| false).map_err(Problem::from),
    }
}

/// Report a token that was found
///
/// Of any kind that authenticates: session, access or refresh token, API key, service key. It ends, and its owner hears
/// of it by mail; whoever reports learns nothing, not even whether it was a token.
#[utoipa::path(post, path = "/api/v1/tokens/report", tag = "Tokens", request_body = TokenBody, responses(
    (status = 202, description = "Accepted, whatever it is.", body = AcceptedJson),
    (status = 429, description = "`too_many_requests`"),
))]
async fn report(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<TokenBody>,
) -> Result<(StatusCode, Json<AcceptedJson>)> {
    app.limits.report(caller.ip())?;
    app.vestibule.report_token(&caller.anonymous(), &body.token).await?;
    Ok(reported())
}

impl From<IssuedTokens> for TokensJson {
    fn from(issued: IssuedTokens) -> TokensJson {
        let IssuedTokens { access_token, expires_in, refresh_token, account } = issued;
        TokensJson {
            access_token: access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: expires_in.as_secs(),
            refresh_token: refresh_token.expose().to_owned(),
            account: account.into(),
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(issue)).routes(routes!(refresh)).routes(routes!(revoke)).routes(routes!(report))
}
