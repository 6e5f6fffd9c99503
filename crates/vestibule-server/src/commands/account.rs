//! How commands find accounts and print them: as rows for people, for programs in the shape that the API gives an
//! account. Audit rows and sessions are not printed here; their JSON is the engine's own.

use clap::Args;
use vestibule::{AccountFilter, AccountId, AccountView, PageRequest, Vestibule};
use vestibule_web::AccountJson;

use crate::output;

/// Which user.
#[derive(Args, Debug)]
pub struct Who {
    /// The user's id, username or e-mail address.
    #[arg(value_name = "ID|USERNAME|EMAIL")]
    who: String,
}

impl Who {
    /// The user.
    pub async fn find(&self, engine: &Vestibule) -> anyhow::Result<AccountView> {
        find(engine, &self.who).await
    }

    /// The user's id.
    pub async fn id(&self, engine: &Vestibule) -> anyhow::Result<AccountId> {
        Ok(self.find(engine).await?.account.id)
    }
}

/// The account that an id, an e-mail address or a username names.
pub async fn find(engine: &Vestibule, who: &str) -> anyhow::Result<AccountView> {
    engine.find_account(who).await?.ok_or_else(|| anyhow::anyhow!("there is no account {}", output::printable(who)))
}

/// Every account that the filter lets through.
pub async fn every(engine: &Vestibule, filter: &AccountFilter) -> anyhow::Result<Vec<AccountView>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = engine.list_accounts(filter, PageRequest::parse(Some("100"), cursor.as_deref())?).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// Prints accounts for programs.
pub fn print_json(views: Vec<AccountView>) -> anyhow::Result<()> {
    output::json(&views.into_iter().map(AccountJson::from).collect::<Vec<_>>())
}

/// Prints accounts for people.
pub fn print_table(views: &[AccountView]) -> anyhow::Result<()> {
    let rows = views.iter().map(|AccountView { account, groups, .. }| {
        [
            account.id.to_string(),
            output::cell(account.email.as_ref()),
            output::cell(account.username.as_ref()),
            output::cell(account.name.as_ref()),
            account.state.to_string(),
            groups.iter().map(|group| group.slug.as_str()).collect::<Vec<_>>().join(", "),
        ]
    });
    output::table(["ID", "EMAIL", "USERNAME", "NAME", "STATE", "GROUPS"], rows)
}

/// Prints everything about one account for people.
pub fn print_one(AccountView { account, groups, mfa_enabled }: &AccountView) -> anyhow::Result<()> {
    let time = |at: Option<vestibule::Timestamp>| output::cell(at.map(vestibule::Timestamp::to_rfc3339));
    let slugs: Vec<&str> = groups.iter().map(|group| group.slug.as_str()).collect();
    let rows = [
        ["id".to_owned(), account.id.to_string()],
        ["kind".to_owned(), account.kind.to_string()],
        ["email".to_owned(), output::cell(account.email.as_ref())],
        ["username".to_owned(), output::cell(account.username.as_ref())],
        ["name".to_owned(), output::cell(account.name.as_ref())],
        ["state".to_owned(), account.state.to_string()],
        ["groups".to_owned(), slugs.join(", ")],
        ["two-step sign-in".to_owned(), if *mfa_enabled { "on" } else { "off" }.to_owned()],
        ["failed attempts".to_owned(), account.failed_attempts.to_string()],
        ["locked until".to_owned(), time(account.locked_until)],
        ["last sign-in".to_owned(), time(account.last_login_at)],
        ["created".to_owned(), time(Some(account.created_at))],
        ["updated".to_owned(), time(Some(account.updated_at))],
    ];
    output::table(["", ""], rows)
}
