//! The settings: gathered from three layers, read section by section, refused with every problem at once.
//! A value that is here was checked, alone and with the others; nothing later reads a file or the environment.

mod address;
mod admin;
mod database;
mod directory;
mod forward_auth;
mod key;
mod layers;
mod limits;
mod log;
mod mail;
mod mask;
pub mod master_secret;
mod oauth;
mod parse;
mod password;
mod policy;
mod problem;
mod session;
mod sign_up;
#[cfg(test)]
mod tests;
mod tokens;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use url::Url;
use vestibule::{Config, NewAdministrator};
use vestibule_web::WebConfig;

pub use database::Database;
pub use directory::DirectoryStore;
pub use key::Key;
pub use layers::{Layers, Source};
pub use log::{Log, LogFormat};
pub use mail::development_outbox;
pub use policy::ChosenPolicy;
pub use problem::{Problem, Problems};

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
    /// Where the directory of wallets is kept.
    pub directory: DirectoryStore,
    /// The policy that is meant to be in force.
    pub policy: ChosenPolicy,
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
        read_all(layers, &mut problems).ok_or(Problems(problems))
    }
}

/// Every section, each of its problems noted; none when there is one.
fn read_all(layers: &Layers, problems: &mut Vec<Problem>) -> Option<Settings> {
    let listen = keep(problems, address::listen(layers));
    let public_url = keep(problems, address::public_url(layers));
    let web = public_url.as_ref().and_then(|url| keep(problems, address::web(layers, url)));
    let limits = keep(problems, limits::read(layers));
    let forward_auth = keep(problems, forward_auth::read(layers));
    let directory = public_url.as_ref().and_then(|url| keep(problems, directory::store(layers, url)));
    let engine = read_engine(layers, public_url, problems);
    let database = keep(problems, Database::read(layers));
    let policy = keep(problems, ChosenPolicy::read(layers));
    let admin = keep(problems, admin::read(layers));
    let log = keep(problems, log::read(layers));
    let web = WebConfig { limits: limits?, forward_auth: forward_auth?, ..web? };
    let (database, directory, policy, admin) = (database?, directory?, policy?, admin?);
    Some(Settings { listen: listen?, web, engine: engine?, database, directory, policy, admin, log: log? })
}

/// What the engine is told.
fn read_engine(layers: &Layers, public_url: Option<Url>, problems: &mut Vec<Problem>) -> Option<Config> {
    let sign_up = keep(problems, sign_up::read(layers));
    let session = keep(problems, session::read(layers));
    let tokens = keep(problems, tokens::read(layers));
    let password = keep(problems, password::read(layers));
    let directory = keep(problems, directory::read(layers));
    let require_verified_email = keep(problems, mail::require_verified_email(layers));
    let oauth = keep(problems, oauth::read(layers));
    let mail = public_url.as_ref().and_then(|url| keep(problems, mail::read(layers, url)));
    let (sign_up, email_domains) = sign_up?;
    let config = Config {
        public_url: public_url?,
        sign_up,
        email_domains,
        session: session?,
        tokens: tokens?,
        password: password?,
        require_verified_email: require_verified_email?,
        mail: mail?,
        oauth: oauth?,
        directory: directory?,
    };
    keep(problems, mail::check(&config)).map(|()| config)
}

/// The text of a setting for people: secrets masked; none when it has no value.
pub fn shown(layers: &Layers, key: Key) -> Option<String> {
    let text = &layers.get(key)?.text;
    Some(if key == Key::DatabaseUrl {
        database::shown(text)
    } else if key == Key::SmtpUrl {
        mask::url(text)
    } else if key == Key::OauthOidc {
        oauth::shown(text)
    } else if key == Key::DirectoryNatsUrl {
        directory::shown(text)
    } else if key.is_secret() {
        mask::MASK.to_owned()
    } else {
        text.clone()
    })
}

fn keep<T>(problems: &mut Vec<Problem>, section: Result<T, Problem>) -> Option<T> {
    section.map_err(|problem| problems.push(problem)).ok()
}
