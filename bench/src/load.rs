//! The load driver: keep-alive connections that each send a request, wait for the whole answer, and send the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What to send: the nth request.
pub type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// What is sent, how, and which answer is right.
#[derive(Clone)]
pub struct Load {
    pub requests: Requests,
    pub connections: usize,
    pub until: Until,
    pub expected: u16,
}

/// When it is enough.
#[derive(Clone, Copy)]
pub enum Until {
    Passed(Duration),
    /// So many requests were sent, each of them once.
    Sent(usize),
}

/// What came back.
#[derive(Clone, Copy, Default)]
pub struct Answers {
    pub count: usize,
    /// How long they took in all, each from its request on.
    pub waited: Duration,
}

impl Load {
    /// Sends it to a server. Any other status than the right one is an error.
    pub async fn drive(&self, address: &str) -> Result<Answers> {
        let turn = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        let mut clients = Vec::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            clients.push(tokio::spawn(self.clone().send(stream, turn.clone(), started)));
        }
        let mut all = Answers::default();
        for client in clients {
            let answers = client.await??;
            all = Answers { count: all.count + answers.count, waited: all.waited + answers.waited };
        }
        Ok(all)
    }

    async fn send(self, mut stream: TcpStream, turn: Arc<AtomicUsize>, started: Instant) -> Result<Answers> {
        let (mut answers, mut buffer) = (Answers::default(), vec![0; 16 * 1024]);
        loop {
            let n = turn.fetch_add(1, Ordering::Relaxed);
            let is_enough = match self.until {
                Until::Passed(span) => started.elapsed() >= span,
                Until::Sent(count) => n >= count,
            };
            if is_enough {
                return Ok(answers);
            }
            let request = (self.requests)(n);
            let sent = Instant::now();
            stream.write_all(&request).await?;
            let status = read_answer(&mut stream, &mut buffer).await?;
            if status != self.expected {
                bail!("answered {status} instead of {}", self.expected);
            }
            answers = Answers { count: answers.count + 1, waited: answers.waited + sent.elapsed() };
        }
    }
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
        let length =
            text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if filled >= head + 4 + length.unwrap_or(0) {
            return Ok(status);
        }
    }
}
