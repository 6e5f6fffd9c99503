//! Servers that do not serve are refused at the start, with a sentence that says why. An old one is played: what it says
//! of itself when a client comes is all that is looked at.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use testkit::NatsServer;

use crate::store::{config, why};

/// A server that says that it is of this version, and nothing else.
async fn played(version: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let url = format!("nats://{}", listener.local_addr().expect("it is bound"));
    let port = listener.local_addr().expect("it is bound").port();
    let info = format!(
        "INFO {{\"server_id\":\"x\",\"server_name\":\"x\",\"version\":\"{version}\",\"proto\":1,\"go\":\"go1\",\
         \"host\":\"127.0.0.1\",\"port\":{port},\"max_payload\":1048576,\"headers\":true,\"jetstream\":true,\
         \"client_id\":1}}\r\n"
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            write.write_all(info.as_bytes()).await.expect("it is said");
            let mut lines = BufReader::new(read).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "PING" {
                    write.write_all(b"PONG\r\n").await.expect("it is said");
                }
            }
        }
    });
    url
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_by_its_version() {
    for version in ["2.9.10", "2.10.29", "1.4.1", "2.10.0-beta.1"] {
        let why = why(&config(&played(version).await, 1)).await;
        let expected =
            format!("directory.nats_url: the NATS server there is {version}; the directory needs 2.11 or newer");
        assert_eq!(why, expected);
    }
}

#[tokio::test]
async fn a_place_without_a_server_is_named() {
    let why = why(&config("nats://127.0.0.1:1", 1)).await;
    assert!(why.starts_with("directory.nats_url: no NATS server answers as it should there: "), "{why}");
}

#[tokio::test]
#[ignore = "needs NATS: run cargo xtask test"]
async fn a_server_without_jetstream_is_refused() {
    let server = NatsServer::without_jetstream().await;
    assert_eq!(why(&config(&server.url(), 1)).await, "directory.nats_url: JetStream is off in the NATS server there");
}

#[tokio::test]
#[ignore = "needs NATS: run cargo xtask test"]
async fn more_replicas_than_there_are_servers_are_refused() {
    let server = NatsServer::start().await;
    let why = why(&config(&server.url(), 3)).await;
    let expected = "directory.nats_url: the stream KV_VESTIBULE_directory_members cannot be made there: ";
    assert!(why.starts_with(expected) && why.contains("replicas > 1 not supported"), "{why}");
}
