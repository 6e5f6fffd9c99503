//! Which entries decide which question. A bare entry decides its own name, alone. A stem that no bare entry has is
//! decided by its any-form and its own-form. An own-form whose action ends in `-own` also answers to its own name.

use super::{ANY_SUFFIX, Catalogue, CatalogueError, CatalogueFault, Entry, Forms, Named, Own, stem_of};

impl Catalogue {
    pub(super) fn resolve_own_names(&mut self) {
        for index in 0..self.entries.len() {
            let Entry { action, resource, own, .. } = self.entries[index].clone();
            self.slot(&action, &resource).forms = match own {
                None => Forms { open: Some(index), own: None },
                Some(own) => Forms { open: None, own: Some((index, own)) },
            };
        }
    }

    pub(super) fn resolve_stems(&mut self) -> Result<(), CatalogueError> {
        for index in 0..self.entries.len() {
            if let Some(own) = self.entries[index].own {
                self.resolve_stem(index, own)?;
            }
        }
        Ok(())
    }

    /// Makes the stem of an own-form a question, unless a bare entry has its name.
    fn resolve_stem(&mut self, index: usize, own: Own) -> Result<(), CatalogueError> {
        let entry = self.entries[index].clone();
        let open = self.any_form(&entry)?;
        let named = self.slot(entry.stem(), &entry.resource);
        let is_bare = named.forms.open.is_some() && named.forms.own.is_none();
        if is_bare {
            return Ok(());
        }
        if named.forms.own.is_some_and(|(other, _)| other != index) {
            return Err(entry.failed(CatalogueFault::TwoOwnForms));
        }
        named.forms = Forms { open, own: Some((index, own)) };
        Ok(())
    }

    /// The any-form beside an own-form: the one that is named must exist, the usual one may.
    fn any_form(&self, own_form: &Entry) -> Result<Option<usize>, CatalogueError> {
        let usual = format!("{}{ANY_SUFFIX}", own_form.stem());
        let action = own_form.any.as_deref().unwrap_or(&usual);
        let found = self.named(action, &own_form.resource).and_then(|named| named.entry);
        let open = found.filter(|&index| self.entries[index].own.is_none());
        if own_form.any.is_some() && open.is_none() {
            return Err(own_form.failed(CatalogueFault::AnyUnknown));
        }
        Ok(open)
    }

    /// The first question, by name, that an extension decides otherwise and in which one of the first `count` entries
    /// takes part, before or after.
    pub(crate) fn first_question_changed_by(&self, extended: &Catalogue, count: usize) -> Option<String> {
        let mut changed = Vec::new();
        for (action, resources) in &extended.names {
            for (resource, Named { forms: after, .. }) in resources {
                let before = self.forms(action, resource).unwrap_or_default();
                if before != *after && (before.includes_one_below(count) || after.includes_one_below(count)) {
                    changed.push(format!("{action}:{resource}"));
                }
            }
        }
        changed.into_iter().min()
    }

    /// An any-form without an own-form beside it makes its stem a question too.
    pub(super) fn resolve_any_forms(&mut self) {
        for index in 0..self.entries.len() {
            let Entry { action, resource, .. } = self.entries[index].clone();
            if let Some(stem) = stem_of(&action, ANY_SUFFIX) {
                let forms = &mut self.slot(stem, &resource).forms;
                if *forms == Forms::default() {
                    forms.open = Some(index);
                }
            }
        }
    }
}

impl Forms {
    /// Whether one of the first `count` entries takes part.
    pub(crate) fn includes_one_below(self, count: usize) -> bool {
        self.open.into_iter().chain(self.own.map(|(index, _)| index)).any(|index| index < count)
    }
}
