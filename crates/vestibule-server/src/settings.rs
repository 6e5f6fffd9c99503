//! The settings: gathered from three layers, read section by section, refused with every problem at once.
//! A value that is here was checked, alone and with the others; nothing later reads a file or the environment.

mod address;
mod admin;
mod database;
mod key;
mod layers;
mod limits;
mod log;
pub mod master_secret;
mod parse;
mod password;
mod problem;
mod session;
mod sign_up;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use vestibule::{Config, NewAdministrator};
use vestibule_web::WebConfig;

pub use database::Database;
pub use key::Key;
pub use layers::{Layers, Source};
pub use log::{Log, LogFormat};
pub use problem::{Problem, Problems};

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// The settings of this instance.
#[derive(Debug)]
pub struct Settings {
    /// The socket to listen on.
    pub listen: SocketAddr,
    /// What the router needs to know of the outside, with the rate limits.
    pub web: WebConfig,
    /// What the engine is told.
    pub engine: Config,
    /// The database and its secret.
    pub database: Database,
    /// The first administrator, made while there is none.
    pub admin: Option<NewAdministrator>,
    /// How and what to log.
    pub log: Log,
}

impl Settings {
    /// Reads and checks every setting.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Settings, Problems> {
        Settings::read(&Layers::gather(file, environment)?)
    }

    /// Reads and checks what was gathered.
    pub fn read(layers: &Layers) -> Result<Settings, Problems> {
        let mut problems = Vec::new();
        let listen = keep(&mut problems, address::listen(layers));
        let web = keep(&mut problems, address::web(layers));
        let limits = keep(&mut problems, limits::read(layers));
        let sign_up = keep(&mut problems, sign_up::read(layers));
        let session = keep(&mut problems, session::read(layers));
        let password = keep(&mut problems, password::read(layers));
        let database = keep(&mut problems, Database::read(layers));
        let admin = keep(&mut problems, admin::read(layers));
        let log = keep(&mut problems, log::read(layers));
        let (Some(listen), Some(web), Some(limits), Some((sign_up, email_domains))) = (listen, web, limits, sign_up)
        else {
            return Err(Problems(problems));
        };
        let (Some(session), Some(password), Some(database), Some(admin), Some(log)) =
            (session, password, database, admin, log)
        else {
            return Err(Problems(problems));
        };
        let web = WebConfig { limits, ..web };
        Ok(Settings { listen, web, engine: Config { sign_up, email_domains, session, password }, database, admin, log })
    }
}

/// The text of a setting for people: secrets masked; none when it has no value.
pub fn shown(layers: &Layers, key: Key) -> Option<String> {
    let text = &layers.get(key)?.text;
    if key == Key::DatabaseUrl {
        return Some(database::mask_url(text));
    }
    Some(if key.is_secret() { MASK.to_owned() } else { text.clone() })
}

fn keep<T>(problems: &mut Vec<Problem>, section: Result<T, Problem>) -> Option<T> {
    section.map_err(|problem| problems.push(problem)).ok()
}
