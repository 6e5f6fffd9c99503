//! Counting attempts with codes: a code is looked at in the transaction that counted it, on the same counter as wrong
//! passwords, so any number of parallel guesses costs exactly as many attempts, over however many codes.

use crate::accounts::Account;
use crate::attempts::{CodeAttempt, MAX_ATTEMPTS};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;

impl Vestibule {
    /// Counts an attempt with a code, locking the account's row until the transaction ends; commit it, whatever comes
    /// of the code. None: the account is locked or not active, and no code counts.
    pub(crate) async fn count_code(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
    ) -> Result<Option<CodeAttempt>> {
        let counted = Account::count_code_attempt(tx, account.id, self.now()).await?;
        if counted.is_some_and(|attempt| attempt.failed_attempts >= MAX_ATTEMPTS) {
            self.audit(tx, caller, Entry::done("account.locked").on(account)).await?;
        }
        Ok(counted)
    }

    /// Takes back an attempt whose code was right, and the lock that its own counting set.
    pub(crate) async fn take_back_code(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &Account,
        attempt: CodeAttempt,
    ) -> Result<()> {
        if attempt.failed_attempts >= MAX_ATTEMPTS {
            self.audit(tx, caller, Entry::done("account.unlocked").on(account)).await?;
        }
        Account::take_back_attempt(tx, account.id).await
    }
}
