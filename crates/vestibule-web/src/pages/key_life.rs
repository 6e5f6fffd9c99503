//! How long a key lives: from when to when, when it was last used, and how it stands. Keys of accounts and of services
//! are shown alike.

use vestibule::{ApiKey, ServiceKey, Timestamp};

use super::moment::Moment;

/// The life of a key.
pub(crate) struct KeyLife {
    pub made: Moment,
    /// When it ends; none: never.
    pub ends: Option<Moment>,
    /// When it was last used; none: never.
    pub last_used: Option<Moment>,
    /// When it was revoked; none: it was not.
    pub revoked: Option<Moment>,
    has_expired: bool,
}

impl KeyLife {
    /// Of a key of an account.
    pub(super) fn of_api_key(key: &ApiKey, now: Timestamp) -> KeyLife {
        KeyLife::new((key.created_at, key.expires_at), key.last_used_at, key.revoked_at, now)
    }

    /// Of a key of a service.
    pub(super) fn of_service_key(key: &ServiceKey, now: Timestamp) -> KeyLife {
        KeyLife::new((key.created_at, key.expires_at), key.last_used_at, key.revoked_at, now)
    }

    fn new(
        (made, ends): (Timestamp, Option<Timestamp>),
        last_used: Option<Timestamp>,
        revoked: Option<Timestamp>,
        now: Timestamp,
    ) -> KeyLife {
        KeyLife {
            made: Moment(made),
            has_expired: ends.is_some_and(|end| now >= end),
            ends: ends.map(Moment),
            last_used: last_used.map(Moment),
            revoked: revoked.map(Moment),
        }
    }

    /// Whether it opens anything still.
    pub(crate) fn is_live(&self) -> bool {
        self.revoked.is_none() && !self.has_expired
    }

    /// How it stands, in a word.
    pub(crate) fn state(&self) -> &'static str {
        match (&self.revoked, self.has_expired) {
            (Some(_), _) => "revoked",
            (None, true) => "expired",
            (None, false) => "live",
        }
    }

    /// The colour of that word.
    pub(crate) fn tone(&self) -> &'static str {
        match (&self.revoked, self.has_expired) {
            (Some(_), _) => "disabled",
            (None, true) => "waiting",
            (None, false) => "active",
        }
    }
}
