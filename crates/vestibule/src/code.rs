//! This file is a list: every code that an answer can carry, with the sentence that goes with it.
//! Codes are stable: clients branch on them. A word is added here or not at all.

macro_rules! codes {
    ($($variant:ident = $text:literal: $message:literal,)*) => {
        /// A stable, machine-readable reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $message] $variant),*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as it stands in an answer.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text),* }
            }

            /// One sentence for the person who meets it.
            pub fn message(self) -> &'static str {
                match self { $(Code::$variant => $message),* }
            }
        }
    };
}

codes! {
    AbilityRequired = "ability_required": "This service key lacks the ability for this.",
    AbilityUnknown = "ability_unknown": "There is no such ability.",
    AccountDisabled = "account_disabled": "This account is disabled. Enable it first.",
    AccountUnknown = "account_unknown": "There is no such account.",
    AlreadyMember = "already_member": "You are in this organization already.",
    AuthCodeInvalid = "auth_code_invalid": "This code is used, too old, or was not given to you. Begin the sign-in again.",
    BadRequest = "bad_request": "The request could not be understood.",
    Busy = "busy": "The server is busy. Nothing was changed; try again in a moment.",
    Ceiling = "ceiling": "Nobody gives what they do not hold themselves.",
    ChangedMeanwhile = "changed_meanwhile": "Somebody else changed this meanwhile. Look at it again.",
    CodeInvalid = "code_invalid": "That code is not right, or it is no longer good. Ask for a new one.",
    CsrfTokenInvalid = "csrf_token_invalid": "The request did not carry this session's CSRF token. Reload the page and try again.",
    CurrentPasswordIncorrect = "current_password_incorrect": "That is not your current password.",
    EmailDomainNotAllowed = "email_domain_not_allowed": "Addresses of this domain cannot sign up here.",
    EmailInUse = "email_in_use": "This e-mail address already has an account.",
    EmailInvalid = "email_invalid": "Write an e-mail address such as ann@example.com.",
    EmailNotVerified = "email_not_verified": "Confirm your e-mail address first: open the link in the mail we sent you.",
    EmailRequired = "email_required": "This account has no e-mail address.",
    EmptyBatch = "empty_batch": "A batch asks at least one question.",
    EnrollmentExpired = "enrollment_expired": "The five minutes for this are over. Begin again.",
    ExpiryInvalid = "expiry_invalid": "Choose a time in the future, and not beyond what the settings allow.",
    FieldInvalid = "field_invalid": "This value cannot be used.",
    GrantExists = "grant_exists": "This account holds that permission directly already.",
    GroupUnknown = "group_unknown": "There is no such group.",
    HandleInvalid = "handle_invalid": "A handle has 3 to 64 of: a-z A-Z 0-9 . _ - and begins with a letter or a digit.",
    IdentifierRequired = "identifier_required": "Give an e-mail address or a username.",
    IdentityDisabled = "identity_disabled": "The account that this login opens is disabled. Ask an administrator.",
    IdentityInUse = "identity_in_use": "This login opens another account.",
    Internal = "internal_error": "Something went wrong on our side. It was logged; try again, or tell the operator the request id.",
    InvalidCredentials = "invalid_credentials": "The e-mail, username or password is not right.",
    InvalidMfaCode = "invalid_mfa_code": "That second-factor code is not right.",
    InvitationEnded = "invitation_ended": "This invitation was called back, has ended, or was used up. Ask for a new one.",
    InvitationForAnotherAddress = "invitation_for_another_address": "This invitation is for another e-mail address than the one you have proven.",
    InvitationRequired = "invitation_required": "Signing up takes an invitation that is still good.",
    InviteCanceled = "invite_canceled": "This invite was withdrawn.",
    InviteExpired = "invite_expired": "This invite has expired. Ask for a new one.",
    InviteSpent = "invite_spent": "This invite was used already, and stays as it is.",
    InviteUsed = "invite_used": "This invite was used already.",
    KeyEnded = "key_ended": "This key was revoked or has expired. Make another.",
    KeyExpired = "key_expired": "This key has expired.",
    KeyOwnerRequired = "key_owner_required": "Only its owner can give this key another secret.",
    KeyRevoked = "key_revoked": "This key was revoked.",
    LastAdmin = "last_admin": "At least one active administrator must remain.",
    LastWayIn = "last_way_in": "This is the last way into your account. Set a password or connect another login first.",
    MailConfigured = "mail_configured": "Mail works here: the link goes to its owner, and is not shown.",
    MailNotRetryable = "mail_not_retryable": "This mail was sent, is on its way, or has expired.",
    MailOff = "mail_off": "This instance sends no mail.",
    MalformedJson = "malformed_json": "The body is not the JSON that this route takes.",
    MethodNotAllowed = "method_not_allowed": "This address does not take that method.",
    MfaCodeRequired = "mfa_code_required": "Give a code of your second factor.",
    MfaNotEnabled = "mfa_not_enabled": "Two-step sign-in is off.",
    MfaRequired = "mfa_required": "Give a code of your second factor as well.",
    NameInvalid = "name_invalid": "A name has 1 to 200 characters and no control characters.",
    NameMismatch = "name_mismatch": "Write the name exactly as it is.",
    NoEnrollmentInProgress = "no_enrollment_in_progress": "Begin with setting up two-step sign-in.",
    NoGroups = "no_groups": "Choose at least one group.",
    NotFound = "not_found": "There is nothing here, or it is not yours to see.",
    NotInvited = "not_invited": "This account has no invitation waiting.",
    OrganizationAdminRequired = "organization_admin_required": "Only an admin of this organization may do this.",
    OrganizationNotOrphaned = "organization_not_orphaned": "Somebody administers this organization. They decide who else does.",
    OrganizationRequired = "organization_required": "This takes an API key of an organization.",
    OAuthNotConfigured = "oauth_not_configured": "This provider of logins is not set up here.",
    OAuthStateInvalid = "oauth_state_invalid": "This sign-in was begun in another browser, took too long, or has ended already. Begin again.",
    OriginRefused = "origin_refused": "The request came from another site.",
    OwnAccount = "own_account": "Use your own account page for this, not the console.",
    PasswordContainsIdentifier = "password_contains_identifier": "A password must not contain your e-mail address or username.",
    PasswordInvalid = "password_invalid": "A password must not contain control characters.",
    PasswordMissingClasses = "password_missing_classes": "Use an upper-case letter, a lower-case letter, a digit and a symbol.",
    PasswordRequired = "password_required": "Write a password.",
    PasswordReused = "password_reused": "You have used this password before. Choose a new one.",
    PasswordSet = "password_set": "This account has a password. Change it instead.",
    PasswordTooCommon = "password_too_common": "This password is on lists that attackers try first. Choose another.",
    PasswordTooLong = "password_too_long": "A password has at most 128 characters.",
    PasswordTooShort = "password_too_short": "This password is too short.",
    PasswordTooWeak = "password_too_weak": "This password is easy to guess. Three or four unrelated words make a good one.",
    PayloadTooLarge = "payload_too_large": "The body is larger than this route takes.",
    PermissionConflict = "permission_conflict": "Another permission rests on this one, or would mean something else.",
    PermissionExists = "permission_exists": "This permission is known already.",
    PermissionInvalid = "permission_invalid": "A permission is an action and a resource, with limits or without.",
    PermissionRequired = "permission_required": "You lack the permission for this.",
    PermissionUnknown = "permission_unknown": "There is no such permission in the catalogue.",
    ProofInvalid = "proof_invalid": "The proof is not this key's signature of this registration.",
    PublicKeyInvalid = "public_key_invalid": "A public key is 64 digits of lower-case hexadecimal, canonical and not of low order.",
    ReauthenticationRequired = "reauthentication_required": "Confirm your password first; that counts for fifteen minutes.",
    ProviderUnavailable = "provider_unavailable": "The provider of this login does not answer. Try again in a moment.",
    RedirectUriNotAllowed = "redirect_uri_not_allowed": "Nobody may be sent back there: the settings do not list this address.",
    RefreshTokenInvalid = "refresh_token_invalid": "This refresh token is used, ended, or none of ours. Sign in again.",
    RequestTimeout = "request_timeout": "The request took too long to arrive.",
    ScopeInvalid = "scope_invalid": "A scope is \"all\" or a list of at most 1,000 ids, each of 1 to 200 characters.",
    SelfEscalation = "self_escalation": "Nobody gives themselves more than they hold: somebody else must.",
    SessionRequired = "session_required": "A person does this, signed in: a token or a key of a program cannot.",
    SessionTooOld = "session_too_old": "Tokens of this session would be over already. Sign in anew.",
    SetupClosed = "setup_closed": "This instance already has an administrator.",
    SetupTokenInvalid = "setup_token_invalid": "That is not a live setup token. `vestibule setup-token` makes another.",
    SignUpClosed = "sign_up_closed": "Sign-up is closed here.",
    SlugInUse = "slug_in_use": "Another group has this name for programs.",
    SlugInvalid = "slug_invalid": "A name for programs has 1 to 64 of: a-z 0-9 . _ -",
    SystemManaged = "system_managed": "This comes from the policy file, and is changed there.",
    TokenExpired = "token_expired": "This link has expired. Ask for a new one.",
    TokenInvalid = "token_invalid": "This link was used already, or is not a link of ours. Ask for a new one.",
    TooManyKeys = "too_many_keys": "An account has at most 100 live keys. Revoke one first.",
    TooManyOrganizations = "too_many_organizations": "One is in at most 100 organizations. Leave or delete one first.",
    TooManyPermissions = "too_many_permissions": "A group holds at most 500 permissions, an account 100 directly, the catalogue 1,000 that were added.",
    TooManyRequests = "too_many_requests": "Too many attempts. Wait a little and try again.",
    Unauthenticated = "unauthenticated": "Sign in first.",
    UnsupportedMediaType = "unsupported_media_type": "This route takes another content type.",
    UseLeave = "use_leave": "To go yourself, leave the organization.",
    UserExists = "user_exists": "This key or handle is registered already. The invite is spent.",
    UsernameInUse = "username_in_use": "This username is taken.",
    UsernameInvalid = "username_invalid": "A username has 3 to 64 of: a-z 0-9 . _ -",
    ValidationFailed = "validation_failed": "Some values cannot be used; see each field.",
    WalletRefused = "wallet_refused": "This is no sign-in of a member: the key, the nonce or the signature is not good.",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
