//! The commands, a file for each noun. A command reads its settings, calls the engine's verbs and prints;
//! it holds no rule of its own.

pub mod account;
pub mod admin;
pub mod audit;
pub mod config;
pub mod directory;
pub mod doctor;
pub mod explain;
pub mod group;
pub mod healthcheck;
pub mod invitation;
pub mod invite;
pub mod key;
pub mod keys;
pub mod membership;
pub mod migrate;
pub mod org;
pub mod page;
pub mod permission;
pub mod plan;
pub mod policy;
pub mod service_key;
pub mod setup_token;
pub mod user;
pub mod wallet;
