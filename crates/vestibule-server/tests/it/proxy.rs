//! Proxies of other people's making, as Debian has them, on a port of the test and in a directory of its own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;
use vestibule::Clock;

const NGINX: &str = "/usr/sbin/nginx";
const CADDY: &str = "/usr/bin/caddy";
const PATIENCE: Duration = Duration::from_secs(20);

/// A running proxy; dropping it kills it.
pub struct Proxy {
    pub port: u16,
    child: Child,
    directory: TempDir,
}

/// A port that nobody listened on a moment ago.
pub fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    socket.expect("loopback has a free port").port()
}

impl Proxy {
    /// nginx with a snippet in its one server block, and the upstreams that the snippet speaks of.
    pub async fn nginx(port: u16, snippet: &str, upstreams: [(&str, &str); 2]) -> Proxy {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|of| format!("    {of}_temp_path {path}/{of};\n"))
            .concat();
        let upstreams = upstreams.map(|(name, at)| format!("    upstream {name} {{ server {at}; }}\n")).concat();
        // One process: the worker of a master that is root would be nobody, and have no way into the directory.
        let text = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{temporary}\
             {upstreams}    access_log off;\n    server {{\n        listen 127.0.0.1:{port};\n        \
             client_max_body_size 1m;\n        include {path}/snippet.conf;\n    }}\n}}\n"
        );
        std::fs::write(directory.path().join("snippet.conf"), snippet).expect("it is writable");
        std::fs::write(directory.path().join("nginx.conf"), text).expect("it is writable");
        let mut command = Command::new(NGINX);
        command.arg("-p").arg(directory.path()).arg("-e").arg("stderr").arg("-c");
        command.arg(directory.path().join("nginx.conf"));
        Proxy::start(command, port, directory).await
    }

    /// Caddy with this file.
    pub async fn caddy(port: u16, text: &str) -> Proxy {
        let directory = TempDir::new().expect("a temporary directory");
        let text = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{text}");
        std::fs::write(directory.path().join("Caddyfile"), text).expect("it is writable");
        let mut command = Command::new(CADDY);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(directory.path().join("Caddyfile"));
        command.env("HOME", directory.path()).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
        Proxy::start(command, port, directory).await
    }

    async fn start(mut command: Command, port: u16, directory: TempDir) -> Proxy {
        let program = command.get_program().to_owned();
        assert!(Path::new(&program).exists(), "{} is missing: `cargo xtask test` installs it", program.display());
        let log = std::fs::File::create(directory.path().join("log")).expect("it is writable");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("the proxy starts");
        let mut proxy = Proxy { port, child, directory };
        let begun = Clock::system();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = proxy.child.try_wait().expect("it is our child");
            assert!(ended.is_none() && begun.monotonic() < PATIENCE, "{ended:?} {}", proxy.log());
            sleep(Duration::from_millis(20)).await;
        }
        proxy
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the proxy said:\n{}", self.log());
        }
    }
}
