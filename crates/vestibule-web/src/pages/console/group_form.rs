//! The form of a group: boxes for what the catalogue has that is not explicit; lines for wildcards and limits; how far it
//! reaches. What is filled in is the group as it is, and what is read is the group as it shall be, whole.

use std::collections::{BTreeMap, HashSet};

use vestibule::{Catalogue, Code, Group, GroupEdit, KnownPermission, NewGroup, Permission, Scope};

use super::group_boxes::{Pairs, value};
use crate::pages::form::{Form, given};
use crate::pages::permission::{line, read_lines};

/// The fields that are there once.
const SINGLE: [&str; 6] = ["name", "slug", "description", "lines", "scope", "scope_ids"];
/// The boxes, of which several may be ticked.
const BOXES: &str = "permissions";

/// What can be chosen of how far a group reaches, as the form sends it, and in words.
pub(crate) const REACHES: [(&str, &str); 3] = [
    ("nothing", "Nothing in particular"),
    ("all", "Everything"),
    ("ids", "These, one a line: tenants, accounts or whatever your application has"),
];

/// What belongs on the lines.
pub(crate) const LINES_HINT: &str =
    r#"Such as view:* or buy:plans {"regions": ["eu"], "max_amount": 500}. What is explicit is not given here."#;

/// The boxes of one resource.
pub(crate) struct BoxesOf {
    pub resource: String,
    pub boxes: Vec<PermissionBox>,
}

/// A box to tick.
pub(crate) struct PermissionBox {
    pub name: String,
    pub label: String,
    pub is_ticked: bool,
}

/// A group as the form says that it shall be.
pub(super) struct Wanted {
    name: String,
    slug: Option<String>,
    description: String,
    pub permissions: Vec<Permission>,
    pub scope: Scope,
}

impl Wanted {
    /// A new group of this kind.
    pub(super) fn into_new(self) -> NewGroup {
        let Wanted { name, slug, description, permissions, scope } = self;
        NewGroup { slug, name, description, permissions, scope }
    }

    /// What makes the group so: only what is different.
    pub(super) fn edit(self, group: &Group) -> GroupEdit {
        let set = |permissions: &[Permission]| permissions.iter().cloned().collect::<HashSet<_>>();
        let is_other = set(&self.permissions) != set(&group.permissions);
        GroupEdit {
            name: Some(self.name).filter(|name| *name != group.name),
            description: Some(self.description).filter(|description| *description != group.description),
            permissions: is_other.then_some(self.permissions),
            scope: Some(self.scope).filter(|scope| *scope != group.scope),
            seen_at: Some(group.updated_at),
        }
    }
}

/// Filled in with the group as it is.
pub(super) fn filled(catalogue: &Catalogue, group: &Group) -> Form {
    let (choice, ids) = match &group.scope {
        Scope::All => ("all", String::new()),
        Scope::Ids(ids) if ids.is_empty() => ("nothing", String::new()),
        Scope::Ids(ids) => ("ids", ids.iter().cloned().collect::<Vec<_>>().join("\n")),
    };
    let (boxes, lines): (Vec<&Permission>, Vec<&Permission>) =
        group.permissions.iter().partition(|permission| has_box(catalogue, permission));
    let lines: Vec<String> = lines.into_iter().map(line).collect();
    let form = Form::blank()
        .with("name", &group.name)
        .with("description", &group.description)
        .with("lines", &lines.join("\n"))
        .with("scope", choice)
        .with("scope_ids", &ids);
    boxes.into_iter().fold(form, |form, permission| form.with(BOXES, &permission.to_string()))
}

/// Filled in as it was typed.
pub(super) fn typed(pairs: &Pairs) -> Form {
    let has = |field: &str| pairs.iter().any(|(name, _)| name == field);
    let form = SINGLE
        .into_iter()
        .filter(|field| has(field))
        .fold(Form::blank(), |form, field| form.with(field, &value(pairs, field)));
    let ticked = pairs.iter().filter(|(name, _)| name == BOXES);
    ticked.fold(form, |form, (_, permission)| form.with(BOXES, permission))
}

/// What was typed, if it can be read; else the form says what is wrong.
pub(super) fn read(catalogue: &Catalogue, form: &mut Form) -> Option<Wanted> {
    let permissions = permissions(catalogue, form);
    let scope = scope(form);
    let field = |name| form.typed(name).trim().replace("\r\n", "\n"); // as browsers send lines
    let (name, slug, description) = (field("name"), given(field("slug")), field("description"));
    Some(Wanted { name, slug, description, permissions: permissions?, scope: scope? })
}

/// Boxes for everything that is not explicit, resource by resource, ticked as the form has them.
pub(super) fn boxes(known: Vec<KnownPermission>, form: &Form) -> Vec<BoxesOf> {
    let mut by_resource: BTreeMap<String, Vec<PermissionBox>> = BTreeMap::new();
    for entry in known.into_iter().map(|known| known.entry).filter(|entry| !entry.explicit) {
        let name = entry.slug();
        let one = PermissionBox { is_ticked: form.has(BOXES, &name), name, label: entry.label };
        by_resource.entry(entry.resource).or_default().push(one);
    }
    by_resource.into_iter().map(|(resource, boxes)| BoxesOf { resource, boxes }).collect()
}

/// Whether a box stands for it: it is known by its own name, not explicit, and without limits.
fn has_box(catalogue: &Catalogue, permission: &Permission) -> bool {
    let entry = catalogue.entry(permission.action(), permission.resource());
    permission.constraints().is_empty() && entry.is_some_and(|entry| !entry.explicit)
}

/// What is ticked and what is on the lines, each once.
fn permissions(catalogue: &Catalogue, form: &mut Form) -> Option<Vec<Permission>> {
    let ticked: Result<Vec<Permission>, _> = form.all(BOXES).map(str::parse).collect();
    let written = read_lines(catalogue, form.typed("lines"));
    match (ticked, written) {
        (Ok(ticked), Ok(written)) => {
            let mut seen = HashSet::new();
            Some(ticked.into_iter().chain(written).filter(|permission| seen.insert(permission.clone())).collect())
        }
        (Ok(_), Err(why)) => {
            form.note("lines", why);
            None
        }
        (Err(_), _) => {
            form.note(BOXES, Code::PermissionInvalid.message());
            None
        }
    }
}

fn scope(form: &mut Form) -> Option<Scope> {
    let ids: Vec<&str> = form.typed("scope_ids").lines().map(str::trim).filter(|id| !id.is_empty()).collect();
    match form.typed("scope") {
        "nothing" => Some(Scope::default()),
        "all" => Some(Scope::All),
        "ids" if !ids.is_empty() => Scope::of(ids).ok(),
        "ids" => {
            form.note("scope_ids", "Write at least one, or choose that it reaches nothing.");
            None
        }
        _ => {
            form.note("scope", "Choose how far the group reaches.");
            None
        }
    }
}
