//! An application that knows nothing of signing in: it answers with what it heard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A running application; it ends with its test's runtime.
pub struct Echo {
    pub address: SocketAddr,
    heard: Arc<AtomicUsize>,
}

impl Echo {
    pub async fn start() -> Echo {
        let heard = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback(echo).layer(DefaultBodyLimit::disable()).with_state(heard.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Echo { address, heard }
    }

    /// How many requests reached it.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

async fn echo(State(heard): State<Arc<AtomicUsize>>, method: Method, headers: HeaderMap, body: Bytes) -> Json<Value> {
    heard.fetch_add(1, Ordering::SeqCst);
    let headers: Vec<(&str, String)> =
        headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into())).collect();
    Json(json!({"method": method.as_str(), "headers": headers, "bytes": body.len()}))
}
