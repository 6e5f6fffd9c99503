//! The directory of wallets in the database: the suite that every store of it passes.

use testkit::{Stand, TestDb, db_test, directory_suite};

directory_suite!(db_test, |db: TestDb| Stand::sql(db));
