//! Forms as pages show them: what was typed, and what is wrong with it beside the field and in a summary above.
//! Passwords are never among what was typed. A refusal that is not about the form is passed on.

mod field;

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use vestibule::Code;

use crate::error::{Problem, Result};
pub(crate) use field::Field;

/// A form, to be filled in or shown again.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    typed: Vec<(&'static str, String)>,
    mistakes: Vec<Mistake>,
    status: StatusCode,
}

/// What is wrong: with a field, or with the whole form.
#[derive(Clone, Debug)]
struct Mistake {
    field: Option<&'static str>,
    message: Cow<'static, str>,
}

/// Everything that is wrong, with links to the fields.
#[derive(Template)]
#[template(path = "parts/summary.html")]
pub(crate) struct Summary<'a> {
    mistakes: &'a [Mistake],
}

impl HtmlSafe for Summary<'_> {}

/// What was typed, to be sent once more by another form.
#[derive(Template)]
#[template(path = "parts/hidden.html")]
pub(crate) struct Hidden<'a> {
    typed: &'a [(&'static str, String)],
}

impl HtmlSafe for Hidden<'_> {}

impl Form {
    /// With nothing in it yet.
    pub(super) fn blank() -> Form {
        Form { typed: Vec::new(), mistakes: Vec::new(), status: StatusCode::OK }
    }

    /// With this value in a field.
    pub(super) fn with(mut self, field: &'static str, value: &str) -> Form {
        self.typed.push((field, value.to_owned()));
        self
    }

    /// With a value that may be absent, unless something was typed there already.
    pub(super) fn or(self, field: &'static str, value: Option<&str>) -> Form {
        if self.has_any(field) { self } else { self.with(field, value.unwrap_or_default()) }
    }

    /// Refused for this reason, if the reason is about the form; any other is passed on.
    pub(super) fn refused(mut self, why: impl Into<Problem>) -> Result<Form> {
        let why = why.into();
        let fields = &why.errors().0;
        match place(why.code()) {
            Some(field) if fields.is_empty() => {
                self.mistakes.push(Mistake { field, message: why.detail().to_owned().into() });
            }
            None if fields.is_empty() => return Err(why),
            Some(_) | None => self.mistakes.extend(
                fields.iter().map(|error| Mistake { field: Some(error.field), message: error.code.message().into() }),
            ),
        }
        self.status = why.status();
        Ok(self)
    }

    /// Refused because of this field.
    pub(super) fn refused_at(self, field: &'static str, code: Code) -> Form {
        let status = Problem::from(code).status();
        Form { status, ..self.wrong(field, code.message()) }
    }

    /// Not to be accepted as this field stands.
    pub(super) fn wrong(mut self, field: &'static str, message: impl Into<Cow<'static, str>>) -> Form {
        self.note(field, message);
        self
    }

    /// Notes that it cannot be accepted as this field stands.
    pub(super) fn note(&mut self, field: &'static str, message: impl Into<Cow<'static, str>>) {
        self.mistakes.push(Mistake { field: Some(field), message: message.into() });
        self.status = StatusCode::UNPROCESSABLE_ENTITY;
    }

    /// Not to be accepted as things stand, whatever was typed.
    pub(super) fn wrong_as_a_whole(mut self, message: &'static str) -> Form {
        self.mistakes.push(Mistake { field: None, message: message.into() });
        self.status = StatusCode::CONFLICT;
        self
    }

    /// Not to be accepted now, whatever was typed, since what it is for does not answer.
    pub(super) fn unanswered(mut self, message: &'static str) -> Form {
        self.mistakes.push(Mistake { field: None, message: message.into() });
        self.status = StatusCode::SERVICE_UNAVAILABLE;
        self
    }

    /// Whether anything was typed or chosen in a field.
    pub(super) fn has_any(&self, field: &str) -> bool {
        self.typed.iter().any(|(name, _)| *name == field)
    }

    /// Whether this value was chosen in a field of several.
    pub(super) fn has(&self, field: &str, value: &str) -> bool {
        self.typed.iter().any(|(name, typed)| *name == field && typed == value)
    }

    /// The status to show it with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether anything is wrong.
    pub(super) fn is_refused(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn mistake(&self, field: &str) -> Option<&str> {
        self.mistakes.iter().find(|mistake| mistake.field == Some(field)).map(|mistake| mistake.message.as_ref())
    }

    /// What was typed in a field.
    pub(super) fn typed(&self, field: &str) -> &str {
        self.typed.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value)
    }

    /// Everything that was typed or chosen in a field of several.
    pub(super) fn all(&self, field: &str) -> impl Iterator<Item = &str> {
        self.typed.iter().filter(move |(name, _)| *name == field).map(|(_, value)| value.as_str())
    }

    /// Everything that was typed, as hidden fields of another form.
    pub(super) fn hidden(&self) -> Hidden<'_> {
        Hidden { typed: &self.typed }
    }

    /// Everything that is wrong.
    pub(super) fn summary(&self) -> Summary<'_> {
        Summary { mistakes: &self.mistakes }
    }

    /// A field for a word: an identifier, a token.
    pub(super) fn text(&self, name: &'static str, label: &'static str) -> Field<'_> {
        self.field("text", name, label)
    }

    /// A field for what somebody wants to be called.
    pub(super) fn name(&self, name: &'static str, label: &'static str) -> Field<'_> {
        self.text(name, label).of_words()
    }

    /// A field for lines of text.
    pub(super) fn lines(&self, name: &'static str, label: &'static str, rows: u8) -> Field<'_> {
        self.text(name, label).of_lines(rows)
    }

    /// A field for an e-mail address.
    pub(super) fn email(&self, name: &'static str, label: &'static str) -> Field<'_> {
        self.field("email", name, label)
    }

    /// A field for a password, always empty.
    pub(super) fn password(&self, name: &'static str, label: &'static str) -> Field<'_> {
        self.field("password", name, label).showing("", self.mistake(name))
    }

    /// A field for a code that is good once: of a second factor, or mailed. Always empty.
    pub(super) fn code(&self, name: &'static str, label: &'static str) -> Field<'_> {
        self.text(name, label).showing("", self.mistake(name)).autocomplete("one-time-code")
    }

    /// A field for a password to be chosen.
    pub(super) fn new_password(&self, name: &'static str, label: &'static str, min_length: usize) -> Field<'_> {
        let hint = format!("At least {min_length} characters. Three or four unrelated words make a good one.");
        self.password(name, label).autocomplete("new-password").hint(hint)
    }

    fn field(&self, kind: &'static str, name: &'static str, label: &'static str) -> Field<'_> {
        Field::new(kind, name, label).showing(self.typed(name), self.mistake(name))
    }
}

/// What was typed in a field that may be left empty.
pub(super) fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// A password or a code typed in a field that may be left empty.
pub(super) fn given_secret(secret: impl Into<SecretString>) -> Option<SecretString> {
    Some(secret.into()).filter(|secret| !secret.expose_secret().is_empty())
}

/// Where on a form a refusal belongs: beside a field, or above all of them. None: it is not about a form.
fn place(code: Code) -> Option<Option<&'static str>> {
    if matches!(code, Code::EmailInUse | Code::EmailDomainNotAllowed) {
        return Some(Some("email"));
    }
    if matches!(code, Code::InvitationForAnotherAddress | Code::InvitationRequired) {
        return Some(Some("invitation_code"));
    }
    if code == Code::UsernameInUse {
        return Some(Some("username"));
    }
    if code == Code::SetupTokenInvalid {
        return Some(Some("setup_token"));
    }
    if code == Code::SlugInUse {
        return Some(Some("slug"));
    }
    if code == Code::GrantExists {
        return Some(Some("permission"));
    }
    if code == Code::PermissionExists {
        return Some(Some("action"));
    }
    matches!(
        code,
        Code::AccountDisabled
            | Code::Ceiling
            | Code::EmailRequired
            | Code::EnrollmentExpired
            | Code::InvalidCredentials
            | Code::InviteSpent
            | Code::KeyEnded
            | Code::LastAdmin
            | Code::LastWayIn
            | Code::MailConfigured
            | Code::MailNotRetryable
            | Code::MailOff
            | Code::NoEnrollmentInProgress
            | Code::NotInvited
            | Code::OrganizationNotOrphaned
            | Code::OwnAccount
            | Code::PasswordSet
            | Code::PermissionConflict
            | Code::PermissionUnknown
            | Code::SelfEscalation
            | Code::SystemManaged
            | Code::TooManyKeys
            | Code::TooManyOrganizations
            | Code::ValidationFailed
    )
    .then_some(None)
}

#[cfg(test)]
mod tests {
    use vestibule::Error;

    use super::*;

    #[test]
    fn a_refusal_stands_beside_the_field_it_is_about() {
        let form = Form::blank().with("email", "a@b").refused(Error::field("email", Code::EmailInvalid)).unwrap();
        assert_eq!((form.status().as_u16(), form.mistake("email")), (422, Some(Code::EmailInvalid.message())));
        assert_eq!((form.typed("email"), form.mistake("name")), ("a@b", None));
        let form = Form::blank().refused(Code::UsernameInUse).unwrap();
        assert_eq!((form.status().as_u16(), form.mistake("username").is_some()), (409, true));
        let form = Form::blank().refused(Code::LastAdmin).unwrap();
        assert!(form.is_refused() && form.mistake("email").is_none());
    }

    #[test]
    fn what_is_not_about_the_form_is_passed_on() {
        for code in [
            Code::TooManyRequests,
            Code::NotFound,
            Code::Internal,
            Code::ReauthenticationRequired,
            Code::PermissionRequired,
        ] {
            assert_eq!(Form::blank().refused(code).expect_err("not a mistake").code(), code);
        }
    }

    #[test]
    fn a_password_is_never_filled_in() {
        let html = Form::blank().with("password", "harbour moss").password("password", "Password").render().unwrap();
        assert!(!html.contains("harbour"), "{html}");
    }
}
