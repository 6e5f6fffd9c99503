//! Logins elsewhere: GitHub, any number of OpenID Connect providers, and where applications may be sent back to. The
//! providers of OpenID Connect are tables of the file; in the environment they are one variable, a JSON array of objects
//! with the same names. What is wrong with one is said without its values, as one of them is a secret.

use std::path::Path;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;
use vestibule::{Error, GithubConfig, OAuthConfig, OidcConfig};

use super::key::Key;
use super::layers::Layers;
use super::mask::MASK;
use super::parse;
use super::problem::Problem;

const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";
/// Where an Enterprise Server has its API.
const ENTERPRISE_API: &str = "api/v3";
const SCOPES: [&str; 3] = ["openid", "email", "profile"];
/// What a table of a provider may hold.
const NAMES: [&str; 8] =
    ["name", "label", "issuer", "client_id", "client_secret", "client_secret_file", "scopes", "allow_private"];

/// Which providers there are, and who may use them.
pub fn read(layers: &Layers) -> Result<OAuthConfig, Problem> {
    let redirect_uris = layers.read(Key::OauthRedirectUris, |text| {
        Ok(parse::list(text)?.into_iter().map(str::to_owned).collect::<Vec<String>>())
    })?;
    let config = OAuthConfig { redirect_uris, ..OAuthConfig::default() };
    check(&config, Key::OauthRedirectUris)?;
    let config = OAuthConfig { github: github(layers)?, ..config };
    check(&config, Key::OauthGithubClientId)?;
    let oidc = match layers.given(Key::OauthOidc)? {
        Some(text) => providers(text).map_err(|why| Problem::of(Key::OauthOidc, why))?,
        None => Vec::new(),
    };
    let config = OAuthConfig { oidc, ..config };
    check(&config, Key::OauthOidc)?;
    Ok(config)
}

/// The providers of OpenID Connect for people, their secrets masked.
pub fn shown(text: &str) -> String {
    let Ok(mut tables) = serde_json::from_str::<Vec<Map<String, Value>>>(text) else { return MASK.to_owned() };
    for table in &mut tables {
        table.retain(|name, _| NAMES.contains(&name.as_str()));
        if let Some(secret) = table.get_mut("client_secret") {
            *secret = Value::from(MASK);
        }
    }
    serde_json::to_string(&tables).unwrap_or_else(|_| MASK.to_owned())
}

/// GitHub, if both halves of what it knows us by are there.
fn github(layers: &Layers) -> Result<Option<GithubConfig>, Problem> {
    let id = layers.given(Key::OauthGithubClientId)?;
    let secret = layers.given(Key::OauthGithubClientSecret)?;
    let allow_private = layers.read(Key::OauthGithubAllowPrivate, parse::flag)?;
    let base_url = address(layers, Key::OauthGithubBaseUrl)?;
    let api_url = address(layers, Key::OauthGithubApiUrl)?;
    let missing = |key: Key, other: Key| Problem::of(key, format!("is missing beside {}", other.name()));
    let (id, secret) = match (id, secret) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(missing(Key::OauthGithubClientSecret, Key::OauthGithubClientId)),
        (None, Some(_)) => return Err(missing(Key::OauthGithubClientId, Key::OauthGithubClientSecret)),
        (Some(id), Some(secret)) => (id, secret),
    };
    let default = |text: &str| text.parse().expect("this is a URL");
    let below = |base: &Url| format!("{}/{ENTERPRISE_API}", base.as_str().trim_end_matches('/')).parse::<Url>().ok();
    let api_url = api_url.or_else(|| base_url.as_ref().and_then(below)).unwrap_or_else(|| default(GITHUB_API));
    let base_url = base_url.unwrap_or_else(|| default(GITHUB));
    let (client_id, client_secret) = (id.trim().to_owned(), SecretString::from(secret.trim()));
    Ok(Some(GithubConfig { client_id, client_secret, base_url, api_url, allow_private }))
}

fn address(layers: &Layers, key: Key) -> Result<Option<Url>, Problem> {
    let given = layers.given(key)?;
    given.map(|text| text.trim().parse().map_err(|_| Problem::of(key, "is not an address"))).transpose()
}

fn providers(text: &str) -> Result<Vec<OidcConfig>, String> {
    let wanted = || "must be tables [[oauth.oidc]], or in the environment a JSON array of objects".to_owned();
    let tables: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| wanted())?;
    tables
        .iter()
        .zip(1..)
        .map(|(table, number)| provider(table).map_err(|why| format!("no. {number}: {why}")))
        .collect()
}

fn provider(table: &Map<String, Value>) -> Result<OidcConfig, String> {
    if let Some(strange) = table.keys().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(format!("there is no such setting: {strange}"));
    }
    let text = |name: &str| match table.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(|text| Some(text.trim().to_owned())).ok_or(format!("{name} must be text")),
    };
    let needed = |name: &str| text(name)?.ok_or(format!("{name} is missing"));
    let client_secret = match (text("client_secret")?, text("client_secret_file")?) {
        (Some(secret), None) => secret,
        (None, Some(file)) => std::fs::read_to_string(Path::new(&file))
            .map_err(|why| format!("client_secret_file {file} cannot be read: {why}"))?
            .trim()
            .to_owned(),
        (None, None) => return Err("client_secret is missing".to_owned()),
        (Some(_), Some(_)) => return Err("client_secret and client_secret_file are both set: keep one".to_owned()),
    };
    let name = needed("name")?;
    Ok(OidcConfig {
        label: text("label")?.unwrap_or_else(|| name.clone()),
        name,
        issuer: needed("issuer")?,
        client_id: needed("client_id")?,
        client_secret: client_secret.into(),
        scopes: scopes(table.get("scopes"))?,
        allow_private: match table.get("allow_private") {
            None => false,
            Some(value) => value.as_bool().ok_or("allow_private must be true or false")?,
        },
    })
}

fn scopes(value: Option<&Value>) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(SCOPES.map(str::to_owned).to_vec()) };
    let words = value.as_array().and_then(|words| words.iter().map(|word| Some(word.as_str()?.to_owned())).collect());
    words.ok_or("scopes must be a list of texts".to_owned())
}

/// The engine's own rules, told of the setting that brought the last of it.
fn check(config: &OAuthConfig, key: Key) -> Result<(), Problem> {
    match config.check() {
        Ok(()) => Ok(()),
        Err(Error::Setup(why)) => Err(Problem::of(key, why.split_once(": ").map_or(why.as_str(), |(_, why)| why))),
        Err(_) => Err(Problem::of(key, "cannot be used")),
    }
}
