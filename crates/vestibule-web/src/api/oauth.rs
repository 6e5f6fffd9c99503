//! Signing in to an application by a login elsewhere: away to the provider, back from it, and the exchange of what the
//! application was given for a session. Our own pages come back by the same address.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{
    Code, Error, FinishOAuth, OAuthAnswer, OAuthApplication, OAuthExchange, OAuthRefusal, OAuthWish, ProvenLogin,
    RedeemOAuthCode, StartOAuth,
};

use super::sign_in::SignedInJson;
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Caller, Path, Query, Session};
use crate::pages::{OAuthPageEnd, arrive, refuse_arrival};
use crate::side_cookies;

/// What an application wants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StartQuery {
    /// Where it wants the browser back: letter by letter one that the settings list.
    #[param(required = true, value_type = String, example = "https://app.example.com/back")]
    redirect_uri: Option<String>,
    /// What it wants back with it, unchanged; at most 512 characters.
    state: Option<String>,
    /// A challenge (RFC 7636, S256); the exchange then takes its verifier.
    code_challenge: Option<String>,
    /// `S256`, if it is said at all.
    code_challenge_method: Option<String>,
}

/// What a provider sends a browser back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AnswerQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
}

/// What the browser came back to the application with, and what proves that it was given to it.
#[derive(Deserialize, ToSchema)]
struct ExchangeBody {
    /// From the query of the redirect.
    #[schema(example = "vst_oac_…")]
    auth_code: String,
    /// The redirect URI that was started with.
    #[schema(example = "https://app.example.com/back")]
    redirect_uri: String,
    /// The verifier of the challenge, where one was given.
    #[schema(value_type = Option<String>)]
    code_verifier: Option<SecretText>,
    /// A code of the account's second factor, or a recovery code, where one is asked for.
    mfa_code: Option<TypedCode>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

/// A session just made, as at any sign-in, and whether the account is new.
#[derive(Serialize, ToSchema)]
#[schema(as = ExchangedLogin)]
struct ExchangedJson {
    /// The session's token once more.
    #[schema(example = "vst_ses_…")]
    session_token: String,
    /// Whether the account was made with this login.
    new_user: bool,
    #[serde(flatten)]
    signed_in: SignedInJson,
}

impl From<String> for SecretText {
    fn from(text: String) -> SecretText {
        SecretText(text.into())
    }
}

/// Sign in by a login elsewhere
///
/// For a browser: it is sent to the provider, and from there by way of `callback` to the redirect URI with `auth_code`,
/// `new_user` and `state`, or with `error` and `state`.
#[utoipa::path(get, path = "/api/v1/oauth/{provider}/start", tag = "Signing in", params(
    ("provider" = String, Path, description = "`github`, or the name of an OpenID Connect provider."), StartQuery,
), responses(
    (status = 303, description = "Away to the provider."),
    (status = 400, description = "`redirect_uri_not_allowed`, `bad_request`"),
    (status = 404, description = "`not_found`: there is no such provider."),
    (status = 422, description = "`field_invalid`"),
    (status = 429, description = "`too_many_requests`"),
    (status = 503, description = "`oauth_not_configured`, `provider_unavailable`"),
))]
async fn start(
    State(app): State<App>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    caller: Caller,
    Query(query): Query<StartQuery>,
) -> Result<Response> {
    app.limits.oauth(caller.ip())?;
    let StartQuery { redirect_uri, state, code_challenge, code_challenge_method } = query;
    if code_challenge_method.is_some_and(|method| method != "S256") {
        return Err(Error::field("code_challenge_method", Code::FieldInvalid).into());
    }
    // Without an address it is one that is not listed; an unknown provider is said first.
    let redirect_uri = redirect_uri.unwrap_or_default();
    let wish = OAuthWish::Application(OAuthApplication { redirect_uri, state, code_challenge });
    let (browser, cookie) = side_cookies::traveller(&app, &headers);
    match app.vestibule.start_oauth(&provider, browser, wish).await? {
        StartOAuth::Away(address) => {
            let mut response = away(address.as_str())?;
            response.headers_mut().append(SET_COOKIE, cookie);
            Ok(response)
        }
        StartOAuth::UnknownProvider => Err(Code::NotFound.into()),
        StartOAuth::NotConfigured => Err(Code::OAuthNotConfigured.into()),
        StartOAuth::RedirectNotAllowed | StartOAuth::NotOffered => Err(Code::RedirectUriNotAllowed.into()),
        StartOAuth::Unreachable => Err(Code::ProviderUnavailable.into()),
    }
}

/// Back from a provider
///
/// Where providers send browsers to; the address to register with them. It works once, within ten minutes, in the browser
/// that began.
#[utoipa::path(get, path = "/api/v1/oauth/{provider}/callback", tag = "Signing in", params(
    ("provider" = String, Path, description = "`github`, or the name of an OpenID Connect provider."), AnswerQuery,
), responses(
    (status = 303, description = "On to the application with a code or an error, or to our own pages."),
    (status = 400, description = "`oauth_state_invalid`"),
    (status = 403, description = "`identity_disabled`"),
    (status = 404, description = "`not_found`: there is no such provider."),
    (status = 429, description = "`too_many_requests`"),
    (status = 503, description = "`oauth_not_configured`"),
))]
async fn callback(
    State(app): State<App>,
    session: Option<Session>,
    Path(provider): Path<String>,
    from: (HeaderMap, Caller),
    Query(query): Query<AnswerQuery>,
) -> Result<Response> {
    let (headers, caller) = from;
    app.limits.oauth(caller.ip())?;
    let AnswerQuery { state, code, error, iss } = query;
    let answer = OAuthAnswer {
        provider,
        browser: side_cookies::traveller_of(&app, &headers),
        session: session.map(|session| session.0),
        state,
        code: code.map(SecretString::from),
        error,
        issuer: iss,
    };
    match app.vestibule.finish_oauth(&caller.anonymous(), answer).await? {
        FinishOAuth::UnknownProvider => Err(Code::NotFound.into()),
        FinishOAuth::NotConfigured => Err(Code::OAuthNotConfigured.into()),
        FinishOAuth::StateInvalid => refuse(&app, &headers, Code::OAuthStateInvalid),
        FinishOAuth::Page { purpose, return_to, outcome } => arrive(&app, OAuthPageEnd { purpose, return_to, outcome }),
        FinishOAuth::Application { redirect_uri, state, outcome } => match outcome {
            Ok(login) => back(&redirect_uri, &with_code(&login), state),
            Err(OAuthRefusal::AccountDisabled) => refuse(&app, &headers, Code::IdentityDisabled),
            Err(refusal) => back(&redirect_uri, &[("error", refusal.as_str())], state),
        },
    }
}

/// Exchange a code for a session
///
/// For the application's server. The code is good once, for 60 seconds, for the redirect URI that it came to. After
/// `mfa_required` nothing is consumed: send the same again with `mfa_code`. Tries in vain are counted by the code that
/// they bring, whatever address they come from.
#[utoipa::path(post, path = "/api/v1/oauth/exchange", tag = "Signing in", request_body = ExchangeBody, responses(
    (status = 200, description = "Signed in; the cookie is set.", body = ExchangedJson),
    (status = 401, description = "`auth_code_invalid`, `mfa_required`, `invalid_mfa_code`"),
    (status = 429, description = "`too_many_requests`"),
))]
async fn exchange(State(app): State<App>, caller: Caller, Body(body): Body<ExchangeBody>) -> Result<Response> {
    app.limits.exchanged(&body.auth_code)?;
    let ExchangeBody { auth_code, redirect_uri, code_verifier, mfa_code } = body;
    let code = auth_code.clone();
    let (code_verifier, mfa_code) = (code_verifier.map(|text| text.0), mfa_code.map(TypedCode::into));
    let exchange = OAuthExchange { auth_code, redirect_uri, code_verifier, mfa_code };
    match app.vestibule.redeem_oauth_code(&caller.anonymous(), exchange).await? {
        RedeemOAuthCode::Done { signed_in, new_user } => {
            let cookie = app.cookie.session(&signed_in, app.vestibule.now());
            let session_token = signed_in.token.expose().to_owned();
            let body = ExchangedJson { session_token, new_user, signed_in: SignedInJson::of(*signed_in) };
            Ok((StatusCode::OK, [(SET_COOKIE, cookie)], Json(body)).into_response())
        }
        RedeemOAuthCode::MfaRequired => Err(in_vain(&app, &code, Code::MfaRequired)),
        RedeemOAuthCode::WrongMfaCode => Err(in_vain(&app, &code, Code::InvalidMfaCode)),
        RedeemOAuthCode::Refused => Err(in_vain(&app, &code, Code::AuthCodeInvalid)),
        RedeemOAuthCode::Unknown => Err(Code::AuthCodeInvalid.into()),
    }
}

/// The refusal of an exchange, counted.
fn in_vain(app: &App, auth_code: &str, why: Code) -> Problem {
    app.limits.exchange_failed(auth_code).map_or_else(Problem::from, |()| why.into())
}

/// Sign out of an application
///
/// Ends the session that the request carries, as `POST /api/v1/sign-out` does.
#[utoipa::path(post, path = "/api/v1/oauth/logout", tag = "Signing in", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out; the cookie is taken away.")))]
async fn logout(State(app): State<App>, session: Session, caller: Caller) -> Result<impl IntoResponse> {
    app.vestibule.sign_out(&caller.acting(&session), &session).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, app.cookie.removal())]))
}

fn with_code(login: &ProvenLogin) -> [(&'static str, &str); 2] {
    [("auth_code", login.code.expose()), ("new_user", if login.new_user { "true" } else { "false" })]
}

/// Sends a browser back to an application, with its own state unchanged.
fn back(redirect_uri: &str, pairs: &[(&str, &str)], state: Option<String>) -> Result<Response> {
    let mut url: Url = redirect_uri.parse().map_err(Error::internal)?;
    url.query_pairs_mut().extend_pairs(pairs).extend_pairs(state.iter().map(|state| ("state", state)));
    away(url.as_str())
}

fn away(address: &str) -> Result<Response> {
    let location = HeaderValue::from_str(address).map_err(Error::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// A refusal as whoever comes back can read it: browsers show a page.
fn refuse(app: &App, headers: &HeaderMap, code: Code) -> Result<Response> {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|accepts| accepts.to_str().ok());
    match accepts.flat_map(|accepts| accepts.split(',')).any(|one| one.trim().starts_with("text/html")) {
        true => refuse_arrival(app, code),
        false => Err(code.into()),
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(callback))
        .routes(routes!(exchange))
        .routes(routes!(logout))
}
