//! The decision: may this account do this? Pure, over a view that was compiled when the account was loaded, and
//! without allocation. One search finds the grant that allows or the reason there is none; `decide` asks whether it
//! found, `explain` tells what. Whatever is not stated, not known or not held denies.

mod explain;
mod stated;
mod view;

pub use explain::{Explanation, Ground, Missing, NearMiss, explain};
pub use stated::{Stated, StatedValue};
pub use view::{Grant, HeldGroup, View};

use crate::catalogue::{Forms, Own};
use crate::scope::Scope;

use stated::NOTHING_STATED;

/// What is asked about an account: may it do this, to that, in these circumstances?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What it would do.
    pub action: &'a str,
    /// To what kind of resource.
    pub resource: &'a str,
    /// Whose the resource is.
    pub owner: Owner,
    /// The scope ids that the resource states; `None` when it is not a thing of any scope. All of them must be
    /// reached; a list without any is reached only by an account that reaches everything.
    pub scope: Option<&'a [&'a str]>,
    /// What the request states of itself.
    pub stated: &'a Stated,
}

/// Whose a resource is, as seen by the asker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// Nobody is recorded.
    #[default]
    Unrecorded,
    /// The asker.
    Asker,
    /// Somebody else.
    Other,
}

/// The outcome of the search.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'v> {
    /// This grant allows it.
    Granted(&'v Grant),
    /// The resource states a scope that the account does not reach: not its to know.
    OutOfScope,
    /// The catalogue has no such question.
    NotInCatalogue,
    /// No grant allows it.
    NotGranted,
}

/// A batch without any question, which is an error and neither a yes nor a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch is empty")]
pub struct EmptyBatch;

impl<'a> Question<'a> {
    /// The question without any circumstance.
    pub fn new(action: &'a str, resource: &'a str) -> Question<'a> {
        Question { action, resource, owner: Owner::Unrecorded, scope: None, stated: &NOTHING_STATED }
    }

    fn is_own(&self, own: Own) -> bool {
        match own {
            Own::Owner => self.owner == Owner::Asker,
            Own::Scope => self.scope.is_some_and(|ids| !ids.is_empty()),
        }
    }

    fn is_within(&self, scope: &Scope) -> bool {
        match self.scope {
            None => true,
            Some([]) => *scope == Scope::All,
            Some(ids) => ids.iter().all(|id| scope.contains(id)),
        }
    }
}

impl Owner {
    /// Whose a resource is, by its owner's id and the asker's; a blank id is nobody's.
    pub fn of(owner: Option<&str>, asker: &str) -> Owner {
        match owner.map(str::trim) {
            None | Some("") => Owner::Unrecorded,
            Some(owner) if owner == asker => Owner::Asker,
            Some(_) => Owner::Other,
        }
    }
}

/// Whether the account may.
pub fn decide(view: &View, question: &Question<'_>) -> bool {
    matches!(judge(view, question), Verdict::Granted(_))
}

/// Whether the account may do all of these, each by some grant of its own.
pub fn decide_all(view: &View, questions: &[Question<'_>]) -> Result<bool, EmptyBatch> {
    if questions.is_empty() {
        return Err(EmptyBatch);
    }
    Ok(questions.iter().all(|question| decide(view, question)))
}

/// The grant that allows it, or why there is none; scope comes first, so that nothing beyond it is ever confirmed.
pub fn judge<'v>(view: &'v View, question: &Question<'_>) -> Verdict<'v> {
    if !question.is_within(view.scope()) {
        return Verdict::OutOfScope;
    }
    let Some(Forms { open, own }) = view.catalogue().forms(question.action, question.resource) else {
        return Verdict::NotInCatalogue;
    };
    let own = own.filter(|(_, condition)| question.is_own(*condition)).map(|(entry, _)| entry);
    let mut grants = [open, own].into_iter().flatten().flat_map(|entry| view.grants_on(entry));
    match grants.find(|grant| question.stated.meets(grant.permission.constraints())) {
        Some(grant) => Verdict::Granted(grant),
        None => Verdict::NotGranted,
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
