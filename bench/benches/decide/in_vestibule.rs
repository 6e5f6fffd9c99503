//! The account as Vestibule has it: a view, compiled when the account is loaded.

use std::sync::Arc;

use anyhow::Result;
use vestibule::{Catalogue, Entry, HeldGroup, Question, Scope, Stated, View, decide};

use crate::account::{self, Ask, Group};

pub struct InVestibule<'g> {
    catalogue: Arc<Catalogue>,
    groups: Vec<HeldGroup<'g>>,
    view: View,
}

pub struct Asked<'a> {
    view: &'a View,
    ask: Ask,
    stated: Stated,
}

impl<'g> InVestibule<'g> {
    pub fn new(groups: &'g [Group]) -> Result<InVestibule<'g>> {
        let entry = |action: &str, resource: String| {
            let explicit = action == account::EXPLICIT;
            Entry { action: action.to_owned(), resource, explicit, ..Entry::default() }
        };
        let of_action = |action| account::resources().map(move |resource| entry(action, resource));
        let catalogue = Arc::new(Catalogue::new(account::ACTIONS.into_iter().flat_map(of_action).collect())?);
        let held =
            |group: &'g Group| HeldGroup { slug: &group.slug, permissions: &group.permissions, scope: &Scope::All };
        let groups: Vec<_> = groups.iter().map(held).collect();
        let view = View::compile(&catalogue, &groups, &[]);
        Ok(InVestibule { catalogue, groups, view })
    }

    pub fn compile(&self) -> View {
        View::compile(&self.catalogue, &self.groups, &[])
    }

    pub fn asked(&self, ask: &Ask) -> Asked<'_> {
        let stated = ask.region.map_or(Stated::nothing(), |region| Stated::nothing().with_values("regions", [region]));
        let stated = match ask.amount {
            Some(amount) => stated.with_quantity("amount", amount as f64),
            None => stated,
        };
        Asked { view: &self.view, ask: *ask, stated }
    }
}

impl Asked<'_> {
    pub fn decide(&self) -> bool {
        let Ask { action, resource, .. } = self.ask;
        decide(self.view, &Question { stated: &self.stated, ..Question::new(action, resource) })
    }
}
