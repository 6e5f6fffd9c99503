//! The catalogue that rows make: the policy's first, then each that was added, if it fits. What is added may ask new
//! questions, but changes nothing about a question that an entry of the policy takes part in, and brings none of them
//! into another: or a bare entry beside an explicit any-form would give its question to every administrator.

use std::fmt;

use super::KnownPermission;
use crate::catalogue::{Catalogue, CatalogueError, CatalogueFault, Entry};

/// The catalogue of stored rows, and what was left out of it.
#[derive(Debug)]
pub(crate) struct Assembled {
    /// The entries that count, the policy's first.
    pub catalogue: Catalogue,
    /// How many of them are the policy's.
    pub system_managed: usize,
    /// The rows that do not count, by their names.
    pub left_out: Vec<(String, Unfit)>,
}

/// Why an entry cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not an entry, or not one beside the others.
    Fault(CatalogueFault),
    /// It would change what decides this question, in which an entry of the policy takes part.
    Changes(String),
}

impl Assembled {
    /// Assembles rows; fails when those of the policy do not fit together.
    pub(crate) fn of(rows: &[KnownPermission]) -> Result<Assembled, CatalogueError> {
        let (policys, added): (Vec<&KnownPermission>, Vec<&KnownPermission>) =
            rows.iter().partition(|row| row.system_managed);
        let entries = |rows: Vec<&KnownPermission>| rows.into_iter().map(|row| row.entry.clone()).collect::<Vec<_>>();
        let mut assembled = Assembled::of_policy(entries(policys))?;
        assembled.add_all(entries(added));
        Ok(assembled)
    }

    /// Of a policy's entries alone.
    pub(crate) fn of_policy(entries: Vec<Entry>) -> Result<Assembled, CatalogueError> {
        let catalogue = Catalogue::new(entries)?;
        let system_managed = catalogue.entries().len();
        Ok(Assembled { catalogue, system_managed, left_out: Vec::new() })
    }

    /// The catalogue with one more entry, the last one in it.
    pub(crate) fn with(&self, entry: Entry) -> Result<Catalogue, Unfit> {
        self.with_all(vec![entry])
    }

    /// Adds these, leaving out what does not fit. All at once, which is as good and does not copy for each one; one by
    /// one when that fails.
    pub(crate) fn add_all(&mut self, entries: Vec<Entry>) {
        if let Ok(catalogue) = self.with_all(entries.clone()) {
            self.catalogue = catalogue;
            return;
        }
        for entry in entries {
            let name = entry.slug();
            match self.with(entry) {
                Ok(catalogue) => self.catalogue = catalogue,
                Err(unfit) => self.left_out.push((name, unfit)),
            }
        }
    }

    fn with_all(&self, entries: Vec<Entry>) -> Result<Catalogue, Unfit> {
        let extended = self.catalogue.extended(entries).map_err(|error| Unfit::Fault(error.fault))?;
        match self.catalogue.first_question_changed_by(&extended, self.system_managed) {
            Some(question) => Err(Unfit::Changes(question)),
            None => Ok(extended),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Fault(fault) => fault.fmt(f),
            Unfit::Changes(question) => write!(f, "it would change what decides {question}, which the policy says"),
        }
    }
}

#[cfg(test)]
mod tests;
