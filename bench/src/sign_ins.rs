//! Password sign-ins against nothing but Argon2id with the same parameters on all cores, in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::json;

use crate::checks::median;
use crate::server::{PASSWORD, PEOPLE, Server, email};
use crate::{cpu, load};

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_secs(6);
const CONNECTIONS: usize = 64;

pub async fn measure(server: &Server) -> Result<()> {
    let (mut raw, mut rates, mut per_cpu, mut raw_per_cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu::used(std::process::id())?;
        let hashes = tokio::task::spawn_blocking(|| hash_on_all_cores(SPAN)).await?;
        raw_per_cpu.push(hashes * SPAN.as_secs_f64() / (cpu::used(std::process::id())? - before).as_secs_f64());
        raw.push(hashes);
        let before = cpu::used(server.pid()?)?;
        let started = Instant::now();
        let answered = load::drive(&server.address, CONNECTIONS, SPAN, requests(), 200).await? as f64;
        rates.push(answered / started.elapsed().as_secs_f64());
        per_cpu.push(answered / (cpu::used(server.pid()?)? - before).as_secs_f64());
    }
    let ratio = |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a / b).collect());
    println!("  raw Argon2id            {:>9.1} hashes a second on all cores", median(raw.clone()));
    println!("  POST /api/v1/sign-in    {:>9.1} a second, {:.2} of it (aim 0.95)", median(rates.clone()), ratio(&rates, &raw));
    println!("  by CPU-second           {:.2} of it", ratio(&per_cpu, &raw_per_cpu));
    Ok(())
}

/// Everybody signs in, one after the other, from a program.
fn requests() -> load::Requests {
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
                        PASSWORD.as_bytes(), b"sixteen bytes ok", &mut output, &mut blocks);
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
