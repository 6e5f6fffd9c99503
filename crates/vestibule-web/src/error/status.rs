//! This file is a list: the status of each code. An answer to a caller's mistake is never a 5xx.

use axum::http::StatusCode;
use vestibule::Code;

/// The status of a code.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest | Code::MalformedJson | Code::OAuthStateInvalid | Code::RedirectUriNotAllowed => {
            StatusCode::BAD_REQUEST
        }
        Code::AuthCodeInvalid
        | Code::CodeInvalid
        | Code::CurrentPasswordIncorrect
        | Code::InvalidCredentials
        | Code::InvalidMfaCode
        | Code::KeyExpired
        | Code::KeyRevoked
        | Code::MfaRequired
        | Code::RefreshTokenInvalid
        | Code::Unauthenticated
        | Code::WalletRefused => StatusCode::UNAUTHORIZED,
        Code::AbilityRequired
        | Code::Ceiling
        | Code::CsrfTokenInvalid
        | Code::EmailDomainNotAllowed
        | Code::EmailNotVerified
        | Code::IdentityDisabled
        | Code::InvitationForAnotherAddress
        | Code::InvitationRequired
        | Code::KeyOwnerRequired
        | Code::OrganizationAdminRequired
        | Code::OrganizationRequired
        | Code::OriginRefused
        | Code::PermissionRequired
        | Code::ReauthenticationRequired
        | Code::SessionRequired
        | Code::SessionTooOld
        | Code::SelfEscalation
        | Code::SetupTokenInvalid
        | Code::SignUpClosed
        | Code::SystemManaged => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::AccountDisabled
        | Code::AlreadyMember
        | Code::ChangedMeanwhile
        | Code::EmailInUse
        | Code::InviteSpent
        | Code::KeyEnded
        | Code::TooManyKeys
        | Code::GrantExists
        | Code::IdentityInUse
        | Code::LastAdmin
        | Code::LastWayIn
        | Code::MailConfigured
        | Code::MailNotRetryable
        | Code::MailOff
        | Code::NotInvited
        | Code::OrganizationNotOrphaned
        | Code::OwnAccount
        | Code::PasswordSet
        | Code::PermissionConflict
        | Code::PermissionExists
        | Code::SetupClosed
        | Code::SlugInUse
        | Code::TooManyOrganizations
        | Code::UseLeave
        | Code::UserExists
        | Code::UsernameInUse => StatusCode::CONFLICT,
        Code::InvitationEnded
        | Code::InviteCanceled
        | Code::InviteExpired
        | Code::InviteUsed
        | Code::TokenExpired
        | Code::TokenInvalid => StatusCode::GONE,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::AccountUnknown
        | Code::EmailInvalid
        | Code::EmailRequired
        | Code::EmptyBatch
        | Code::EnrollmentExpired
        | Code::AbilityUnknown
        | Code::ExpiryInvalid
        | Code::FieldInvalid
        | Code::GroupUnknown
        | Code::HandleInvalid
        | Code::IdentifierRequired
        | Code::MfaCodeRequired
        | Code::MfaNotEnabled
        | Code::NameInvalid
        | Code::NameMismatch
        | Code::NoEnrollmentInProgress
        | Code::NoGroups
        | Code::PasswordContainsIdentifier
        | Code::PasswordInvalid
        | Code::PasswordMissingClasses
        | Code::PasswordRequired
        | Code::PasswordReused
        | Code::PasswordTooCommon
        | Code::PasswordTooLong
        | Code::PasswordTooShort
        | Code::PasswordTooWeak
        | Code::PermissionInvalid
        | Code::PermissionUnknown
        | Code::ProofInvalid
        | Code::PublicKeyInvalid
        | Code::ScopeInvalid
        | Code::SlugInvalid
        | Code::TooManyPermissions
        | Code::UsernameInvalid
        | Code::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Busy | Code::OAuthNotConfigured | Code::ProviderUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
