//! Codes that people type, in bodies, wrapped at once so that none can be printed.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

/// A code as somebody typed it: spaces and hyphens do not count.
#[derive(Deserialize, ToSchema)]
#[serde(from = "String")]
#[schema(value_type = String, example = "123456")]
pub(crate) struct TypedCode(SecretString);

impl From<String> for TypedCode {
    fn from(text: String) -> TypedCode {
        TypedCode(text.into())
    }
}

impl From<TypedCode> for SecretString {
    fn from(code: TypedCode) -> SecretString {
        code.0
    }
}
