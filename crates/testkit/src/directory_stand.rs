//! What a store of the directory is tested on: an engine that uses it, and the means to damage it.

use std::pin::Pin;
use std::sync::Arc;

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use vestibule::directory::{Directory, DirectoryRole};
use vestibule::{Caller, CreatedDirectoryInvite, DirectoryInviteId, NewDirectoryInvite, Vestibule};

use crate::databases::TestDb;
use crate::engine::TestEngine;
use crate::wallet::Wallet;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store under test, as the suite needs to get at it.
pub trait Store: Send + Sync {
    /// Another way to the same store, as another node has; none: by the database.
    fn open(&self) -> Later<'_, Option<Arc<dyn Directory>>>;
    /// Makes the end of an invite something that nobody can read.
    fn spoil(&self, invite: DirectoryInviteId) -> Later<'_, ()>;
}

/// A store, and an engine that uses it.
pub struct Stand {
    /// The engine.
    pub t: TestEngine,
    store: Box<dyn Store>,
    // Last: it goes when nobody uses it any more.
    _db: TestDb,
}

struct Sql(String);

impl Stand {
    /// The directory in the database.
    pub async fn sql(db: TestDb) -> Stand {
        Stand { t: TestEngine::new(&db).await, store: Box::new(Sql(db.url.clone())), _db: db }
    }

    /// The directory in another store.
    ///
    /// # Panics
    /// When the store opens no way to itself.
    pub async fn on(db: TestDb, store: Box<dyn Store>) -> Stand {
        let directory = store.open().await.expect("this store is not the database");
        Stand { t: TestEngine::with_directory(&db, directory).await, store, _db: db }
    }

    /// The engine.
    pub fn engine(&self) -> &Vestibule {
        &self.t.engine
    }

    /// Another node on the same database and store.
    pub async fn second_node(&self) -> TestEngine {
        self.t.second_node_with(self.store.open().await).await
    }

    /// Makes the end of an invite something that nobody can read.
    pub async fn spoil(&self, invite: &CreatedDirectoryInvite) {
        self.store.spoil(invite.invite.id).await;
    }

    /// An invite of a member, by the host.
    pub async fn invite(&self, handle: &str) -> CreatedDirectoryInvite {
        let new = NewDirectoryInvite { handle: handle.to_owned(), role: DirectoryRole::Member, expires_at: None };
        self.engine().create_directory_invite(&Caller::host("root"), new).await.expect("the host may")
    }

    /// Fresh keys.
    pub fn wallet(&self) -> Wallet {
        Wallet::fresh(self.engine().random())
    }
}

impl Store for Sql {
    fn open(&self) -> Later<'_, Option<Arc<dyn Directory>>> {
        Box::pin(async { None })
    }

    fn spoil(&self, invite: DirectoryInviteId) -> Later<'_, ()> {
        Box::pin(async move {
            let done = if self.0.starts_with("postgres") {
                // A column of numbers holds nothing else there; but it may hold nothing.
                let sql = "UPDATE directory_invites SET expires_at = NULL WHERE id = $1";
                let mut connection = PgConnection::connect(&self.0).await.expect("the database opens");
                sqlx::query(sql).bind(invite.0).execute(&mut connection).await.expect("it is changed").rows_affected()
            } else {
                let sql = "UPDATE directory_invites SET expires_at = '9999999999999999x' WHERE id = $1";
                let mut connection = SqliteConnection::connect(&self.0).await.expect("the database opens");
                sqlx::query(sql).bind(invite.0).execute(&mut connection).await.expect("it is changed").rows_affected()
            };
            assert_eq!(done, 1);
        })
    }
}
