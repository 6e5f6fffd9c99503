//! Two-step sign-in: setting it up, renewing the recovery codes, turning it off; a page for each, all of them behind a
//! recent proof of who one is. What is secret is in the answer to a form alone, shown once and never in an address.

mod recovery_codes;
mod set_up;
mod turn_off;

use axum::Router;
use vestibule::SecondFactorStatus;

use crate::app::App;
use crate::pages::moment::Moment;

/// From so few recovery codes on their owner is warned.
const FEW: i64 = 3;

/// How an account stands with it.
pub(crate) struct Standing {
    /// Since when it is on; none: it is off.
    pub on_since: Option<Moment>,
    pub recovery_codes: i64,
    /// Until when the first code of a new authenticator is awaited.
    pub awaited_until: Option<Moment>,
}

impl Standing {
    pub(in crate::pages) fn of(status: SecondFactorStatus) -> Standing {
        Standing {
            on_since: status.enabled_at.map(Moment),
            recovery_codes: status.recovery_codes_remaining,
            awaited_until: status.pending_until.map(Moment),
        }
    }

    /// Whether new recovery codes had better be made.
    pub(crate) fn has_few_codes(&self) -> bool {
        self.recovery_codes <= FEW
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().merge(set_up::router()).merge(recovery_codes::router()).merge(turn_off::router())
}
