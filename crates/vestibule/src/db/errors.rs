//! What a database says, as an error by what the caller can do about it.

use std::time::Duration;

use super::connect::PATIENCE;
use crate::error::Error;

/// What a database says when another transaction was in the way: PostgreSQL's deadlock, serialisation failure and lock
/// time-out, and SQLite's kinds of busy.
const IN_THE_WAY: [&str; 6] = ["40P01", "40001", "55P03", "5", "261", "517"];

impl From<sqlx::Error> for Error {
    fn from(why: sqlx::Error) -> Error {
        let busy = Error::Unavailable { retry_after: Duration::from_secs(1) };
        if matches!(why, sqlx::Error::PoolTimedOut) {
            tracing::error!("no connection to the database within {} seconds", PATIENCE.as_secs());
            return busy;
        }
        match why.as_database_error() {
            // What it refers to was deleted meanwhile.
            Some(database) if database.is_foreign_key_violation() => Error::NotFound,
            Some(database) if database.code().is_some_and(|code| IN_THE_WAY.contains(&&*code)) => {
                tracing::warn!(%why, "another transaction was in the way");
                busy
            }
            Some(_) | None => Error::Internal(Box::new(why)),
        }
    }
}
