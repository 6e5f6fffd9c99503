//! Constraints: what a permission permits in each dimension it names. A dimension whose name begins with `max_` is a
//! finite number, every other one a list of strings. Names and values are trimmed once, here, and compared exactly
//! from then on. An empty list permits nothing; an empty set of constraints limits nothing.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// What the name of a number begins with; what follows is what the request may state it as.
pub(crate) const MAX_PREFIX: &str = "max_";

/// Below this `f64` keeps every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Limits by dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Constraints(BTreeMap<String, Limit>);

/// What is permitted in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Limit {
    /// No other values than these.
    OneOf(BTreeSet<String>),
    /// No number above this.
    AtMost(Quantity),
}

/// A finite number that is compared exactly.
#[derive(Clone, Copy, Debug)]
pub struct Quantity(f64);

/// Why a constraint is not one, by its dimension.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("constraint {dimension:?}: {fault}")]
pub struct ConstraintError {
    /// The dimension, as it was written.
    pub dimension: String,
    /// What is wrong with it.
    pub fault: ConstraintFault,
}

/// What can be wrong with a constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintFault {
    /// The constraints are not an object.
    #[error("the constraints are not an object")]
    NotAnObject,
    /// The name is blank, or nothing follows `max_`.
    #[error("the name is blank")]
    BlankName,
    /// The name has a control character, which no database need be able to keep.
    #[error("the name has a control character")]
    ControlName,
    /// The name is there twice, once trimmed.
    #[error("the name is there twice")]
    Repeated,
    /// A name that does not begin with `max_` has no list.
    #[error("a list of strings is expected")]
    NotAList,
    /// The element at this index is not a string.
    #[error("[{0}] is not a string")]
    NotAString(usize),
    /// The element at this index is blank.
    #[error("[{0}] is blank")]
    BlankValue(usize),
    /// The element at this index has a control character.
    #[error("[{0}] has a control character")]
    ControlValue(usize),
    /// A name that begins with `max_` has no number, or one beyond what every database and program keeps exactly.
    #[error("a number between -2^53 and 2^53 is expected")]
    NotANumber,
}

impl Constraints {
    /// Reads constraints from a JSON object.
    pub fn from_json(value: &Value) -> Result<Constraints, ConstraintError> {
        let fault = ConstraintFault::NotAnObject;
        let object = value.as_object().ok_or(ConstraintError { dimension: String::new(), fault })?;
        Constraints::from_object(object)
    }

    /// Reads constraints from the members of a JSON object.
    pub fn from_object(object: &Map<String, Value>) -> Result<Constraints, ConstraintError> {
        let mut constraints = Constraints::default();
        for (name, value) in object {
            constraints.add(name, value)?;
        }
        Ok(constraints)
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The dimensions that are limited, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Limit)> {
        self.0.iter().map(|(dimension, limit)| (dimension.as_str(), limit))
    }

    /// Whether every request that meets the narrower constraints meets these as well.
    pub fn covers(&self, narrower: &Constraints) -> bool {
        self.0.iter().all(|(dimension, limit)| narrower.0.get(dimension).is_some_and(|other| limit.covers(other)))
    }

    fn add(&mut self, name: &str, value: &Value) -> Result<(), ConstraintError> {
        let failed = |fault| ConstraintError { dimension: name.to_owned(), fault };
        let dimension = name.trim();
        if dimension.is_empty() || dimension == MAX_PREFIX {
            return Err(failed(ConstraintFault::BlankName));
        }
        if dimension.chars().any(char::is_control) {
            return Err(failed(ConstraintFault::ControlName));
        }
        let limit = if dimension.starts_with(MAX_PREFIX) {
            Quantity::from_json(value).map(Limit::AtMost).ok_or(ConstraintFault::NotANumber)
        } else {
            values(value).map(Limit::OneOf)
        };
        match self.0.entry(dimension.to_owned()) {
            Entry::Occupied(known) => {
                let dimension = known.key().clone();
                return Err(ConstraintError { dimension, fault: ConstraintFault::Repeated });
            }
            Entry::Vacant(vacant) => vacant.insert(limit.map_err(failed)?),
        };
        Ok(())
    }
}

fn values(value: &Value) -> Result<BTreeSet<String>, ConstraintFault> {
    let list = value.as_array().ok_or(ConstraintFault::NotAList)?;
    let read = |(index, item): (usize, &Value)| match item.as_str().map(str::trim) {
        None => Err(ConstraintFault::NotAString(index)),
        Some("") => Err(ConstraintFault::BlankValue(index)),
        Some(text) if text.chars().any(char::is_control) => Err(ConstraintFault::ControlValue(index)),
        Some(text) => Ok(text.to_owned()),
    };
    list.iter().enumerate().map(read).collect()
}

impl Limit {
    fn covers(&self, narrower: &Limit) -> bool {
        match (self, narrower) {
            (Limit::OneOf(held), Limit::OneOf(requested)) => held.is_superset(requested),
            (Limit::AtMost(held), Limit::AtMost(requested)) => held >= requested,
            (Limit::OneOf(_), Limit::AtMost(_)) | (Limit::AtMost(_), Limit::OneOf(_)) => false,
        }
    }
}

impl Quantity {
    /// A finite number; `None` for an infinity or what is not a number.
    pub fn new(number: f64) -> Option<Quantity> {
        // Adding zero makes -0 into 0, so that the two are one value in every order.
        number.is_finite().then_some(Quantity(number + 0.0))
    }

    /// A JSON number; `None` for one beyond 2^53, where `f64` rounds integers: as a limit it would not be what was
    /// written, nor the same after it was stored.
    pub fn from_json(value: &Value) -> Option<Quantity> {
        let (number, _) = read_number(value)?;
        (number.abs() < EXACT).then(|| Quantity::new(number)).flatten()
    }

    /// A JSON number, or the next greater one that `f64` has: what is held against a limit never shrinks.
    pub fn from_json_rounded_up(value: &Value) -> Option<Quantity> {
        let (number, exact) = read_number(value)?;
        let is_short = exact.is_some_and(|integer| integer > number as i128);
        Quantity::new(if is_short { number.next_up() } else { number })
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    fn to_json(self) -> Option<Number> {
        let whole = Some(self.0 as i128).filter(|whole| *whole as f64 == self.0);
        let integer = whole.and_then(|whole| i64::try_from(whole).ok());
        integer.map(Number::from).or_else(|| Number::from_f64(self.0))
    }
}

/// A number as `f64`, and as it is written if that is an integer.
fn read_number(value: &Value) -> Option<(f64, Option<i128>)> {
    let number = value.as_number()?;
    let integer = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from));
    Some((number.as_f64()?, integer))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::hash::Hash for Quantity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Constraints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Constraints, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Constraints;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of constraints by dimension")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Constraints, A::Error> {
                let mut constraints = Constraints::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    constraints.add(&name, &value).map_err(A::Error::custom)?;
                }
                Ok(constraints)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests;
