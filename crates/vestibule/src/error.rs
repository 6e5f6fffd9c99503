//! Errors by what the caller can do about them, and the errors of single fields.
//! What users do (a wrong password, a taken address) is an outcome of its verb; these are for everything else.

use std::time::Duration;

use crate::code::Code;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Values that do not fit, field by field.
    #[error("invalid input")]
    Invalid(FieldErrors),
    /// No such thing, or not yours to know.
    #[error("not found")]
    NotFound,
    /// It clashes with what is there, or a guard forbids it.
    #[error("conflict: {0}")]
    Conflict(Code),
    /// Known, but not allowed.
    #[error("denied: {0}")]
    Denied(Code),
    /// Known, but a permission stands against it, which is named.
    #[error("forbidden: {}: {}", .0.code, .0.permission)]
    Forbidden(Box<Forbidden>),
    /// Too often; try again later.
    #[error("too many requests")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// No room for it at the moment; nothing was done.
    #[error("busy")]
    Unavailable {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The instance cannot start, or cannot run this, as it is set up; the text says what to change.
    #[error("{0}")]
    Setup(String),
    /// A fault of ours or of the machine, logged and never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Which permission stands against it, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// Which rule.
    pub code: Code,
    /// Which permission, as `action:resource`; or `scope`.
    pub permission: String,
    /// The rule, for the person who meets it.
    pub detail: String,
}

/// What is wrong with which field, in the order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<FieldError>);

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in JSON and in forms.
    pub field: &'static str,
    /// What is wrong with it.
    pub code: Code,
}

impl Error {
    /// A fault that nobody outside can mend.
    pub fn internal(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Internal(why.into())
    }

    /// One field is wrong.
    pub fn field(field: &'static str, code: Code) -> Error {
        Error::Invalid(FieldErrors(vec![FieldError { field, code }]))
    }
}

impl From<Forbidden> for Error {
    fn from(forbidden: Forbidden) -> Error {
        Error::Forbidden(Box::new(forbidden))
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Error {
        Error::Invalid(errors)
    }
}

impl FieldErrors {
    /// Adds an error of a field.
    pub fn push(&mut self, field: &'static str, code: Code) {
        self.0.push(FieldError { field, code });
    }

    /// Keeps a value, or notes what is wrong with its field.
    pub fn take<T>(&mut self, field: &'static str, value: Result<T, Code>) -> Option<T> {
        value.map_err(|code| self.push(field, code)).ok()
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails when anything was noted.
    pub fn check(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }
}
