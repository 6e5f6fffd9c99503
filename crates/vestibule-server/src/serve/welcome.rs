//! What the operator reads on the terminal at start. It goes to standard output, never through the logger: logs
//! travel, and the setup token makes whoever holds it an administrator.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use vestibule::{Secret, Vestibule};

use crate::settings;

/// Says where Vestibule is, where its mail is if it goes nowhere, and how to make the first administrator while there
/// is none.
pub fn print(listening: SocketAddr, engine: &Vestibule, setup_token: Option<&Secret>) {
    let public_url = &engine.config().public_url;
    let mut text = format!("Vestibule is listening on {listening}; open {public_url}\n");
    if let Some(outbox) = settings::development_outbox(engine.config()) {
        text.push_str(&format!("Mail is kept and not sent, as smtp_url is not set; read it at {outbox}\n"));
    }
    if let Some(token) = setup_token {
        text.push_str(&format!("\n{}\n\n", setup_note(engine, token)));
    }
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        // Nobody reads the terminal; serving goes on.
        tracing::warn!("standard output is closed; `vestibule setup-token` prints a setup token");
    }
    tracing::info!(%listening, %public_url, version = env!("CARGO_PKG_VERSION"), "listening");
}

/// How to make the first administrator.
pub fn setup_note(engine: &Vestibule, token: &Secret) -> String {
    format!(
        "There is no administrator yet. Open {} and give this setup token\n(it works once, within 24 hours):\n\n    {}",
        engine.absolute("/setup"),
        token.expose()
    )
}
