//! What Vestibule's own tests stand on: databases that clean up after themselves, an engine on a clock that moves,
//! mailboxes, races, a real browser and real servers. Only ever a dev-dependency, and never published.

mod app;
mod browser;
mod counted;
mod databases;
mod directory_stand;
pub mod directory_suite;
mod engine;
mod fake_github;
mod fake_open_id;
mod mailbox;
mod nats;
mod openid_provider;
mod picture;
mod ports;
mod python;
mod race;
mod servers;
mod smtp_sink;
mod tls;
mod wallet;

pub use app::{Answer, Call, PASSWORD, SignedIn, TestApp};
pub use browser::Browser;
pub use databases::{TestDb, run};
pub use directory_stand::{Stand, Store};
pub use engine::TestEngine;
pub use fake_github::{FakeGithub, GithubAddress, GithubUser, Retort, Whim};
pub use fake_open_id::{FakeOpenId, Lie};
pub use mailbox::{Mailbox, link_in};
pub use nats::NatsServer;
pub use openid_provider::OpenIdProvider;
pub use picture::read_picture;
pub use python::python;
pub use race::race;
pub use servers::Server;
pub use smtp_sink::{Behaviour, SINK_HOST, SinkOptions, SinkTls, SmtpSink, SunkMail};
pub use wallet::{Wallet, hex};
