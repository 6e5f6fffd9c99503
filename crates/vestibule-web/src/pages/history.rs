//! The audit log as people read it: who did what to whom, from where, and whether it was refused.
//! Actions that have no words here yet are shown by their names.

use uuid::Uuid;
use vestibule::{AccountId, ActorKind, AuditOutcome, AuditRow};

use super::moment::Moment;
use super::proof;

/// Words that fit an act whether it was done or refused.
const WORDS: &[(&str, &str)] = &[
    ("ability.created", "Adding an ability"),
    ("ability.deleted", "Deleting an ability"),
    ("account.closed", "Closing the account"),
    ("account.created", "Creating the account"),
    ("account.deleted", "Deleting the account"),
    ("account.disabled", "Disabling the account"),
    ("account.edited", "Editing the account"),
    ("account.enabled", "Enabling the account"),
    ("account.locked", "Locking after wrong attempts"),
    ("account.signed_up_again", "Signing up again, unconfirmed"),
    ("account.unlocked", "Unlocking the account"),
    ("account_invite.revoked", "Calling the invitation back"),
    ("account_invite.sent", "Sending an invitation"),
    ("api_key.created", "Making an API key"),
    ("api_key.revoked", "Revoking an API key"),
    ("api_key.rotated", "Giving an API key another secret"),
    ("directory_invite.canceled", "Withdrawing an invite to the directory"),
    ("directory_invite.created", "Inviting to the directory"),
    ("directory_invite.used", "Using an invite to the directory"),
    ("directory_member.activated", "Letting a wallet in again"),
    ("directory_member.deleted", "Deleting a wallet"),
    ("directory_member.registered", "Registering a wallet"),
    ("directory_member.revoked", "Revoking a wallet"),
    ("directory_member.signed_in", "Signing a wallet in"),
    ("email.changed", "Changing the e-mail address"),
    ("email.verified", "Confirming the e-mail address"),
    ("email_change.requested", "Asking to change the e-mail address"),
    ("email_code.requested", "Asking for a code by mail"),
    ("email_verification.requested", "Asking for the link that confirms the address"),
    ("grant.added", "Granting a permission"),
    ("grant.removed", "Taking a permission back"),
    ("group.created", "Creating a group"),
    ("group.deleted", "Deleting a group"),
    ("group.edited", "Changing a group"),
    ("group_member.added", "Putting somebody in a group"),
    ("group_member.removed", "Taking somebody out of a group"),
    ("instance.set_up", "Setting up the instance"),
    ("magic_link.requested", "Asking for a link to sign in"),
    ("mail.retried", "Sending a mail again"),
    ("mail.test_sent", "Sending a test mail"),
    ("member.left", "Leaving an organization"),
    ("member.removed", "Taking somebody out of an organization"),
    ("member.role_changed", "Changing what a member is"),
    ("organization.admin_named", "Naming an admin of an organization"),
    ("organization.adopted", "Having an admin again"),
    ("organization.created", "Making an organization"),
    ("organization.deleted", "Deleting an organization"),
    ("organization.orphaned", "Losing its last active admin"),
    ("organization.renamed", "Renaming an organization"),
    ("password.changed", "Changing the password"),
    ("password.reset", "Choosing a password by link"),
    ("password.set", "Setting a new password"),
    ("password_reset.requested", "Asking for a link to choose a password"),
    ("permission.added", "Adding a permission to the catalogue"),
    ("permission.removed", "Deleting a permission from the catalogue"),
    ("policy.applied", "Applying the policy"),
    ("recovery_codes.renewed", "Renewing the recovery codes"),
    ("second_factor.disabled", "Turning two-step sign-in off"),
    ("second_factor.enabled", "Turning two-step sign-in on"),
    ("second_factor.enrolment_begun", "Setting up two-step sign-in"),
    ("second_factor.reset", "Resetting two-step sign-in"),
    ("service_key.created", "Making a service key"),
    ("service_key.revoked", "Revoking a service key"),
    ("session.all_ended", "Signing out everywhere"),
    ("session.created", "Signing in"),
    ("session.ended", "Ending a session"),
    ("session.others_ended", "Signing out everywhere else"),
    ("session.reauthenticated", "Confirming who one is"),
    ("setup_token.issued", "Issuing a setup token"),
    ("signing_key.created", "Making the first key that signs tokens"),
    ("signing_key.rotated", "Changing the key that signs tokens"),
    ("token.issued", "Signing a program in"),
    ("token.refreshed", "Refreshing a program's token"),
    ("token.reported", "Reporting a leaked token"),
    ("token.revoked", "Signing a program out"),
];

/// One act.
pub(crate) struct Act {
    pub at: Moment,
    pub what: String,
    /// With what somebody signed in, if that is what was done.
    pub how: Option<String>,
    pub by: Party,
    pub on: Option<Party>,
    pub ip: Option<String>,
    pub is_refused: bool,
    /// Whether nobody knows how it ended.
    pub is_unknown: bool,
    /// What changed or why not, as JSON; none when there is nothing to say.
    pub details: Option<String>,
    /// The request it came with.
    pub request_id: Option<String>,
}

/// Somebody, or something.
pub(crate) struct Party {
    pub label: String,
    /// The account, if it is one.
    pub account: Option<Uuid>,
    /// The group, if it is one.
    pub group: Option<Uuid>,
    /// The organization, if it is one.
    pub organization: Option<Uuid>,
}

/// Every act that has words, by its words: its name, and the words.
pub(super) fn known() -> Vec<(&'static str, &'static str)> {
    let mut known = WORDS.to_vec();
    known.sort_unstable_by_key(|(_, words)| *words);
    known
}

impl Act {
    /// As an administrator sees it.
    pub(super) fn of(row: AuditRow) -> Act {
        let of_kind = |kind: &str| row.target_id.filter(|_| row.target_kind.as_deref() == Some(kind));
        let (account, group, organization) = (of_kind("account"), of_kind("group"), of_kind("organization"));
        let itself = row.actor_id.filter(|actor| row.target_id == Some(*actor)).map(|_| row.actor_label.clone());
        let on = row.target_kind.map(|kind| Party {
            label: known_as(row.target_label, itself, row.target_id).unwrap_or(kind),
            account,
            group,
            organization,
        });
        let words = WORDS.iter().find(|(action, _)| *action == row.action);
        let what = words.map_or(row.action.as_str(), |(_, words)| *words);
        let is_empty = row.details.0.as_object().is_none_or(serde_json::Map::is_empty);
        Act {
            at: Moment(row.created_at),
            what: what.to_owned(),
            how: proof::of_sign_in(&row.details.0),
            by: Party {
                label: actor(row.actor_kind, row.actor_label),
                account: row.actor_id,
                group: None,
                organization: None,
            },
            on,
            ip: row.ip,
            is_refused: row.outcome == AuditOutcome::Refused,
            is_unknown: row.outcome == AuditOutcome::Unknown,
            details: (!is_empty).then(|| format!("{:#}", row.details.0)),
            request_id: row.request_id.map(|id| id.to_string()),
        }
    }

    /// Whether there is more to tell than fits a row.
    pub(super) fn has_more(&self) -> bool {
        self.details.is_some() || self.request_id.is_some()
    }

    /// As the owner of this account sees it: from where another acted is that other's own.
    pub(super) fn seen_by(row: AuditRow, me: AccountId) -> Act {
        let act = Act::of(row.seen_by(me));
        match act.by.account {
            Some(account) if account == me.0 => Act { by: Party { label: "You".to_owned(), ..act.by }, ..act },
            Some(_) | None => act,
        }
    }
}

fn actor(kind: ActorKind, label: String) -> String {
    match kind {
        ActorKind::Account => label,
        ActorKind::Host => format!("{label}, on the host"),
        ActorKind::System => "Vestibule itself".to_owned(),
        ActorKind::Anonymous => "Somebody not signed in".to_owned(),
    }
}

/// What to call a target: by its label then, by the actor's if it acted on itself, or else by its id.
fn known_as(label: Option<String>, itself: Option<String>, id: Option<Uuid>) -> Option<String> {
    label.filter(|label| !label.is_empty()).or(itself).or_else(|| id.map(|id| id.to_string()))
}
