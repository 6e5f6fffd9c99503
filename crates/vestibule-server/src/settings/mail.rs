//! How mail goes out, and what is asked of addresses. What is said about a server is checked even while none is named,
//! and nobody is asked to prove an address by mail that never comes.

use secrecy::SecretString;
use url::Url;
use vestibule::{Config, MailConfig, SmtpConfig};

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

/// Stands in for the server that is not named while the rest is checked.
const SOME_SERVER: &str = "smtp://localhost";
/// Stands in for the sender while the server is checked.
const SOMEBODY: &str = "no-reply@example.com";
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// How mail goes out from an instance at this public URL.
pub fn read(layers: &Layers, public_url: &Url) -> Result<MailConfig, Problem> {
    let smtp = server(layers, public_url)?;
    let new_device_notice = layers.read(Key::MailNewDeviceNotice, parse::flag)?;
    Ok(MailConfig { smtp, new_device_notice })
}

/// Whether addresses must be proven.
pub fn require_verified_email(layers: &Layers) -> Result<bool, Problem> {
    layers.read(Key::RequireVerifiedEmail, parse::flag)
}

/// Refuses to ask for what nobody could give.
pub fn check(engine: &Config) -> Result<(), Problem> {
    if !engine.require_verified_email || engine.is_mail_read() {
        return Ok(());
    }
    let why = "is true, but no mail is sent, so nobody could verify an address: set smtp_url (VESTIBULE_SMTP_URL)";
    Err(Problem::of(Key::RequireVerifiedEmail, why))
}

/// Where mail is read that is kept instead of sent; none where it is sent, or where nobody may read it.
pub fn development_outbox(engine: &Config) -> Option<String> {
    let is_shown = engine.mail.smtp.is_none() && engine.is_local();
    is_shown.then(|| format!("{}/dev/outbox", engine.public_url.as_str().trim_end_matches('/')))
}

/// The server, if one is named. Each value is tried with those before it, so that a refusal has the right name.
fn server(layers: &Layers, public_url: &Url) -> Result<Option<SmtpConfig>, Problem> {
    let named = layers.given(Key::SmtpUrl)?;
    let from = layers.given(Key::MailFrom)?;
    let authority = layers.given(Key::SmtpCaFile)?.map(certificates).transpose()?;
    if named.is_none() && from.is_none() && authority.is_none() {
        return Ok(None);
    }
    let url = SecretString::from(named.unwrap_or(SOME_SERVER).trim());
    let read = |key: Key, from, authority| {
        let config = SmtpConfig::parse(&url, from, authority, public_url);
        config.map_err(|why| Problem::of(key, why.strip_prefix(key.name()).unwrap_or(&why).trim_start()))
    };
    read(Key::SmtpUrl, Some(SOMEBODY), None)?;
    read(Key::MailFrom, from, None)?;
    let config = read(Key::SmtpCaFile, from, authority.as_deref())?;
    Ok(named.map(|_| config))
}

fn certificates(path: &str) -> Result<Vec<u8>, Problem> {
    let path = path.trim();
    let wrong = |why: String| Problem::of(Key::SmtpCaFile, format!("{path} {why}"));
    let pem = std::fs::read(path).map_err(|why| wrong(format!("cannot be read: {why}")))?;
    // None at all would read as none wanted.
    let has_some = pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE);
    if has_some { Ok(pem) } else { Err(wrong("has no certificate in it: it must be PEM".to_owned())) }
}
