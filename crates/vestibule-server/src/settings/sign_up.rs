//! Who may make an account.

use url::Host;
use vestibule::SignUpMode;

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

const MODES: [(&str, SignUpMode); 3] =
    [("open", SignUpMode::Open), ("invite", SignUpMode::Invite), ("closed", SignUpMode::Closed)];

/// The mode, and the domains whose addresses may sign up.
pub fn read(layers: &Layers) -> Result<(SignUpMode, Vec<String>), Problem> {
    let mode = layers.read(Key::SignUp, |text| parse::word(&MODES, text))?;
    let domains = layers.read(Key::EmailDomains, |text| parse::list(text)?.into_iter().map(domain).collect())?;
    Ok((mode, domains))
}

/// A domain as an address holds it: lower case, internationalised names in ASCII.
fn domain(text: &str) -> Result<String, String> {
    match Host::parse(text) {
        Ok(Host::Domain(domain)) if domain.contains('.') && !domain.starts_with('.') => Ok(domain),
        Ok(_) | Err(_) => Err(format!("{text:?} is not a domain such as example.com")),
    }
}
