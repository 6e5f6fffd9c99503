//! A machine with the binary on it: an empty directory, an environment, and commands that run there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{SmtpSink, TestDb};

/// A password that every rule accepts.
pub const PASSWORD: &str = "harbour-moss-71-Kettle";
/// The master secret of a machine whose database is a test's.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The worked example of a policy, by its path.
pub fn cloud_costs() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/cloud-costs.toml").to_owned()
}

/// A directory and an environment in which the binary runs.
pub struct Host {
    dir: TempDir,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Host {
    /// An empty machine; hashing is cheap on it.
    pub fn new() -> Host {
        let host = Host { dir: TempDir::new().expect("a temporary directory"), environment: Vec::new() };
        host.with("VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB", "64").with("VESTIBULE_PASSWORD_ARGON2_ITERATIONS", "1")
    }

    /// A machine whose database is this one, with a secret that was said.
    pub fn on(db: &TestDb) -> Host {
        Host::new().with("VESTIBULE_DATABASE_URL", &db.url).with("VESTIBULE_SECRET", SECRET)
    }

    /// The same with an administrator, `root`.
    pub fn administered(self) -> Host {
        self.fed(&["admin", "create", "--username", "root", "--stdin"], PASSWORD).ok();
        self
    }

    /// The same with one more variable.
    pub fn with(mut self, variable: &str, value: &str) -> Host {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// The same with this mail server.
    pub fn mailing(self, sink: &SmtpSink) -> Host {
        self.with("VESTIBULE_SMTP_URL", sink.url().expose_secret())
    }

    /// A file of this machine.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the directory is writable");
        path
    }

    /// The names of all files.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).expect("the directory is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
        names.sort();
        names
    }

    /// A command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(args).env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().expect("the binary was built").into()
    }

    /// Runs a command with a line on its standard input.
    pub fn fed(&self, args: &[&str], line: &str) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        // It may have ended without reading: then its exit code tells.
        let _ = writeln!(child.stdin.take().expect("stdin is piped"), "{line}");
        child.wait_with_output().expect("it ends").into()
    }

    /// Runs a command that prints JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(args).json()
    }
}

impl Ran {
    /// Its output; it must have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// Its output as JSON; it must have succeeded.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// What it said when it failed; it must have failed with this code.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ran { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Whether anybody but its owner may read a file.
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("the file is there").permissions().mode() & 0o077 == 0
}
