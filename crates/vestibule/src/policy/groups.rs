//! The groups of a policy file, laid over those that are built in. A file may say a built-in group anew, but not take
//! its id, nor anything from Administrators. Explicit permissions are for system-managed groups alone, and every
//! permission must match something: one that does not is a slip of the pen.

use serde::Deserialize as _;
use toml::Value;

use super::{ADMINISTRATORS_SLUG, Fields, PolicyError, PolicyGroup};
use crate::catalogue::Catalogue;
use crate::permissions::{Permission, PermissionError, word};
use crate::scope::Scope;

const MAX_NAME_CHARS: usize = 200;

pub(super) fn laid_over(
    mut groups: Vec<PolicyGroup>,
    tables: Vec<Fields>,
    catalogue: &Catalogue,
) -> Result<Vec<PolicyGroup>, PolicyError> {
    let mut slugs: Vec<String> = Vec::new();
    for mut fields in tables {
        let mut group = read(&mut fields, catalogue)?;
        if slugs.contains(&group.slug) {
            return Err(fields.failed("slug", "another group has it"));
        }
        slugs.push(group.slug.clone());
        let built_in = groups.iter().position(|known| known.slug == group.slug);
        if let Some(known) = built_in.map(|index| groups.remove(index)) {
            keep(&known, &mut group).map_err(|(key, problem)| fields.failed(key, problem))?;
        }
        if group.id.is_some() && groups.iter().any(|known| known.id == group.id) {
            return Err(fields.failed("id", "another group has it"));
        }
        groups.insert(built_in.unwrap_or(groups.len()), group);
        fields.finish()?;
    }
    Ok(groups)
}

/// What a built-in group keeps when a file says it anew.
fn keep(known: &PolicyGroup, group: &mut PolicyGroup) -> Result<(), (&'static str, &'static str)> {
    if group.id.is_some() && group.id != known.id {
        return Err(("id", "the built-in group of this slug has another"));
    }
    group.id.clone_from(&known.id);
    if group.slug != ADMINISTRATORS_SLUG {
        return Ok(());
    }
    if !known.permissions.iter().all(|permission| group.permissions.contains(permission)) {
        return Err(("permissions", "Administrators keep admin:*"));
    }
    if group.scope != Scope::All || !group.system_managed {
        return Err(("scope", "Administrators keep scope \"all\" and stay system-managed"));
    }
    Ok(())
}

fn read(fields: &mut Fields, catalogue: &Catalogue) -> Result<PolicyGroup, PolicyError> {
    let slug = fields.required("slug")?;
    let Some(slug) = word(&slug).map(str::to_owned) else {
        return Err(fields.failed("slug", format!("{slug:?} is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")));
    };
    fields.name(&slug);
    let group = PolicyGroup {
        id: id(fields)?,
        name: name(fields)?,
        description: fields.text("description")?.unwrap_or_default(),
        permissions: permissions(fields)?,
        scope: scope(fields)?,
        system_managed: fields.flag("system_managed", true)?,
        slug,
    };
    for (permission, index) in group.permissions.iter().zip(0_usize..) {
        let key = format!("permissions[{index}]");
        if !catalogue.knows(permission) {
            return Err(fields.failed(&key, format!("{permission} matches nothing in the catalogue")));
        }
        if catalogue.is_explicit(permission) && !group.system_managed {
            return Err(fields.failed(&key, format!("{permission} is explicit, and the group not system-managed")));
        }
        if group.permissions[..index].contains(permission) {
            return Err(fields.failed(&key, format!("{permission} is there twice")));
        }
    }
    Ok(group)
}

fn id(fields: &mut Fields) -> Result<Option<String>, PolicyError> {
    let Some(text) = fields.text("id")? else { return Ok(None) };
    let is_in_place = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if text.len() != 36 || !text.bytes().enumerate().all(is_in_place) {
        return Err(fields.failed("id", format!("{text:?} is not a UUID")));
    }
    Ok(Some(text.to_ascii_lowercase()))
}

fn name(fields: &mut Fields) -> Result<String, PolicyError> {
    let name = fields.required("name")?;
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(fields.failed("name", "a name is 1 to 200 characters, none of them a control character"));
    }
    Ok(name)
}

fn permissions(fields: &mut Fields) -> Result<Vec<Permission>, PolicyError> {
    let list = fields.list("permissions")?.unwrap_or_default();
    let read = |(index, item): (usize, Value)| {
        let permission = match item.as_str() {
            Some(text) => text.parse().map_err(|error: PermissionError| error.to_string()),
            None => Permission::deserialize(item).map_err(|error| error.message().to_owned()),
        };
        permission.map_err(|problem| fields.failed(&format!("permissions[{index}]"), problem))
    };
    list.into_iter().enumerate().map(read).collect()
}

fn scope(fields: &mut Fields) -> Result<Scope, PolicyError> {
    let Some(value) = fields.take("scope") else { return Ok(Scope::default()) };
    Scope::deserialize(value).map_err(|error| fields.failed("scope", error.message()))
}
