//! Measures Vestibule against the least that could do the job, in the same minutes on the same machine, and prints
//! ratios. A server runs in a process of its own so that its CPU time can be told from the load driver's.
//!
//! `cargo xtask bench`, or `cargo run --release` here for SQLite alone; `-- checks`, `sign-ins`, `sizes` or `directory` for a
//! part, `short` for fewer rounds.

mod checks;
mod cpu;
mod databases;
mod directory;
mod load;
mod people;
mod rows;
mod server;
mod sign_ins;
mod sizes;
mod table;
mod verifier;

use anyhow::{Result, ensure};

use databases::Place;
use server::Server;

const ROUNDS: usize = 7;
const PARTS: [&str; 4] = ["checks", "sign-ins", "sizes", "directory"];
const SHORT: &str = "short";

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [command, url] if command == "server" => server::run(url, None).await,
        [command, url, bus] if command == "server" => server::run(url, Some(bus)).await,
        args => measure(args).await,
    }
}

async fn measure(args: &[String]) -> Result<()> {
    let unknown = args.iter().find(|arg| *arg != SHORT && !PARTS.contains(&arg.as_str()));
    ensure!(unknown.is_none(), "not one of {PARTS:?} and {SHORT:?}: {unknown:?}");
    let rounds = if args.iter().any(|arg| arg == SHORT) { 3 } else { ROUNDS };
    let wants = |part: &str| args.iter().all(|arg| arg == SHORT) || args.iter().any(|arg| arg == part);
    println!("{} cores, {rounds} rounds", std::thread::available_parallelism()?);
    let places = places()?;
    if wants("checks") || wants("sign-ins") {
        compare(&places, (wants("checks"), wants("sign-ins")), rounds).await?;
    }
    if wants("sizes") {
        let (mut rows, [few, many]) = (Vec::new(), ["1,000", "1,000,000"]);
        for place in &places {
            rows.extend(sizes::measure(place, rounds).await?);
        }
        let heading = ["for each CPU-second, latency", few, many, "ratio (aim 1.3)", few, many, "ratio (aim 1.3)"];
        table::print(&heading, &rows);
    }
    if wants("directory") {
        match std::env::var("VESTIBULE_TEST_NATS") {
            Ok(_) => {
                let (heading, rows) = directory::measure(&places, rounds).await?;
                table::print(&heading, &rows);
            }
            Err(_) => println!("the directory: not measured, VESTIBULE_TEST_NATS is not set (cargo xtask bench sets it)"),
        }
    }
    Ok(())
}

/// SQLite, and PostgreSQL where there is one.
fn places() -> Result<Vec<Place>> {
    let mut places = vec![Place::Sqlite(tempfile::tempdir()?)];
    match std::env::var("VESTIBULE_TEST_POSTGRES") {
        Ok(url) => places.push(Place::Postgres(url)),
        Err(_) => println!("PostgreSQL: not measured, VESTIBULE_TEST_POSTGRES is not set (cargo xtask bench sets it)"),
    }
    Ok(places)
}

/// Prints what is measured against something else that does the same: a column for each database.
async fn compare(places: &[Place], (checks, sign_ins): (bool, bool), rounds: usize) -> Result<()> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for place in places {
        let url = place.fresh("people").await?;
        let vestibule = server::open(&url, None).await?;
        let credentials = people::sign_up(&vestibule).await?;
        vestibule.db().close().await;
        let server = Server::start(&url, None).await?;
        let mut figures = Vec::new();
        if checks {
            figures.extend(checks::measure(&server, &credentials, rounds).await?);
        }
        if sign_ins {
            figures.extend(sign_ins::measure(&server, rounds).await?);
        }
        for (at, (what, figure)) in figures.into_iter().enumerate() {
            match rows.get_mut(at) {
                Some(row) => row.push(figure),
                None => rows.push(vec![what, figure]),
            }
        }
        if checks && rows.iter().all(|row| row.len() == 2) {
            verifier::measure(&credentials, rounds)?;
        }
    }
    let heading: Vec<&str> = ["of the empty handler"].into_iter().chain(places.iter().map(Place::name)).collect();
    table::print(&heading, &rows);
    Ok(())
}
