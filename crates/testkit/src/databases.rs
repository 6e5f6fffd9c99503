//! Databases for one test each: a SQLite file in a directory of its own, or a schema of its own on a real PostgreSQL.
//! Both are gone when the `TestDb` is dropped, and both can be opened by another process by their URL.

use std::path::Path;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime;
use vestibule::Random;

const VARIABLE: &str = "VESTIBULE_TEST_POSTGRES";
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// An empty database of one test's own.
#[derive(Debug)]
pub struct TestDb {
    /// How to open it, from any process.
    pub url: String,
    _directory: Option<TempDir>,
    schema: Option<Schema>,
}

#[derive(Debug)]
struct Schema {
    server: String,
    name: String,
}

impl TestDb {
    /// A SQLite file, in memory where the machine has a file system there.
    pub fn sqlite() -> TestDb {
        let directory = tempfile::Builder::new().prefix("vestibule-").tempdir_in(fast_directory());
        let directory = directory.expect("a temporary directory can be made");
        let url = format!("sqlite://{}", directory.path().join("vestibule.db").display());
        TestDb { url, _directory: Some(directory), schema: None }
    }

    /// A schema of its own on the server at `VESTIBULE_TEST_POSTGRES`.
    ///
    /// # Panics
    /// When the variable is not set, or the server does not answer.
    pub fn postgres() -> TestDb {
        let Some(server) = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty()) else {
            panic!("{VARIABLE} is not set: run `cargo xtask test`, or `cargo xtask postgres` in another terminal")
        };
        let name = format!("t_{}", uuid::Builder::from_random_bytes(Random::system().bytes()).into_uuid().simple());
        execute(&server, format!("CREATE SCHEMA {name}")).expect("the server can make a schema");
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{name}");
        TestDb { url, _directory: None, schema: Some(Schema { server, name }) }
    }
}

impl Drop for TestDb {
    /// As well as it goes: the whole server is thrown away in the end. (That this is here, and not on the schema, also
    /// keeps a test that names no more than `db.url` from dropping the rest at its start.)
    fn drop(&mut self) {
        let Some(Schema { server, name }) = &self.schema else { return };
        if let Err(why) = execute(server, format!("SET lock_timeout = '5s'; DROP SCHEMA {name} CASCADE")) {
            eprintln!("the schema {name} was left behind: {why}");
        }
    }
}

/// Runs a test on a runtime of several threads, and fails it when it takes too long. See `db_test!`.
pub fn run<F: Future<Output = ()>>(db: TestDb, test: impl FnOnce(TestDb) -> F) {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let outcome = runtime.block_on(async { tokio::time::timeout(TIME_LIMIT, test(db)).await });
    runtime.shutdown_background();
    assert!(outcome.is_ok(), "the test took longer than {TIME_LIMIT:?}");
}

/// A test that runs on both databases: `a_sentence::sqlite`, and `a_sentence::postgres` where there is a server.
///
/// ```
/// # use testkit::db_test;
/// db_test!(a_database_is_empty_at_first, |db| async move {
///     let db = vestibule::Db::connect(&db.url).await.expect("the database opens");
///     assert!(db.migrations().await.expect("it can be asked").iter().all(|migration| !migration.applied));
/// });
/// ```
#[macro_export]
macro_rules! db_test {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may use nothing but what its argument has")]
            use super::*;

            #[test]
            fn sqlite() {
                $crate::run($crate::TestDb::sqlite(), $test);
            }

            #[test]
            #[ignore = "needs PostgreSQL: run cargo xtask test"]
            fn postgres() {
                $crate::run($crate::TestDb::postgres(), $test);
            }
        }
    };
}

/// As `db_test!`, for a test that also starts an [`SmtpSink`](crate::SmtpSink).
#[macro_export]
macro_rules! sink_test {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may use nothing but what its argument has")]
            use super::*;

            #[test]
            #[ignore = "needs Python: run cargo xtask test"]
            fn sqlite() {
                $crate::run($crate::TestDb::sqlite(), $test);
            }

            #[test]
            #[ignore = "needs PostgreSQL and Python: run cargo xtask test"]
            fn postgres() {
                $crate::run($crate::TestDb::postgres(), $test);
            }
        }
    };
}

fn fast_directory() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Runs SQL from wherever we are, inside a runtime or not: on a thread with a runtime of its own.
fn execute(server: &str, sql: String) -> sqlx::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(sqlx::Error::Io)?;
    let statements = async {
        let mut connection = PgConnection::connect(server).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await
    };
    std::thread::scope(|scope| scope.spawn(move || runtime.block_on(statements)).join().expect("SQL does not panic"))
}
