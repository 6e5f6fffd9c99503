//! Edit one's own profile: what one wants to be called, and the username.

use serde_json::json;

use crate::accounts::{Account, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::id::AccountId;
use crate::revocations::Revocations;
use crate::username::{DisplayName, Username};

/// What to change: outer none leaves it, inner none clears it.
#[derive(Clone, Debug, Default)]
pub struct ProfileEdit {
    /// What its owner wants to be called.
    pub name: Option<Option<String>>,
    /// The username.
    pub username: Option<Option<String>>,
}

/// A profile edit whose values can be used.
#[derive(Debug, Default)]
pub(crate) struct ParsedProfile {
    pub name: Option<Option<DisplayName>>,
    pub username: Option<Option<Username>>,
}

impl ParsedProfile {
    pub(crate) fn parse(edit: &ProfileEdit, errors: &mut FieldErrors) -> ParsedProfile {
        let name = edit.name.as_ref().map(|name| {
            let name = name.as_deref().filter(|name| !name.trim().is_empty());
            name.and_then(|name| errors.take("name", DisplayName::parse(name)))
        });
        let username = edit.username.as_ref().map(|username| {
            let username = username.as_deref().filter(|username| !username.trim().is_empty());
            username.and_then(|username| errors.take("username", Username::parse(username)))
        });
        ParsedProfile { name, username }
    }
}

impl Vestibule {
    /// Changes the profile of an account.
    pub async fn edit_profile(&self, caller: &Caller, id: AccountId, edit: ProfileEdit) -> Result<AccountView> {
        let mut errors = FieldErrors::default();
        let profile = ParsedProfile::parse(&edit, &mut errors);
        errors.check()?;
        let mut tx = self.db().write().await?;
        Account::lock(&mut tx, id).await?;
        if caller.account_id() != Some(id) {
            return Err(Error::NotFound); // another's is changed with `edit_user`
        }
        caller.require_live(&mut tx).await?;
        let before = Account::get(&mut tx, id).await?;
        self.apply_profile(&mut tx, &before, profile).await?;
        let view = AccountView::get(&mut tx, id).await?;
        let details = json!({
            "before": { "name": before.name, "username": before.username },
            "after": { "name": view.account.name, "username": view.account.username },
        });
        self.audit(&mut tx, caller, Entry::done("account.edited").on(&view.account).with(details)).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await?;
        Ok(view)
    }

    pub(crate) async fn apply_profile(&self, tx: &mut Tx, account: &Account, profile: ParsedProfile) -> Result<()> {
        let now = self.now();
        if let Some(name) = &profile.name {
            Account::set_name(tx, account.id, name.as_ref(), now).await?;
        }
        if let Some(username) = &profile.username {
            if username.is_none() && account.email.is_none() {
                return Err(Error::field("username", Code::IdentifierRequired));
            }
            let renamed = Account::set_username(tx, account.id, username.as_ref(), now).await?;
            renamed.map_err(|_| Error::Conflict(Code::UsernameInUse))?;
        }
        Ok(())
    }
}
