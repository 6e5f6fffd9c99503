//! Debian packages: what the tests need beyond Rust, how to tell that it is there, and how to get it.
//! Root installs what is missing; anybody else is told what to install, and the chore fails.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, node, postgres, python, steps};

/// Something that must be on the machine, and the Debian packages that bring it.
pub struct Need {
    name: &'static str,
    packages: &'static [&'static str],
    is_present: fn() -> bool,
}

/// The database server.
pub const POSTGRES: Need =
    Need { name: "PostgreSQL", packages: &["postgresql"], is_present: || postgres::find_binaries().is_some() };

/// The browser and its WebDriver.
pub const CHROMIUM: Need = Need {
    name: "Chromium and its driver",
    packages: &["chromium", "chromium-driver"],
    is_present: || ["/usr/bin/chromium", "/usr/bin/chromedriver"].iter().all(|file| Path::new(file).exists()),
};

/// A proxy that asks before it lets a request pass.
pub const NGINX: Need =
    Need { name: "nginx", packages: &["nginx-light"], is_present: || Path::new("/usr/sbin/nginx").exists() };

/// Another.
pub const CADDY: Need =
    Need { name: "Caddy", packages: &["caddy"], is_present: || Path::new("/usr/bin/caddy").exists() };

/// What Python's environments are made with.
pub const PYTHON: Need =
    Need { name: "Python", packages: &["python3", "python3-venv"], is_present: python::is_present };

/// What runs an OpenID provider.
pub const NODE: Need = Need { name: "Node.js", packages: &["nodejs", "npm"], is_present: node::is_present };

/// Makes sure of every need.
pub fn require(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.is_present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    if !is_root() {
        return Err(format!("missing: {}. Install: apt-get install {}", names(&missing), packages.join(" ")));
    }
    println!("== installing {}", packages.join(" "));
    steps::run(apt_get().arg("update"))?;
    steps::run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(&packages))?;
    match missing.iter().find(|need| !(need.is_present)()) {
        Some(need) => Err(format!("{} is still missing after installing {}", need.name, need.packages.join(" "))),
        None => Ok(()),
    }
}

/// Whether we run as root: the owner of our entry in /proc is our effective user.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

fn apt_get() -> Command {
    let mut apt_get = Command::new("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive");
    apt_get.args(["-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"]);
    apt_get
}

fn names(missing: &[&Need]) -> String {
    missing.iter().map(|need| need.name).collect::<Vec<_>>().join(", ")
}
