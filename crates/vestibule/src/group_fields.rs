//! What a group may be called, hold and reach: parsed once, for making one and for changing one.

use crate::catalogue::Catalogue;
use crate::code::Code;
use crate::error::{Error, Forbidden, Result};
use crate::permissions::{Permission, word};
use crate::scope::Scope;
use crate::username::DisplayName;

const MAX_PERMISSIONS: usize = 500;
const MAX_SCOPE: usize = 1000;
const MAX_ID_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 1000;
const MAX_SLUG_CHARS: usize = 64;

pub(crate) fn name(text: &str) -> Result<String> {
    let name = DisplayName::parse(text).map_err(|code| Error::field("name", code))?;
    Ok(name.as_str().to_owned())
}

pub(crate) fn description(text: &str) -> Result<String> {
    let text = text.trim();
    let is_fine = |c: char| !c.is_control() || c == '\n' || c == '\r';
    match text.chars().count() <= MAX_DESCRIPTION_CHARS && text.chars().all(is_fine) {
        true => Ok(text.to_owned()),
        false => Err(Error::field("description", Code::FieldInvalid)),
    }
}

/// The slug that was given, or one made of the name.
pub(crate) fn slug(given: Option<&str>, name: &str) -> Result<String> {
    let slug = match given.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => of_name(name),
    };
    word(&slug).map(str::to_owned).ok_or(Error::field("slug", Code::SlugInvalid))
}

/// The permissions, each known and none there twice.
pub(crate) fn permissions(catalogue: &Catalogue, given: Vec<Permission>) -> Result<Vec<Permission>> {
    let mut permissions: Vec<Permission> = Vec::with_capacity(given.len());
    for permission in given {
        if !catalogue.knows(&permission) {
            return Err(Forbidden::unknown(&permission).into());
        }
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    match permissions.len() <= MAX_PERMISSIONS {
        true => Ok(permissions),
        false => Err(Error::field("permissions", Code::TooManyPermissions)),
    }
}

pub(crate) fn scope(scope: Scope) -> Result<Scope> {
    let is_fine = match &scope {
        Scope::All => true,
        Scope::Ids(ids) => {
            let is_id = |id: &String| id.chars().count() <= MAX_ID_CHARS && !id.chars().any(char::is_control);
            ids.len() <= MAX_SCOPE && ids.iter().all(is_id)
        }
    };
    if is_fine { Ok(scope) } else { Err(Error::field("scope", Code::ScopeInvalid)) }
}

/// Lower case, with a dash for whatever a slug has not.
fn of_name(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' => slug.push(c),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(MAX_SLUG_CHARS);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_the_name_when_none_is_given() {
        let rows = [("Night Shift", "night-shift"), ("  Ops & Co. ", "ops-co."), ("Ärzte 2", "rzte-2")];
        for (name, expected) in rows {
            assert_eq!(slug(None, name).expect("a slug"), expected, "{name}");
        }
        assert_eq!(slug(Some(" ops "), "Other").expect("a slug"), "ops");
        assert_eq!(slug(Some(" "), "Other").expect("a slug"), "other");
        for refused in [(Some("Ops"), "Ops"), (None, "李"), (Some("a b"), "Ops"), (Some(&"a".repeat(65)), "Ops")] {
            let (given, name): (Option<&str>, &str) = (refused.0.map(|text: &str| text), refused.1);
            assert!(slug(given, name).is_err(), "{given:?} {name}");
        }
    }

    #[test]
    fn a_long_name_gives_a_slug_that_fits() {
        assert_eq!(slug(None, &"n".repeat(200)).expect("a slug").len(), 64);
    }
}
