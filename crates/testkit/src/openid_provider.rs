//! A real OpenID provider (oidc-provider, run by Node.js), on a free port of this machine: `cargo xtask test` installs it
//! and says where.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::ports::{Process, free_port};

const VARIABLE: &str = "VESTIBULE_TEST_NODE";
const PROGRAM: &str = include_str!("openid_provider.mjs");

/// A provider of one test; it ends when this is dropped.
#[derive(Debug)]
pub struct OpenIdProvider {
    port: u16,
    process: Process,
    _directory: TempDir,
}

impl OpenIdProvider {
    /// What it calls its one client.
    pub const CLIENT_ID: &str = "vestibule";
    /// What its client proves that by.
    pub const CLIENT_SECRET: &str = "a secret of tests";

    /// Starts one, which answers nobody until it knows its client.
    ///
    /// # Panics
    /// When it is not installed.
    pub fn start() -> OpenIdProvider {
        let (packages, port) = (packages(), free_port());
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let program = directory.path().join("provider.mjs");
        std::fs::write(&program, PROGRAM).expect("a file can be written");
        let mut command = Command::new("node");
        command.arg(&program).arg(&packages).arg(port.to_string());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.expect("Node.js is installed: run `cargo xtask test`");
        OpenIdProvider { port, process: Process(child), _directory: directory }
    }

    /// Who it says it is.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Tells it where it may send browsers back to, and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn serve(&mut self, callback: &str) {
        let mut input = self.process.0.stdin.take().expect("it was not told before");
        writeln!(input, "{callback}").expect("it listens");
        let output = self.process.0.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "ready"), "the OpenID provider ended before it was ready");
        std::thread::spawn(move || lines.for_each(drop)); // it goes on writing, and ends where nobody reads
    }
}

/// Where `oidc-provider` is installed.
fn packages() -> PathBuf {
    let packages = std::env::var_os(VARIABLE).filter(|packages| !packages.is_empty());
    let Some(packages) = packages.map(PathBuf::from).filter(|at| at.join("node_modules/oidc-provider").is_dir()) else {
        panic!("{VARIABLE} names no directory with oidc-provider: run `cargo xtask test`, or `cargo xtask postgres`")
    };
    Path::new(&packages).canonicalize().expect("it is there")
}
