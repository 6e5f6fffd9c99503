//! A mail as the console shows it: where it is, in words, and what comes next. What it says is never shown here.

use vestibule::{AccountId, Delivery, MailId, MailKind, MailRow, MailState};

use crate::app::App;
use crate::pages::moment::Moment;
use crate::pages::notice::Notice;

/// A line of a list of mail.
pub(crate) struct MailLine {
    pub id: MailId,
    pub kind: MailKind,
    pub subject: String,
    pub to: String,
    pub account: Option<AccountId>,
    pub written: Moment,
    pub state: &'static str,
    /// How urgent the state is: a class of the style sheet.
    pub tone: &'static str,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub sent: Option<Moment>,
    /// When it is tried next, and until when at all.
    pub next: Option<(Moment, Moment)>,
    /// Whether it may be sent again because somebody asks for it.
    pub can_retry: bool,
}

impl MailLine {
    pub(super) fn of(app: &App, row: MailRow) -> MailLine {
        let is_in_time = app.vestibule.now() < row.expires_at;
        let (state, tone) = words(row.state, row.attempts, app.vestibule.config().is_local());
        let is_waiting = row.state == MailState::Queued;
        MailLine {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            to: row.recipient,
            account: row.account_id,
            written: Moment(row.created_at),
            state,
            tone,
            attempts: row.attempts,
            last_error: row.last_error,
            sent: row.sent_at.map(Moment),
            next: is_waiting.then_some((Moment(row.next_attempt_at), Moment(row.expires_at))),
            can_retry: is_in_time && (is_waiting || row.state == MailState::Failed),
        }
    }
}

/// What is said of an invitation, once it was written.
pub(super) fn invitation_notice(delivery: &Delivery) -> Notice {
    match delivery {
        Delivery::Sent => Notice::InvitationSent,
        Delivery::Kept => Notice::InvitationKept,
        Delivery::Waiting => Notice::InvitationWaiting,
        Delivery::Failed(_) => Notice::InvitationFailed,
    }
}

fn words(state: MailState, attempts: i64, is_local: bool) -> (&'static str, &'static str) {
    match state {
        MailState::Queued if attempts == 0 => ("waiting", "waiting"),
        MailState::Queued => ("to be tried again", "waiting"),
        MailState::Sending => ("being sent", "waiting"),
        MailState::Sent => ("sent", "done"),
        MailState::Failed => ("given up", "refused"),
        MailState::Expired => ("not sent, as its link or code was over", "late"),
        MailState::Kept if is_local => ("in the development outbox", "kept"),
        MailState::Kept => ("kept, never sent", "late"),
    }
}
