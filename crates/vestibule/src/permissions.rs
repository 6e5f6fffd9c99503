//! Permissions: an action on a resource, and the constraints that limit it. A permission is valid by construction:
//! its two words are trimmed and plain, and only the resource may be `*`. What a permission matches depends on the
//! catalogue; what a request must state depends on the constraints.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::constraints::{ConstraintError, Constraints};

const ADMIN: &str = "admin";
const EVERY: &str = "*";
const MAX_CHARS: usize = 64;

/// An action on a resource, perhaps limited by constraints; in JSON `{action, resource, constraints?}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Permission {
    action: String,
    resource: String,
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    constraints: Constraints,
}

/// Why something is not a permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// The action is blank, too long, or has other characters.
    #[error("action {0:?} is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    Action(String),
    /// The resource is blank, too long, or has other characters.
    #[error("resource {0:?} is neither '*' nor 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    Resource(String),
    /// The text is not two words with a colon between.
    #[error("{0:?} is not of the form action:resource")]
    Form(String),
    /// A constraint is not one.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a permission {action, resource, constraints?}")]
struct Parts {
    action: String,
    resource: String,
    #[serde(default)]
    constraints: Option<Constraints>,
}

impl Permission {
    /// A permission of these words, both trimmed, limited by these constraints.
    pub fn new(action: &str, resource: &str, constraints: Constraints) -> Result<Permission, PermissionError> {
        let word_of_action = word(action).ok_or_else(|| PermissionError::Action(action.to_owned()))?;
        let word_of_resource = match resource.trim() {
            EVERY => EVERY,
            other => word(other).ok_or_else(|| PermissionError::Resource(resource.to_owned()))?,
        };
        Ok(Permission { action: word_of_action.to_owned(), resource: word_of_resource.to_owned(), constraints })
    }

    /// A permission of words that the catalogue has.
    pub(crate) fn named(action: &str, resource: &str, constraints: Constraints) -> Permission {
        Permission { action: action.to_owned(), resource: resource.to_owned(), constraints }
    }

    /// What may be done.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// To what, or `*`.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What limits it.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Whether it is for every resource: `action:*`, or `admin:*` for every action as well.
    pub fn is_wildcard(&self) -> bool {
        self.resource == EVERY
    }

    /// Whether it is `admin:*`.
    pub fn is_admin(&self) -> bool {
        self.is_wildcard() && self.action == ADMIN
    }

    /// Whether it has this one's action and resource, whatever limits either.
    pub fn is_named_as(&self, other: &Permission) -> bool {
        self.action == other.action && self.resource == other.resource
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.action, self.resource)
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Permission, PermissionError> {
        let (action, resource) = text.split_once(':').ok_or_else(|| PermissionError::Form(text.to_owned()))?;
        Permission::new(action, resource, Constraints::default())
    }
}

impl TryFrom<Parts> for Permission {
    type Error = PermissionError;

    fn try_from(parts: Parts) -> Result<Permission, PermissionError> {
        Permission::new(&parts.action, &parts.resource, parts.constraints.unwrap_or_default())
    }
}

/// The word of an action, a resource or a slug, trimmed; `None` when it is not one.
pub(crate) fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    (!text.is_empty() && text.len() <= MAX_CHARS && text.bytes().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn words_are_trimmed_and_shown_with_a_colon() {
        let permission: Permission = "  approve-any : ri-exchange ".parse().unwrap();
        assert_eq!(permission.to_string(), "approve-any:ri-exchange");
        assert!(!permission.is_wildcard());
        assert!("view:*".parse::<Permission>().unwrap().is_wildcard());
        assert!("admin:*".parse::<Permission>().unwrap().is_admin());
        assert!(!"admin:users".parse::<Permission>().unwrap().is_admin());
    }

    #[test]
    fn what_is_not_a_permission_is_refused_naming_the_word() {
        let long = "a".repeat(65);
        for action in ["", "  ", "*", "View", "vi ew", "vüe", "a:b", "a/b", &long] {
            let refused = Permission::new(action, "plans", Constraints::default());
            assert_eq!(refused, Err(PermissionError::Action(action.to_owned())), "{action:?}");
        }
        for resource in ["", " ", "**", "plans*", "Plans", "a:b", &long] {
            let refused = Permission::new("view", resource, Constraints::default());
            assert_eq!(refused, Err(PermissionError::Resource(resource.to_owned())), "{resource:?}");
        }
        assert_eq!("view".parse::<Permission>(), Err(PermissionError::Form("view".to_owned())));
        assert!("view:a:b".parse::<Permission>().is_err());
        assert!(Permission::new(&"a".repeat(64), "*", Constraints::default()).is_ok());
    }

    #[test]
    fn json_is_read_and_written_in_one_shape() {
        let bare = json!({"action": "view", "resource": "plans"});
        assert_eq!(to_value(from_value::<Permission>(bare.clone()).unwrap()).unwrap(), bare);
        let limited =
            json!({"action": "buy", "resource": "*", "constraints": {"regions": ["eu-1", "eu-2"], "max_amount": 500}});
        assert_eq!(to_value(from_value::<Permission>(limited.clone()).unwrap()).unwrap(), limited);
        for absent in [json!(null), json!({})] {
            let read = json!({"action": " view ", "resource": "plans", "constraints": absent});
            assert_eq!(to_value(from_value::<Permission>(read).unwrap()).unwrap(), bare);
        }
    }

    #[test]
    fn json_of_another_shape_is_refused() {
        let refused = [
            (json!({"action": "view", "resource": "plans", "constraint": {}}), "constraint"),
            (json!({"action": "view"}), "resource"),
            (json!({"action": "view", "resource": " "}), "resource"),
            (json!({"action": "view", "resource": "plans", "constraints": []}), "an object"),
            (json!({"action": "view", "resource": "plans", "constraints": {"regions": "eu-1"}}), "regions"),
        ];
        for (value, names) in refused {
            let error = from_value::<Permission>(value.clone()).unwrap_err().to_string();
            assert!(error.contains(names), "{value}: {error}");
        }
    }
}
