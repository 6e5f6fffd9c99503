//! The built binary, as an operator meets it: in a directory of its own, by its output and its exit codes; as
//! processes that share a database; and in a real browser.

mod admin;
mod audit;
mod authenticator;
mod browser;
mod browser_groups;
mod browser_mail;
mod config;
mod connections;
mod dead_links;
mod doctor;
mod flood;
mod forged_host;
mod forger;
mod group;
mod host;
mod invitation;
mod mail;
mod mail_crashes;
mod mail_server_away;
mod migrate;
mod newcomer;
mod node;
mod nodes;
mod person;
mod policy;
mod post_office;
mod secret;
mod serve;
mod storm;
mod user;
