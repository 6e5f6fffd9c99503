//! Look things up, for pages, API and command line: nothing here changes anything.

use crate::accounts::{Account, AccountCounts, AccountFilter, AccountView};
use crate::audit::{AuditFilter, AuditRow};
use crate::code::Code;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::grants::DirectGrant;
use crate::groups::{Group, GroupRef};
use crate::id::{AccountId, GroupId};
use crate::paging::{Page, PageRequest};
use crate::permissions::Permission;
use crate::second_factors::{SecondFactor, SecondFactorStatus};
use crate::sessions::Session;

/// The longest text to search for, in characters.
const MAX_SEARCH: usize = 200;

impl Vestibule {
    /// An account by its id.
    pub async fn account(&self, id: AccountId) -> Result<AccountView> {
        AccountView::get(&mut self.db().read().await?, id).await
    }

    /// The account of an id, or the person whom an e-mail address or a username names.
    pub async fn find_account(&self, identifier: &str) -> Result<Option<AccountView>> {
        let mut connection = self.db().read().await?;
        let found = match identifier.trim().parse() {
            Ok(id) => Account::find(&mut connection, id).await?,
            Err(_) => Account::find_by_identifier(&mut connection, identifier).await?,
        };
        let Some(account) = found else { return Ok(None) };
        Ok(Some(AccountView::of(&mut connection, account).await?))
    }

    /// A page of accounts, newest first.
    pub async fn list_accounts(&self, filter: &AccountFilter, page: PageRequest) -> Result<Page<AccountView>> {
        if filter.search.as_ref().is_some_and(|search| search.chars().count() > MAX_SEARCH) {
            return Err(Error::field("search", Code::FieldInvalid));
        }
        let mut connection = self.db().read().await?;
        let page = Account::list(&mut connection, filter, page).await?;
        let ids: Vec<AccountId> = page.items.iter().map(|account| account.id).collect();
        let mut groups = GroupRef::of_each(&mut connection, &ids).await?;
        let with_factor = SecondFactor::on_among(&mut connection, &ids).await?;
        Ok(page.map(|account| AccountView {
            groups: groups.remove(&account.id).unwrap_or_default(),
            mfa_enabled: with_factor.contains(&account.id),
            account,
        }))
    }

    /// How many accounts and sessions there are.
    pub async fn count_accounts(&self) -> Result<AccountCounts> {
        Account::count(&mut self.db().read().await?, self.now()).await
    }

    /// Every group.
    pub async fn list_groups(&self) -> Result<Vec<GroupRef>> {
        GroupRef::list(&mut self.db().read().await?).await
    }

    /// A page of groups, newest first.
    pub async fn page_groups(&self, page: PageRequest) -> Result<Page<Group>> {
        Group::list(&mut self.db().read().await?, page).await
    }

    /// A group by its id.
    pub async fn group(&self, id: GroupId) -> Result<Group> {
        Group::get(&mut self.db().read().await?, id).await
    }

    /// A group by its slug.
    pub async fn group_by_slug(&self, slug: &str) -> Result<Option<Group>> {
        Group::find_by_slug(&mut self.db().read().await?, slug).await
    }

    /// What an account holds directly.
    pub async fn list_grants(&self, account: AccountId) -> Result<Vec<Permission>> {
        let mut connection = self.db().read().await?;
        Account::get(&mut connection, account).await?;
        let grants = DirectGrant::list(&mut connection, account).await?;
        Ok(grants.into_iter().map(|grant| grant.permission).collect())
    }

    /// A page of an account's live sessions, newest first.
    pub async fn list_sessions(&self, account: AccountId, page: PageRequest) -> Result<Page<Session>> {
        Session::list(&mut self.db().read().await?, account, page, self.now()).await
    }

    /// How an account stands with its second factor.
    pub async fn second_factor(&self, account: AccountId) -> Result<SecondFactorStatus> {
        let mut connection = self.db().read().await?;
        Account::get(&mut connection, account).await?;
        SecondFactor::status(&mut connection, account, self.now()).await
    }

    /// A page of the audit log, newest first.
    pub async fn list_audit(&self, filter: &AuditFilter, page: PageRequest) -> Result<Page<AuditRow>> {
        AuditRow::list(&mut self.db().read().await?, filter, page).await
    }
}
