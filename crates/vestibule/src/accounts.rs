//! Accounts: people and bots. An e-mail address is unique among people, a username among all.
//! Every change is a guarded update by column; rows are never written back whole.

use serde::Serialize;

use crate::db::{Arg, Tx, from_row, text_enum};
use crate::email::Email;
use crate::error::{Error, Result};
use crate::groups::{ADMINISTRATORS, GroupRef};
use crate::id::{AccountId, GroupId};
use crate::paging::{Cursor, Page, PageRequest};
use crate::second_factors::SecondFactor;
use crate::time::Timestamp;
use crate::username::{DisplayName, Username};

text_enum! {
    /// What an account is.
    AccountKind {
        /// A person.
        Human = "human",
        /// A program that belongs to one organization; it has neither password nor session.
        Bot = "bot",
    }
}

text_enum! {
    /// Whether an account may be used.
    AccountState {
        /// Made by an administrator; its person has not yet set a password.
        Invited = "invited",
        /// In use.
        Active = "active",
        /// Closed to its person until an administrator enables it.
        Disabled = "disabled",
    }
}

/// A person or a bot.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Person or bot.
    pub kind: AccountKind,
    /// The address as its owner writes it.
    pub email: Option<String>,
    /// The username, in lower case.
    pub username: Option<String>,
    /// What its owner wants to be called.
    pub name: Option<String>,
    /// When its owner proved the address; none: never.
    pub email_verified_at: Option<Timestamp>,
    /// When any address of it was first proven; none: never.
    pub first_proven_at: Option<Timestamp>,
    /// Goes up when everything issued so far must end.
    pub session_version: i64,
    /// Whether it may be used.
    pub state: AccountState,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
    /// Wrong passwords since the last complete sign-in, or since a lock ran out.
    pub failed_attempts: i64,
    /// Until when no password opens it.
    pub locked_until: Option<Timestamp>,
    /// The last complete sign-in.
    pub last_login_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who made it; none: itself, the host, or somebody gone.
    pub created_by: Option<AccountId>,
    /// The id it had where it was imported from.
    pub external_id: Option<String>,
}

/// An account with what is shown beside it everywhere.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// The groups it is a member of.
    pub groups: Vec<GroupRef>,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
}

/// Which accounts are wanted; what is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Part of an address, username or name.
    pub search: Option<String>,
    /// In this state.
    pub state: Option<AccountState>,
    /// Members of this group.
    pub group: Option<GroupId>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AccountCounts {
    /// People's accounts.
    pub total: i64,
    /// Of them active.
    pub active: i64,
    /// Of them disabled.
    pub disabled: i64,
    /// Active people in Administrators.
    pub administrators: i64,
    /// Sessions that are live now.
    pub live_sessions: i64,
}

/// What a new account is made of.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub id: AccountId,
    pub email: Option<Email>,
    pub username: Option<Username>,
    pub name: Option<DisplayName>,
    pub created_by: Option<AccountId>,
    pub state: AccountState,
}

/// Why an account could not be made or renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Email,
    Username,
}

from_row!(Account {
    id: AccountId, kind: AccountKind, email: Option<String>, username: Option<String>, name: Option<String>,
    email_verified_at: Option<Timestamp>, first_proven_at: Option<Timestamp>, session_version: i64, state: AccountState, disabled_at: Option<Timestamp>,
    failed_attempts: i64, locked_until: Option<Timestamp>, last_login_at: Option<Timestamp>, created_at: Timestamp,
    updated_at: Timestamp, created_by: Option<AccountId>, external_id: Option<String>,
});

from_row!(AccountCounts { total: i64, active: i64, disabled: i64, administrators: i64, live_sessions: i64 });

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.kind, a.email, a.username, a.name, a.email_verified_at, a.first_proven_at,
                    a.session_version, a.state,
                    a.disabled_at, a.failed_attempts, a.locked_until, a.last_login_at, a.created_at, a.updated_at,
                    a.created_by, a.external_id
               FROM accounts a ",
            $rest
        )
    };
}

/// What somebody typed to say who they are, in the one form that counts: every spelling of an address or a username
/// that finds the same account gives the same text, and anything else its own.
pub fn canonical_identifier(text: &str) -> String {
    if let Ok(email) = Email::parse(text) {
        return email.normalized().to_owned();
    }
    Username::parse(text).map_or_else(|_| text.trim().to_lowercase(), |username| username.as_str().to_owned())
}

impl AccountView {
    pub(crate) async fn get(tx: &mut Tx, id: AccountId) -> Result<AccountView> {
        let account = Account::get(tx, id).await?;
        AccountView::of(tx, account).await
    }

    pub(crate) async fn of(tx: &mut Tx, account: Account) -> Result<AccountView> {
        let groups = GroupRef::of(tx, account.id).await?;
        let mfa_enabled = SecondFactor::is_on(tx, account.id).await?;
        Ok(AccountView { account, groups, mfa_enabled })
    }
}

impl Account {
    /// How people know it: its address, or its username, or else its name or id. A bot goes by its name: its address is
    /// somebody else's.
    pub fn label(&self) -> String {
        let known_by = match self.kind {
            AccountKind::Human => self.email.as_ref().or(self.username.as_ref()).or(self.name.as_ref()),
            AccountKind::Bot => self.name.as_ref(),
        };
        known_by.cloned().unwrap_or_else(|| self.id.to_string())
    }

    /// What is done to people alone is done to no bot, which its organization looks after: it is not found.
    pub(crate) fn require_person(&self) -> Result<()> {
        match self.kind {
            AccountKind::Human => Ok(()),
            AccountKind::Bot => Err(Error::NotFound),
        }
    }

    pub(crate) async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
        tx.opt(select!("WHERE a.id = $1"), &[&id]).await
    }

    pub(crate) async fn get(tx: &mut Tx, id: AccountId) -> Result<Account> {
        Account::find(tx, id).await?.ok_or(Error::NotFound)
    }

    /// The person whom an address or a username names.
    pub(crate) async fn find_by_identifier(tx: &mut Tx, identifier: &str) -> Result<Option<Account>> {
        if identifier.contains('@') {
            let Ok(email) = Email::parse(identifier) else { return Ok(None) };
            let sql = select!("WHERE a.kind = 'human' AND a.email_normalized = $1");
            return tx.opt(sql, &[&email.normalized()]).await;
        }
        let Ok(username) = Username::parse(identifier) else { return Ok(None) };
        tx.opt(select!("WHERE a.kind = 'human' AND a.username = $1"), &[&username.as_str()]).await
    }

    /// A page of people, newest first. Bots are listed by their organizations.
    pub(crate) async fn list(tx: &mut Tx, filter: &AccountFilter, page: PageRequest) -> Result<Page<Account>> {
        let (after, state) = (page.after(), filter.state.map(AccountState::as_str));
        let search = filter.search.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(pattern);
        let sql = select!(
            "WHERE a.kind = 'human' AND (a.created_at, a.id) < ($1, $2)
               AND (CAST($3 AS TEXT) IS NULL OR a.email_normalized LIKE $3 ESCAPE '\\' OR a.username LIKE $3 ESCAPE '\\'
                    OR LOWER(a.name) LIKE $3 ESCAPE '\\')
               AND (CAST($4 AS TEXT) IS NULL OR a.state = $4)
               AND (CAST($5 AS UUID) IS NULL OR EXISTS (SELECT 1 FROM group_members g
                                                         WHERE g.account_id = a.id AND g.group_id = $5))
             ORDER BY a.created_at DESC, a.id DESC LIMIT $6"
        );
        let args: [&dyn Arg; 6] = [&after.created_at, &after.id, &search, &state, &filter.group, &page.fetch()];
        let rows = tx.all(sql, &args).await?;
        Ok(page.page(rows, |account: &Account| Cursor { created_at: account.created_at, id: account.id.0 }))
    }

    pub(crate) async fn count(tx: &mut Tx, now: Timestamp) -> Result<AccountCounts> {
        tx.one(
            "SELECT COUNT(*) AS total,
                    CAST(COALESCE(SUM(CASE WHEN state = 'active' THEN 1 ELSE 0 END), 0) AS BIGINT) AS active,
                    CAST(COALESCE(SUM(CASE WHEN state = 'disabled' THEN 1 ELSE 0 END), 0) AS BIGINT) AS disabled,
                    (SELECT COUNT(*) FROM group_members g JOIN accounts m ON m.id = g.account_id
                      WHERE g.group_id = $1 AND m.state = 'active' AND m.kind = 'human') AS administrators,
                    (SELECT COUNT(*) FROM sessions
                      WHERE expires_at > $2 AND absolute_expires_at > $2) AS live_sessions
               FROM accounts WHERE kind = 'human'",
            &[&ADMINISTRATORS, &now],
        )
        .await
    }

    /// Makes a person, unless the address or the username is taken.
    pub(crate) async fn insert(tx: &mut Tx, new: &NewAccount, now: Timestamp) -> Result<Result<(), Taken>> {
        let email = new.email.as_ref().map(|email| email.as_str().to_owned());
        let normalized = new.email.as_ref().map(|email| email.normalized().to_owned());
        let username = new.username.as_ref().map(|username| username.as_str().to_owned());
        let name = new.name.as_ref().map(|name| name.as_str().to_owned());
        let made = tx
            .exec(
                "INSERT INTO accounts (id, kind, email, email_normalized, username, name, session_version, state,
                                       failed_attempts, created_at, updated_at, created_by)
                 VALUES ($1, 'human', $2, $3, $4, $5, 1, $8, 0, $6, $6, (SELECT id FROM accounts WHERE id = $7))
                 ON CONFLICT DO NOTHING",
                &[&new.id, &email, &normalized, &username, &name, &now, &new.created_by, &new.state],
            )
            .await?;
        if made == 1 {
            return Ok(Ok(()));
        }
        let sql = "SELECT COUNT(*) FROM accounts WHERE kind = 'human' AND email_normalized = $1";
        let (same_email,): (i64,) = tx.one(sql, &[&normalized]).await?;
        Ok(Err(if same_email > 0 { Taken::Email } else { Taken::Username }))
    }

    pub(crate) async fn set_name(tx: &mut Tx, id: AccountId, name: Option<&DisplayName>, now: Timestamp) -> Result<()> {
        let sql = "UPDATE accounts SET name = $2, updated_at = $3 WHERE id = $1";
        tx.exec(sql, &[&id, &name.map(|name| name.as_str().to_owned()), &now]).await.map(drop)
    }

    /// Renames an account; the transaction is lost when the username is taken.
    pub(crate) async fn set_username(
        tx: &mut Tx,
        id: AccountId,
        username: Option<&Username>,
        now: Timestamp,
    ) -> Result<Result<(), Taken>> {
        let sql = "UPDATE accounts SET username = $2, updated_at = $3 WHERE id = $1";
        let username = username.map(|username| username.as_str().to_owned());
        let is_free = tx.exec_unique(sql, &[&id, &username, &now]).await?;
        Ok(if is_free { Ok(()) } else { Err(Taken::Username) })
    }

    /// Disables an account; false: it was disabled already.
    pub(crate) async fn disable(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE accounts SET state = 'disabled', disabled_at = $2, session_version = session_version + 1,
                                       updated_at = $2 WHERE id = $1 AND state <> 'disabled'";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Enables a disabled account, active or invited again; false: it was not disabled.
    pub(crate) async fn enable(tx: &mut Tx, id: AccountId, state: AccountState, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE accounts SET disabled_at = NULL, updated_at = $2, state = $3
                    WHERE id = $1 AND state = 'disabled'";
        Ok(tx.exec(sql, &[&id, &now, &state]).await? == 1)
    }

    /// Ends what was issued under the old version, as a new password does; false: there is no such account.
    pub(crate) async fn renew_version(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE accounts SET session_version = session_version + 1, updated_at = $2 WHERE id = $1";
        Ok(tx.exec(sql, &[&id, &now]).await? == 1)
    }

    /// Whether an account is there and in use.
    pub(crate) async fn is_active(tx: &mut Tx, id: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM accounts WHERE id = $1 AND state = 'active'";
        Ok(tx.one::<(i64,)>(sql, &[&id]).await?.0 == 1)
    }

    /// Locks an account's row until the transaction ends, so that what hangs on it changes in one order; false: there
    /// is none.
    pub(crate) async fn lock(tx: &mut Tx, id: AccountId) -> Result<bool> {
        Ok(tx.exec("UPDATE accounts SET updated_at = updated_at WHERE id = $1", &[&id]).await? == 1)
    }

    /// Deletes an account with all that hangs on it; false: there is none.
    pub(crate) async fn delete(tx: &mut Tx, id: AccountId) -> Result<bool> {
        Ok(tx.exec("DELETE FROM accounts WHERE id = $1", &[&id]).await? == 1)
    }
}

/// What contains the text, in any case, with nothing special in it.
fn pattern(text: &str) -> String {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
