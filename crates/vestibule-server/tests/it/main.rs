//! The built binary, as an operator meets it: in a directory of its own, by its output and its exit codes; as
//! processes that share a database; and in a real browser.

mod admin;
mod audit;
mod browser;
mod config;
mod connections;
mod doctor;
mod flood;
mod host;
mod migrate;
mod newcomer;
mod node;
mod nodes;
mod secret;
mod serve;
mod storm;
mod user;
