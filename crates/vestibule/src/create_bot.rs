//! Bots of an organization: an admin in a session makes one with its first key, and more keys for it. The account, its
//! membership and the key come to be together or not at all; secrets are handed out once.

use serde_json::json;

use crate::accounts::Account;
use crate::audit::Entry;
use crate::bots::Bot;
use crate::caller::Caller;
use crate::create_api_key::{CreatedApiKey, DraftKey, KeyExpiry, NewApiKey};
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::id::{AccountId, OrganizationId};
use crate::mail::Words;
use crate::members::{Member, OrganizationRole};
use crate::organizations::Organization;
use crate::paging::{Page, PageRequest};
use crate::username::DisplayName;

/// What the first key of a bot is called.
const FIRST_KEY: &str = "First key";

/// What a new bot is made of.
#[derive(Clone, Debug, Default)]
pub struct NewBot {
    /// What it is called.
    pub name: String,
    /// The address of whoever answers for it.
    pub responsible_email: String,
    /// When its first key ends.
    pub expiry: KeyExpiry,
}

/// A bot that was made, with its first key.
#[derive(Debug)]
pub struct CreatedBot {
    /// The bot.
    pub bot: Bot,
    /// Its key, and the secret.
    pub first: CreatedApiKey,
}

struct Draft {
    name: DisplayName,
    email: Email,
    key: DraftKey,
}

impl Vestibule {
    /// Makes a bot with its first key, by an admin of the organization in a session.
    pub async fn create_bot(&self, caller: &Caller, organization: OrganizationId, new: NewBot) -> Result<CreatedBot> {
        let created = self.make_bot(caller, organization, new).await;
        self.audit_refusal(caller, "bot.created", organization, created).await
    }

    async fn make_bot(&self, caller: &Caller, organization: OrganizationId, new: NewBot) -> Result<CreatedBot> {
        let (draft, now) = (self.draft_bot(new), self.now());
        let id = AccountId::fresh(now, self.random());
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[]).await?;
        let admin = self.admin_of(&mut tx, caller, organization).await?;
        caller.require_session()?;
        let Draft { name, email, key } = draft?; // who may not make one hears that first
        Bot::insert(&mut tx, id, (&name, &email), admin, now).await?;
        Member::insert(&mut tx, organization, id, OrganizationRole::Member, now).await?;
        let account = Account::get(&mut tx, id).await?;
        let details = json!({ "name": name.as_str(), "responsible_email": email.as_str() });
        let entry = Entry::done("bot.created").on(&account).in_organization(organization).with(details);
        self.audit(&mut tx, caller, entry).await?;
        let first = self.put_organization_key(&mut tx, caller, (organization, id), key).await?;
        let name = Organization::get(&mut tx, organization).await?.name;
        self.notify(&mut tx, &account, Words::BotResponsible { bot: &account.label(), organization: &name }).await?;
        let bot = Bot::find(&mut tx, organization, id, now).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(CreatedBot { bot, first })
    }

    fn draft_bot(&self, new: NewBot) -> Result<Draft> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", DisplayName::parse(&new.name));
        let email = errors.take("responsible_email", Email::parse(&new.responsible_email));
        let (Some(name), Some(email)) = (name, email) else { return Err(errors.into()) };
        let key = NewApiKey { name: FIRST_KEY.to_owned(), permissions: None, expiry: new.expiry };
        Ok(Draft { name, email, key: self.draft_key(key)? })
    }

    /// Makes another key for a bot, by an admin of its organization in a session.
    pub async fn create_bot_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        bot: AccountId,
        new: NewApiKey,
    ) -> Result<CreatedApiKey> {
        let created = self.make_bot_key(caller, organization, bot, new).await;
        self.audit_refusal(caller, "api_key.created", organization, created).await
    }

    async fn make_bot_key(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        bot: AccountId,
        new: NewApiKey,
    ) -> Result<CreatedApiKey> {
        let draft = self.draft_key(new);
        let mut tx = self.db().write().await?;
        Organization::enter(&mut tx, caller, organization, &[bot]).await?;
        self.admin_of(&mut tx, caller, organization).await?;
        caller.require_session()?;
        Bot::find(&mut tx, organization, bot, self.now()).await?.ok_or(Error::NotFound)?;
        let created = self.put_organization_key(&mut tx, caller, (organization, bot), draft?).await?;
        tx.commit().await?;
        Ok(created)
    }

    /// A page of an organization's bots, newest first, for its admins.
    pub async fn list_bots(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Bot>> {
        let mut connection = self.db().read().await?;
        self.admin_of(&mut connection, caller, organization).await?;
        Bot::list(&mut connection, organization, self.now(), page).await
    }

    /// A bot of an organization, for its admins.
    pub async fn bot(&self, caller: &Caller, organization: OrganizationId, bot: AccountId) -> Result<Bot> {
        let mut connection = self.db().read().await?;
        self.admin_of(&mut connection, caller, organization).await?;
        Bot::find(&mut connection, organization, bot, self.now()).await?.ok_or(Error::NotFound)
    }
}
