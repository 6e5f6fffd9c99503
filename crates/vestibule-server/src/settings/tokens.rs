//! How tokens for programs are signed and how long they live. An access token must end before the key that signed it
//! stops being published, which is an hour after another took its place; hence the bound.

use std::time::Duration;

use vestibule::{SigningAlgorithm, TokensConfig};

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
/// Ten years: longer is surely a mistake.
const LONGEST_DAYS: u64 = 3650;
/// The engine's own bound: what is longer may outlive the key that it is verified by.
const LONGEST_MINUTES: u64 = 55;

const ALGORITHMS: [(&str, SigningAlgorithm); 2] =
    [("EdDSA", SigningAlgorithm::EdDsa), ("ES256", SigningAlgorithm::Es256)];

/// The algorithm, the audience and the lives.
pub fn read(layers: &Layers) -> Result<TokensConfig, Problem> {
    let span = |number: u64, unit: u64| Duration::from_secs(number * unit);
    let access = layers.read(Key::TokensAccessMinutes, minutes)?;
    let chain = layers.read(Key::TokensChainDays, parse::number(1..=LONGEST_DAYS))?;
    let api_key = layers.read(Key::TokensApiKeyDays, parse::number(1..=LONGEST_DAYS))?;
    Ok(TokensConfig {
        algorithm: layers.read(Key::TokensAlgorithm, |text| parse::word(&ALGORITHMS, text))?,
        audience: layers.given(Key::TokensAudience)?.map(|text| text.trim().to_owned()),
        access: span(access, MINUTE),
        chain: span(chain, DAY),
        api_key: span(api_key, DAY),
        api_key_never_expires: layers.read(Key::TokensApiKeyNeverExpires, parse::flag)?,
    })
}

fn minutes(text: &str) -> Result<u64, String> {
    parse::number(1..=LONGEST_MINUTES)(text).map_err(|wanted| {
        format!("{wanted}: a key is published for an hour after another took its place, and tokens must not outlive it")
    })
}
