//! One's own second factor: setting it up, enabling and disabling it, and the recovery codes for when it is lost.
//! A code that comes here changes something instead of proving who somebody is, so a wrong one is 422 and not 401.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{
    BeginEnrolment, Code, DisableForm, DisableSecondFactor, EnableSecondFactor, Enrolment, EnrolmentForm,
    RenewRecoveryCodes, SecondFactorStatus, Timestamp,
};

use super::password::Password;
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Caller, RecentlyProven, Session};

/// How an account stands with its second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactor)]
struct StatusJson {
    /// Whether signing in takes one.
    enabled: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    enabled_at: Option<Timestamp>,
    /// How many recovery codes are left.
    recovery_codes_remaining: i64,
    /// Until when a secret waits for its first code; null: none does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pending_until: Option<Timestamp>,
}

/// What goes into the authenticator, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = Enrolment)]
struct EnrolmentJson {
    /// In base 32, to be typed.
    secret: String,
    #[schema(example = "otpauth://totp/…")]
    otpauth_uri: String,
    /// The same as a QR code: an `<svg>` element.
    qr_svg: String,
    /// Until when its first code is awaited.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The recovery codes, shown this once. Each works once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
struct RecoveryCodesJson {
    #[schema(example = json!(["9K2M-7QXA-…"]))]
    recovery_codes: Vec<String>,
}

/// What changing the second factor takes.
#[derive(Deserialize, ToSchema)]
struct ProofBody {
    /// The current password, unless none is set.
    password: Option<Password>,
    /// A code of the factor that is on, or a recovery code.
    code: Option<TypedCode>,
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
struct CodeBody {
    code: Option<TypedCode>,
}

/// My second factor
#[utoipa::path(get, path = "/api/v1/me/mfa", tag = "Second factor", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "How it stands.", body = StatusJson)))]
async fn show(State(app): State<App>, session: Session) -> Result<Json<StatusJson>> {
    Ok(Json(app.vestibule.second_factor(session.account_id).await?.into()))
}

/// Begin to set up a second factor
///
/// Draws a secret, which waits five minutes for its first code and changes nothing until then. Where a factor is on, a
/// code of it is needed as well. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/me/mfa/setup", tag = "Second factor", request_body = ProofBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "What goes into the authenticator.", body = EnrolmentJson),
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`password_required`, `mfa_code_required`, `invalid_mfa_code`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn set_up(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<ProofBody>,
) -> Result<Json<EnrolmentJson>> {
    app.limits.sensitive(session.account_id)?;
    let (password, code) = body.read();
    let form = EnrolmentForm { password, code };
    match app.vestibule.begin_enrolment(&caller.acting(&session), &session, form).await? {
        BeginEnrolment::Begun(enrolment) => Ok(Json(enrolment.into())),
        BeginEnrolment::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        BeginEnrolment::CodeRequired => Err(Code::MfaCodeRequired.into()),
        BeginEnrolment::WrongCode => Err(wrong_code()),
    }
}

/// Enable the second factor
///
/// Takes the first code of the secret that waits. Every other session of the account ends. Needs a recent proof of who
/// you are.
#[utoipa::path(post, path = "/api/v1/me/mfa/enable", tag = "Second factor", request_body = CodeBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "Signing in takes a code from now on.", body = RecoveryCodesJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`mfa_code_required`, `invalid_mfa_code`, `no_enrollment_in_progress`, \
            `enrollment_expired`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn enable(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<CodeBody>,
) -> Result<Json<RecoveryCodesJson>> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.enable_second_factor(&caller.acting(&session), &session, &body.read()).await? {
        EnableSecondFactor::Done { recovery_codes } => Ok(Json(recovery_codes.into())),
        EnableSecondFactor::NoEnrolment => Err(Code::NoEnrollmentInProgress.into()),
        EnableSecondFactor::Expired => Err(Code::EnrollmentExpired.into()),
        EnableSecondFactor::CodeRequired => Err(Code::MfaCodeRequired.into()),
        EnableSecondFactor::WrongCode => Err(wrong_code()),
    }
}

/// Disable the second factor
///
/// It may be off already. Needs a recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/me/mfa/disable", tag = "Second factor", request_body = ProofBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 204, description = "Off, or was; a secret that waited is gone."),
        (status = 401, description = "`unauthenticated`, `current_password_incorrect`"),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`password_required`, `mfa_code_required`, `invalid_mfa_code`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn disable(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<ProofBody>,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    let (password, code) = body.read();
    let form = DisableForm { password, code };
    match app.vestibule.disable_second_factor(&caller.acting(&session), &session, form).await? {
        DisableSecondFactor::Done => Ok(StatusCode::NO_CONTENT),
        DisableSecondFactor::WrongPassword => Err(Code::CurrentPasswordIncorrect.into()),
        DisableSecondFactor::CodeRequired => Err(Code::MfaCodeRequired.into()),
        DisableSecondFactor::WrongCode => Err(wrong_code()),
    }
}

/// Renew the recovery codes
///
/// Ten new ones in place of all that are left. Takes a code of the authenticator; a recovery code does not do. Needs a
/// recent proof of who you are.
#[utoipa::path(post, path = "/api/v1/me/mfa/recovery-codes", tag = "Second factor", request_body = CodeBody,
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 200, description = "The new ones.", body = RecoveryCodesJson),
        (status = 403, description = "`reauthentication_required`"),
        (status = 422, description = "`mfa_code_required`, `invalid_mfa_code`, `mfa_not_enabled`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn renew(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    Body(body): Body<CodeBody>,
) -> Result<Json<RecoveryCodesJson>> {
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.renew_recovery_codes(&caller.acting(&session), &session, &body.read()).await? {
        RenewRecoveryCodes::Done { recovery_codes } => Ok(Json(recovery_codes.into())),
        RenewRecoveryCodes::NotEnabled => Err(Code::MfaNotEnabled.into()),
        RenewRecoveryCodes::CodeRequired => Err(Code::MfaCodeRequired.into()),
        RenewRecoveryCodes::WrongCode => Err(wrong_code()),
    }
}

fn wrong_code() -> Problem {
    Problem::from(Code::InvalidMfaCode).unprocessable()
}

impl ProofBody {
    fn read(self) -> (Option<SecretString>, Option<SecretString>) {
        (self.password.map(Password::into), self.code.map(TypedCode::into))
    }
}

impl CodeBody {
    /// An absent code is an empty one, which the engine asks for.
    fn read(self) -> SecretString {
        self.code.map_or_else(SecretString::default, TypedCode::into)
    }
}

impl From<SecondFactorStatus> for StatusJson {
    fn from(status: SecondFactorStatus) -> StatusJson {
        let SecondFactorStatus { enabled_at, recovery_codes_remaining, pending_until } = status;
        StatusJson { enabled: enabled_at.is_some(), enabled_at, recovery_codes_remaining, pending_until }
    }
}

impl From<Enrolment> for EnrolmentJson {
    fn from(enrolment: Enrolment) -> EnrolmentJson {
        EnrolmentJson {
            secret: enrolment.secret.expose_secret().to_owned(),
            otpauth_uri: enrolment.uri.expose_secret().to_owned(),
            qr_svg: enrolment.qr_svg,
            expires_at: enrolment.expires_at,
        }
    }
}

impl From<Vec<SecretString>> for RecoveryCodesJson {
    fn from(codes: Vec<SecretString>) -> RecoveryCodesJson {
        let recovery_codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
        RecoveryCodesJson { recovery_codes }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(set_up))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(renew))
}
