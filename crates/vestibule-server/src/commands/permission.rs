//! How commands print permissions and scopes for people: on one line, with what limits them. For programs they have the
//! shape that the API gives them, which is the engine's own.

use vestibule::{EffectivePermissions, Limit, Permission, Scope};

use crate::output;

/// A permission with its constraints.
pub fn text(permission: &Permission) -> String {
    let limits: Vec<String> = permission.constraints().iter().map(|(name, limit)| limited(name, limit)).collect();
    if limits.is_empty() { permission.to_string() } else { format!("{permission} ({})", limits.join("; ")) }
}

/// How far a scope reaches.
pub fn scope(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Ids(ids) if ids.is_empty() => "none".to_owned(),
        Scope::Ids(ids) => ids.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Prints what an account may do, for people.
pub fn print_effective(effective: &EffectivePermissions) -> anyhow::Result<()> {
    if effective.permissions.is_empty() {
        output::line("No permissions.")?;
    } else {
        let rows = effective
            .permissions
            .iter()
            .map(|held| [text(&held.permission), output::cell(held.group.as_ref()), held.via.to_string()]);
        output::table(["PERMISSION", "GROUP", "VIA"], rows)?;
    }
    output::line(format!("Scope: {}", output::printable(&scope(&effective.scope))))
}

fn limited(name: &str, limit: &Limit) -> String {
    match limit {
        Limit::OneOf(values) if values.is_empty() => format!("{name}: none"),
        Limit::OneOf(values) => format!("{name}: {}", values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Limit::AtMost(most) => format!("{name}: {most}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_limits_a_permission_stands_beside_it() {
        let read = |json: &str| text(&serde_json::from_str::<Permission>(json).unwrap());
        assert_eq!(read(r#"{"action":"buy","resource":"*"}"#), "buy:*");
        let limited =
            r#"{"action":"buy","resource":"plans","constraints":{"max_amount":500,"regions":["b","a"],"x":[]}}"#;
        assert_eq!(read(limited), "buy:plans (max_amount: 500; regions: a, b; x: none)");
    }

    #[test]
    fn a_scope_is_all_or_what_it_names() {
        assert_eq!(scope(&Scope::All), "all");
        assert_eq!(scope(&Scope::default()), "none");
        assert_eq!(scope(&Scope::of(["b", "a"]).unwrap()), "a, b");
    }
}
