//! The policy file (TOML): the catalogue of permissions, the groups, which of them the first administrator joins and
//! which everybody who signs up. A file is laid over the built-in policy and is refused whole, naming the key, group
//! and index, when anything in it is unknown or would confer what it must not.

mod built_in;
mod fields;
mod groups;

use std::sync::Arc;

use crate::catalogue::{Catalogue, CatalogueError, Entry, Own};
use crate::permissions::Permission;
use crate::scope::Scope;

use fields::Fields;

pub(crate) use built_in::ADMINISTRATORS_SLUG;

/// A policy, complete and consistent.
#[derive(Clone, Debug)]
pub struct Policy {
    catalogue: Arc<Catalogue>,
    groups: Vec<PolicyGroup>,
    bootstrap_groups: Vec<String>,
    default_group: String,
}

/// A group that a policy makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGroup {
    /// Its id, a UUID in lower case; `None` leaves it to be drawn.
    pub id: Option<String>,
    /// Its name for programs, which never changes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it gives.
    pub permissions: Vec<Permission>,
    /// How far it reaches; nowhere when the file does not say.
    pub scope: Scope,
    /// Whether nothing but its membership may be changed outside the file.
    pub system_managed: bool,
}

/// Why a text is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is not TOML; the message has the line.
    #[error("{0}")]
    Syntax(String),
    /// Something in it is wrong.
    #[error("{place}: {problem}")]
    Invalid {
        /// The key, with the group and the index.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl PolicyError {
    fn at(place: impl Into<String>, problem: impl ToString) -> PolicyError {
        PolicyError::Invalid { place: place.into(), problem: problem.to_string() }
    }
}

impl Policy {
    /// The policy of an instance that has no policy file.
    pub fn built_in() -> Policy {
        built_in::policy()
    }

    /// Reads a policy file, laid over the built-in policy.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        built_in::policy().extended(text)
    }

    /// Every permission that is known.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The groups, built-in ones first.
    pub fn groups(&self) -> &[PolicyGroup] {
        &self.groups
    }

    /// The slugs of the groups that the first administrator joins.
    pub fn bootstrap_groups(&self) -> &[String] {
        &self.bootstrap_groups
    }

    /// The slug of the group that everybody who signs up joins.
    pub fn default_group(&self) -> &str {
        &self.default_group
    }

    /// The group of a slug.
    pub fn group(&self, slug: &str) -> Option<&PolicyGroup> {
        self.groups.iter().find(|group| group.slug == slug)
    }

    fn extended(self, text: &str) -> Result<Policy, PolicyError> {
        let table = text.parse().map_err(|error: toml::de::Error| PolicyError::Syntax(error.to_string()))?;
        let mut file = Fields::new("", table);
        let bootstrap_groups = file.texts("bootstrap_groups")?.unwrap_or(self.bootstrap_groups);
        let default_group = file.text("default_group")?.unwrap_or(self.default_group);
        let (entries, groups) = (file.tables("permissions")?, file.tables("groups")?);
        file.finish()?;
        let entries = entries.into_iter().map(entry).collect::<Result<Vec<Entry>, PolicyError>>()?;
        let extended = self.catalogue.extended(entries.clone());
        let catalogue = extended.map_err(|error| in_entries(&entries, &error))?;
        let groups = groups::laid_over(self.groups, groups, &catalogue)?;
        let policy = Policy { catalogue: Arc::new(catalogue), groups, bootstrap_groups, default_group };
        policy.checked()
    }

    /// What must hold between the keys of a policy.
    fn checked(self) -> Result<Policy, PolicyError> {
        let refused = |key: &str, problem: String| Err(PolicyError::at(key, problem));
        for (slug, index) in self.bootstrap_groups.iter().zip(0..) {
            if self.group(slug).is_none() {
                return refused(&format!("bootstrap_groups[{index}]"), format!("there is no group {slug:?}"));
            }
        }
        if !self.bootstrap_groups.iter().any(|slug| slug == ADMINISTRATORS_SLUG) {
            return refused("bootstrap_groups", format!("{ADMINISTRATORS_SLUG:?} must be among them"));
        }
        let Some(group) = self.group(&self.default_group) else {
            return refused("default_group", format!("there is no group {:?}", self.default_group));
        };
        if !group.system_managed {
            let problem =
                format!("{:?} is not system-managed: whoever changes it gives to all who signed up", group.slug);
            return refused("default_group", problem);
        }
        let is_too_much = |permission: &&Permission| permission.is_admin() || self.catalogue.is_explicit(permission);
        if let Some(permission) = group.permissions.iter().find(is_too_much) {
            return refused("default_group", format!("{:?} gives {permission} to whoever signs up", group.slug));
        }
        Ok(self)
    }
}

fn entry(mut fields: Fields) -> Result<Entry, PolicyError> {
    let entry = Entry {
        action: fields.required("action")?,
        resource: fields.required("resource")?,
        label: fields.text("label")?.unwrap_or_default(),
        explicit: fields.flag("explicit", false)?,
        own: match fields.text("own")?.map(|word| word.parse::<Own>()) {
            None => None,
            Some(Ok(own)) => Some(own),
            Some(Err(unknown)) => return Err(fields.failed("own", unknown)),
        },
        any: fields.text("any")?,
    };
    fields.finish()?;
    Ok(entry)
}

/// Places an error of the catalogue at the last entry of its name, the one that is one too many.
fn in_entries(entries: &[Entry], error: &CatalogueError) -> PolicyError {
    let index = entries.iter().rposition(|entry| entry.slug() == error.permission);
    let place = index.map_or_else(|| "permissions".to_owned(), |index| format!("permissions[{index}]"));
    PolicyError::at(format!("{place} {:?}", error.permission), error.fault)
}

#[cfg(test)]
mod tests;
