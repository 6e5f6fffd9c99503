//! What Vestibule's own tests stand on: databases that clean up after themselves, an engine on a clock that moves,
//! mailboxes, races, a real browser and real servers. Only ever a dev-dependency, and never published.

mod app;
mod browser;
mod databases;
mod engine;
mod fake_github;
mod mailbox;
mod openid_provider;
mod ports;
mod python;
mod race;
mod servers;
mod smtp_sink;
mod tls;

pub use app::{Answer, Call, PASSWORD, SignedIn, TestApp};
pub use browser::Browser;
pub use databases::{TestDb, run};
pub use engine::TestEngine;
pub use fake_github::{FakeGithub, GithubAddress, GithubUser, Whim};
pub use mailbox::{Mailbox, link_in};
pub use openid_provider::OpenIdProvider;
pub use python::python;
pub use race::race;
pub use servers::Server;
pub use smtp_sink::{Behaviour, SINK_HOST, SinkOptions, SinkTls, SmtpSink, SunkMail};
