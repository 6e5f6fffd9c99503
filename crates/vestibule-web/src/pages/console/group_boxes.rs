//! The groups an account may be in, as boxes to tick. A form sends one pair for each ticked box.

use vestibule::{Code, Error, GroupId, GroupRef};

use crate::error::Result;
use crate::pages::form::Form;

const FIELD: &str = "group_ids";

/// A form's fields as they came, some of them several times.
pub(super) type Pairs = Vec<(String, String)>;

/// A box to tick.
pub(crate) struct Choice {
    pub group: GroupRef,
    pub is_ticked: bool,
}

/// Boxes for every group, ticked as the form has them.
pub(super) fn choices(groups: Vec<GroupRef>, form: &Form) -> Vec<Choice> {
    groups.into_iter().map(|group| Choice { is_ticked: form.has(FIELD, &group.id.to_string()), group }).collect()
}

/// The form with these groups ticked.
pub(super) fn ticked(form: Form, groups: impl IntoIterator<Item = GroupId>) -> Form {
    groups.into_iter().fold(form, |form, group| form.with(FIELD, &group.to_string()))
}

/// The groups that were ticked.
pub(super) fn read(pairs: &Pairs) -> Result<Vec<GroupId>> {
    let ticked = pairs.iter().filter(|(name, _)| name == FIELD);
    let groups: Result<Vec<GroupId>, _> = ticked.map(|(_, id)| id.parse()).collect();
    Ok(groups.map_err(|_| Error::field(FIELD, Code::GroupUnknown))?)
}

/// The one value of another field.
pub(super) fn value(pairs: &Pairs, field: &str) -> String {
    pairs.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()).unwrap_or_default()
}
