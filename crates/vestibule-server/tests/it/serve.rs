//! `serve`: what it says at start, that it answers, and how it stops.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use testkit::{TestDb, db_test};
use vestibule::Clock;

use crate::host::{Host, PASSWORD};

const PATIENCE: Duration = Duration::from_secs(20);
/// What is said at start where mail is kept.
const KEPT: &str = "Mail is kept and not sent, as smtp_url is not set; read it at http://localhost:8080/dev/outbox";

/// A server that ends with its test.
struct Running {
    child: Child,
    address: SocketAddr,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    /// Starts it on any free port, which its first line tells.
    fn start(host: &Host) -> Running {
        Running::spawn(host.command(&["serve"]))
    }

    fn spawn(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary was built");
        let (stdout, stderr) = (
            lines(child.stdout.take().expect("stdout is piped")),
            lines(child.stderr.take().expect("stderr is piped")),
        );
        let Ok(first) = stdout.recv_timeout(PATIENCE) else { panic!("{:?}", stderr.iter().collect::<Vec<_>>()) };
        let address = first.strip_prefix("Vestibule is listening on ").and_then(|rest| rest.split(';').next());
        Running {
            child,
            address: address.and_then(|address| address.parse().ok()).expect("the first line tells the address"),
            stdout,
            stderr,
        }
    }

    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.child.id().to_string()])
                .status()
                .is_ok_and(|status| status.success())
        );
    }

    /// Its exit code and what it printed after its first line, on standard output and on standard error.
    fn ended(mut self) -> (Option<i32>, String, String) {
        let begun = Clock::system();
        while self.child.try_wait().expect("it is our child").is_none() {
            assert!(begun.monotonic() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let rest = |lines: &Receiver<String>| lines.iter().collect::<Vec<_>>().join("\n");
        (self.child.wait().expect("it is our child").code(), rest(&self.stdout), rest(&self.stderr))
    }

    /// Asks until the background tasks have done their first round.
    fn is_ready(&self, path: &str) -> bool {
        let begun = Clock::system();
        while begun.monotonic() < PATIENCE {
            if self.get(path).starts_with("HTTP/1.1 200 ") {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

fn host() -> Host {
    Host::new().with("VESTIBULE_LISTEN", "127.0.0.1:0")
}

#[test]
fn the_first_start_prints_a_setup_token_to_the_terminal_alone() {
    let host = host().with("VESTIBULE_PUBLIC_URL", "https://id.example.com/").with("VESTIBULE_LOG_FILTER", "trace");
    let server = Running::start(&host);
    assert!(server.is_ready("/readyz"));
    server.signal("-TERM");
    let (code, stdout, stderr) = server.ended();
    assert_eq!(code, Some(0));
    assert!(stdout.contains("https://id.example.com/setup") && stdout.contains("24 hours"), "{stdout}");
    assert_eq!(stdout.matches("vst_set_").count(), 1, "{stdout}");
    assert!(!stderr.contains("vst_set_") && stderr.contains("stopped"), "{stderr}");
}

#[test]
fn with_an_administrator_there_is_no_setup_token() {
    let host = host();
    host.run(&["migrate", "up"]).ok();
    assert!(host.run(&["setup-token"]).ok().contains("vst_set_"));
    host.fed(&["admin", "create", "--username", "root", "--stdin"], PASSWORD).ok();
    assert!(host.run(&["setup-token"]).failed(1).contains("administrator already"));
    let server = Running::start(&host);
    server.signal("-INT");
    let (code, stdout, _) = server.ended();
    assert_eq!((code, stdout.as_str()), (Some(0), KEPT));
}

#[test]
fn where_nobody_reads_the_outbox_nothing_is_said_of_it() {
    let server = Running::start(&host().with("VESTIBULE_PUBLIC_URL", "https://id.example.com").administered());
    server.signal("-TERM");
    assert_eq!(server.ended().1, "");
}

#[test]
fn the_environment_makes_the_first_administrator_once() {
    let named = |name: &str, password: &str| {
        host().with("VESTIBULE_ADMIN_USERNAME", name).with("VESTIBULE_ADMIN_PASSWORD", password)
    };
    let host = named("root", PASSWORD);
    for _ in 0..2 {
        let server = Running::start(&host);
        server.signal("-TERM");
        let (code, stdout, _) = server.ended();
        assert_eq!((code, stdout.as_str()), (Some(0), KEPT));
    }
    assert_eq!(host.json(&["admin", "list", "--json"]).as_array().unwrap().len(), 1);
    let said = named("root", "short").run(&["serve"]).failed(2);
    assert!(said.contains("admin.password (VESTIBULE_ADMIN_PASSWORD): "), "{said}");
}

#[test]
fn the_environment_never_promotes_somebody() {
    let host = host().with("VESTIBULE_ADMIN_USERNAME", "ann").with("VESTIBULE_ADMIN_PASSWORD", PASSWORD);
    host.run(&["migrate", "up"]).ok();
    host.fed(&["user", "create", "--username", "ann", "--stdin"], PASSWORD).ok();
    host.run(&["serve"]).failed(2);
    assert_eq!(host.json(&["user", "show", "ann", "--json"])["groups"][0]["slug"], "members");
}

#[test]
fn a_request_that_was_begun_is_finished_and_idle_connections_are_not_waited_for() {
    let server = Running::start(&host());
    let _idle = TcpStream::connect(server.address).unwrap();
    let mut begun = TcpStream::connect(server.address).unwrap();
    let body = r#"{"identifier":"ann","password":"x"}"#;
    let head = format!(
        "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    begun.write_all(head.as_bytes()).unwrap();
    begun.write_all(&body.as_bytes()[..1]).unwrap();
    std::thread::sleep(Duration::from_millis(200)); // so that the server has read the head
    server.signal("-TERM");
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(server.address).is_err(), "it no longer accepts");
    begun.write_all(&body.as_bytes()[1..]).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let answered = Clock::system();
    assert_eq!(server.ended().0, Some(0));
    assert!(answered.monotonic() < Duration::from_secs(5), "{:?}", answered.monotonic());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Running::start(&host());
    let mut begun = TcpStream::connect(server.address).unwrap();
    begun.write_all(b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(200)); // so that the server has read the head
    server.signal("-TERM");
    std::thread::sleep(Duration::from_millis(200));
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn a_client_that_never_finishes_its_head_is_let_go() {
    let server = Running::start(&host());
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    slow.write_all(b"GET /readyz HTTP/1.1\r\nHost:").unwrap();
    let begun = Clock::system();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(!answer.starts_with("HTTP/1.1 200 ") && begun.monotonic() > Duration::from_secs(8), "{answer:?}");
}

#[test]
fn running_out_of_files_does_not_end_it() {
    let host = host();
    let serve = host.command(&["serve"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 64 && exec \"$0\" serve"]).arg(serve.get_program()).env_clear();
    limited.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(host.path(""));
    let server = Running::spawn(limited);
    let many: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let told = server.stderr.iter().find(|line| line.contains("cannot accept connections"));
    assert!(told.is_some(), "it has files for all of them");
    drop(many);
    assert!(server.is_ready("/healthz"));
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = Host::new().with("VESTIBULE_LISTEN", &taken.local_addr().unwrap().to_string());
    assert!(host.run(&["serve"]).failed(1).contains("VESTIBULE_LISTEN"));
    assert!(host.files().is_empty());
}

#[test]
fn everything_lies_under_the_path_of_the_public_url() {
    let server = Running::start(&host().with("VESTIBULE_PUBLIC_URL", "https://example.com/accounts"));
    assert!(server.is_ready("/accounts/readyz"));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 404 "));
    assert!(server.get("/accounts/").contains("\r\nlocation: /accounts\r\n"));
    for path in ["/", "/readyz", "/accountss", "/accounts/"] {
        let answer = server.get(path);
        for header in [
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "cache-control: no-store",
        ] {
            assert_eq!(answer.matches(&format!("\r\n{header}\r\n")).count(), 1, "{path}: {answer}");
        }
    }
    let inside = server.get("/accounts/sign-in");
    assert!(
        inside.contains("form-action 'self'") && inside.matches("content-security-policy: ").count() == 1,
        "{inside}"
    );
}

#[test]
fn a_health_check_asks_the_running_server() {
    let path = ("VESTIBULE_PUBLIC_URL", "https://example.com/accounts");
    let server = Running::start(&host().with(path.0, path.1));
    let address = format!("0.0.0.0:{}", server.address.port());
    let asking = Host::new().with("VESTIBULE_LISTEN", &address).with(path.0, path.1);
    assert_eq!(asking.run(&["healthcheck"]).ok(), "alive\n");
    assert!(Host::new().with("VESTIBULE_LISTEN", &address).run(&["healthcheck"]).failed(1).contains("404"));
    drop(server);
    assert!(asking.run(&["healthcheck"]).failed(1).contains("no answer"));
}

db_test!(a_database_that_is_away_does_not_make_the_server_look_dead, |db: TestDb| async move {
    let server = Running::start(&Host::on(&db).with("VESTIBULE_LISTEN", "127.0.0.1:0"));
    assert!(server.is_ready("/readyz"));
    let database = vestibule::Db::connect(&db.url).await.expect("it opens");
    let mut tx = database.write().await.expect("a transaction");
    tx.exec("DROP TABLE revocations", &[]).await.expect("dropped");
    tx.commit().await.expect("committed");
    let begun = Clock::system();
    while server.get("/readyz").starts_with("HTTP/1.1 200 ") {
        assert!(begun.monotonic() < PATIENCE, "it goes on being ready");
        std::thread::sleep(Duration::from_millis(100));
    }
    let asking = Host::new().with("VESTIBULE_LISTEN", &server.address.to_string());
    assert_eq!(asking.run(&["healthcheck"]).ok(), "alive\n");
});

#[test]
fn logs_are_json_when_asked_for() {
    let server = Running::start(&host().with("VESTIBULE_LOG_FORMAT", "json"));
    server.signal("-TERM");
    let (_, _, stderr) = server.ended();
    for line in stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["level"].is_string()), "{line}");
    }
    assert!(stderr.contains("\"message\":\"listening\""), "{stderr}");
}
