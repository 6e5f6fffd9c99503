//! What letters say: a template a kind, in `templates/mail`. The first line is the subject; the line in square
//! brackets is where the letter's one link goes, and says what it is for; indented lines are set apart. Whatever
//! somebody else chose goes through a filter that makes it inert.

#![expect(unused_qualifications, reason = "askama writes code that the lint does not expect")]

use askama::Template;

use super::MailKind;
use super::inert::filters;
use crate::engine::Vestibule;

/// What a letter says. Names of people are never put in one.
#[derive(Template)]
#[template(ext = "txt")]
pub(crate) enum Words<'a> {
    /// Prove your address.
    #[template(path = "mail/verify_email.txt")]
    VerifyEmail { link: &'a str },
    /// Somebody tried to sign up with your address.
    #[template(path = "mail/address_in_use.txt")]
    AddressInUse,
    /// Choose another password.
    #[template(path = "mail/password_reset.txt")]
    PasswordReset { link: &'a str },
    /// Choose the first password of an account made for you.
    #[template(path = "mail/account_invite.txt")]
    AccountInvite { link: &'a str, groups: &'a [String] },
    /// Come into an organization; an empty inviter is the host.
    #[template(path = "mail/organization_invite.txt")]
    OrganizationInvite { link: &'a str, organization: &'a str, inviter: &'a str },
    /// Sign in by this link.
    #[template(path = "mail/magic_link.txt")]
    MagicLink { link: &'a str },
    /// Sign in by this code.
    #[template(path = "mail/email_code.txt")]
    EmailCode { code: &'a str },
    /// Prove the address to change to; `from` is the old one, or the username.
    #[template(path = "mail/email_change.txt")]
    EmailChange { link: &'a str, from: &'a str },
    /// A change to this address was asked for.
    #[template(path = "mail/email_change_asked.txt")]
    EmailChangeAsked { to: &'a str },
    /// The address was changed to this one.
    #[template(path = "mail/email_changed.txt")]
    EmailChanged { to: &'a str },
    /// An account with a password was made for you.
    #[template(path = "mail/welcome.txt")]
    Welcome { groups: &'a [String] },
    /// Your password was changed.
    #[template(path = "mail/password_changed.txt")]
    PasswordChanged,
    /// Two-step sign-in is on.
    #[template(path = "mail/second_factor_enabled.txt")]
    SecondFactorEnabled,
    /// Two-step sign-in is off.
    #[template(path = "mail/second_factor_disabled.txt")]
    SecondFactorDisabled,
    /// An administrator turned two-step sign-in off.
    #[template(path = "mail/second_factor_reset.txt")]
    SecondFactorReset,
    /// There are new recovery codes.
    #[template(path = "mail/recovery_codes_renewed.txt")]
    RecoveryCodesRenewed,
    /// A recovery code was used, and so many are left.
    #[template(path = "mail/recovery_code_used.txt")]
    RecoveryCodeUsed { remaining: i64 },
    /// A sign-in from a device not seen before.
    #[template(path = "mail/new_device.txt")]
    NewDevice { user_agent: &'a str, ip: &'a str },
    /// A token of a program came back after its use.
    #[template(path = "mail/token_reused.txt")]
    TokenReused,
    /// A key was made.
    #[template(path = "mail/api_key_created.txt")]
    ApiKeyCreated { name: &'a str },
    /// A key was given another secret.
    #[template(path = "mail/api_key_rotated.txt")]
    ApiKeyRotated { name: &'a str },
    /// Somebody found a token and reported it.
    #[template(path = "mail/token_reported.txt")]
    TokenReported { what: &'a str },
    /// You were named as whoever answers for a bot.
    #[template(path = "mail/bot_responsible.txt")]
    BotResponsible { bot: &'a str, organization: &'a str },
    /// A login elsewhere opens the account.
    #[template(path = "mail/identity_linked.txt")]
    IdentityLinked { provider: &'a str, login: &'a str },
    /// A login elsewhere opens it no more.
    #[template(path = "mail/identity_unlinked.txt")]
    IdentityUnlinked { provider: &'a str, login: &'a str },
    /// Mail works.
    #[template(path = "mail/test.txt")]
    Test,
}

impl Words<'_> {
    /// What kind of mail this makes.
    pub(crate) fn kind(&self) -> MailKind {
        match self {
            Words::VerifyEmail { .. } => MailKind::VerifyEmail,
            Words::AddressInUse => MailKind::AddressInUse,
            Words::PasswordReset { .. } => MailKind::PasswordReset,
            Words::AccountInvite { .. } => MailKind::AccountInvite,
            Words::OrganizationInvite { .. } => MailKind::OrganizationInvite,
            Words::MagicLink { .. } => MailKind::MagicLink,
            Words::EmailCode { .. } => MailKind::EmailCode,
            Words::EmailChange { .. } => MailKind::EmailChange,
            Words::EmailChangeAsked { .. } => MailKind::EmailChangeAsked,
            Words::EmailChanged { .. } => MailKind::EmailChanged,
            Words::Welcome { .. } => MailKind::Welcome,
            Words::PasswordChanged => MailKind::PasswordChanged,
            Words::SecondFactorEnabled => MailKind::SecondFactorEnabled,
            Words::SecondFactorDisabled => MailKind::SecondFactorDisabled,
            Words::SecondFactorReset => MailKind::SecondFactorReset,
            Words::RecoveryCodesRenewed => MailKind::RecoveryCodesRenewed,
            Words::RecoveryCodeUsed { .. } => MailKind::RecoveryCodeUsed,
            Words::NewDevice { .. } => MailKind::NewDevice,
            Words::TokenReused => MailKind::TokenReused,
            Words::ApiKeyCreated { .. } => MailKind::ApiKeyCreated,
            Words::ApiKeyRotated { .. } => MailKind::ApiKeyRotated,
            Words::TokenReported { .. } => MailKind::TokenReported,
            Words::BotResponsible { .. } => MailKind::BotResponsible,
            Words::IdentityLinked { .. } => MailKind::IdentityLinked,
            Words::IdentityUnlinked { .. } => MailKind::IdentityUnlinked,
            Words::Test => MailKind::Test,
        }
    }

    /// The one link of the letter.
    pub(super) fn link(&self, vestibule: &Vestibule) -> String {
        match self {
            Words::VerifyEmail { link }
            | Words::PasswordReset { link }
            | Words::AccountInvite { link, .. }
            | Words::OrganizationInvite { link, .. }
            | Words::MagicLink { link }
            | Words::EmailChange { link, .. } => (*link).to_owned(),
            Words::AddressInUse | Words::Welcome { .. } => vestibule.absolute("/sign-in"),
            Words::EmailCode { .. } => vestibule.absolute("/email-code"),
            Words::EmailChanged { .. } | Words::PasswordChanged => vestibule.absolute("/forgot-password"),
            Words::EmailChangeAsked { .. }
            | Words::SecondFactorEnabled
            | Words::SecondFactorDisabled
            | Words::SecondFactorReset
            | Words::RecoveryCodesRenewed
            | Words::RecoveryCodeUsed { .. } => vestibule.absolute("/account/security"),
            Words::NewDevice { .. } | Words::TokenReused => vestibule.absolute("/account/sessions"),
            Words::ApiKeyCreated { .. } | Words::ApiKeyRotated { .. } | Words::TokenReported { .. } => {
                vestibule.absolute("/account/api-keys")
            }
            Words::BotResponsible { .. } => vestibule.absolute("/account/organizations"),
            Words::IdentityLinked { .. } | Words::IdentityUnlinked { .. } => vestibule.absolute("/account/logins"),
            Words::Test => vestibule.absolute("/"),
        }
    }
}

/// A letter in a log would be a link in a log.
impl std::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({})", self.kind())
    }
}
