//! A real NATS server with JetStream, or a cluster of them: started on a port of its own with a store of its own, killed
//! as a crash would, started again with what it had stored. Tests that start one are
//! `#[ignore = "needs NATS: run cargo xtask test"]`.

use std::fmt::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::ports::{Process, free_port};

const VARIABLE: &str = "VESTIBULE_TEST_NATS";
const PATIENCE: u32 = 1000;

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct NatsServer {
    port: u16,
    config: PathBuf,
    process: Option<Process>,
    _directory: TempDir,
}

impl NatsServer {
    /// Starts a server that writes everything to its disk before it says so, as the documentation has it.
    ///
    /// # Panics
    /// When there is none at `VESTIBULE_TEST_NATS`.
    pub async fn start() -> NatsServer {
        Self::start_with(free_port(), "jetstream { store_dir: \"STORE\", sync_interval: always }").await
    }

    /// The same, with more of its configuration, such as who may come.
    pub async fn start_with_config(more: &str) -> NatsServer {
        Self::start_with(free_port(), &format!("jetstream {{ store_dir: \"STORE\", sync_interval: always }}\n{more}"))
            .await
    }

    /// Starts a server without JetStream.
    pub async fn without_jetstream() -> NatsServer {
        Self::start_with(free_port(), "").await
    }

    /// Starts servers that are one cluster, and waits until they answer.
    pub async fn cluster(size: usize) -> Vec<NatsServer> {
        Self::cluster_with_config(size, "").await
    }

    /// The same, with more of the configuration of each.
    pub async fn cluster_with_config(size: usize, more: &str) -> Vec<NatsServer> {
        let ports: Vec<(u16, u16)> = (0..size).map(|_| (free_port(), free_port())).collect();
        let mut routes = String::new();
        for (_, route) in &ports {
            write!(routes, "\"nats://127.0.0.1:{route}\", ").expect("a text takes text");
        }
        let mut servers = Vec::new();
        for (i, (port, route)) in ports.iter().enumerate() {
            let rest = format!(
                "server_name: node{i}\njetstream {{ store_dir: \"STORE\", sync_interval: always }}
                 cluster {{ name: test, listen: \"127.0.0.1:{route}\", routes: [ {routes} ] }}\n{more}"
            );
            servers.push(Self::prepare(*port, &rest));
        }
        for server in &mut servers {
            server.run();
        }
        for server in &servers {
            server.wait().await;
        }
        servers
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it is, for somebody whose user and password, or token, stand before.
    pub fn url_for(&self, login: &str) -> String {
        format!("nats://{login}@{}", self.address())
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it as its host would, in good order.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    /// Starts it again, with what it had stored.
    pub async fn restart(&mut self) {
        self.kill();
        self.run();
        self.wait().await;
    }

    async fn start_with(port: u16, rest: &str) -> NatsServer {
        let mut server = Self::prepare(port, rest);
        server.run();
        server.wait().await;
        server
    }

    fn prepare(port: u16, rest: &str) -> NatsServer {
        let directory = tempfile::Builder::new().prefix("vestibule-nats-").tempdir().expect("a directory can be made");
        let rest = rest.replace("STORE", &directory.path().join("store").display().to_string());
        let log = directory.path().join("log");
        let config = directory.path().join("nats.conf");
        let text = format!("listen: \"127.0.0.1:{port}\"\nlog_file: \"{}\"\n{rest}\n", log.display());
        std::fs::write(&config, text).expect("a file can be written");
        NatsServer { port, config, process: None, _directory: directory }
    }

    fn run(&mut self) {
        let mut command = Command::new(binary());
        command.arg("-c").arg(&self.config).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(Process(command.spawn().expect("nats-server starts")));
    }

    async fn wait(&self) {
        for _ in 0..PATIENCE {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nats-server does not answer: see the log beside {}", self.config.display());
    }
}

fn binary() -> PathBuf {
    let Some(binary) = std::env::var_os(VARIABLE).filter(|binary| !binary.is_empty()) else {
        panic!("{VARIABLE} is not set: run `cargo xtask test`, or `cargo xtask postgres` in another terminal")
    };
    assert!(Path::new(&binary).is_file(), "there is no nats-server at {}", Path::new(&binary).display());
    binary.into()
}
