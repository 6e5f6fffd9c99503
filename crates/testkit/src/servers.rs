//! The built `vestibule` binary as a process of its own: started on a free port, killed as a crash would, started again.
//! Everything that it prints is kept, line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::ports::{Process, free_port};

const PATIENCE: Duration = Duration::from_secs(30);
/// As long as an operator is told to wait for a stop.
const STOP_PATIENCE: Duration = Duration::from_secs(40);

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    port: u16,
    process: Process,
    lines: Lines,
    directory: TempDir,
}

type Lines = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Starts `binary serve` on a free port with these settings and no others, and waits until it is ready.
    /// The caller knows the binary: `env!("CARGO_BIN_EXE_vestibule")`.
    pub async fn start(binary: &str, environment: &[(&str, &str)]) -> Server {
        let port = free_port();
        let mut settings = vec![
            ("VESTIBULE_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
            ("VESTIBULE_PUBLIC_URL".to_owned(), format!("http://localhost:{port}")),
        ];
        settings.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let lines = Lines::default();
        let process = spawn(Path::new(binary), &settings, directory.path(), &lines);
        let mut server = Server { binary: binary.into(), environment: settings, port, process, lines, directory };
        server.wait_until_ready().await;
        server
    }

    /// Where it is, as a browser would say it.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Everything it has printed so far, on both streams, from before a restart too.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it as a crash would, by SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop, by SIGTERM, and waits until it has; its exit code.
    ///
    /// # Panics
    /// When it takes longer than an operator is told to wait.
    pub async fn stop(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "it cannot be asked to stop");
        let ended = async {
            loop {
                if let Some(status) = self.process.0.try_wait().expect("it is our child") {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ended = tokio::time::timeout(STOP_PATIENCE, ended).await;
        ended.unwrap_or_else(|_| panic!("it has not stopped after {STOP_PATIENCE:?}:\n{}", self.lines().join("\n")))
    }

    /// Starts it again where it was, killing it first if it runs.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.binary, &self.environment, self.directory.path(), &self.lines);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let ready = format!("{}/readyz", self.url());
        let wait = async {
            crate::tls::install();
            while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
                if let Ok(Some(status)) = self.process.0.try_wait() {
                    panic!("the server ended with {status}:\n{}", self.lines().join("\n"));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        assert!(outcome.is_ok(), "the server was not ready after {PATIENCE:?}:\n{}", self.lines().join("\n"));
    }
}

fn spawn(binary: &Path, environment: &[(String, String)], directory: &Path, lines: &Lines) -> Process {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("VESTIBULE_")) {
        command.env_remove(name);
    }
    command.arg("serve").envs(environment.iter().map(|(name, value)| (name, value))).current_dir(directory);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary was built");
    keep(child.stdout.take().expect("stdout is piped"), lines);
    keep(child.stderr.take().expect("stderr is piped"), lines);
    Process(child)
}

/// Reads a stream to its end, so that the process never waits for a reader.
fn keep(stream: impl Read + Send + 'static, lines: &Lines) {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
