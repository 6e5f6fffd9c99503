//! Patience on loopback sockets, which hold some megabytes before a write has to wait.

use std::future::poll_fn;
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;

const SHORT: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);
const CHUNK: usize = 64 * 1024;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

async fn write(stream: &mut Patient<TcpStream>, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await
}

async fn write_in_slices(stream: &mut Patient<TcpStream>, bytes: &[u8]) -> io::Result<usize> {
    let (one, other) = bytes.split_at(bytes.len() / 2);
    poll_fn(|cx| Pin::new(&mut *stream).poll_write_vectored(cx, &[IoSlice::new(one), IoSlice::new(other)])).await
}

/// Reads what is there, and tells how much that was.
fn read(client: &TcpStream) -> usize {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    while let Ok(read @ 1..) = client.try_read(&mut buffer) {
        total += read;
    }
    total
}

#[tokio::test]
async fn a_write_that_nobody_reads_fails() {
    for in_slices in [false, true] {
        let (server, _client) = pair().await;
        let mut stream = Patient::new(server, SHORT);
        assert!(stream.is_write_vectored(), "a socket writes slices, and so does what wraps it");
        let filling = async {
            loop {
                let wrote = match in_slices {
                    true => write_in_slices(&mut stream, &[0; CHUNK]).await,
                    false => write(&mut stream, &[0; CHUNK]).await,
                };
                if let Err(why) = wrote {
                    return why.kind();
                }
            }
        };
        assert_eq!(timeout(LIMIT, filling).await.expect("it gives up"), ErrorKind::TimedOut);
    }
}

#[tokio::test]
async fn a_reader_that_takes_pauses_is_waited_for() {
    const PATIENCE: Duration = Duration::from_millis(1500);
    let (server, client) = pair().await;
    let writer = tokio::spawn(async move {
        let mut stream = Patient::new(server, PATIENCE);
        let (mut total, mut waited) = (0, Duration::ZERO);
        while waited < PATIENCE * 2 {
            let begun = Instant::now();
            total += write(&mut stream, &[0; CHUNK]).await?;
            waited += begun.elapsed();
        }
        Ok::<usize, io::Error>(total)
    });
    let mut total = 0;
    let reading = async {
        while !writer.is_finished() {
            sleep(SHORT).await;
            total += read(&client);
        }
    };
    timeout(LIMIT, reading).await.expect("the pauses end");
    let wrote = writer.await.unwrap().expect("together the pauses are longer than the patience, each is shorter");
    while total < wrote {
        client.readable().await.unwrap();
        total += read(&client);
    }
    assert_eq!(total, wrote, "nothing is lost and nothing comes twice");
}

#[tokio::test]
async fn who_asks_for_much_and_reads_nothing_is_let_go() {
    let (server, client) = pair().await;
    let router = Router::new().route("/", get(async || "x".repeat(128 * 1024)));
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(Patient::new(server, SHORT)), TowerToHyperService::new(router));
    let asks = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200);
    assert_eq!(client.try_write(&asks).unwrap(), asks.len());
    let why = timeout(LIMIT, connection).await.expect("it does not wait for ever").expect_err("not all was sent");
    let cause = std::error::Error::source(&why).and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(ErrorKind::TimedOut), "{why:?}");
}
