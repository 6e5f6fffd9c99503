//! A line between a client and a server that a test listens on: what the client says is let through, held back, or lost.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use testkit::NatsServer;

/// What becomes of something that the client says.
pub(crate) enum Fate {
    /// The server hears it.
    Pass,
    /// The server hears it, and nothing after it until the test says so.
    Last,
    /// The server hears it when the test says so.
    Held,
    /// The server never hears it.
    Lost,
}

type Rule = Box<dyn FnMut(&str) -> Fate + Send>;

/// The line.
pub(crate) struct Line {
    pub(crate) url: String,
    rule: Arc<Mutex<Rule>>,
    is_held: Arc<watch::Sender<bool>>,
}

impl Line {
    /// A line on which everything passes at first.
    pub(crate) async fn to(server: &NatsServer) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let url = format!("nats://{}", listener.local_addr().expect("it is bound"));
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| Fate::Pass)));
        let line = Line { url, rule, is_held: Arc::new(watch::Sender::new(false)) };
        let (address, rule, is_held) = (server.address(), line.rule.clone(), line.is_held.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut from_server, to_server) =
                    TcpStream::connect(&address).await.expect("the server listens").into_split();
                let (from_client, mut to_client) = client.into_split();
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                tokio::spawn(listen(from_client, to_server, rule.clone(), is_held.clone()));
            }
        });
        line
    }

    /// Decides from now on.
    pub(crate) fn decide(&self, rule: impl FnMut(&str) -> Fate + Send + 'static) {
        *self.rule.lock().expect("nobody panicked") = Box::new(rule);
    }

    /// Waits until something is held.
    pub(crate) async fn holds(&self) {
        self.is_held.subscribe().wait_for(|is_held| *is_held).await.expect("the line is there");
    }

    /// Lets everything through, what was held first.
    pub(crate) fn go_on(&self) {
        self.decide(|_| Fate::Pass);
        self.is_held.send_replace(false);
    }
}

async fn listen(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    rule: Arc<Mutex<Rule>>,
    is_held: Arc<watch::Sender<bool>>,
) {
    let mut said = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut said).await {
        let said = &said[..length];
        let fate = (rule.lock().expect("nobody panicked"))(&String::from_utf8_lossy(said));
        let hold = async || {
            is_held.send_replace(true);
            is_held.subscribe().wait_for(|is_held| !is_held).await.expect("the line is there");
        };
        match fate {
            Fate::Pass => server.write_all(said).await.expect("the server hears"),
            Fate::Last => {
                server.write_all(said).await.expect("the server hears");
                hold().await;
            }
            Fate::Held => {
                hold().await;
                server.write_all(said).await.expect("the server hears");
            }
            Fate::Lost => {}
        }
    }
}
