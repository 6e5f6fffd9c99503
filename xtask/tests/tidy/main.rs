//! The house rules that a compiler cannot hold: how large a file may be, which room may hold SQL, which words may be
//! said where. Each test reads the workspace's files and names every offence with its file and line.

mod dependencies;
mod names;
mod rooms;
mod rust;
mod size;
mod sources;
mod sql;
mod words;
