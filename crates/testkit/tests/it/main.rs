//! The ground the other tests stand on, tested itself: a database that is not empty or a script that runs where none
//! should would make their results worthless.

mod browsers;
mod databases;
mod engines;
mod mailboxes;
mod races;
