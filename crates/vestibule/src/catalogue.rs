//! The catalogue: every permission that is known, and with it every question that can be asked. What is not here is
//! denied to everybody. Each question is resolved once, when the catalogue is made, to the entries that decide it:
//! the one of its own name, or else its any-form and its own-form (`cancel` is `cancel-any`, or `cancel-own` for
//! the owner). Wildcards are expanded against it, and never reach an explicit entry.

use std::collections::HashMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::permissions::{Permission, word};

const OWN_SUFFIX: &str = "-own";
const ANY_SUFFIX: &str = "-any";

/// A known permission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What may be done.
    pub action: String,
    /// To what; never `*`.
    pub resource: String,
    /// Its name for people; `action:resource` when blank.
    #[serde(default)]
    pub label: String,
    /// Whether only a grant of exactly this permission matches it, and no wildcard.
    #[serde(default)]
    pub explicit: bool,
    /// When it counts, if it is the own-form of a question; an action that ends in `-own` always is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Own>,
    /// The action of the any-form beside an own-form, when it is not the stem and `-any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<String>,
}

/// What makes a thing one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Own {
    /// The asker is its recorded owner.
    Owner,
    /// It states a scope, and the asker's reaches it.
    Scope,
}

/// A word that does not say what makes a thing one's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither \"owner\" nor \"scope\"")]
pub struct UnknownOwn(pub String);

/// Known permissions, indexed by the questions they answer.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    names: HashMap<String, HashMap<String, Named>>,
}

/// The entries that decide a question, by their index: `open` to everybody, `own` under its condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    pub(crate) open: Option<usize>,
    pub(crate) own: Option<(usize, Own)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Named {
    entry: Option<usize>,
    forms: Forms,
}

/// Why entries do not make a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{permission}: {fault}")]
pub struct CatalogueError {
    /// The entry, as `action:resource`.
    pub permission: String,
    /// What is wrong with it.
    pub fault: CatalogueFault,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueFault {
    /// The action is not a word.
    #[error("action is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    Action,
    /// The resource is not a word, or is a wildcard.
    #[error("resource is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    Resource,
    /// Another entry has this name.
    #[error("it is there twice")]
    Repeated,
    /// The catalogue that is extended has this name with another meaning.
    #[error("it is built in with another meaning")]
    Redefined,
    /// Two entries are the own-form of one question.
    #[error("another entry is the own form of the same question")]
    TwoOwnForms,
    /// An any-form says that it is an own-form.
    #[error("own: an action that ends in '-any' is not an own form")]
    AnyIsOwn,
    /// An entry names an any-form without being an own-form.
    #[error("any: only an own form has an any form")]
    AnyWithoutOwn,
    /// The any-form that is named is not in the catalogue, or is an own-form.
    #[error("any: it names no permission of this resource that everybody may be granted")]
    AnyUnknown,
}

impl Own {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Own::Owner => "owner",
            Own::Scope => "scope",
        }
    }
}

impl FromStr for Own {
    type Err = UnknownOwn;

    fn from_str(text: &str) -> Result<Own, UnknownOwn> {
        match text {
            "owner" => Ok(Own::Owner),
            "scope" => Ok(Own::Scope),
            other => Err(UnknownOwn(other.to_owned())),
        }
    }
}

impl Entry {
    /// Its name: `action:resource`.
    pub fn slug(&self) -> String {
        format!("{}:{}", self.action, self.resource)
    }

    /// Whether it has the other's action and resource, whatever else either says.
    pub(crate) fn is_named_as(&self, other: &Entry) -> bool {
        self.action == other.action && self.resource == other.resource
    }

    /// The action of the question whose own-form this is.
    fn stem(&self) -> &str {
        stem_of(&self.action, OWN_SUFFIX).unwrap_or(&self.action)
    }

    fn failed(&self, fault: CatalogueFault) -> CatalogueError {
        CatalogueError { permission: self.slug(), fault }
    }

    fn is_same_but_for_its_label(&self, other: &Entry) -> bool {
        Entry { label: String::new(), ..self.clone() } == Entry { label: String::new(), ..other.clone() }
    }

    fn normalized(mut self) -> Result<Entry, CatalogueError> {
        self.action = word(&self.action).ok_or_else(|| self.failed(CatalogueFault::Action))?.to_owned();
        self.resource = word(&self.resource).ok_or_else(|| self.failed(CatalogueFault::Resource))?.to_owned();
        self.any = self.any.map(|any| any.trim().to_owned());
        if self.own.is_none() && stem_of(&self.action, OWN_SUFFIX).is_some() {
            self.own = Some(Own::Owner);
        }
        if self.own.is_some() && stem_of(&self.action, ANY_SUFFIX).is_some() {
            return Err(self.failed(CatalogueFault::AnyIsOwn));
        }
        if self.own.is_none() && self.any.is_some() {
            return Err(self.failed(CatalogueFault::AnyWithoutOwn));
        }
        self.label =
            Some(self.label.trim()).filter(|label| !label.is_empty()).map_or_else(|| self.slug(), str::to_owned);
        Ok(self)
    }
}

fn stem_of<'a>(action: &'a str, suffix: &str) -> Option<&'a str> {
    action.strip_suffix(suffix).filter(|stem| !stem.is_empty())
}

impl Catalogue {
    /// A catalogue of these entries.
    pub fn new(entries: Vec<Entry>) -> Result<Catalogue, CatalogueError> {
        Catalogue::default().extended(entries)
    }

    /// This catalogue and these entries; one that is there already may be said again, with another label at most.
    pub fn extended(&self, more: Vec<Entry>) -> Result<Catalogue, CatalogueError> {
        let mut catalogue = self.clone();
        for entry in more {
            catalogue.add(entry.normalized()?, self.entries.len())?;
        }
        catalogue.names.values_mut().flat_map(HashMap::values_mut).for_each(|named| named.forms = Forms::default());
        catalogue.resolve_own_names();
        catalogue.resolve_stems()?;
        catalogue.resolve_any_forms();
        Ok(catalogue)
    }

    /// Its entries, in the order they were given.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of exactly this name.
    pub fn entry(&self, action: &str, resource: &str) -> Option<&Entry> {
        self.named(action, resource)?.entry.map(|index| &self.entries[index])
    }

    /// Where the entry of exactly this name stands.
    pub(crate) fn index_of(&self, action: &str, resource: &str) -> Option<usize> {
        self.named(action, resource)?.entry
    }

    /// Whether a permission names an explicit entry, which no interface may confer beyond the policy file.
    pub fn is_explicit(&self, permission: &Permission) -> bool {
        self.entry(permission.action(), permission.resource()).is_some_and(|entry| entry.explicit)
    }

    /// Whether a permission matches anything here.
    pub fn knows(&self, permission: &Permission) -> bool {
        self.matched_by(permission).next().is_some()
    }

    /// The indexes of the entries that a permission matches, whatever its constraints.
    pub(crate) fn matched_by(&self, permission: &Permission) -> impl Iterator<Item = usize> {
        let is_wildcard = permission.is_wildcard();
        let is_admin = permission.is_admin();
        let exact = self.named(permission.action(), permission.resource()).and_then(|named| named.entry);
        let same_action = self.names.get(permission.action()).filter(|_| is_wildcard && !is_admin);
        let every = if is_admin { 0..self.entries.len() } else { 0..0 };
        let expanded = same_action.into_iter().flat_map(HashMap::values).filter_map(|named| named.entry).chain(every);
        exact.into_iter().chain(expanded.filter(|&index| !self.entries[index].explicit))
    }

    /// What decides a question; `None` when it cannot be asked.
    pub(crate) fn forms(&self, action: &str, resource: &str) -> Option<Forms> {
        self.named(action, resource).map(|named| named.forms)
    }

    fn named(&self, action: &str, resource: &str) -> Option<&Named> {
        self.names.get(action)?.get(resource)
    }

    fn slot(&mut self, action: &str, resource: &str) -> &mut Named {
        self.names.entry(action.to_owned()).or_default().entry(resource.to_owned()).or_default()
    }

    fn add(&mut self, entry: Entry, built_in: usize) -> Result<(), CatalogueError> {
        let index = self.entries.len();
        let known = *self.slot(&entry.action, &entry.resource).entry.get_or_insert(index);
        if known == index {
            self.entries.push(entry);
        } else if known >= built_in {
            return Err(entry.failed(CatalogueFault::Repeated));
        } else if !self.entries[known].is_same_but_for_its_label(&entry) {
            return Err(entry.failed(CatalogueFault::Redefined));
        } else {
            self.entries[known] = entry;
        }
        Ok(())
    }
}

mod questions;

#[cfg(test)]
mod tests;
