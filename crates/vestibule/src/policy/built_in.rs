//! The policy of every instance: Vestibule's own vocabulary, Administrators and Members. It is a policy file like any
//! other, read at start; a file of the instance's own is laid over it.

use std::sync::Arc;

use super::Policy;
use crate::catalogue::Catalogue;

/// The text of the built-in policy.
pub const BUILT_IN_POLICY: &str = include_str!("../../../../policies/built-in.toml");
/// The slug of the group whose members administer the instance.
pub const ADMINISTRATORS_SLUG: &str = "administrators";

pub(super) fn policy() -> Policy {
    let nothing = Policy {
        catalogue: Arc::new(Catalogue::default()),
        groups: Vec::new(),
        bootstrap_groups: Vec::new(),
        default_group: String::new(),
    };
    nothing.extended(BUILT_IN_POLICY).expect("the built-in policy is valid: a test reads it")
}
