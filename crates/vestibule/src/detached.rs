//! Work that goes on when its caller leaves: what was counted must be answered for, so a client that hangs up neither
//! hides a wrong password from the log nor leaves a right one counted.

use crate::error::{Error, Result};

/// Runs to the end, whether or not anybody still waits for the result.
pub(crate) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(|_| Error::internal("work ended in a panic"))?
}
