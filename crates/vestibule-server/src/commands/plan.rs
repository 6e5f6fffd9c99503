//! What a policy would change, for people: a line for each thing that comes (+), goes (-) or becomes another (~), and
//! under each account what it gains and loses. Explicit permissions are marked: no wildcard gives them.

use vestibule::{Effect, Permission, Policy, PolicyPlan, Scope};

use super::permission;
use crate::output::printable;

/// A plan, as lines.
pub fn text(plan: &PolicyPlan, policy: &Policy) -> String {
    if plan.is_empty() {
        return "Nothing would change.".to_owned();
    }
    let mut lines = Vec::new();
    section(&mut lines, "Permissions", permissions(plan));
    section(&mut lines, "Groups", groups(plan, policy));
    if let Some(group) = &plan.default_group {
        lines.push(format!("Whoever signs up joins {group}"));
    }
    section(&mut lines, "Accounts", plan.accounts.iter().flat_map(|effect| account(effect, policy)).collect());
    lines.push(match plan.accounts.len() {
        0 => "No account gains or loses anything.".to_owned(),
        1 => "1 account gains or loses something.".to_owned(),
        count => format!("{count} accounts gain or lose something."),
    });
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, title: &str, of: Vec<String>) {
    if !of.is_empty() {
        lines.push(title.to_owned());
        lines.extend(of.into_iter().map(|line| format!("  {line}")));
    }
}

fn permissions(plan: &PolicyPlan) -> Vec<String> {
    let marked = |mark: char| move |name: &String| format!("{mark} {name}");
    let added = plan.permissions_added.iter().map(marked('+'));
    let removed = plan.permissions_removed.iter().map(marked('-'));
    added.chain(removed).chain(plan.permissions_changed.iter().map(marked('~'))).collect()
}

fn groups(plan: &PolicyPlan, policy: &Policy) -> Vec<String> {
    let mut lines: Vec<String> = plan.groups_added.iter().map(|slug| format!("+ {slug}")).collect();
    lines.extend(plan.groups_removed.iter().map(|group| format!("- {} (members: {})", group.slug, group.member_count)));
    for group in &plan.groups_changed {
        let other = if group.other.is_empty() { String::new() } else { format!(": {}", group.other.join(", ")) };
        lines.push(format!("~ {}{other}", group.slug));
        lines.extend(difference(&group.gains, &group.loses, policy));
    }
    lines
}

fn account(effect: &Effect, policy: &Policy) -> Vec<String> {
    let mut lines = vec![printable(&effect.label)];
    lines.extend(difference(&effect.gains, &effect.loses, policy));
    let Effect { scope_before, scope_after, .. } = effect;
    if scope_before != scope_after {
        let shown = |scope: &Scope| printable(&permission::scope(scope));
        lines.push(format!("  ~ scope: {}, was {}", shown(scope_after), shown(scope_before)));
    }
    lines
}

fn difference(gains: &[Permission], loses: &[Permission], policy: &Policy) -> Vec<String> {
    let shown = |mark: char| {
        move |held: &Permission| {
            let explicit = if policy.catalogue().is_explicit(held) { " (explicit)" } else { "" };
            format!("  {mark} {}{explicit}", printable(&permission::text(held)))
        }
    };
    gains.iter().map(shown('+')).chain(loses.iter().map(shown('-'))).collect()
}
