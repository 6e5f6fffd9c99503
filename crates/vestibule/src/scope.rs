//! Scope: which of the application's own tenants, accounts or resources an account reaches. It is everything, or
//! the ids that are named; naming none reaches nothing. An account's scope is the union of its groups': it only grows
//! with a group and only shrinks without one. In JSON and in the policy file it is `"all"` or a list of ids.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

const ALL: &str = "all";

/// What is reached; the default is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These ids, compared exactly; `*` and `all` are ids like others here.
    Ids(BTreeSet<String>),
}

/// An id of a scope was blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{index}] is a blank id")]
pub struct BlankId {
    /// Its place in the list.
    pub index: usize,
}

impl Scope {
    /// The scope of these ids, trimmed.
    pub fn of<I: IntoIterator<Item: AsRef<str>>>(ids: I) -> Result<Scope, BlankId> {
        let read = |(index, id): (usize, I::Item)| match id.as_ref().trim() {
            "" => Err(BlankId { index }),
            id => Ok(id.to_owned()),
        };
        ids.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Scope::Ids)
    }

    /// Whether this id, trimmed, is reached.
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Ids(ids) => ids.contains(id.trim()),
        }
    }

    /// Whether everything that the other reaches is reached.
    pub fn covers(&self, other: &Scope) -> bool {
        match (self, other) {
            (Scope::All, Scope::All | Scope::Ids(_)) => true,
            (Scope::Ids(_), Scope::All) => false,
            (Scope::Ids(ids), Scope::Ids(others)) => ids.is_superset(others),
        }
    }

    /// What either reaches; everything absorbs.
    #[must_use]
    pub fn union(self, other: &Scope) -> Scope {
        match (self, other) {
            (Scope::All, Scope::All | Scope::Ids(_)) | (Scope::Ids(_), Scope::All) => Scope::All,
            (Scope::Ids(mut ids), Scope::Ids(others)) => {
                ids.extend(others.iter().cloned());
                Scope::Ids(ids)
            }
        }
    }
}

impl Default for Scope {
    fn default() -> Scope {
        Scope::Ids(BTreeSet::new())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scope::All => serializer.serialize_str(ALL),
            Scope::Ids(ids) => ids.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        struct AllOrList;
        impl<'de> Visitor<'de> for AllOrList {
            type Value = Scope;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or a list of ids")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scope, E> {
                match text {
                    ALL => Ok(Scope::All),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scope, A::Error> {
                let mut ids: Vec<String> = Vec::new();
                while let Some(id) = seq.next_element()? {
                    ids.push(id);
                }
                Scope::of(ids).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(AllOrList)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    fn read(value: &Value) -> Scope {
        from_value(value.clone()).unwrap()
    }

    #[test]
    fn it_is_the_word_all_or_a_list() {
        assert_eq!(read(&json!("all")), Scope::All);
        assert_eq!(read(&json!([])), Scope::default());
        assert_eq!(to_value(read(&json!([" b ", "a", "b"]))).unwrap(), json!(["a", "b"]));
        assert_eq!(to_value(Scope::All).unwrap(), json!("all"));
        for refused in [json!("*"), json!("ALL"), json!(null), json!({}), json!(["a", " "]), json!([1]), json!(true)] {
            assert!(from_value::<Scope>(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn an_asterisk_or_the_word_all_in_a_list_is_an_id() {
        for literal in ["*", "all"] {
            let scope = Scope::of([literal]).unwrap();
            assert!(scope.contains(literal));
            assert!(!scope.contains("a"));
            assert!(!scope.covers(&Scope::All));
        }
    }

    #[test]
    fn a_union_reaches_what_either_reaches() {
        let rows = [
            (json!([]), json!([]), json!([])),
            (json!(["a"]), json!([]), json!(["a"])),
            (json!(["a"]), json!(["b", "a"]), json!(["a", "b"])),
            (json!(["a"]), json!("all"), json!("all")),
            (json!("all"), json!(["a"]), json!("all")),
            (json!("all"), json!([]), json!("all")),
        ];
        for (one, other, both) in rows {
            let union = read(&one).union(&read(&other));
            assert_eq!(to_value(&union).unwrap(), both, "{one} and {other}");
            assert!(union.covers(&read(&one)) && union.covers(&read(&other)));
        }
    }

    #[test]
    fn it_covers_what_reaches_no_further() {
        let rows = [
            (json!("all"), json!("all"), true),
            (json!("all"), json!(["a"]), true),
            (json!(["a"]), json!("all"), false),
            (json!(["a"]), json!(["a", "b"]), false),
            (json!(["a", "b"]), json!(["a"]), true),
            (json!(["a"]), json!(["A"]), false),
            (json!(["a"]), json!([]), true),
            (json!([]), json!([]), true),
            (json!([]), json!(["a"]), false),
        ];
        for (held, requested, covered) in rows {
            assert_eq!(read(&held).covers(&read(&requested)), covered, "{held} covers {requested}");
        }
    }
}
