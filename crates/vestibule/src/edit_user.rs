//! Edit somebody else's account, as an administrator: address, username, name, groups. A new address is unproven and
//! ends the account's sessions, and so does gaining power; leaving Administrators is guarded.

use serde_json::json;

use crate::accounts::{Account, AccountState, AccountView};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::edit_profile::{ParsedProfile, ProfileEdit};
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::groups::{GroupRef, Membership};
use crate::id::{AccountId, GroupId};
use crate::issue_token::Mailed;
use crate::last_admin::LastAdminGuard;
use crate::mail::Words;
use crate::needs;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::power::BreakGlass;
use crate::revocations::Revocations;
use crate::sessions::Session;

/// What to change: none leaves it, inner none clears it.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// The address.
    pub email: Option<String>,
    /// The username.
    pub username: Option<Option<String>>,
    /// What its owner wants to be called.
    pub name: Option<Option<String>>,
    /// The groups to be in, all of them; at least one.
    pub group_ids: Option<Vec<GroupId>>,
}

impl Vestibule {
    /// Changes an account.
    pub async fn edit_user(&self, caller: &Caller, id: AccountId, edit: UserEdit) -> Result<AccountView> {
        let edited = self.edit(caller, id, edit).await;
        self.audit_refusal(caller, "account.edited", id, edited).await
    }

    async fn edit(&self, caller: &Caller, id: AccountId, edit: UserEdit) -> Result<AccountView> {
        let mut errors = FieldErrors::default();
        let email = edit.email.as_deref().and_then(|email| errors.take("email", Email::parse(email)));
        let profile = ProfileEdit { name: edit.name, username: edit.username };
        let profile = ParsedProfile::parse(&profile, &mut errors);
        if edit.group_ids.as_ref().is_some_and(Vec::is_empty) {
            errors.push("group_ids", Code::NoGroups);
        }
        errors.check()?;
        let mut tx = self.db().write().await?;
        let guard = LastAdminGuard::hold(&mut tx).await?;
        Account::lock(&mut tx, id).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_USERS).await?;
        let held = self.held_in(&mut tx, id).await?;
        let before = AccountView::get(&mut tx, id).await?;
        before.account.require_person()?;
        if let Some(email) = email.filter(|email| before.account.email.as_deref() != Some(email.as_str())) {
            if caller.account_id() == Some(id) {
                return Err(Error::Conflict(Code::OwnAccount)); // one's own is confirmed by a link
            }
            power.take_over(&held)?;
            Account::note_hand(&mut tx, id, caller.account_id(), self.now()).await?;
            let is_free = Account::set_email(&mut tx, id, &email, self.now()).await?;
            is_free.map_err(|_| Error::Conflict(Code::EmailInUse))?;
            Session::end_all(&mut tx, id).await?;
            self.tell_both_addresses(&mut tx, caller, &before.account, &email).await?;
        }
        if profile.username.is_some() && caller.account_id() != Some(id) {
            power.take_over(&held)?; // what somebody signs in by
        }
        let account = Account::get(&mut tx, id).await?;
        self.apply_profile(&mut tx, &account, profile).await?;
        if let Some(groups) = &edit.group_ids {
            self.replace_groups(&mut tx, &before, groups).await?;
            self.settle_power(&mut tx, &power, (id, &held), BreakGlass::No).await?;
        }
        Account::settle_pending(&mut tx, id).await?;
        guard.release(&mut tx).await?;
        let after = AccountView::get(&mut tx, id).await?;
        let details = json!({ "before": summary(&before), "after": summary(&after) });
        self.audit(&mut tx, caller, Entry::done("account.edited").on(&after.account).with(details)).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Voids what was mailed to the old address, tells it, and asks the new one to be proven.
    async fn tell_both_addresses(&self, tx: &mut Tx, caller: &Caller, before: &Account, email: &Email) -> Result<()> {
        OneTimeToken::void(tx, before.id, &TokenKind::OF_ACCOUNTS, self.now()).await?;
        self.notify(tx, before, Words::EmailChanged { to: email.as_str() }).await?;
        let account = Account::get(tx, before.id).await?;
        let what = match account.state {
            AccountState::Invited => Mailed::AccountInvite,
            AccountState::Active => Mailed::EmailVerify,
            AccountState::Disabled => return Ok(()),
        };
        self.mail_token(tx, caller, &account, what).await.map(drop)
    }

    async fn replace_groups(&self, tx: &mut Tx, before: &AccountView, groups: &[GroupId]) -> Result<()> {
        for group in before.groups.iter().filter(|group| !groups.contains(&group.id)) {
            Membership::delete(tx, group.id, before.account.id).await?;
        }
        for group in groups {
            if GroupRef::find(tx, *group).await?.is_none() {
                return Err(Error::field("group_ids", Code::GroupUnknown));
            }
            Membership::insert(tx, *group, before.account.id, self.now()).await?;
        }
        Ok(())
    }
}

fn summary(view: &AccountView) -> serde_json::Value {
    let AccountView { account, groups, mfa_enabled: _ } = view;
    let groups: Vec<&str> = groups.iter().map(|group| group.slug.as_str()).collect();
    json!({ "email": account.email, "username": account.username, "name": account.name, "groups": groups })
}
