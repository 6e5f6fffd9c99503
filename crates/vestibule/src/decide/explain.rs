//! Why the answer is what it is. The verdict is the decision's own; what is added is the grant that allowed it, or
//! each grant that came near and what it lacked. Only ever shown to those who may see another's permissions, or to
//! the account itself.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::stated::Shortfall;
use super::{Grant, Owner, Question, Verdict, View, judge};
use crate::catalogue::{Forms, Own};
use crate::constraints::{Limit, Quantity};
use crate::permissions::Permission;

/// An answer and its reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The answer: exactly what `decide` says.
    pub allowed: bool,
    /// What it rests on, for programs.
    pub code: Ground,
    /// What it rests on, for people.
    pub reason: String,
    /// The grant that allowed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The grants that would have allowed it, had nothing been missing; none when it is allowed.
    pub near_misses: Vec<NearMiss>,
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// A grant allows it.
    Granted,
    /// The resource is beyond the account's scope: to be answered as if it were not there.
    OutOfScope,
    /// There is no such permission.
    NotInCatalogue,
    /// No grant allows it.
    NotGranted,
    /// The account is not in use: it may nothing, whatever it holds.
    AccountInactive,
}

/// A grant that did not suffice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// The grant.
    #[serde(flatten)]
    pub grant: Grant,
    /// What was missing, never empty.
    pub missing: Vec<Missing>,
}

/// Something that a grant lacked for a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Missing {
    /// The permission is explicit, so that a wildcard does not reach it.
    ExplicitGrant {
        /// The permission that must be granted by its own name.
        permission: String,
    },
    /// The resource states scope ids that the account does not reach.
    Scope {
        /// Those ids; none when the resource states a scope without any.
        ids: Vec<String>,
    },
    /// It counts only for the owner, who is somebody else or not recorded.
    Ownership {
        /// Whether anybody is recorded.
        is_recorded: bool,
    },
    /// It counts only within the account's scope, and the resource states none.
    StatedScope,
    /// The request does not state a dimension that the permission limits.
    Unstated {
        /// The dimension.
        dimension: String,
    },
    /// The request states a dimension in a form that cannot be compared.
    Unreadable {
        /// The dimension.
        dimension: String,
    },
    /// The request states a value that is not permitted.
    NotPermitted {
        /// The dimension.
        dimension: String,
        /// The value.
        value: String,
    },
    /// The request states a number above the limit.
    Above {
        /// The dimension.
        dimension: String,
        /// The number.
        stated: Quantity,
        /// The most that is permitted.
        limit: Quantity,
    },
}

impl Explanation {
    /// The answer about an account that is not in use.
    pub fn inactive() -> Explanation {
        let reason = "the account is not in use".to_owned();
        Explanation { allowed: false, code: Ground::AccountInactive, reason, grant: None, near_misses: Vec::new() }
    }
}

/// Answers as `decide` does, and says why.
pub fn explain(view: &View, question: &Question<'_>) -> Explanation {
    let verdict = judge(view, question);
    let (code, grant) = match verdict {
        Verdict::Granted(grant) => (Ground::Granted, Some(grant.clone())),
        Verdict::OutOfScope => (Ground::OutOfScope, None),
        Verdict::NotInCatalogue => (Ground::NotInCatalogue, None),
        Verdict::NotGranted => (Ground::NotGranted, None),
    };
    let near_misses = if grant.is_some() { Vec::new() } else { near_misses(view, question) };
    let reason = reason(view, question, &verdict);
    Explanation { allowed: grant.is_some(), code, reason, grant, near_misses }
}

fn reason(view: &View, question: &Question<'_>, verdict: &Verdict<'_>) -> String {
    let Question { action, resource, .. } = question;
    match verdict {
        Verdict::Granted(grant) => format!("granted by {grant}"),
        Verdict::OutOfScope => Missing::Scope { ids: ids_beyond(view, question) }.to_string(),
        Verdict::NotInCatalogue => format!("there is no permission {action}:{resource}"),
        Verdict::NotGranted => format!("no grant allows {action}:{resource}"),
    }
}

fn near_misses(view: &View, question: &Question<'_>) -> Vec<NearMiss> {
    let Some(Forms { open, own }) = view.catalogue().forms(question.action, question.resource) else {
        return Vec::new();
    };
    let mut common = Vec::new();
    if !question.is_within(view.scope()) {
        common.push(Missing::Scope { ids: ids_beyond(view, question) });
    }
    let mut found = Vec::new();
    for (entry, condition) in open.map(|entry| (entry, None)).into_iter().chain(own.map(|(e, own)| (e, Some(own)))) {
        let mut common = common.clone();
        common.extend(condition.filter(|own| !question.is_own(*own)).map(|own| unowned(question, own)));
        for grant in view.grants_on(entry) {
            let missing = common.iter().cloned().chain(shortfalls(question, &grant.permission)).collect();
            found.push(NearMiss { grant: grant.clone(), missing });
        }
        found.extend(wildcards_short_of(view, entry).map(|(grant, explicit)| {
            let missing = common.iter().cloned().chain([explicit]).chain(shortfalls(question, &grant.permission));
            NearMiss { grant: grant.clone(), missing: missing.collect() }
        }));
    }
    found
}

fn unowned(question: &Question<'_>, own: Own) -> Missing {
    match own {
        Own::Owner => Missing::Ownership { is_recorded: question.owner != Owner::Unrecorded },
        Own::Scope => Missing::StatedScope,
    }
}

fn ids_beyond(view: &View, question: &Question<'_>) -> Vec<String> {
    let ids = question.scope.unwrap_or_default().iter();
    ids.filter(|id| !view.scope().contains(id)).map(|id| (*id).to_owned()).collect()
}

fn shortfalls(question: &Question<'_>, permission: &Permission) -> impl Iterator<Item = Missing> {
    permission.constraints().iter().filter_map(|(dimension, limit)| {
        let dimension_name = dimension.to_owned();
        Some(match (question.stated.shortfall(dimension, limit)?, limit) {
            (Shortfall::Unstated, _) => Missing::Unstated { dimension: dimension_name },
            (Shortfall::NotPermitted(value), _) => {
                Missing::NotPermitted { dimension: dimension_name, value: value.to_owned() }
            }
            (Shortfall::Above(stated), Limit::AtMost(limit)) => {
                Missing::Above { dimension: dimension_name, stated, limit: *limit }
            }
            (Shortfall::Unreadable | Shortfall::Above(_), _) => Missing::Unreadable { dimension: dimension_name },
        })
    })
}

/// The wildcards that would match an entry if it were not explicit, each permission once.
fn wildcards_short_of(view: &View, entry: usize) -> impl Iterator<Item = (&Grant, Missing)> {
    let entry = &view.catalogue().entries()[entry];
    let mut seen = BTreeSet::new();
    view.grants().iter().filter(|_| entry.explicit).filter_map(move |grant| {
        let permission = &grant.permission;
        let would_match = permission.is_admin() || permission.is_wildcard() && permission.action() == entry.action;
        let is_new = would_match && seen.insert(permission);
        is_new.then(|| (grant, Missing::ExplicitGrant { permission: entry.slug() }))
    })
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(slug) => write!(f, "{} of group {slug}", self.permission),
            None => write!(f, "{}, held directly", self.permission),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::ExplicitGrant { permission } => write!(f, "{permission} must be granted by its own name"),
            Missing::Scope { ids } if ids.is_empty() => f.write_str("the resource states a scope without any id"),
            Missing::Scope { ids } => write!(f, "the account's scope does not reach {}", ids.join(", ")),
            Missing::Ownership { is_recorded: true } => f.write_str("the account is not the owner"),
            Missing::Ownership { is_recorded: false } => f.write_str("no owner is recorded"),
            Missing::StatedScope => f.write_str("the resource states no scope"),
            Missing::Unstated { dimension } => write!(f, "{dimension} is not stated"),
            Missing::Unreadable { dimension } => write!(f, "{dimension} is stated in a form that cannot be compared"),
            Missing::NotPermitted { dimension, value } => write!(f, "{dimension} may not be {value:?}"),
            Missing::Above { dimension, stated, limit } => write!(f, "{dimension}: {stated} is above {limit}"),
        }
    }
}
