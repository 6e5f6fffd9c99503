//! The engine's tests over real databases: each runs on SQLite and on PostgreSQL.

mod accounts;
mod administrators;
mod audit;
mod database;
mod lockout;
mod passwords;
mod people;
mod principals;
mod sessions;
mod sign_in;
mod sign_up;
