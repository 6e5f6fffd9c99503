//! The server under measurement: an empty handler, a handler that asks for a session, and the whole product, in one
//! process. Rate limits are off; everything else is as shipped.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use vestibule::{Caller, Db, SignUp, SignUpForm, Vestibule};
use vestibule_web::extract::Session;
use vestibule_web::{App, Limits, WebConfig};

/// How many people sign in.
pub const PEOPLE: usize = 200;
/// Everybody's password.
pub const PASSWORD: &str = "harbour-moss-Kettle";

/// A running server, and somebody's token.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
    /// A live session's token.
    pub token: String,
}

impl Server {
    /// Starts a server on a database and waits until it is ready.
    pub async fn start(url: &str) -> Result<Server> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .args(["server", url])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let ready = lines.next_line().await?.context("the server ended before it was ready")?;
        let (address, token) = ready.split_once(' ').context("an address and a token")?;
        Ok(Server { address: address.to_owned(), token: token.to_owned(), child })
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }
}

/// Runs a server until it is killed.
pub async fn run(url: &str) -> Result<()> {
    let vestibule = Vestibule::builder(Db::connect(url).await?, vec![7; 32].into()).build().await?;
    let _background = vestibule.start();
    let mut token = String::new();
    for n in 0..PEOPLE {
        let form = SignUpForm { email: email(n), password: Some(PASSWORD.into()), name: None };
        if let SignUp::Done(signed_in) = vestibule.sign_up(&Caller::anonymous(), form).await? {
            token = signed_in.token.expose().to_owned();
        }
    }
    let config = WebConfig { limits: Limits::off(), ..WebConfig::default() };
    let app = App::new(vestibule, config)?;
    let router = Router::new()
        .route("/empty", get(async || StatusCode::NO_CONTENT))
        .route("/guarded", get(async |_: Session| StatusCode::NO_CONTENT))
        .merge(app.router())
        .with_state(app);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{} {token}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// The address of the nth person.
pub fn email(n: usize) -> String {
    format!("person{n}@example.com")
}
