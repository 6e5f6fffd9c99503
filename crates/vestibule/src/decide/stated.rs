//! What a request states of itself, dimension by dimension, to be held against a permission's constraints. A list
//! must lie within the permitted values, a number must be at most the limit; what is not stated, stated as an empty
//! list, or stated as something that cannot be read meets nothing.

use serde_json::{Map, Value};

use crate::constraints::{Constraints, Limit, MAX_PREFIX, Quantity};

pub(super) static NOTHING_STATED: Stated = Stated::nothing();

/// The values that a request states, by dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated(Vec<(String, StatedValue)>);

/// What a request states in one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatedValue {
    /// Values, each of which must be permitted.
    Values(Vec<String>),
    /// A number.
    Quantity(Quantity),
    /// Something that is neither, and so meets no limit.
    Unreadable,
}

/// How a request falls short of one limit; all but the first of what is wrong is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shortfall<'a> {
    Unstated,
    Unreadable,
    NotPermitted(&'a str),
    Above(Quantity),
}

impl Stated {
    /// A request that states nothing.
    pub const fn nothing() -> Stated {
        Stated(Vec::new())
    }

    /// Reads the members of a JSON object: a string or a list of strings, or a number; `null` states nothing.
    pub fn from_object(object: &Map<String, Value>) -> Stated {
        let read = |(name, value): (&String, &Value)| Some((name.trim().to_owned(), stated_value(value)?));
        Stated(object.iter().filter_map(read).collect())
    }

    /// The same, and these values of this dimension.
    #[must_use]
    pub fn with_values<I: IntoIterator<Item: AsRef<str>>>(self, dimension: &str, values: I) -> Stated {
        let values = values.into_iter().map(|value| value.as_ref().trim().to_owned()).collect();
        self.with(dimension, StatedValue::Values(values))
    }

    /// The same, and this number in this dimension; one that is not finite meets no limit.
    #[must_use]
    pub fn with_quantity(self, dimension: &str, number: f64) -> Stated {
        self.with(dimension, Quantity::new(number).map_or(StatedValue::Unreadable, StatedValue::Quantity))
    }

    fn with(mut self, dimension: &str, value: StatedValue) -> Stated {
        self.0.push((dimension.trim().to_owned(), value));
        self
    }

    /// Whether every limit is met.
    pub fn meets(&self, constraints: &Constraints) -> bool {
        constraints.iter().all(|(dimension, limit)| self.shortfall(dimension, limit).is_none())
    }

    pub(super) fn shortfall(&self, dimension: &str, limit: &Limit) -> Option<Shortfall<'_>> {
        let mut is_stated = false;
        for (name, value) in &self.0 {
            if name != dimension && dimension.strip_prefix(MAX_PREFIX) != Some(name.as_str()) {
                continue;
            }
            match value.against(limit) {
                Ok(()) => is_stated = true,
                Err(Shortfall::Unstated) => {}
                Err(shortfall) => return Some(shortfall),
            }
        }
        (!is_stated).then_some(Shortfall::Unstated)
    }
}

impl StatedValue {
    fn against(&self, limit: &Limit) -> Result<(), Shortfall<'_>> {
        match (self, limit) {
            (StatedValue::Values(values), _) if values.is_empty() => Err(Shortfall::Unstated),
            (StatedValue::Values(values), Limit::OneOf(permitted)) => {
                let beyond = values.iter().find(|value| !permitted.contains(value.as_str()));
                beyond.map_or(Ok(()), |value| Err(Shortfall::NotPermitted(value)))
            }
            (StatedValue::Quantity(number), Limit::AtMost(limit)) if number <= limit => Ok(()),
            (StatedValue::Quantity(number), Limit::AtMost(_)) => Err(Shortfall::Above(*number)),
            (StatedValue::Values(_), Limit::AtMost(_))
            | (StatedValue::Quantity(_), Limit::OneOf(_))
            | (StatedValue::Unreadable, Limit::OneOf(_) | Limit::AtMost(_)) => Err(Shortfall::Unreadable),
        }
    }
}

fn stated_value(value: &Value) -> Option<StatedValue> {
    let read = match value {
        Value::Null => return None,
        Value::String(text) => Some(StatedValue::Values(vec![text.trim().to_owned()])),
        Value::Number(_) => Quantity::from_json_rounded_up(value).map(StatedValue::Quantity),
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(|text| text.trim().to_owned()));
            texts.collect::<Option<Vec<String>>>().map(StatedValue::Values)
        }
        Value::Bool(_) | Value::Object(_) => None,
    };
    Some(read.unwrap_or(StatedValue::Unreadable))
}
