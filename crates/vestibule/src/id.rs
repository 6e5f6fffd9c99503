//! Ids: UUIDv7 (RFC 9562), made from the clock and the randomness that the caller holds.
//! One type for each noun, so that a session's id cannot stand where an account's is meant.

use uuid::{Builder, Uuid};

use crate::random::Random;
use crate::secret::Digest;
use crate::time::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        crate::db::sql_newtype!($name(Uuid));

        impl $name {
            /// A fresh id; ids made later sort later.
            pub fn fresh(now: Timestamp, random: &Random) -> Self {
                Self(uuid_v7(now, random))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )* };
}

ids! {
    /// The id of an account.
    AccountId,
    /// The id of a login elsewhere that opens an account.
    IdentityId,
    /// The id of a session.
    SessionId,
    /// The id of an organization.
    OrganizationId,
    /// The id of an invitation to an organization.
    InvitationId,
    /// The id of a use of one.
    RedemptionId,
    /// The id of a group.
    GroupId,
    /// The id of a key that signs access tokens.
    SigningKeyId,
    /// The id of a refresh chain.
    ChainId,
    /// The id of an API key.
    ApiKeyId,
    /// The id of a service key.
    ServiceKeyId,
    /// The id of an ability.
    AbilityId,
    /// The id of a permission of the catalogue.
    PermissionId,
    /// The id of a permission that an account holds by itself.
    GrantId,
    /// The id of a row of the audit log.
    AuditId,
    /// The id of an invite to the directory.
    DirectoryInviteId,
    /// The id of a one-time token.
    TokenId,
    /// The id of a mail.
    MailId,
    /// The id that a request carries through logs, answers and audit rows.
    RequestId,
}

impl DirectoryInviteId {
    /// The id of the invite whose token has this digest: a UUIDv8 from a hash of it, so that a store without indexes
    /// finds an invite by its token as well as by its id. It says nothing of either.
    pub fn of(digest: &Digest) -> Self {
        let hash = Digest::of(&[b"vestibule directory invite\n", &digest.0[..]].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.0[..16]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }
}

fn uuid_v7(now: Timestamp, random: &Random) -> Uuid {
    let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random.id_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_id_sorts_later() {
        let random = Random::seeded(1);
        let early = AccountId::fresh(Timestamp(1_000_000), &random);
        let late = AccountId::fresh(Timestamp(2_000_000), &random);
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
    }
}
