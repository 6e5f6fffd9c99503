//! The load driver: keep-alive connections that each send a request, wait for the whole answer, and send the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What to send, again and again: one request for each connection and turn.
pub type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// Sends for a while over so many connections; says how many answers came. Any status but `expected` is an error.
pub async fn drive(
    address: &str, connections: usize, span: Duration, requests: Requests, expected: u16,
) -> Result<u64> {
    let (answered, turn) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let until = Instant::now() + span;
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (answered, turn, requests) = (answered.clone(), turn.clone(), requests.clone());
        clients.push(tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while Instant::now() < until {
                let n = turn.fetch_add(1, Ordering::Relaxed);
                stream.write_all(&requests(usize::try_from(n)?)).await?;
                let status = read_answer(&mut stream, &mut buffer).await?;
                if status != expected {
                    bail!("answered {status} instead of {expected}");
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }));
    }
    for client in clients {
        client.await??;
    }
    Ok(answered.load(Ordering::Relaxed))
}

/// Reads one answer to its end and gives its status.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the server hung up");
        }
        filled += read;
        let Some(head) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head])?;
        let status: u16 = text.get(9..12).unwrap_or_default().parse()?;
        let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if filled >= head + 4 + length.unwrap_or(0) {
            return Ok(status);
        }
    }
}
