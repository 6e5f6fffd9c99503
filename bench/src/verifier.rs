//! Access tokens where no server is asked: `AccessTokenVerifier`, as another service uses it, beside nothing but the
//! decoding of the same token by the same library, its key and its rules ready. On one core, in turns.

use anyhow::{Context as _, Result};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use tokio::time::Instant;
use vestibule::{AccessClaims, Clock};

use crate::people::Credentials;
use crate::table::{median, ratio};

const TOKENS: u32 = 2_000;

/// Prints what a token costs either way.
pub fn measure(credentials: &Credentials, rounds: usize) -> Result<()> {
    let (token, verifier) = (&credentials.access_token, &credentials.verifier);
    let key = DecodingKey::from_jwk(credentials.keys.keys.first().context("there is a key")?)?;
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.validate_aud = false;
    let clock = Clock::system();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(micros(|| verifier.verify(token, clock.now()).is_some())?);
        bare.push(micros(|| jsonwebtoken::decode::<AccessClaims>(token, &key, &rules).is_ok())?);
    }
    let (each, bare_each) = (median(ours.clone()), median(bare.clone()));
    println!(
        "`AccessTokenVerifier`: {each:.1} µs for a token; `jsonwebtoken` alone: {bare_each:.1} µs, {:.2} of it",
        ratio(&bare, &ours)
    );
    Ok(())
}

/// How long a look at a token takes, in microseconds. It must be good each time.
fn micros(is_good: impl Fn() -> bool) -> Result<f64> {
    let started = Instant::now();
    let good = (0..TOKENS).filter(|_| is_good()).count();
    let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(TOKENS);
    anyhow::ensure!(good == TOKENS as usize, "the token is refused");
    Ok(each)
}
