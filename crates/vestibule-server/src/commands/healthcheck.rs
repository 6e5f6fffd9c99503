//! `vestibule healthcheck`: asks the server on this machine whether it is alive, as a container's health check does.
//! Not whether it is ready: a database that is away comes back, and replacing every server brings it no sooner.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::settings::Settings;
use crate::{instance, output};

const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the command.
pub fn run(file: Option<&Path>) -> anyhow::Result<()> {
    let settings = instance::settings(file)?;
    let address = reachable(settings.listen);
    let status = ask(address, &path(&settings)).with_context(|| format!("no answer from {address}"))?;
    if !status.contains(" 200 ") {
        anyhow::bail!("not alive: {status}");
    }
    output::line("alive")
}

/// The first line of the answer.
fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    Ok(status.trim_end().to_owned())
}

fn path(settings: &Settings) -> String {
    format!("{}/healthz", settings.engine.public_url.path().trim_end_matches('/'))
}

/// A server that listens on every address is asked on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}
