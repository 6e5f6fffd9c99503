//! Permissions as pages show them, in words, and as people write them, on a line: `view:*`, or
//! `buy:plans {"regions": ["eu"], "max_amount": 500}`. What a line of ours says is read back as the same permission.

use std::collections::BTreeSet;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::error::Category;
use vestibule::{Catalogue, Constraints, Limit, Permission, Scope};

/// The most ids of a scope that are listed.
const MAX_IDS: usize = 100;

/// A permission in words.
#[derive(Template)]
#[template(path = "parts/permission.html")]
pub(crate) struct InWords {
    /// Its label; none: it has none, or its name says as much.
    label: Option<String>,
    name: String,
    limits: Vec<String>,
    /// Whether it matches nothing, as nothing like it is in the catalogue.
    is_unknown: bool,
    is_explicit: bool,
}

impl HtmlSafe for InWords {}

impl InWords {
    /// What a permission means by this catalogue.
    pub(super) fn of(catalogue: &Catalogue, permission: &Permission) -> InWords {
        let name = permission.to_string();
        let entry = catalogue.entry(permission.action(), permission.resource());
        let label = match (permission.is_admin(), permission.is_wildcard()) {
            (true, _) => Some("Everything that is not explicit".to_owned()),
            (false, true) => Some(format!("To {} everything, where that is not explicit", permission.action())),
            (false, false) => entry.map(|entry| entry.label.clone()).filter(|label| *label != name),
        };
        InWords {
            label,
            limits: permission.constraints().iter().map(|(dimension, limit)| in_words(dimension, limit)).collect(),
            is_unknown: !catalogue.knows(permission),
            is_explicit: catalogue.is_explicit(permission),
            name,
        }
    }

    /// Each of these.
    pub(super) fn all<'a>(
        catalogue: &Catalogue,
        permissions: impl IntoIterator<Item = &'a Permission>,
    ) -> Vec<InWords> {
        permissions.into_iter().map(|permission| InWords::of(catalogue, permission)).collect()
    }
}

fn in_words(dimension: &str, limit: &Limit) -> String {
    match limit {
        Limit::AtMost(most) => format!("{} at most {most}", dimension.strip_prefix("max_").unwrap_or(dimension)),
        Limit::OneOf(values) if values.is_empty() => format!("{dimension}: none, so never"),
        Limit::OneOf(values) => format!("{dimension}: {}", listed(values)),
    }
}

/// How far a scope reaches, in words.
pub(super) fn reach(scope: &Scope) -> String {
    match scope {
        Scope::All => "everything".to_owned(),
        Scope::Ids(ids) if ids.is_empty() => "nothing".to_owned(),
        Scope::Ids(ids) => listed(ids),
    }
}

/// How far the one scope reaches beyond the other, in words; none: no further.
pub(super) fn reach_beyond(scope: &Scope, other: &Scope) -> Option<String> {
    match (scope, other) {
        (Scope::All, Scope::All) => None,
        (Scope::All, Scope::Ids(ids)) if ids.is_empty() => Some("everything".to_owned()),
        (Scope::All, Scope::Ids(_)) => Some("everything else".to_owned()),
        (Scope::Ids(_), Scope::All) => None,
        (Scope::Ids(ids), Scope::Ids(others)) => {
            let beyond: BTreeSet<String> = ids.difference(others).cloned().collect();
            (!beyond.is_empty()).then(|| listed(&beyond))
        }
    }
}

fn listed(words: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = words.iter().take(MAX_IDS).map(String::as_str).collect();
    match words.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A permission on a line.
pub(super) fn line(permission: &Permission) -> String {
    if permission.constraints().is_empty() {
        return permission.to_string();
    }
    let limits = serde_json::to_string(permission.constraints()).expect("limits are lists and numbers");
    format!("{permission} {limits}")
}

/// Reads a permission from a line, or says what is wrong with it.
pub(super) fn read_line(text: &str) -> Result<Permission, String> {
    let (name, limits) = text.split_at(text.find('{').unwrap_or(text.len()));
    let permission: Permission = name.trim().parse().map_err(sentence)?;
    if limits.is_empty() {
        return Ok(permission);
    }
    let limits: Constraints = serde_json::from_str(limits).map_err(|why| not_limits(&why))?;
    Permission::new(permission.action(), permission.resource(), limits).map_err(sentence)
}

/// Reads a permission that this catalogue knows from a line.
pub(super) fn read_known(catalogue: &Catalogue, text: &str) -> Result<Permission, String> {
    let permission = read_line(text)?;
    match catalogue.knows(&permission) {
        true => Ok(permission),
        false => Err(format!("There is no permission {permission} in the catalogue.")),
    }
}

/// Reads permissions that this catalogue knows, one a line, with blank lines between; or says what is wrong with which
/// line.
pub(super) fn read_lines(catalogue: &Catalogue, text: &str) -> Result<Vec<Permission>, String> {
    let (mut permissions, mut mistakes) = (Vec::new(), Vec::new());
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        match read_known(catalogue, line) {
            Ok(permission) => permissions.push(permission),
            Err(why) => mistakes.push(format!("Line {number}: {why}")),
        }
    }
    if mistakes.is_empty() { Ok(permissions) } else { Err(mistakes.join(" ")) }
}

/// What is wrong with limits, for who wrote them on one line and knows no parser.
fn not_limits(why: &serde_json::Error) -> String {
    let text = why.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    match why.classify() {
        Category::Eof => "The limits are cut off: a bracket or a quote is missing at their end.".to_owned(),
        Category::Data => format!("The limits cannot be used: {what}."),
        Category::Syntax | Category::Io => {
            format!("The limits cannot be read: {what}, at their character {}.", why.column())
        }
    }
}

/// An error of the engine's as a sentence.
pub(super) fn sentence(why: impl ToString) -> String {
    let text = why.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use vestibule::Policy;

    use super::*;

    fn words(text: &str) -> String {
        let html = InWords::of(Policy::built_in().catalogue(), &read_line(text).unwrap()).render().unwrap();
        html.split(['<', '>']).step_by(2).collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_line_is_read_back_as_it_was_written() {
        for text in ["view:users", "view:*", r#"buy:plans {"max_amount":500,"regions":["eu-1","{"]}"#] {
            assert_eq!(line(&read_line(text).unwrap()), text);
        }
        assert_eq!(line(&read_line(" buy : plans{ \"regions\" : [ ] } ").unwrap()), r#"buy:plans {"regions":[]}"#);
        assert_eq!(line(&read_line("view:users {}").unwrap()), "view:users");
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_blank_ones_count() {
        let built_in = Policy::built_in();
        let read = |text: &str| read_lines(built_in.catalogue(), text);
        let wrong = |text: &str| read(text).unwrap_err();
        assert_eq!(read("\n view:users \r\n\nview:*\n").unwrap().len(), 2);
        assert_eq!(wrong("view:users\nfly:*"), "Line 2: There is no permission fly:* in the catalogue.");
        assert_eq!(wrong("view:users\n\nview"), "Line 3: \"view\" is not of the form action:resource.");
        assert_eq!(
            wrong("View:users\nbuy:plans {\"regions\": [}\nbuy:plans {\"regions\": 5}"),
            "Line 1: Action \"View\" is not 1 to 64 of a-z, 0-9, '.', '_' and '-'. \
             Line 2: The limits cannot be read: expected value, at their character 14. \
             Line 3: The limits cannot be used: constraint \"regions\": a list of strings is expected."
        );
        assert!(wrong("view:users users").starts_with("Line 1: Resource \"users users\" is neither"));
        assert!(wrong("view:users {} {}").contains("trailing characters"));
        assert!(wrong("view:users {\"regions\": [\"eu\"").starts_with("Line 1: The limits are cut off"));
    }

    #[test]
    fn a_permission_is_said_in_words() {
        assert_eq!(words("view:users"), "View users view:users");
        assert_eq!(words("admin:*"), "Everything that is not explicit admin:*");
        assert_eq!(words("view:*"), "To view everything, where that is not explicit view:*");
        let limited = words(r#"view:users {"regions": ["eu", "us"], "max_amount": 500, "accounts": []}"#);
        assert_eq!(limited, "View users view:users only accounts: none, so never; amount at most 500; regions: eu, us");
        assert_eq!(words("fly:planes"), "fly:planes not in the catalogue");
    }

    #[test]
    fn a_scope_is_said_in_words() {
        let of = |ids: &[&str]| Scope::of(ids).unwrap();
        assert_eq!([reach(&Scope::All), reach(&of(&[])), reach(&of(&["b", "a"]))], ["everything", "nothing", "a, b"]);
        let many: Vec<String> = (0..103).map(|n| format!("{n:03}")).collect();
        assert!(reach(&Scope::of(&many).unwrap()).ends_with("098, 099 and 3 more"));
        let beyond = |scope: &Scope, other: &Scope| reach_beyond(scope, other).unwrap_or_default();
        assert_eq!(beyond(&of(&["a", "b"]), &of(&["b", "c"])), "a");
        assert_eq!(beyond(&Scope::All, &of(&["a"])), "everything else");
        assert_eq!(beyond(&Scope::All, &of(&[])), "everything");
        assert_eq!([beyond(&of(&["a"]), &Scope::All), beyond(&Scope::All, &Scope::All)], ["", ""]);
    }
}
