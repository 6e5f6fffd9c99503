//! What an account may do, written out: each permission of the catalogue that it holds, from where, and how far its
//! scope reaches. Whoever sees it may see permissions, or is the account itself.

use vestibule::{AccountView, GroupRef};

use super::permission::{InWords, reach};
use crate::app::App;
use crate::error::Result;
use crate::extract::Session;

/// More than this is folded away at first.
const MANY: usize = 12;

/// What an account may do.
pub(crate) struct Powers {
    pub rows: Vec<PowerRow>,
    /// How far it reaches, in words.
    pub reach: String,
}

/// A permission that is held.
pub(crate) struct PowerRow {
    pub permission: InWords,
    pub source: Source,
}

/// Where an account has a permission from.
pub(crate) struct Source {
    /// The group; none: it is held directly.
    pub group: Option<GroupRef>,
    /// What was granted there, if that is something wider.
    pub via: Option<String>,
}

impl Powers {
    /// Of this account, in words that the catalogue has for whoever looks.
    pub(super) async fn of(app: &App, session: &Session, user: &AccountView) -> Result<Powers> {
        let effective = app.vestibule.effective_permissions(user.account.id).await?;
        let row = |one: vestibule::Effective| {
            let via = Some(one.via).filter(|via| *via != one.permission.to_string());
            PowerRow {
                permission: InWords::of(session.view.catalogue(), &one.permission),
                source: Source { group: named(&user.groups, one.group.as_deref()), via },
            }
        };
        Ok(Powers { rows: effective.permissions.into_iter().map(row).collect(), reach: reach(&effective.scope) })
    }

    /// Whether it is much to look at.
    pub(crate) fn is_long(&self) -> bool {
        self.rows.len() > MANY
    }
}

/// The group of this slug among an account's own.
pub(super) fn named(groups: &[GroupRef], slug: Option<&str>) -> Option<GroupRef> {
    groups.iter().find(|group| Some(group.slug.as_str()) == slug).cloned()
}
