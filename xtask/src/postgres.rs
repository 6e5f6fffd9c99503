//! A throw-away PostgreSQL: a fresh cluster in a fresh directory on a free loopback port, in a hurry and without a net.
//! It never outlives us. A watchdog process holds the other end of a pipe from us; when the pipe closes, because the
//! guard was dropped, by Ctrl-C or by `kill -9`, the watchdog stops the server and removes the directory.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::packages::is_root;
use crate::{Outcome, steps};

/// Where the tests look for the server's URL.
pub const VARIABLE: &str = "VESTIBULE_TEST_POSTGRES";

/// Loopback only, and nothing written for keeps.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off";

/// Waits for the pipe to close, whatever comes through it, then stops the server and removes what it left.
const WATCHDOG: &str = r#"cat >/dev/null
"$@" -m immediate stop >/dev/null 2>&1
rm -rf "$0""#;

/// A running server; dropping it ends it.
pub struct Postgres {
    port: u16,
    watchdog: Child,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub fn start() -> Outcome<Postgres> {
        let binaries = find_binaries().ok_or("there is no /usr/lib/postgresql/*/bin/initdb")?;
        let port = free_port()?;
        // Under /tmp because both the server's user must get there and the path of its socket must be short.
        let directory = PathBuf::from(format!("/tmp/vestibule-postgres-{}-{port}", std::process::id()));
        let data = directory.join("data");
        steps::quietly(as_server("mkdir").args(["-m", "700"]).arg(&directory))?;
        let server = Postgres { port, watchdog: watch(&binaries, &directory)? };
        let initdb = binaries.join("initdb");
        steps::quietly(
            as_server(&initdb)
                .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
                .arg("--pgdata")
                .arg(&data),
        )?;
        let socket = directory.display();
        let connections = max_connections();
        let options =
            format!("-p {port} -c unix_socket_directories={socket} -c max_connections={connections} {SETTINGS}");
        steps::quietly(
            as_server(binaries.join("pg_ctl"))
                .args(["--wait", "--timeout=60", "--options", &options, "--log"])
                .arg(directory.join("log"))
                .arg("--pgdata")
                .arg(&data)
                .arg("start"),
        )?;
        Ok(server)
    }

    /// Where it is, for `VESTIBULE_TEST_POSTGRES`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        if let Err(why) = self.watchdog.wait() {
            eprintln!("the throw-away PostgreSQL on port {} may still be running: {why}", self.port);
        }
    }
}

/// The newest version's folder of binaries.
pub fn find_binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let complete = versions.filter(|path| path.join("bin/initdb").exists() && path.join("bin/pg_ctl").exists());
    complete.max_by_key(|path| number(path)).map(|path| path.join("bin"))
}

/// In a process group of its own, so that a terminal's Ctrl-C reaches us and not the one that cleans up after us.
fn watch(binaries: &Path, directory: &Path) -> Outcome<Child> {
    let pg_ctl = as_server(binaries.join("pg_ctl"));
    Command::new("sh")
        .args(["-c", WATCHDOG])
        .arg(directory)
        .arg(pg_ctl.get_program())
        .args(pg_ctl.get_args())
        .arg("--pgdata")
        .arg(directory.join("data"))
        .current_dir("/")
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|why| format!("cannot start sh: {why}"))
}

/// A command as the user that may run the server: it refuses root.
fn as_server(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command;
    if is_root() {
        command = Command::new("runuser");
        command.args(["--user", "postgres", "--"]).arg(program);
    } else {
        command = Command::new(program);
    }
    command.current_dir("/");
    command
}

/// As many tests run at once as there are cores, and each may open two nodes' pools.
fn max_connections() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (50 * cores).max(200)
}

fn free_port() -> Outcome<u16> {
    let socket = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    socket.map(|address| address.port()).map_err(|why| format!("no free loopback port: {why}"))
}
