//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds a step, one step either side; and how an
//! authenticator app learns of a secret. Pure: which steps were accepted already is kept in `second_factors`.

use secrecy::SecretString;
use totp_rs::{Builder, Totp};

use crate::error::{Error, Result};
use crate::random::Random;
use crate::time::Timestamp;

const SECRET_BYTES: usize = 20;

/// A secret that an authenticator app shares with us.
pub(crate) struct TotpSecret(Totp);

impl TotpSecret {
    /// A fresh secret of 160 bits.
    pub(crate) fn fresh(random: &Random) -> TotpSecret {
        TotpSecret::of(random.bytes())
    }

    /// The secret of these bytes; none: they are no secret of ours.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<TotpSecret> {
        bytes.try_into().ok().map(TotpSecret::of)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.secret().as_bytes()
    }

    /// The secret as it is typed into an app by hand.
    pub(crate) fn base32(&self) -> SecretString {
        self.0.secret().to_base32().into()
    }

    /// The `otpauth://` URI that an app reads from a picture. A colon separates the issuer from the label, so neither
    /// may contain one.
    pub(crate) fn uri(&self, issuer: &str, label: &str) -> Result<SecretString> {
        let (issuer, label) = (issuer.replace(':', "-"), label.replace(':', "-"));
        let named = Builder::new().with_secret(self.0.secret().clone()).with_issuer(Some(issuer));
        let uri = named.with_account_name(label).build().and_then(|totp| totp.to_url()).map_err(Error::internal)?;
        // Not every app takes what goes without saying for said.
        Ok(format!("{uri}&algorithm=SHA1&digits=6&period=30").into())
    }

    /// The step whose code this is, among the present one and those beside it.
    pub(crate) fn matching_step(&self, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.0 / 1_000_000).ok()?;
        self.0.check(code, seconds).and_then(|step| i64::try_from(step).ok())
    }

    fn of(bytes: [u8; SECRET_BYTES]) -> TotpSecret {
        TotpSecret(
            Builder::new().with_secret(bytes).build().expect("the secret is long enough, and the rest is standard"),
        )
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::qr::qr_svg;

    /// RFC 6238, appendix B, SHA-1: seconds and the code in eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").expect("20 bytes")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn the_vectors_of_rfc_6238_match_in_their_step() {
        for (seconds, eight) in VECTORS {
            assert_eq!(secret().matching_step(&eight[2..], at(seconds)), Some(seconds / 30), "at {seconds}");
            assert_eq!(secret().matching_step(eight, at(seconds)), None, "eight digits are none of ours");
        }
    }

    #[test]
    fn a_code_counts_one_step_either_side_to_the_microsecond() {
        let (code, first, last) = ("050471", 1_111_111_080, 1_111_111_170);
        let step = Some(1_111_111_110 / 30);
        assert_eq!(secret().matching_step(code, at(first)), step);
        assert_eq!(secret().matching_step(code, Timestamp(at(first).0 - 1)), None);
        assert_eq!(secret().matching_step(code, Timestamp(at(last).0 - 1)), step);
        assert_eq!(secret().matching_step(code, at(last)), None);
    }

    #[test]
    fn what_is_no_code_matches_nothing() {
        for code in ["", " ", "050 471", "05047", "0504711", "+50471", "-50471", "٠٥٠٤٧١", "05047x"] {
            assert_eq!(secret().matching_step(code, at(1_111_111_111)), None, "{code:?}");
        }
        assert_eq!(secret().matching_step("050471", Timestamp(-1_000_000)), None);
    }

    #[test]
    fn bytes_of_another_length_are_no_secret() {
        for length in [0, 1, 19, 21, 32] {
            assert!(TotpSecret::from_bytes(&vec![0; length]).is_none(), "{length}");
        }
    }

    #[test]
    fn a_secret_is_32_letters_of_base32_and_another_each_time() {
        let random = Random::seeded(1);
        let (one, other) = (TotpSecret::fresh(&random).base32(), TotpSecret::fresh(&random).base32());
        assert_eq!(one.expose_secret().len(), 32);
        assert!(one.expose_secret().bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(secret().base32().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn the_uri_says_everything() {
        let uri = secret().uri("accounts.example.com", "ann+moss@example.com").expect("a URI");
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/accounts.example.com:ann%2Bmoss%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=accounts.example.com&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_colon_in_a_name_does_not_move_the_border_between_issuer_and_label() {
        let uri = secret().uri("[::1]", "\"a:b\"@example.com").expect("a URI");
        let (label, _) = uri.expose_secret().split_once('?').expect("a query");
        assert_eq!(label, "otpauth://totp/%5B--1%5D:%22a-b%22%40example.com");
    }

    #[test]
    fn the_longest_address_fits_into_a_picture() {
        let label = format!("{}@example.com", "ä".repeat(121));
        let uri = secret().uri(&"accounts.".repeat(28), &label).expect("a URI");
        let svg = qr_svg(&uri).expect("a picture");
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>"));
        assert!(!svg.contains("style") && !svg.contains("script"), "it fits under a strict policy");
    }
}
