//! What became of an invitation, for whoever made it on the host. The end of a command breaks off what it is in the midst
//! of sending, and a server takes that up only minutes later: so an attempt that has begun is waited for.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use vestibule::{AccountId, Invitation, MailRow, MailState, Vestibule};

use crate::output;

/// How long an attempt is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Prints the link where it is to be handed on, else what became of the mail.
pub async fn print(engine: &Vestibule, account: AccountId, invitation: Invitation) -> anyhow::Result<()> {
    if let Some(url) = invitation.url {
        let how = "No mail is sent, so hand them this link to choose a password by\n(it works once, within 7 days):";
        return output::line(format!("\n{how}\n\n    {url}\n"));
    }
    let attempted = timeout(PATIENCE, attempted(engine, account)).await;
    let mail = attempted.unwrap_or(Ok(None))?;
    output::line(mail.map_or_else(|| later(None), |mail| words(&mail)))
}

/// The newest mail of an account, once it is not being sent.
async fn attempted(engine: &Vestibule, account: AccountId) -> anyhow::Result<Option<MailRow>> {
    loop {
        let newest = engine.mail_of(account, 1).await?.pop();
        if newest.as_ref().is_none_or(|mail| mail.state != MailState::Sending) {
            return Ok(newest);
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn words(mail: &MailRow) -> String {
    let why = mail.last_error.as_deref();
    match mail.state {
        MailState::Sent => "An invitation to choose a password was mailed.".to_owned(),
        MailState::Failed | MailState::Expired => {
            format!("The invitation could not be mailed: {}", output::printable(why.unwrap_or("it is no longer good")))
        }
        MailState::Queued | MailState::Sending | MailState::Kept => later(why),
    }
}

fn later(why: Option<&str>) -> String {
    let why = why.map(|why| format!(" ({})", output::printable(why))).unwrap_or_default();
    format!("The invitation is not mailed yet{why}; `vestibule serve` goes on trying.")
}
