//! Serves the guest book at http://localhost:3000, with its accounts in `guest-book.db`.

use embedded::{POLICY, PREFIX, program};
use vestibule::{Caller, Config, Db, Policy, Vestibule};

const PUBLIC_URL: &str = "http://localhost:3000";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A real program keeps its secret outside its source: at least 32 random bytes, the same at every start.
    let secret = std::env::var("GUEST_BOOK_SECRET").map_err(|_| anyhow::anyhow!("set GUEST_BOOK_SECRET"))?;
    let db = Db::connect("sqlite://guest-book.db").await?;
    let config = Config { public_url: format!("{PUBLIC_URL}{PREFIX}").parse()?, ..Config::default() };
    let policy = Policy::parse(POLICY)?;
    let vestibule = Vestibule::builder(db, secret.into_bytes().into()).config(config).policy(policy).build().await?;
    let background = vestibule.start();
    if let Some(token) = vestibule.issue_setup_token(&Caller::system()).await? {
        println!("Make the first administrator at {} with {}", vestibule.absolute("/setup"), token.expose());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("The guest book is at {PUBLIC_URL}");
    let service = program(vestibule)?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    background.stop().await?;
    Ok(())
}
