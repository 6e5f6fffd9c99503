//! Password sign-ins against nothing but Argon2id with the same parameters on all cores, in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::json;
use tokio::time::Instant;

use crate::cpu;
use crate::load::{Load, Requests, Until};
use crate::people::{PASSWORD, PEOPLE, email};
use crate::server::Server;
use crate::table::{median, ratio};

const SPAN: Duration = Duration::from_secs(6);
const CONNECTIONS: usize = 64;

/// Gives the ratios to raw Argon2id, by name.
pub async fn measure(server: &Server, rounds: usize) -> Result<Vec<(String, String)>> {
    let load = Load { requests: requests(), connections: CONNECTIONS, until: Until::Passed(SPAN), expected: 200 };
    let (mut raw, mut rates, mut per_cpu, mut raw_per_cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = cpu::used(std::process::id())?;
        let hashes = tokio::task::spawn_blocking(|| hash_on_all_cores(SPAN)).await?;
        raw_per_cpu.push(hashes * SPAN.as_secs_f64() / (cpu::used(std::process::id())? - before).as_secs_f64());
        raw.push(hashes);
        let started = Instant::now();
        let work = server.measure(&load).await?;
        rates.push(work.answers.count as f64 / started.elapsed().as_secs_f64());
        per_cpu.push(work.rate());
    }
    let figure = |what: &str, figure: String| (what.to_owned(), figure);
    Ok(vec![
        figure("raw Argon2id, hashes a second on all cores", format!("{:.1}", median(raw.clone()))),
        figure("sign-ins, of raw Argon2id by the clock (aim 0.95)", format!("{:.2}", ratio(&rates, &raw))),
        figure(
            "sign-ins, of raw Argon2id by CPU-second of the server",
            format!("{:.2}", ratio(&per_cpu, &raw_per_cpu)),
        ),
    ])
}

/// Everybody signs in, one after the other, from a program.
fn requests() -> Requests {
    Arc::new(|n| {
        let body = json!({ "identifier": email(n % PEOPLE), "password": PASSWORD }).to_string();
        let head = "POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

/// Hashes a second, a thread on each core, each with memory of its own that it keeps.
fn hash_on_all_cores(span: Duration) -> f64 {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let params = Params::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                let mut blocks = vec![argon2::Block::default(); params.block_count()];
                let mut output = [0; 32];
                while !stop.load(Ordering::Relaxed) {
                    let hashed = argon2.hash_password_into_with_memory(
                        PASSWORD.as_bytes(),
                        b"sixteen bytes ok",
                        &mut output,
                        &mut blocks,
                    );
                    hashed.expect("the parameters fit");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}
