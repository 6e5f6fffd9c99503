//! A session check against an empty handler: requests for each second of the server's CPU time, in turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::server::Server;
use crate::{cpu, load};

const ROUNDS: usize = 7;
const SPAN: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 16;

pub async fn measure(server: &Server) -> Result<()> {
    let (mut empty, mut guarded, mut session) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        empty.push(rate(server, "/empty", 204).await?);
        guarded.push(rate(server, "/guarded", 204).await?);
        session.push(rate(server, "/api/v1/session", 200).await?);
    }
    let ratio = |rates: &[f64]| median(rates.iter().zip(&empty).map(|(rate, empty)| rate / empty).collect());
    println!("  empty handler           {:>9.0} requests per CPU-second", median(empty.clone()));
    println!("  handler with `Session`  {:>9.0}   {:.2} of it (aim 0.80)", median(guarded.clone()), ratio(&guarded));
    println!("  GET /api/v1/session     {:>9.0}   {:.2} of it", median(session.clone()), ratio(&session));
    Ok(())
}

/// Requests for each second of the server's CPU time. The empty handler is sent the same bytes.
async fn rate(server: &Server, path: &str, expected: u16) -> Result<f64> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", server.token);
    let requests: load::Requests = Arc::new(move |_| request.clone().into_bytes());
    let before = cpu::used(server.pid()?)?;
    let answered = load::drive(&server.address, CONNECTIONS, SPAN, requests, expected).await?;
    let used = cpu::used(server.pid()?)? - before;
    Ok(answered as f64 / used.as_secs_f64())
}

pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
