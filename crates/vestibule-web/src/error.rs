//! Refusals as `application/problem+json` (RFC 9457): the one place where errors and codes become statuses.
//! A fault of ours is logged here, once, with the request's id; the client learns the id and nothing else.
//! An answer to a caller's mistake is never a 5xx.

use std::error::Error as _;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vestibule::{Code, Error, FieldErrors, Forbidden};

use crate::request;

mod status;

use status::status;

/// A refusal, ready to be answered.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Code,
    detail: Option<String>,
    permission: Option<String>,
    errors: FieldErrors,
    retry_after: Option<Duration>,
}

/// What a handler answers.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// A refusal (RFC 9457). Clients branch on `code`, which never changes its meaning.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// The kind of problem, as a URI made of its code.
    #[schema(example = "urn:vestibule:problem:email_in_use")]
    r#type: String,
    /// The phrase of the status.
    #[schema(example = "Conflict")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// Why, for programs.
    #[schema(value_type = String, example = "email_in_use")]
    code: Code,
    /// Why, for people.
    #[schema(example = "This e-mail address already has an account.")]
    detail: String,
    /// What to tell the operator.
    #[schema(value_type = Option<String>, format = Uuid)]
    request_id: Option<vestibule::RequestId>,
    /// What stands against it, of a refusal by permission: `action:resource`, `scope`, or a thing of the policy file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "update:users")]
    permission: Option<String>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// The field's name.
    #[schema(example = "password")]
    field: &'static str,
    /// What is wrong with it, for programs.
    #[schema(value_type = String, example = "password_too_short")]
    code: Code,
    /// What is wrong with it, for people.
    message: &'static str,
}

impl Problem {
    /// Why.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong with which field.
    pub fn errors(&self) -> &FieldErrors {
        &self.errors
    }

    /// What stands against it, of a refusal by permission: `action:resource`, `scope`, or a thing of the policy file.
    pub fn permission(&self) -> Option<&str> {
        self.permission.as_deref()
    }

    /// How long to wait before trying again, if that would help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// One sentence for a person.
    pub fn detail(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.code.message())
    }

    /// The same refusal with a sentence that says more.
    #[must_use]
    pub(crate) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { detail: Some(detail.into()), ..self }
    }

    /// The same refusal with 422: for a code that changes something instead of proving who somebody is.
    #[must_use]
    pub(crate) fn unprocessable(self) -> Problem {
        Problem { status: StatusCode::UNPROCESSABLE_ENTITY, ..self }
    }

    fn body(&self) -> ProblemBody {
        let field = |error: &vestibule::FieldError| FieldProblem {
            field: error.field,
            code: error.code,
            message: error.code.message(),
        };
        ProblemBody {
            r#type: format!("urn:vestibule:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail().to_owned(),
            request_id: request::id(),
            permission: self.permission.clone(),
            errors: self.errors.0.iter().map(field).collect(),
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Problem {
        let errors = FieldErrors::default();
        Problem { status: status(code), code, detail: None, permission: None, errors, retry_after: None }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Invalid(errors) => invalid(errors),
            Error::NotFound => Code::NotFound.into(),
            Error::Conflict(code) | Error::Denied(code) => code.into(),
            Error::Forbidden(why) => forbidden(*why),
            Error::TooMany { retry_after } => waiting(Code::TooManyRequests, retry_after),
            Error::Unavailable { retry_after } => waiting(Code::Busy, retry_after),
            Error::Setup(_) | Error::Internal(_) => internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).expect("a problem is strings and numbers");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response.extensions_mut().insert(self); // for whoever would rather show a page
        response
    }
}

/// One wrong field gives its own code; several give `validation_failed`.
fn invalid(errors: FieldErrors) -> Problem {
    let code = match errors.0.as_slice() {
        [one] => one.code,
        [] | [_, ..] => Code::ValidationFailed,
    };
    Problem { errors, ..code.into() }
}

/// Says which permission stands against it.
fn forbidden(why: Forbidden) -> Problem {
    let Forbidden { code, permission, detail } = why;
    Problem { detail: Some(detail), permission: Some(permission), ..code.into() }
}

fn waiting(code: Code, retry_after: Duration) -> Problem {
    Problem { retry_after: Some(retry_after), ..code.into() }
}

fn internal(error: &Error) -> Problem {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    tracing::error!(request_id = request::id().map(tracing::field::display), error = text, "request failed");
    Code::Internal.into()
}

/// Rounded up, and at least one: a client that waits so long is not refused for the same reason again.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_field_gives_its_code_and_several_give_validation_failed() {
        let one = Problem::from(Error::field("password", Code::PasswordTooShort));
        assert_eq!((one.code(), one.status().as_u16(), one.errors().0.len()), (Code::PasswordTooShort, 422, 1));
        let mut errors = FieldErrors::default();
        errors.push("email", Code::EmailInvalid);
        errors.push("password", Code::PasswordTooShort);
        let several = Problem::from(Error::Invalid(errors));
        assert_eq!(
            (several.code(), several.status().as_u16(), several.errors().0.len()),
            (Code::ValidationFailed, 422, 2)
        );
    }

    #[test]
    fn a_refusal_by_permission_names_it() {
        let problem = Problem::from(Error::from(Forbidden::lacks(vestibule::Need::new("view", "users"))));
        assert_eq!((problem.code(), problem.status().as_u16()), (Code::PermissionRequired, 403));
        assert_eq!(problem.permission(), Some("view:users"));
        assert!(problem.detail().contains("view:users"), "{}", problem.detail());
    }

    #[test]
    fn a_fault_of_ours_keeps_its_reason_to_itself() {
        let problem = Problem::from(Error::internal("the disk caught fire"));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!serde_json::to_string(&problem.body()).expect("JSON").contains("fire"));
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_rounded_up() {
        let seconds = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!([seconds(0), seconds(1), seconds(1000), seconds(1001), seconds(60_000)], [1, 1, 1, 2, 60]);
    }
}
