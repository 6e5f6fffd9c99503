//! Recovery codes: ten for each second factor, for when the authenticator is lost. 80 random bits each, stored as an
//! HMAC, a row each; a code works once, as using it deletes its row.

use secrecy::{ExposeSecret as _, SecretString};

use crate::db::{Arg, Tx, built, values};
use crate::error::Result;
use crate::id::AccountId;
use crate::keyring::Keyring;
use crate::random::Random;
use crate::secret::Digest;
use crate::time::Timestamp;

/// How many there are at first.
pub(crate) const RECOVERY_CODES: usize = 10;

/// Crockford's base 32: no letter looks like another or like a digit, and five bits make one without any bias.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS: usize = 16;
const GROUP: usize = 4;

/// A recovery code in clear: sixteen letters of the alphabet.
pub(crate) struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// A fresh code of 80 bits.
    pub(crate) fn fresh(random: &Random) -> RecoveryCode {
        let bits = random.bytes::<10>().iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        let letter = |i: usize| char::from(ALPHABET[(bits >> (5 * (LETTERS - 1 - i)) & 31) as usize]);
        RecoveryCode((0..LETTERS).map(letter).collect::<String>().into())
    }

    /// The code that was typed, without its separators; none: it is not of our form.
    pub(crate) fn parse(compact: &SecretString) -> Option<RecoveryCode> {
        let mut text = String::with_capacity(LETTERS);
        for typed in compact.expose_secret().chars() {
            let letter = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            };
            if text.len() == LETTERS || !ALPHABET.iter().any(|known| char::from(*known) == letter) {
                return None;
            }
            text.push(letter);
        }
        (text.len() == LETTERS).then(|| RecoveryCode(text.into()))
    }

    /// The code as it is handed out: in groups of four.
    pub(crate) fn grouped(&self) -> SecretString {
        let text = self.0.expose_secret();
        (0..LETTERS).step_by(GROUP).map(|i| &text[i..i + GROUP]).collect::<Vec<_>>().join("-").into()
    }

    /// What is stored in its place.
    pub(crate) fn digest(&self, keyring: &Keyring, account: AccountId) -> Digest {
        keyring.short_code_digest(account.0.as_bytes(), self.0.expose_secret())
    }

    /// Puts these codes in the place of all that an account has.
    pub(crate) async fn replace_all(tx: &mut Tx, account: AccountId, digests: &[Digest], now: Timestamp) -> Result<()> {
        RecoveryCode::delete_all(tx, account).await?;
        let sql =
            format!("INSERT INTO recovery_codes (account_id, digest, created_at) VALUES {}", values(digests.len(), 3));
        let args: Vec<&dyn Arg> = digests.iter().flat_map(|digest| [&account as &dyn Arg, digest, &now]).collect();
        tx.exec(built(sql), &args).await.map(drop)
    }

    /// Uses a code up; false: the account has no such code, or no more.
    pub(crate) async fn redeem(tx: &mut Tx, account: AccountId, digest: &Digest) -> Result<bool> {
        let sql = "DELETE FROM recovery_codes WHERE account_id = $1 AND digest = $2";
        Ok(tx.exec(sql, &[&account, digest]).await? == 1)
    }

    /// How many an account has left.
    pub(crate) async fn count(tx: &mut Tx, account: AccountId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1";
        Ok(tx.one::<(i64,)>(sql, &[&account]).await?.0)
    }

    /// Deletes every code of an account.
    pub(crate) async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<()> {
        tx.exec("DELETE FROM recovery_codes WHERE account_id = $1", &[&account]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn parse(compact: &str) -> Option<String> {
        RecoveryCode::parse(&compact.into()).map(|code| code.0.expose_secret().to_owned())
    }

    #[test]
    fn a_code_is_four_groups_of_four_and_never_the_same() {
        let random = Random::seeded(1);
        let codes: Vec<SecretString> = (0..1000).map(|_| RecoveryCode::fresh(&random).grouped()).collect();
        for code in &codes {
            let groups: Vec<&str> = code.expose_secret().split('-').collect();
            assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{groups:?}");
            assert!(code.expose_secret().bytes().all(|b| b == b'-' || ALPHABET.contains(&b)));
        }
        assert_eq!(codes.iter().map(|code| code.expose_secret()).collect::<HashSet<_>>().len(), 1000);
    }

    #[test]
    fn every_letter_is_as_likely_in_every_place() {
        let (random, drawn) = (Random::seeded(1), 32 * 1000);
        let mut seen = [[0u32; 32]; LETTERS];
        for _ in 0..drawn {
            let code = RecoveryCode::fresh(&random);
            for (place, letter) in code.0.expose_secret().bytes().enumerate() {
                seen[place][ALPHABET.iter().position(|known| *known == letter).expect("of the alphabet")] += 1;
            }
        }
        for (place, counts) in seen.iter().enumerate() {
            let chi_squared: f64 = counts.iter().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
            assert!(chi_squared < 70.0, "place {place}: {chi_squared}"); // 31 degrees of freedom: below 70 but once in 10,000
        }
    }

    #[test]
    fn case_and_letters_that_look_alike_do_not_matter() {
        assert_eq!(parse("0123456789ABCDEF"), Some("0123456789ABCDEF".into()));
        assert_eq!(parse("oi23456789abcdef"), Some("0123456789ABCDEF".into()));
        assert_eq!(parse("OL23456789abcdeF"), Some("0123456789ABCDEF".into()));
    }

    #[test]
    fn what_is_not_sixteen_letters_of_the_alphabet_is_no_code() {
        for other in ["", "123456", "0123456789ABCDE", "0123456789ABCDEFG", "0123456789ABCDEU", "0123456789ABCDEé"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_code_has_another_digest_for_everybody_and_under_every_master_secret() {
        let [keyring, other] = [1, 2].map(|master| Keyring::new(&vec![master; 32].into()).expect("32 bytes"));
        let (random, code) = (Random::seeded(1), RecoveryCode::fresh(&Random::seeded(2)));
        let (ann, bob) = (AccountId::fresh(Timestamp(0), &random), AccountId::fresh(Timestamp(0), &random));
        assert_eq!(code.digest(&keyring, ann), code.digest(&keyring, ann));
        assert_ne!(code.digest(&keyring, ann), code.digest(&keyring, bob));
        assert_ne!(code.digest(&keyring, ann), code.digest(&other, ann));
    }

    proptest! {
        #[test]
        fn a_code_that_was_handed_out_reads_back(seed: u64) {
            let code = RecoveryCode::fresh(&Random::seeded(seed));
            let typed = code.grouped().expose_secret().to_lowercase().replace('-', "");
            prop_assert_eq!(parse(&typed), Some(code.0.expose_secret().to_owned()));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            prop_assert!(parse(&text).is_none_or(|code| code.len() == LETTERS));
        }
    }
}
