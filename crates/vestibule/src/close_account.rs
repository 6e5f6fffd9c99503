//! Close one's own account, for good. The caller must have proved recently who they are.

use crate::caller::Caller;
use crate::code::Code;
use crate::delete_account::DeletedBy;
use crate::engine::Vestibule;
use crate::error::{Error, Result};
use crate::principals::LiveSession;

impl Vestibule {
    /// Deletes the account of the one whose session asks.
    pub async fn close_account(&self, caller: &Caller, session: &LiveSession) -> Result<()> {
        let closed = match session.is_recently_proven(self.now()) {
            true => self.delete(caller, session.account_id, DeletedBy::Owner).await,
            false => Err(Error::Denied(Code::ReauthenticationRequired)),
        };
        self.audit_refusal(caller, "account.closed", session.account_id, closed).await
    }
}
