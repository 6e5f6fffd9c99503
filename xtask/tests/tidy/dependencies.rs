//! Dependencies: few, and pointing one way.

use crate::sources::{assert_none, of_crate, read};

/// What a crate must do without, and why.
const FORBIDDEN: [(&str, &[&str], &str); 3] = [
    (
        "vestibule",
        &["axum", "axum-extra", "hyper", "tower-http", "clap", "async-nats", "vestibule-web", "vestibule-server"],
        "the engine knows no transport, no command line and no bus",
    ),
    (
        "vestibule-web",
        &["sqlx", "clap", "async-nats", "vestibule-server"],
        "pages and JSON call verbs, never the database",
    ),
    ("vestibule-server", &["sqlx"], "the binary wires things together and asks the engine"),
];

#[test]
fn the_workspace_depends_on_fewer_than_75_crates() {
    let direct = section(&read("Cargo.toml"), "[workspace.dependencies]");
    let direct: Vec<&String> =
        direct.iter().filter(|name| !["vestibule", "vestibule-web", "testkit"].contains(&name.as_str())).collect();
    assert!(direct.len() > 10, "the list of dependencies was not found");
    assert!(direct.len() < 75, "{} direct dependencies", direct.len());
}

#[test]
fn dependencies_point_one_way() {
    let mut offences = Vec::new();
    for (name, forbidden, why) in FORBIDDEN {
        let manifest = read(&format!("crates/{name}/Cargo.toml"));
        let depends = section(&manifest, "[dependencies]");
        assert!(!depends.is_empty(), "{name} has no [dependencies]");
        offences.extend(
            forbidden.iter().filter(|f| depends.iter().any(|d| d == *f)).map(|f| format!("{name} -> {f}: {why}")),
        );
        if depends.iter().any(|d| d == "testkit") {
            offences.push(format!("{name} -> testkit: only as a dev-dependency"));
        }
    }
    assert_none("dependencies that point the wrong way", &offences);
}

#[test]
fn the_web_crate_does_not_name_the_database() {
    let mut offences = Vec::new();
    for source in of_crate("vestibule-web") {
        for (line, number) in source.rust().code.lines().zip(1..) {
            if line.contains("sqlx") {
                offences.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_none("`sqlx` in vestibule-web", &offences);
}

/// The names on the left of a section of a manifest.
fn section(manifest: &str, heading: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != heading).skip(1);
    let entries = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains('='));
    entries
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| line.split(['=', '.']).next().unwrap_or_default().trim().to_owned())
        .collect()
}
