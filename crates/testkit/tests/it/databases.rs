//! Databases of one test each.

use testkit::db_test;
use vestibule::Db;

db_test!(a_database_is_empty_at_first, |db| async move {
    let db = Db::connect(&db.url).await.unwrap();
    assert!(db.migrations().await.unwrap().iter().all(|migration| !migration.applied));
});

db_test!(another_connection_sees_the_same_database, |db| async move {
    Db::connect(&db.url).await.unwrap().migrate().await.unwrap();
    let again = Db::connect(&db.url).await.unwrap();
    assert!(again.migrations().await.unwrap().iter().all(|migration| migration.applied));
});

db_test!(a_database_is_gone_when_its_test_is_over, |db| async move {
    let url = db.url.clone();
    Db::connect(&url).await.unwrap().migrate().await.unwrap();
    drop(db);
    let opened = async { Db::connect(&url).await?.migrate().await };
    assert!(opened.await.is_err());
});
