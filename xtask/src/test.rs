//! The gate: formatting, lints, documentation, licences, then every test, with real servers and a real browser.
//! The tests come last, so that their results are the last thing on the screen.

use std::process::Command;

use crate::packages::{self, CADDY, CHROMIUM, NGINX, NODE, POSTGRES, PYTHON};
use crate::postgres::{self, Postgres};
use crate::steps::Steps;
use crate::{Outcome, cargo, node, python};

/// Makes everything ready and runs everything.
pub fn run() -> Outcome {
    packages::require(&[POSTGRES, CHROMIUM, NGINX, CADDY, PYTHON, NODE])?;
    let (python, node) = (python::prepare()?, node::prepare()?);
    let server = Postgres::start()?;
    let mut steps = Steps::default();
    steps.run("format", cargo().args(["fmt", "--all", "--check"]));
    steps.run("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    steps.run("documentation", cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"));
    if has_cargo_deny() {
        steps.run("licences", cargo().args(["deny", "check", "licenses", "bans", "sources"]));
    } else {
        println!("== licences: not checked, because cargo-deny is not installed");
    }
    steps.run(
        "tests",
        cargo()
            .args(["test", "--workspace", "--no-fail-fast", "--", "--include-ignored"])
            .env(postgres::VARIABLE, server.url())
            .env(python::NATS, python::nats_server(&python))
            .env(python::VARIABLE, python)
            .env(node::VARIABLE, node),
    );
    drop(server);
    steps.finish()
}

fn has_cargo_deny() -> bool {
    Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success())
}
