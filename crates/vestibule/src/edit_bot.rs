//! Change a bot, refuse its keys for a while, or delete it with them: by the admins of its organization.

use serde_json::json;

use crate::accounts::{Account, AccountState};
use crate::audit::Entry;
use crate::bots::Bot;
use crate::caller::Caller;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::id::{AccountId, OrganizationId};
use crate::mail::Words;
use crate::organizations::Organization;
use crate::revocations::Revocations;
use crate::username::DisplayName;

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct BotEdit {
    /// What it is called.
    pub name: Option<String>,
    /// The address of whoever answers for it.
    pub responsible_email: Option<String>,
    /// Whether its keys are refused.
    pub disabled: Option<bool>,
}

struct Parsed {
    name: Option<DisplayName>,
    email: Option<Email>,
    disabled: Option<bool>,
}

impl Vestibule {
    /// Changes a bot.
    pub async fn edit_bot(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        bot: AccountId,
        edit: BotEdit,
    ) -> Result<Bot> {
        let edited = self.change_bot(caller, organization, bot, edit).await;
        self.audit_refusal(caller, "bot.edited", organization, edited).await
    }

    async fn change_bot(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        id: AccountId,
        edit: BotEdit,
    ) -> Result<Bot> {
        let (edit, now) = (Parsed::parse(&edit), self.now());
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[id]).await?;
        self.admin_of(&mut tx, caller, organization).await?;
        let before = Bot::find(&mut tx, organization, id, now).await?.ok_or(Error::NotFound)?;
        let edit = edit?;
        self.describe(&mut tx, caller, (organization, &before), &edit).await?;
        if let Some(disabled) = edit.disabled {
            self.switch(&mut tx, caller, (organization, id), disabled).await?;
        }
        let after = Bot::find(&mut tx, organization, id, now).await?.ok_or(Error::NotFound)?;
        if after != before {
            Revocations::insert(&mut tx, id, now).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Writes what a bot is called and who answers for it, where that is another now.
    async fn describe(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (organization, before): (OrganizationId, &Bot),
        edit: &Parsed,
    ) -> Result<()> {
        let (id, now) = (before.account_id, self.now());
        let name = edit.name.as_ref().filter(|name| name.as_str() != before.name);
        let email = edit.email.as_ref().filter(|email| email.as_str() != before.responsible_email);
        if name.is_none() && email.is_none() {
            return Ok(());
        }
        if name.is_some() {
            Account::set_name(tx, id, name, now).await?;
        }
        if let Some(email) = email {
            Bot::set_responsible(tx, id, email, now).await?;
        }
        let account = Account::get(tx, id).await?;
        if email.is_some() {
            let organization = Organization::get(tx, organization).await?.name;
            let words = Words::BotResponsible { bot: &account.label(), organization: &organization };
            self.notify(tx, &account, words).await?;
        }
        let details = json!({
            "before": { "name": before.name, "responsible_email": before.responsible_email },
            "after": { "name": account.name, "responsible_email": account.email },
        });
        let entry = Entry::done("bot.edited").on(&account).in_organization(organization).with(details);
        self.audit(tx, caller, entry).await
    }

    /// Refuses a bot's keys, or takes them again. It may be so already.
    async fn switch(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (organization, id): (OrganizationId, AccountId),
        disabled: bool,
    ) -> Result<()> {
        let (changed, action) = match disabled {
            true => (Account::disable(tx, id, self.now()).await?, "bot.disabled"),
            false => (Account::enable(tx, id, AccountState::Active, self.now()).await?, "bot.enabled"),
        };
        if changed {
            let account = Account::get(tx, id).await?;
            self.audit(tx, caller, Entry::done(action).on(&account).in_organization(organization)).await?;
        }
        Ok(())
    }

    /// Deletes a bot with its keys.
    pub async fn delete_bot(&self, caller: &Caller, organization: OrganizationId, bot: AccountId) -> Result<()> {
        let deleted = self.remove_bot(caller, organization, bot).await;
        self.audit_refusal(caller, "bot.deleted", organization, deleted).await
    }

    async fn remove_bot(&self, caller: &Caller, organization: OrganizationId, id: AccountId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[id]).await?;
        self.admin_of(&mut tx, caller, organization).await?;
        let bot = Bot::find(&mut tx, organization, id, self.now()).await?.ok_or(Error::NotFound)?;
        let account = Account::get(&mut tx, id).await?;
        let details = json!({ "name": bot.name, "responsible_email": bot.responsible_email });
        let entry = Entry::done("bot.deleted").on(&account).in_organization(organization).with(details);
        self.audit(&mut tx, caller, entry).await?;
        Account::delete(&mut tx, id).await?;
        Revocations::insert(&mut tx, id, self.now()).await?;
        tx.commit().await
    }
}

impl Parsed {
    fn parse(edit: &BotEdit) -> Result<Parsed> {
        let mut errors = FieldErrors::default();
        let name = edit.name.as_deref().and_then(|name| errors.take("name", DisplayName::parse(name)));
        let email = edit.responsible_email.as_deref();
        let email = email.and_then(|email| errors.take("responsible_email", Email::parse(email)));
        errors.check()?;
        Ok(Parsed { name, email, disabled: edit.disabled })
    }
}
