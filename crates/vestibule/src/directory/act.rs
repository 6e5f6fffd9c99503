//! An act on the directory: who asks, the permission that it takes, and what the log says of it. A store in Vestibule's
//! own database does everything in one transaction; for any other the log has a row before the act, which says that the
//! outcome is unknown until the act has ended and the row is settled.

use serde_json::{Value, json};

use crate::audit::{AuditOutcome, AuditRow, Entry};
use crate::caller::Caller;
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::locks::Lock;
use crate::needs::Need;
use crate::time::Timestamp;

/// An act on the directory.
#[derive(Debug)]
pub struct Act {
    vestibule: Vestibule,
    caller: Caller,
    need: Option<Need>,
    entry: Entry,
}

/// What an act ends in: done, or refused for a reason.
pub trait Ended {
    /// Why it was refused; none: it was done.
    fn refusal(&self) -> Option<Code>;
}

impl Act {
    /// Something that only who holds a permission may do; none: anybody.
    pub(crate) fn new(vestibule: &Vestibule, caller: &Caller, need: Option<Need>, entry: Entry) -> Act {
        Act { vestibule: vestibule.clone(), caller: caller.clone(), need, entry }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.vestibule.now()
    }

    /// Does the work of a store that is not Vestibule's database, between two entries in its log: that it was asked for,
    /// by whom it may be, and how it ended. Work that fails leaves its outcome unknown, since it may have been done.
    pub async fn around<T: Ended>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let mut tx = self.begin().await?;
        let row = self.row(AuditOutcome::Unknown, None);
        row.insert_unsettled(&mut tx).await?;
        tx.commit().await?;
        let ended = work.await?;
        if let Err(why) = self.settle(&row, &ended).await {
            // It was done all the same, and whoever asked must hear so; the log says that it does not know.
            tracing::error!(error = ?why, action = row.action, "the outcome of an act could not be written down");
        }
        Ok(ended)
    }

    /// Begins a transaction in which the act is allowed.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let mut tx = self.vestibule.db().write().await?;
        if let Some(need) = self.need {
            Lock::Administrators.take(&mut tx).await?;
            self.vestibule.power(&mut tx, &self.caller, need).await?;
        }
        Ok(tx)
    }

    /// Writes down how it ended, and commits.
    pub(crate) async fn end<T: Ended>(&self, mut tx: Tx, ended: T) -> Result<T> {
        let (outcome, reason) = outcome(&ended);
        self.row(outcome, reason).insert(&mut tx).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn settle<T: Ended>(&self, row: &AuditRow, ended: &T) -> Result<()> {
        let (outcome, reason) = outcome(ended);
        let mut tx = self.vestibule.db().write().await?;
        AuditRow { details: self.row(outcome, reason).details, outcome, ..row.clone() }.settle(&mut tx).await?;
        tx.commit().await
    }

    fn row(&self, outcome: AuditOutcome, reason: Option<Code>) -> AuditRow {
        let mut row = self.entry.clone().into_row(&self.caller, (self.now(), self.vestibule.random()));
        row.outcome = outcome;
        if let (Some(reason), Value::Object(details)) = (reason, &mut row.details.0) {
            details.insert("reason".to_owned(), json!(reason));
        }
        row
    }
}

fn outcome(ended: &impl Ended) -> (AuditOutcome, Option<Code>) {
    match ended.refusal() {
        None => (AuditOutcome::Done, None),
        Some(reason) => (AuditOutcome::Refused, Some(reason)),
    }
}
