//! Create an account for somebody else: by an administrator, with at least one group to be in. Without a password it is
//! invited: its person chooses the first one by a link.

use secrecy::SecretString;
use serde_json::json;

use crate::accounts::{Account, AccountState, AccountView, NewAccount, Taken};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::choose_password::Whose;
use crate::code::Code;
use crate::db::Tx;
use crate::email::Email;
use crate::engine::Vestibule;
use crate::error::{Error, FieldErrors, Result};
use crate::groups::{GroupRef, Membership};
use crate::id::{AccountId, GroupId};
use crate::invite_user::Invitation;
use crate::locks::Lock;
use crate::mail::Words;
use crate::needs;
use crate::passwords::Password;
use crate::power::{BreakGlass, Power};
use crate::refusals::Target;
use crate::username::{DisplayName, Username};

/// What a new account is made of; an address or a username at least.
#[derive(Debug, Default)]
pub struct NewUser {
    /// The address, unproven.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// The first password; none: its person is invited to choose one, and must have an address.
    pub password: Option<SecretString>,
    /// The groups to be in; at least one.
    pub group_ids: Vec<GroupId>,
}

/// An account that was made.
#[derive(Debug)]
pub struct CreatedUser {
    /// The account.
    pub view: AccountView,
    /// What became of its invitation; none: it has a password.
    pub invitation: Option<Invitation>,
}

impl Vestibule {
    /// Makes an account for somebody else.
    pub async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<CreatedUser> {
        let created = self.create(caller, user).await;
        self.audit_refusal(caller, "account.created", Target::Nobody, created).await
    }

    async fn create(&self, caller: &Caller, user: NewUser) -> Result<CreatedUser> {
        let (new, hash) = self.prepare_user(caller, &user).await?;
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::CREATE_USERS).await?;
        self.insert_account(&mut tx, &new, hash.as_deref(), &user.group_ids).await?;
        self.confer_all(&mut tx, &power, new.id).await?;
        let view = AccountView::get(&mut tx, new.id).await?;
        let details = json!({ "groups": view.groups });
        self.audit(&mut tx, caller, Entry::done("account.created").on(&view.account).with(details)).await?;
        let invited = match hash {
            None => Some(self.invite(&mut tx, caller, &view.account).await?),
            Some(_) => {
                let groups: Vec<String> = view.groups.iter().map(|group| group.name.clone()).collect();
                self.notify(&mut tx, &view.account, Words::Welcome { groups: &groups }).await?;
                None
            }
        };
        tx.commit().await?;
        let invitation = match invited {
            Some(invited) => Some(self.deliver_invitation(invited).await?),
            None => None,
        };
        Ok(CreatedUser { view, invitation })
    }

    /// Refuses to have given a new account what this power may not confer on it.
    pub(crate) async fn confer_all(&self, tx: &mut Tx, power: &Power, id: AccountId) -> Result<()> {
        let (nothing, after) = (self.held_nothing(tx).await?, self.held_in(tx, id).await?);
        power.confer(tx, id, (&nothing, &after), BreakGlass::No).await
    }

    /// Reads who somebody new is and hashes their password, if they have one.
    async fn prepare_user(&self, caller: &Caller, user: &NewUser) -> Result<(NewAccount, Option<String>)> {
        let mut errors = FieldErrors::default();
        let mut new = self.parse_person(caller, user, &mut errors);
        if user.group_ids.is_empty() {
            errors.push("group_ids", Code::NoGroups);
        }
        let Some(password) = &user.password else {
            if new.email.is_none() && errors.is_empty() {
                errors.push("password", Code::PasswordRequired);
            }
            errors.check()?;
            new.state = AccountState::Invited;
            return Ok((new, None));
        };
        let whose = Whose::somebody_new(new.email.as_ref(), new.username.as_ref());
        if !errors.is_empty() {
            self.note_password(&mut errors, password, whose);
            return Err(errors.into());
        }
        let ticket = self.hasher().admit()?;
        let hash = self.choose_password(&ticket, password, whose).await?;
        let hash = hash.map_err(|code| Error::field("password", code))?;
        Ok((new, Some(hash)))
    }

    /// Reads who somebody new is, noting what cannot be used.
    pub(crate) fn parse_person(&self, caller: &Caller, user: &NewUser, errors: &mut FieldErrors) -> NewAccount {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (email, username, name) = (given(&user.email), given(&user.username), given(&user.name));
        if email.is_none() && username.is_none() {
            errors.push("email", Code::IdentifierRequired);
        }
        NewAccount {
            id: AccountId::fresh(self.now(), self.random()),
            email: email.and_then(|email| errors.take("email", Email::parse(&email))),
            username: username.and_then(|username| errors.take("username", Username::parse(&username))),
            name: name.and_then(|name| errors.take("name", DisplayName::parse(&name))),
            created_by: caller.account_id(),
            state: AccountState::Active,
        }
    }

    /// Makes an account in these groups, with a password or without.
    pub(crate) async fn insert_account(
        &self,
        tx: &mut Tx,
        new: &NewAccount,
        hash: Option<&str>,
        groups: &[GroupId],
    ) -> Result<()> {
        let now = self.now();
        match Account::insert(tx, new, now).await? {
            Ok(()) => {}
            Err(Taken::Email) => return Err(Error::Conflict(Code::EmailInUse)),
            Err(Taken::Username) => return Err(Error::Conflict(Code::UsernameInUse)),
        }
        if let Some(hash) = hash {
            Password::replace(tx, new.id, hash, now).await?;
        }
        for group in groups {
            if GroupRef::find(tx, *group).await?.is_none() {
                return Err(Error::field("group_ids", Code::GroupUnknown));
            }
            Membership::insert(tx, *group, new.id, now).await?;
        }
        Ok(())
    }
}
