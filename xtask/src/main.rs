//! Chores of the workspace, as `cargo xtask CHORE`: make ready what a chore needs, run it, leave nothing behind.
//! `test` is the gate that every change must pass; a server or browser that it cannot find is a failure, never a skip.
//! (Licences are checked too, on machines that have cargo-deny.)

mod node;
mod packages;
mod postgres;
mod python;
mod steps;
mod test;

use std::path::Path;
use std::process::{Command, ExitCode};

use packages::{NODE, POSTGRES, PYTHON};
use postgres::Postgres;

/// What a chore comes to: the sentence says what went wrong and what to do about it.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask CHORE

  test              check formatting, lints, documentation and licences, then run every test on both databases
  postgres          start a throw-away PostgreSQL and keep it until Ctrl-C; make what tests install ready
  bench [ARGS]...   run the benchmarks against SQLite, a throw-away PostgreSQL and NATS
  help              this list

Where PostgreSQL, Chromium, nginx, Caddy, Python or Node.js is missing, root installs the Debian packages; anybody else is told
their names. Some packages come from PyPI, into target/test-python,
and from npm, into target/test-node.";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let chore = args.next();
    let outcome = match chore.as_deref() {
        Some("test") => test::run(),
        Some("postgres") => keep_postgres(),
        Some("bench") => bench(&args.collect::<Vec<_>>()),
        Some("help" | "--help" | "-h") => {
            println!("{HELP}");
            Ok(())
        }
        Some(unknown) => Err(format!("there is no chore `{unknown}`\n\n{HELP}")),
        None => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn keep_postgres() -> Outcome {
    packages::require(&[POSTGRES, PYTHON, NODE])?;
    let (python, node) = (python::prepare()?, node::prepare()?);
    let server = Postgres::start()?;
    println!("{url}\n\nexport {name}={url}", name = postgres::VARIABLE, url = server.url());
    println!("export {}={}", python::VARIABLE, python.display());
    println!("export {}={}", node::VARIABLE, node.display());
    println!("export {}={}", python::NATS, python::nats_server(&python).display());
    println!("cargo test --workspace -- --include-ignored\n\nCtrl-C stops the server and removes it.");
    loop {
        std::thread::park();
    }
}

fn bench(args: &[String]) -> Outcome {
    packages::require(&[POSTGRES, PYTHON])?;
    let nats = python::nats_server(&python::prepare()?);
    let server = Postgres::start()?;
    let mut cargo = cargo();
    cargo.args(["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"]).args(args);
    steps::run(cargo.env(postgres::VARIABLE, server.url()).env(python::NATS, nats))
}

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// The cargo that runs us, at the root of the workspace, without what it tells us about our own crate: build scripts
/// that look at such variables would run again, and everything above them be compiled twice.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ours = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| ours.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(root());
    cargo
}
