//! The other side of the directory: a wallet, whose keys stay in a file on this machine, and what it asks of a server.

mod client;
mod invite;
mod key_file;

pub use client::{Client, Refused};
pub use invite::Invite;
pub use key_file::KeyFile;
