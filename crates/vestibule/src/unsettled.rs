//! Rows of the audit log that wait for their outcome: their act is done elsewhere than in this database, and they were
//! written before it. One that is never settled stays unknown, as it is.

use crate::audit::{AuditOutcome, AuditRow};
use crate::db::Tx;
use crate::error::Result;

impl AuditRow {
    /// Writes a row whose outcome is not known yet.
    pub(crate) async fn insert_unsettled(&self, tx: &mut Tx) -> Result<()> {
        // The column knows the two outcomes there are; that neither is believed is what the other table says.
        AuditRow { outcome: AuditOutcome::Refused, ..self.clone() }.insert(tx).await?;
        tx.exec("INSERT INTO audit_unsettled (audit_id) VALUES ($1)", &[&self.id]).await.map(drop)
    }

    /// Gives a row its outcome and details, once.
    pub(crate) async fn settle(&self, tx: &mut Tx) -> Result<()> {
        if tx.exec("DELETE FROM audit_unsettled WHERE audit_id = $1", &[&self.id]).await? == 1 {
            let sql = "UPDATE audit SET outcome = $2, details = $3 WHERE id = $1";
            tx.exec(sql, &[&self.id, &self.outcome, &self.details]).await?;
        }
        Ok(())
    }
}
