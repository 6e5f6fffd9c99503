//! Permissions and scopes as JSON. They are read one by one after the body, so that one that is none is told with its
//! place in the list (422), and a body of another shape stays what it is (400).

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use vestibule::{Code, Constraints, Error, Permission, Scope};

use crate::error::{Problem, Result};

/// The longest that is said of a value that cannot be read, in characters.
const LONGEST_FAULT: usize = 300;

/// An action on a resource, perhaps within limits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionJson {
    /// What may be done; `admin` on `*` is everything that is not explicit.
    #[schema(example = "update")]
    action: String,
    /// To what; `*` is every resource of which this action is not explicit.
    #[schema(example = "users")]
    resource: String,
    /// Limits by dimension: the list of permitted values, or of one that begins with `max_` the greatest number. A
    /// request that does not state a dimension is denied.
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    #[schema(value_type = Object, required = false, example = json!({"regions": ["eu-1"], "max_amount": 500}))]
    constraints: Constraints,
}

/// How far something reaches: `"all"`, or the ids that are reached.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Scope)]
pub(crate) enum ScopeJson {
    /// Everything.
    All(&'static str),
    /// These, and nothing if there are none.
    Ids(BTreeSet<String>),
}

/// Reads one permission.
pub(crate) fn permission(value: Value) -> Result<Permission> {
    read(value).map_err(|why| unreadable("permission", Code::PermissionInvalid, why))
}

/// Reads a list of permissions.
pub(crate) fn permissions(values: Vec<Value>) -> Result<Vec<Permission>> {
    let one = |(index, value)| {
        let fault = |why| unreadable("permissions", Code::PermissionInvalid, format!("permissions[{index}]: {why}"));
        read(value).map_err(fault)
    };
    values.into_iter().enumerate().map(one).collect()
}

/// Reads a scope.
pub(crate) fn scope(value: Value) -> Result<Scope> {
    read(value).map_err(|why| unreadable("scope", Code::ScopeInvalid, format!("scope: {why}")))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(brief)
}

/// Why a value cannot be read, without repeating all of a long one.
pub(crate) fn brief(why: impl fmt::Display) -> String {
    why.to_string().chars().take(LONGEST_FAULT).collect()
}

fn unreadable(field: &'static str, code: Code, why: String) -> Problem {
    Problem::from(Error::field(field, code)).because(why)
}

impl From<Permission> for PermissionJson {
    fn from(permission: Permission) -> PermissionJson {
        PermissionJson {
            action: permission.action().to_owned(),
            resource: permission.resource().to_owned(),
            constraints: permission.constraints().clone(),
        }
    }
}

impl From<Scope> for ScopeJson {
    fn from(scope: Scope) -> ScopeJson {
        match scope {
            Scope::All => ScopeJson::All("all"),
            Scope::Ids(ids) => ScopeJson::Ids(ids),
        }
    }
}
