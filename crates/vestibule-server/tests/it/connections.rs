//! Connections beyond what one client may have are closed at once, and nobody else is the poorer.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use testkit::{Server, TestDb, db_test};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::node::node_with;

const SHARE: usize = 1000;
const LIMIT: Duration = Duration::from_secs(5);
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A connection from this address, one of the loopback's many.
async fn connect(server: &Server, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from: IpAddr = from.parse().expect("an address");
    socket.bind(SocketAddr::new(from, 0)).expect("the address is the loopback's");
    let port = server.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("the URL has a port");
    socket.connect(SocketAddr::new([127, 0, 0, 1].into(), port)).await.expect("it listens")
}

/// Whether a request is answered; when not, the connection was closed.
async fn is_served(stream: &TcpStream) -> bool {
    if stream.try_write(ASK).is_err() {
        return false;
    }
    let mut answer = [0; 12];
    let read = async {
        loop {
            stream.readable().await?;
            match stream.try_read(&mut answer) {
                Err(why) if why.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    };
    let read = timeout(LIMIT, read).await.expect("it answers or closes at once");
    match read {
        Ok(read @ 1..) => answer[..read] == *b"HTTP/1.1 200",
        Ok(0) | Err(_) => false,
    }
}

/// How many of so many open connections were served.
async fn served(server: &Server, from: &str, connections: usize) -> (Vec<TcpStream>, usize) {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(server, from).await);
    }
    let mut served = 0;
    for stream in &open {
        served += usize::from(is_served(stream).await);
    }
    (open, served)
}

db_test!(one_client_has_its_share_of_the_connections_and_no_more, |db: TestDb| async move {
    let server = node_with(&db, &[]).await;
    let (mut open, first) = served(&server, "127.0.0.2", SHARE).await;
    assert_eq!(first, SHARE);
    let (_refused, further) = served(&server, "127.0.0.2", 5).await;
    assert_eq!(further, 0);
    assert!(is_served(&connect(&server, "127.0.0.3").await).await, "another client has a share of its own");
    open.truncate(SHARE / 2);
    let again = async {
        while !is_served(&connect(&server, "127.0.0.2").await).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, again).await.expect("what was closed makes room");
    let told = server.lines().iter().filter(|line| line.contains("trusted_proxies")).count();
    assert_eq!(told, 1, "the operator is told, and once");
});

db_test!(a_trusted_proxy_may_have_more_connections_than_a_client, |db: TestDb| async move {
    let server = node_with(&db, &[("VESTIBULE_TRUSTED_PROXIES", "127.0.0.2")]).await;
    let (_open, count) = served(&server, "127.0.0.2", SHARE + 50).await;
    assert_eq!(count, SHARE + 50);
});
