//! The server under measurement: an empty handler, handlers that ask who is there, and the whole product, in a process
//! of its own, so that its CPU time can be told from the load driver's. Rate limits are off and no log is written;
//! everything else is as shipped.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use vestibule::{Db, Vestibule};
use vestibule_nats::{JetStreamConfig, JetStreamDirectory};
use vestibule_web::extract::{Principal, Session};
use vestibule_web::{App, Limits, WebConfig};

use crate::cpu;
use crate::load::{Answers, Load};

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
}

/// What a server did under a load.
#[derive(Clone, Copy, Default)]
pub struct Work {
    pub answers: Answers,
    /// What it took of the server; a database server's own work is not in it.
    pub cpu: Duration,
}

impl Server {
    /// Starts a server on a database, its directory on a bus if there is one, and waits until it is ready.
    pub async fn start(url: &str, bus: Option<&str>) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["server", url]).args(bus).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let address = lines.next_line().await?.context("the server ended before it was ready")?;
        Ok(Server { address, child })
    }

    /// Puts a load on it.
    pub async fn measure(&self, load: &Load) -> Result<Work> {
        let pid = self.child.id().context("the server has ended")?;
        let before = cpu::used(pid)?;
        let answers = load.drive(&self.address).await?;
        Ok(Work { answers, cpu: cpu::used(pid)? - before })
    }
}

impl Work {
    /// Requests for each second of the server's CPU time.
    pub fn rate(&self) -> f64 {
        self.answers.count as f64 / self.cpu.as_secs_f64()
    }

    /// How long a request took in the mean, in microseconds.
    pub fn latency(&self) -> f64 {
        self.answers.waited.as_secs_f64() * 1e6 / self.answers.count as f64
    }

    /// Both together.
    pub fn and(self, other: Work) -> Work {
        let answers = Answers {
            count: self.answers.count + other.answers.count,
            waited: self.answers.waited + other.answers.waited,
        };
        Work { answers, cpu: self.cpu + other.cpu }
    }
}

/// Opens a database as the server does, and makes it ready if it is new; its directory is on a bus if there is one.
pub async fn open(url: &str, bus: Option<&str>) -> Result<Vestibule> {
    let mut builder = Vestibule::builder(Db::connect(url).await?, vec![7; 32].into());
    if let Some(bus) = bus {
        let config =
            JetStreamConfig { url: bus.to_owned(), replicas: 1, public_url: "http://localhost:8080".to_owned() };
        builder = builder.directory(Arc::new(JetStreamDirectory::connect(&config).await?));
    }
    Ok(builder.build().await?)
}

/// Runs a server until it is killed.
pub async fn run(url: &str, bus: Option<&str>) -> Result<()> {
    let vestibule = open(url, bus).await?;
    let _background = vestibule.start();
    let app = App::new(vestibule, WebConfig { limits: Limits::off(), ..WebConfig::default() })?;
    let router = Router::new()
        .route("/empty", get(async || StatusCode::NO_CONTENT))
        .route("/layered", get(async || StatusCode::NO_CONTENT).layer(from_fn(pass)).layer(from_fn(pass)))
        .route("/session", get(async |_: Session| StatusCode::NO_CONTENT))
        .route("/principal", get(async |_: Principal| StatusCode::NO_CONTENT))
        .route("/named", get(async |who: Principal| (StatusCode::NO_CONTENT, names(&who))))
        .merge(app.router())
        .with_state(app)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// A layer that does nothing: Vestibule's own routes stand behind two.
async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

/// What forward-auth says of somebody whose names are visible ASCII.
fn names(who: &vestibule::Principal) -> [(HeaderName, HeaderValue); 4] {
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    let email = value(who.email.as_deref().unwrap_or_default());
    [
        (HeaderName::from_static("remote-user"), who.username.as_deref().map_or(email.clone(), value)),
        (HeaderName::from_static("remote-email"), email),
        (HeaderName::from_static("remote-name"), value(who.name.as_deref().unwrap_or_default())),
        (HeaderName::from_static("remote-groups"), value(&who.groups.join(","))),
    ]
}
