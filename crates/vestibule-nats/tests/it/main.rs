//! The directory of wallets on a real NATS server.

mod cluster;
mod restarts;
mod store;
mod suite;
mod takeover;
mod versions;
