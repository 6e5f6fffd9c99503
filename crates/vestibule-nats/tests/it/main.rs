//! The directory of wallets on a real NATS server.

mod buckets;
mod cluster;
mod line;
mod lists;
mod logins;
mod restarts;
mod stalls;
mod store;
mod suite;
mod takeover;
mod three;
mod versions;
