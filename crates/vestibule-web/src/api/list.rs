//! Lists as JSON: a page of items and where the next begins; and the two values of a query that ask for one.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use vestibule::{Code, Error, Page, PageRequest};

use crate::error::Result;

/// A page of a list, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    items: Vec<T>,
    /// What to pass as `cursor` for the next page; null: this is the last.
    next_cursor: Option<String>,
}

/// A list that comes whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct All<T> {
    items: Vec<T>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items, 1 to 100.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 25)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// The page that is asked for.
    pub(crate) fn page(&self) -> Result<PageRequest> {
        Ok(PageRequest::parse(self.limit.as_deref(), self.cursor.as_deref())?)
    }
}

impl<T> List<T> {
    /// A page of what the engine found.
    pub(crate) fn of<U>(page: Page<U>, item: impl FnMut(U) -> T) -> List<T> {
        let Page { items, next_cursor } = page.map(item);
        List { items, next_cursor }
    }
}

impl<T> All<T> {
    /// All of what the engine found.
    pub(crate) fn of<U>(found: Vec<U>, item: impl FnMut(U) -> T) -> All<T> {
        All { items: found.into_iter().map(item).collect() }
    }
}

/// Reads a filter: absent or empty is none, anything unreadable is a wrong field.
pub(crate) fn filter<T: std::str::FromStr>(field: &'static str, text: Option<&str>) -> Result<Option<T>> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Error::field(field, Code::FieldInvalid).into()),
        },
    }
}

/// Reads a field of which null means 'clear it' and absence 'leave it'.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
