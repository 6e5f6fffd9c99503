//! When a key ends, in bodies: a moment, or the word that says never. What cannot be read is no moment, and never is
//! only what says so.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vestibule::{Code, Error, KeyExpiry, Timestamp};

use crate::error::Result;

/// The moment that a body names; none: the usual one.
pub(super) fn key_expiry(text: Option<&str>) -> Result<KeyExpiry> {
    match text {
        None => Ok(KeyExpiry::Usual),
        Some("never") => Ok(KeyExpiry::Never),
        Some(text) => match moment(text) {
            Some(end) => Ok(KeyExpiry::At(end)),
            None => Err(Error::field("expires_at", Code::ExpiryInvalid).into()),
        },
    }
}

/// The moment that a text names (RFC 3339).
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1000)).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_moment_whatever_its_offset_and_nothing_else_is() {
        let at = |text| key_expiry(Some(text)).expect("a moment");
        assert_eq!(at("1970-01-01T00:00:01Z"), KeyExpiry::At(Timestamp(1_000_000)));
        assert_eq!(at("1970-01-01T02:00:01+02:00"), KeyExpiry::At(Timestamp(1_000_000)));
        assert_eq!(at("1970-01-01T00:00:00.0000019Z"), KeyExpiry::At(Timestamp(1)));
        assert_eq!(at("never"), KeyExpiry::Never);
        assert_eq!(key_expiry(None).expect("nothing is said"), KeyExpiry::Usual);
        for text in ["", "Never", "null", "1", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "-1"] {
            assert_eq!(key_expiry(Some(text)).expect_err(text).code(), Code::ExpiryInvalid, "{text}");
        }
    }
}
