//! Opening, migrating, and what the schema is refused for.

use testkit::{TestDb, db_test, race};
use vestibule::{Db, Error};

db_test!(any_number_of_nodes_may_migrate_at_once, |db: TestDb| async move {
    let outcomes = race(8, |_| {
        let url = db.url.clone();
        async move { Db::connect(&url).await?.migrate().await }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let states = Db::connect(&db.url).await.expect("it opens").migrations().await.expect("it answers");
    assert!(!states.is_empty() && states.iter().all(|state| state.applied), "{states:?}");
});

db_test!(an_old_binary_refuses_a_newer_schema, |db: TestDb| async move {
    let database = Db::connect(&db.url).await.expect("it opens");
    database.migrate().await.expect("it migrates");
    let mut tx = database.write().await.expect("a transaction");
    let from_the_future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                           VALUES (9999, 'from the future', TRUE, $1, 0)";
    tx.exec(from_the_future, &[&vec![0u8; 4]]).await.expect("a row");
    tx.commit().await.expect("committed");
    let refusal = database.migrate().await.expect_err("the schema is newer");
    assert!(matches!(&refusal, Error::Setup(text) if text.contains("9999")), "{refusal:?}");
});

db_test!(what_is_not_committed_never_happened, |db: TestDb| async move {
    let database = Db::connect(&db.url).await.expect("it opens");
    database.migrate().await.expect("it migrates");
    let mut tx = database.write().await.expect("a transaction");
    tx.exec("UPDATE feed SET seq = 41", &[]).await.expect("updated");
    drop(tx);
    let mut connection = database.read().await.expect("a connection");
    let (seq,): (i64,) = connection.one("SELECT seq FROM feed", &[]).await.expect("a row");
    assert_eq!(seq, 0);
});

db_test!(racing_read_modify_writes_lose_nothing, |db: TestDb| async move {
    let database = Db::connect(&db.url).await.expect("it opens");
    database.migrate().await.expect("it migrates");
    race(16, |_| {
        let database = database.clone();
        async move {
            for _ in 0..25 {
                let mut tx = database.write().await.expect("a transaction");
                tx.exec("UPDATE locks SET taken = taken + 1 WHERE name = $1", &[&"decoy-0"]).await.expect("locked");
                let (seq,): (i64,) = tx.one("SELECT seq FROM feed", &[]).await.expect("a row");
                tx.exec("UPDATE feed SET seq = $1", &[&(seq + 1)]).await.expect("updated");
                tx.commit().await.expect("committed");
            }
        }
    })
    .await;
    let (seq,): (i64,) =
        database.read().await.expect("a connection").one("SELECT seq FROM feed", &[]).await.expect("a row");
    assert_eq!(seq, 16 * 25);
});

#[tokio::test]
async fn a_url_that_names_no_database_says_what_to_write() {
    for url in ["mysql://x", "", "sqlite::memory:", "sqlite://"] {
        assert!(matches!(Db::connect(url).await, Err(Error::Setup(_))), "{url}");
    }
}

#[tokio::test]
async fn a_new_sqlite_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = TestDb::sqlite();
    Db::connect(&db.url).await.expect("it opens").migrate().await.expect("it migrates");
    let path = db.url.trim_start_matches("sqlite://");
    for file in [path.to_owned(), format!("{path}-wal")] {
        let mode = std::fs::metadata(&file).expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} is {mode:o}");
    }
}
