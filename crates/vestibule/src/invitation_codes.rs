//! The codes of invitations to organizations, which people read out and type: letters and digits, each as likely as any
//! other, where upper and lower case count. One that lives long is longer. Stored as an HMAC.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::keyring::Keyring;
use crate::random::Random;
use crate::secret::Digest;
use crate::typed_codes;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The first byte that would make some letters likelier than others.
const FAIR: u8 = 248;
const SHORT: usize = 8;
const LONG: usize = 12;
/// How long an invitation lives at most to have a short code.
const SHORT_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A code in clear.
pub(crate) struct InvitationCode(SecretString);

impl InvitationCode {
    /// A fresh code for an invitation that lives as long; none: for ever.
    pub(crate) fn fresh(life: Option<Duration>, random: &Random) -> InvitationCode {
        let length = if life.is_some_and(|life| life <= SHORT_LIFE) { SHORT } else { LONG };
        let mut code = String::with_capacity(length);
        while code.len() < length {
            let [drawn] = random.bytes();
            if drawn < FAIR {
                code.push(char::from(ALPHABET[usize::from(drawn) % ALPHABET.len()]));
            }
        }
        InvitationCode(code.into())
    }

    /// The code that was typed, with or without spaces and hyphens; none: it is not of our form.
    pub(crate) fn parse(typed: &SecretString) -> Option<InvitationCode> {
        let compact = typed_codes::compact(typed)?;
        let text = compact.expose_secret();
        let is_ours = matches!(text.len(), SHORT | LONG) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        is_ours.then_some(InvitationCode(compact))
    }

    /// What is stored in its place.
    pub(crate) fn digest(&self, keyring: &Keyring) -> Digest {
        keyring.invitation_code_digest(self.0.expose_secret())
    }

    /// The code, for the letter that carries it.
    pub(crate) fn secret(&self) -> &SecretString {
        &self.0
    }

    /// The code, for the one answer that hands it out.
    pub(crate) fn into_secret(self) -> SecretString {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn drawn(life: Option<Duration>, random: &Random) -> String {
        InvitationCode::fresh(life, random).into_secret().expose_secret().to_owned()
    }

    #[test]
    fn a_code_that_lives_long_is_longer() {
        let random = Random::seeded(1);
        for (life, length) in [
            (Some(Duration::from_secs(1)), 8),
            (Some(7 * DAY), 8),
            (Some(7 * DAY + Duration::from_micros(1)), 12),
            (None, 12),
        ] {
            let codes: HashSet<String> = (0..1000).map(|_| drawn(life, &random)).collect();
            assert!(codes.iter().all(|code| code.len() == length), "{life:?}");
            assert!(codes.iter().flat_map(|code| code.bytes()).all(|letter| ALPHABET.contains(&letter)));
            assert_eq!(codes.len(), 1000);
        }
    }

    #[test]
    fn every_letter_is_as_likely_in_every_place() {
        let (random, rounds) = (Random::seeded(1), 62 * 500);
        let mut seen = [[0u32; 62]; SHORT];
        for _ in 0..rounds {
            for (place, letter) in drawn(Some(DAY), &random).bytes().enumerate() {
                seen[place][ALPHABET.iter().position(|known| *known == letter).expect("of the alphabet")] += 1;
            }
        }
        for place in seen {
            let chi_squared: f64 = place.iter().map(|count| (f64::from(*count) - 500.0).powi(2) / 500.0).sum();
            assert!(chi_squared < 110.0, "{chi_squared}"); // 61 degrees of freedom: beyond that once in 10,000
        }
    }

    #[test]
    fn separators_do_not_count_and_case_does() {
        let keyring = Keyring::new(&vec![1; 32].into()).expect("32 bytes");
        let digest = |typed: &str| InvitationCode::parse(&typed.into()).map(|code| code.digest(&keyring));
        let code = digest("aB3dE6gH").expect("eight letters");
        for same in ["aB3d-E6gH", " aB3d E6gH\n", "a-B-3-d-E-6-g-H"] {
            assert_eq!(digest(same), Some(code), "{same:?}");
        }
        assert!(digest("ab3dE6gH").is_some_and(|other| other != code));
        for none in ["", "aB3dE6g", "aB3dE6gHi", "aB3dE6gHiJ1", "aB3dE6gHiJ1k2", "aB3dE6g!", "aB3dE6gé", "%00aB3dE"] {
            assert_eq!(digest(none), None, "{none:?}");
        }
        assert!(digest("aB3dE6gHiJ1k").is_some());
    }
}
