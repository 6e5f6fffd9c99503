//! A table of the policy file, read key by key. It knows its place in the file, so that every error names it, and
//! refuses what nobody asked for.

use toml::{Table, Value};

use super::PolicyError;

/// What is left of a table.
pub(super) struct Fields {
    place: String,
    table: Table,
}

impl Fields {
    pub(super) fn new(place: &str, table: Table) -> Fields {
        Fields { place: place.to_owned(), table }
    }

    /// Adds to the place, for the errors from here on.
    pub(super) fn name(&mut self, name: &str) {
        self.place = format!("{} {name:?}", self.place);
    }

    pub(super) fn place(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}: {key}", self.place) }
    }

    pub(super) fn failed(&self, key: &str, problem: impl ToString) -> PolicyError {
        PolicyError::at(self.place(key), problem)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.table.remove(key)
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, PolicyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(other) => Err(self.unexpected(key, &other, "a string")),
        }
    }

    pub(super) fn required(&mut self, key: &str) -> Result<String, PolicyError> {
        self.text(key)?.ok_or_else(|| self.failed(key, "it is missing"))
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> Result<bool, PolicyError> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(other) => Err(self.unexpected(key, &other, "true or false")),
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Result<Option<Vec<Value>>, PolicyError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.unexpected(key, &other, "a list")),
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, PolicyError> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        let read = |(index, item): (usize, &Value)| match item.as_str() {
            Some(text) => Ok(text.trim().to_owned()),
            None => Err(self.unexpected(&format!("{key}[{index}]"), item, "a string")),
        };
        list.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn tables(&mut self, key: &str) -> Result<Vec<Fields>, PolicyError> {
        let list = self.list(key)?.unwrap_or_default();
        let read = |(index, item): (usize, Value)| {
            let place = self.place(&format!("{key}[{index}]"));
            let kind = item.type_str();
            let Value::Table(table) = item else {
                return Err(PolicyError::at(place, format!("a table is expected, not a TOML {kind}")));
            };
            Ok(Fields { place, table })
        };
        list.into_iter().enumerate().map(read).collect()
    }

    /// Refuses whatever is left.
    pub(super) fn finish(self) -> Result<(), PolicyError> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.failed(key, "the key is unknown")),
        }
    }

    fn unexpected(&self, key: &str, value: &Value, expected: &str) -> PolicyError {
        self.failed(key, format!("{expected} is expected, not a TOML {}", value.type_str()))
    }
}
