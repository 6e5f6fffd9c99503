//! Measures Vestibule against the least that could do the job, in the same minutes on the same machine, and prints
//! ratios. A server runs in a process of its own so that its CPU time can be told from the load driver's.
//!
//! `cargo xtask bench`, or `cargo run --release` here for SQLite alone.

mod checks;
mod cpu;
mod load;
mod server;
mod sign_ins;

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some("server"), Some(url)) => server::run(&url).await,
        _ => measure().await,
    }
}

async fn measure() -> Result<()> {
    println!("{} cores", std::thread::available_parallelism()?);
    let directory = tempfile::tempdir()?;
    on("SQLite", &format!("sqlite://{}/bench.db", directory.path().display())).await?;
    match std::env::var("VESTIBULE_TEST_POSTGRES") {
        Ok(url) => on("PostgreSQL", &url).await,
        Err(_) => {
            println!("\nPostgreSQL: not measured, VESTIBULE_TEST_POSTGRES is not set (cargo xtask bench sets it)");
            Ok(())
        }
    }
}

async fn on(name: &str, url: &str) -> Result<()> {
    println!("\n{name}");
    let server = server::Server::start(url).await?;
    checks::measure(&server).await?;
    sign_ins::measure(&server).await
}
