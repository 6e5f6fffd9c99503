//! May this account do this, and why: the decision for whoever is not signed in here, such as another program that asks
//! about somebody. An account that is not in use may nothing.

use crate::accounts::{Account, AccountState};
use crate::decide::{Explanation, Question, View, decide};
use crate::effective::EffectivePermissions;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::AccountId;

impl Vestibule {
    /// What an account may do, compiled; none: there is no such account in use.
    pub async fn view_of(&self, account: AccountId) -> Result<Option<View>> {
        let mut connection = self.db().read().await?;
        match Account::is_active(&mut connection, account).await? {
            true => Ok(Some(self.held_in(&mut connection, account).await?.view)),
            false => Ok(None),
        }
    }

    /// Whether an account may do this.
    pub async fn may(&self, account: AccountId, question: &Question<'_>) -> Result<bool> {
        Ok(self.view_of(account).await?.is_some_and(|view| decide(&view, question)))
    }

    /// Whether an account may do this, and why.
    pub async fn explain(&self, account: AccountId, question: &Question<'_>) -> Result<Explanation> {
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, account).await?;
        Ok(match account.state {
            AccountState::Active => {
                crate::decide::explain(&self.held_in(&mut connection, account.id).await?.view, question)
            }
            AccountState::Invited | AccountState::Disabled => Explanation::inactive(),
        })
    }

    /// Everything that an account may do.
    pub async fn effective_permissions(&self, account: AccountId) -> Result<EffectivePermissions> {
        let mut connection = self.db().read().await?;
        let account = Account::get(&mut connection, account).await?;
        let held = match account.state {
            AccountState::Active => self.held_in(&mut connection, account.id).await?,
            AccountState::Invited | AccountState::Disabled => self.held_nothing(&mut connection).await?,
        };
        Ok(EffectivePermissions::of(&held.view))
    }
}
