//! The first administrator, by environment, by setup token, or on the host; and further ones.
//! The first two work only while nobody at all is an administrator, active or not, and hold the lock that the
//! last-administrator guard holds: of any number of racing callers and nodes one wins.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::accounts::{Account, AccountView, NewAccount};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::create_user::NewUser;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::groups::{ADMINISTRATORS, GroupRef};
use crate::id::TokenId;
use crate::locks::Lock;
use crate::needs;
use crate::one_time_tokens::{OneTimeToken, Payload, TokenKind};
use crate::power::Power;
use crate::refusals::Target;
use crate::secret::{Secret, SecretKind};
use crate::sessions::Proven;
use crate::sign_in::SignedIn;

const NEVER_PROMOTED: &str = "the administrator in the settings names an existing account, which is not promoted: \
    remove admin.* from the settings and run `vestibule admin create`";

/// Who shall be an administrator; an address or a username at least.
#[derive(Debug)]
pub struct NewAdministrator {
    /// The address.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// What they want to be called.
    pub name: Option<String>,
    /// Their password.
    pub password: SecretString,
}

/// What is asked of whoever sets the instance up.
#[derive(Debug)]
pub struct SetUpForm {
    /// The one-time token from the terminal.
    pub setup_token: SecretString,
    /// The address.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The password they choose.
    pub password: SecretString,
}

/// How setting up ended.
#[derive(Debug)]
pub enum SetUp {
    /// The first administrator is made and signed in.
    Done(Box<SignedIn>),
    /// There is an administrator already.
    Closed,
    /// The token is not live.
    WrongToken,
}

/// How the bootstrap from the environment ended.
#[derive(Debug)]
pub enum Bootstrap {
    /// The first administrator is made.
    Made(Box<AccountView>),
    /// There is an administrator already; nothing was done.
    Inert,
}

impl Vestibule {
    /// Whether the first administrator is still to be made.
    pub async fn is_setup_armed(&self) -> Result<bool> {
        Ok(!GroupRef::has_administrator(&mut self.db().read().await?).await?)
    }

    /// A setup token that lives for 24 hours; none when there is an administrator.
    pub async fn issue_setup_token(&self, caller: &Caller) -> Result<Option<Secret>> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        if GroupRef::has_administrator(&mut tx).await? {
            return Ok(None);
        }
        let token = Secret::fresh(SecretKind::Setup, self.random());
        let id = TokenId::fresh(now, self.random());
        let about = (TokenKind::Setup, None);
        OneTimeToken::insert(&mut tx, about, (id, &token.digest()), Payload::default(), now).await?;
        self.audit(&mut tx, caller, Entry::done("setup_token.issued")).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Makes the first administrator, for whoever holds a live setup token.
    pub async fn set_up(&self, caller: &Caller, form: SetUpForm) -> Result<SetUp> {
        if !self.is_setup_armed().await? {
            return Ok(SetUp::Closed);
        }
        let Some(token) = self.live_setup_token(form.setup_token.expose_secret()).await? else {
            self.audit_alone(caller, Entry::refused("instance.set_up", "setup_token_invalid")).await?;
            return Ok(SetUp::WrongToken);
        };
        let SetUpForm { email, username, password, .. } = form;
        let (new, hash) = self.prepare(caller, NewAdministrator { email, username, name: None, password }).await?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        if GroupRef::has_administrator(&mut tx).await? {
            return Ok(SetUp::Closed);
        }
        if !OneTimeToken::consume(&mut tx, TokenKind::Setup, &token.digest(), now).await? {
            return Ok(SetUp::WrongToken);
        }
        let groups = GroupRef::bootstrap_groups(&mut tx).await?;
        self.insert_account(&mut tx, &new, Some(&hash), &groups).await?;
        OneTimeToken::void_all(&mut tx, TokenKind::Setup, now).await?;
        let account = Account::get(&mut tx, new.id).await?;
        self.audit(&mut tx, caller, Entry::done("instance.set_up").on(&account)).await?;
        let signed_in = self.open(&mut tx, caller, &account, Proven::by_password(None)).await?;
        tx.commit().await?;
        Ok(SetUp::Done(signed_in))
    }

    /// Makes the first administrator as the settings say, unless there is one. Never promotes an existing account.
    pub async fn bootstrap(&self, admin: NewAdministrator) -> Result<Bootstrap> {
        if !self.is_setup_armed().await? {
            return Ok(Bootstrap::Inert);
        }
        let caller = Caller::system();
        let (new, hash) = self.prepare(&caller, admin).await?;
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        if GroupRef::has_administrator(&mut tx).await? {
            return Ok(Bootstrap::Inert);
        }
        let groups = GroupRef::bootstrap_groups(&mut tx).await?;
        let made = self.insert_account(&mut tx, &new, Some(&hash), &groups).await;
        if matches!(made, Err(Error::Conflict(_))) {
            return Err(Error::Setup(NEVER_PROMOTED.to_owned()));
        }
        made?;
        OneTimeToken::void_all(&mut tx, TokenKind::Setup, self.now()).await?;
        let view = AccountView::get(&mut tx, new.id).await?;
        self.audit(&mut tx, &caller, Entry::done("instance.set_up").on(&view.account)).await?;
        tx.commit().await?;
        Ok(Bootstrap::Made(Box::new(view)))
    }

    /// Makes a further administrator, or the first. The first joins what the policy says the first joins.
    pub async fn create_administrator(&self, caller: &Caller, admin: NewAdministrator) -> Result<AccountView> {
        let created = self.create_in_administrators(caller, admin).await;
        self.audit_refusal(caller, "account.created", Target::Nobody, created).await
    }

    async fn create_in_administrators(&self, caller: &Caller, admin: NewAdministrator) -> Result<AccountView> {
        let (new, hash) = self.prepare(caller, admin).await?;
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::CREATE_USERS).await?;
        let is_first = matches!(power, Power::Host) && !GroupRef::has_administrator(&mut tx).await?;
        if is_first {
            let groups = GroupRef::bootstrap_groups(&mut tx).await?;
            self.insert_account(&mut tx, &new, Some(&hash), &groups).await?;
        } else {
            self.insert_account(&mut tx, &new, Some(&hash), &[ADMINISTRATORS]).await?;
            self.confer_all(&mut tx, &power, new.id).await?;
        }
        let view = AccountView::get(&mut tx, new.id).await?;
        let details = json!({ "groups": view.groups });
        self.audit(&mut tx, caller, Entry::done("account.created").on(&view.account).with(details)).await?;
        tx.commit().await?;
        Ok(view)
    }

    async fn live_setup_token(&self, text: &str) -> Result<Option<Secret>> {
        let Some(token) = Secret::parse(SecretKind::Setup, text.trim()) else { return Ok(None) };
        let mut connection = self.db().read().await?;
        let is_live = OneTimeToken::is_live(&mut connection, TokenKind::Setup, &token.digest(), self.now()).await?;
        Ok(is_live.then_some(token))
    }

    async fn prepare(&self, caller: &Caller, admin: NewAdministrator) -> Result<(NewAccount, String)> {
        let mut errors = FieldErrors::default();
        let NewAdministrator { email, username, name, password } = admin;
        let user = NewUser { email, username, name, ..NewUser::default() };
        let new = self.parse_person(caller, &user, &mut errors);
        let whose = Whose::somebody_new(new.email.as_ref(), new.username.as_ref());
        if !errors.is_empty() {
            self.note_password(&mut errors, &password, whose);
            return Err(errors.into());
        }
        let ticket = self.hasher().admit()?;
        let hash = errors.take("password", self.choose_password(&ticket, &password, whose).await?);
        errors.check()?;
        let hash = hash.ok_or_else(|| Error::internal("a password without errors has a hash"))?;
        Ok((new, hash))
    }
}
