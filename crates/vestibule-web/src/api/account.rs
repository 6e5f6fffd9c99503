//! An account as JSON: one shape, the same for its owner and for whoever may see it.

use serde::Serialize;
use utoipa::ToSchema;
use vestibule::{AccountId, AccountKind, AccountState, AccountView, GroupId, GroupRef, Timestamp};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountJson {
    #[schema(value_type = uuid::Uuid)]
    id: AccountId,
    /// `human` or `bot`.
    #[schema(value_type = String, example = "human")]
    kind: AccountKind,
    #[schema(example = "ann@example.com")]
    email: Option<String>,
    #[schema(example = "ann")]
    username: Option<String>,
    #[schema(example = "Ann Lee")]
    name: Option<String>,
    /// `invited`, `active` or `disabled`.
    #[schema(value_type = String, example = "active")]
    state: AccountState,
    /// When its owner proved that the address is theirs.
    #[schema(value_type = Option<String>, format = DateTime)]
    email_verified_at: Option<Timestamp>,
    groups: Vec<GroupRefJson>,
    /// Whether a second factor is asked for.
    mfa_enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
}

/// A group that an account is in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupRef)]
pub(crate) struct GroupRefJson {
    #[schema(value_type = uuid::Uuid)]
    id: GroupId,
    #[schema(example = "administrators")]
    slug: String,
    #[schema(example = "Administrators")]
    name: String,
}

impl From<AccountView> for AccountJson {
    fn from(view: AccountView) -> AccountJson {
        let AccountView { account, groups, mfa_enabled } = view;
        AccountJson {
            id: account.id,
            kind: account.kind,
            email: account.email.filter(|_| account.kind == AccountKind::Human), // a bot's is somebody else's
            username: account.username,
            name: account.name,
            state: account.state,
            email_verified_at: account.email_verified_at,
            groups: groups.into_iter().map(GroupRefJson::from).collect(),
            mfa_enabled,
            created_at: account.created_at,
            updated_at: account.updated_at,
            last_login_at: account.last_login_at,
        }
    }
}

impl From<GroupRef> for GroupRefJson {
    fn from(group: GroupRef) -> GroupRefJson {
        GroupRefJson { id: group.id, slug: group.slug, name: group.name }
    }
}
