//! What Vestibule's own tests stand on: databases that clean up after themselves, an engine on a clock that moves,
//! races, a real browser and real servers. Only ever a dev-dependency, and never published.

mod app;
mod browser;
mod databases;
mod engine;
mod ports;
mod race;
mod servers;

pub use app::{Answer, Call, PASSWORD, SignedIn, TestApp};
pub use browser::Browser;
pub use databases::{TestDb, run};
pub use engine::TestEngine;
pub use race::race;
pub use servers::Server;
