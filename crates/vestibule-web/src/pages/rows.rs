//! Accounts and sessions as pages show them.

use vestibule::{AccountView, SessionId, device_name};

use super::moment::Moment;
use super::proof;
use crate::app::App;
use crate::extract::Session;

/// An account.
pub(crate) struct AccountRow {
    pub label: String,
    pub is_locked: bool,
    pub created: Moment,
    pub last_sign_in: Option<Moment>,
    pub view: AccountView,
}

/// A session, as its owner or an administrator sees it.
pub(crate) struct SessionRow {
    pub id: SessionId,
    pub device: String,
    pub ip: Option<String>,
    /// What its owner signed in with.
    pub by: String,
    pub begun: Moment,
    pub last_seen: Moment,
    pub expires: Moment,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl AccountRow {
    pub(super) fn of(app: &App, view: AccountView) -> AccountRow {
        let now = app.vestibule.now();
        AccountRow {
            label: view.account.label(),
            is_locked: view.account.locked_until.is_some_and(|until| now < until),
            created: Moment(view.account.created_at),
            last_sign_in: view.account.last_login_at.map(Moment),
            view,
        }
    }
}

impl SessionRow {
    pub(super) fn of(session: vestibule::Session, current: &Session) -> SessionRow {
        SessionRow {
            id: session.id,
            device: device_name(session.user_agent.as_deref()),
            by: proof::words(session.method, session.second_factor),
            ip: session.ip,
            begun: Moment(session.created_at),
            last_seen: Moment(session.last_seen_at),
            expires: Moment(session.expires_at),
            is_current: session.id == current.session_id,
        }
    }
}
