//! Accepting and draining connections. Each has ten seconds for a request's head, thirty to read some of an answer, and
//! a bounded buffer. There are at most ten thousand, the next ones wait in the kernel's queue; at most a thousand are
//! one client's, its next ones are closed. An error of accepting never ends the server.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tower::Layer as _;

use super::patience::Patient;
use super::share::{Place, Shares};
use super::stop::Stop;

const MOST_CONNECTIONS: usize = 10_000;
const MOST_OF_ONE_CLIENT: usize = 1000;
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
const MOST_BUFFERED: usize = 64 * 1024;
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);
/// How long to leave a machine alone that has no more files or memory to give.
const BREATH: Duration = Duration::from_millis(200);

/// What a connection holds while it is open.
type Held = (OwnedSemaphorePermit, Place);

/// Serves until asked to stop, then finishes what was begun, for thirty seconds or until asked again. The proxies may
/// have as many connections as there are.
pub async fn serve(listener: TcpListener, router: Router, proxies: Vec<IpNet>, stop: &mut Stop) {
    let shares = Shares::new(MOST_OF_ONE_CLIENT, proxies);
    let open = GracefulShutdown::new();
    tokio::select! {
        () = stop.asked() => {}
        () = accept(&listener, &router, &shares, &open) => {}
    }
    drop(listener);
    tracing::info!(connections = open.count(), "stopping; finishing what was begun");
    drain(open, stop).await;
}

async fn accept(listener: &TcpListener, router: &Router, shares: &Shares, open: &GracefulShutdown) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (stream, peer) = next(listener).await;
        // On a socket for both families an IPv4 peer has an IPv6 address; everything else goes by the plain one.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if let Some(place) = shares.take(peer.ip()) {
            begin(stream, peer, (slot, place), router, open);
        }
    }
}

async fn drain(open: GracefulShutdown, stop: &mut Stop) {
    let unfinished = tokio::select! {
        () = open.shutdown() => return,
        () = sleep(DRAIN_PATIENCE) => "some requests did not finish in time",
        () = stop.asked() => "asked again to stop; not waiting for requests",
    };
    tracing::warn!("{unfinished}");
}

async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut was_told = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(why) if is_of_one_connection(&why) => tracing::debug!(%why, "a connection ended before it began"),
            Err(why) => {
                if !was_told {
                    tracing::error!(%why, "cannot accept connections");
                }
                was_told = true;
                sleep(BREATH).await;
            }
        }
    }
}

fn begin(stream: TcpStream, peer: SocketAddr, held: Held, router: &Router, open: &GracefulShutdown) {
    if let Err(why) = stream.set_nodelay(true) {
        tracing::debug!(%why, "cannot turn Nagle's algorithm off");
    }
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(MOST_BUFFERED)
        .serve_connection(TokioIo::new(Patient::new(stream, WRITE_PATIENCE)), service);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        if let Err(why) = connection.await {
            tracing::debug!(%why, %peer, "a connection ended early");
        }
        drop(held);
    });
}

fn is_of_one_connection(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}
