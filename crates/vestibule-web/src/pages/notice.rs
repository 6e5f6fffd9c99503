//! This file is a list: what a page may say was done, after the redirect that follows a form.
//! The address carries a code and the page a sentence of ours, so no address can make a page say anything else.

use serde::Deserialize;

macro_rules! notices {
    ($($variant:ident = $code:literal: $sentence:literal,)*) => {
        /// Something that was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Notice {
            $(#[doc = $sentence] $variant),*
        }

        impl Notice {
            /// How it stands in the address.
            pub(super) fn code(self) -> &'static str {
                match self { $(Notice::$variant => $code),* }
            }

            /// The sentence for a code, if there is such a code.
            fn sentence(code: &str) -> Option<&'static str> {
                match code { $($code => Some($sentence),)* _ => None }
            }
        }
    };
}

notices! {
    AbilityAdded = "ability_added": "The ability is known from now on. New service keys can be given it.",
    AbilityDeleted = "ability_deleted": "The ability was deleted, and taken from every key that had it.",
    AccountClosed = "account_closed": "Your account is closed and everything in it is deleted. Goodbye.",
    AdministratorCreated = "administrator_created": "The administrator was created. Tell them their password; they can change it under Security.",
    ApiKeyRevoked = "api_key_revoked": "The key was revoked. Whatever uses it is refused from now on.",
    AskedAgain = "asked_again": "Asked again. It can take a minute, and the newest mail is the one that counts.",
    BotDeleted = "bot_deleted": "The bot was deleted, and its keys are refused from now on.",
    BotDisabled = "bot_disabled": "The bot was switched off: its keys are refused until it is switched on.",
    BotEnabled = "bot_enabled": "The bot was switched on: its keys are good again.",
    BotSaved = "bot_saved": "The bot was changed.",
    CodeSent = "code_sent": "We sent a code to your e-mail address. It is good for ten minutes.",
    DirectoryInviteCanceled = "directory_invite_canceled": "The invite was canceled. Nobody can register by it.",
    DirectoryMemberActivated = "directory_member_activated": "The wallet is let in again, with the same keys.",
    DirectoryMemberDeleted = "directory_member_deleted": "The wallet was deleted. Its key and its handle can be invited again.",
    DirectoryMemberRevoked = "directory_member_revoked": "The wallet was revoked: its key can no longer sign in, nor register again.",
    EmailChangeSent = "email_change_sent": "We sent a link to the new address. Open it within 24 hours to finish the change; until then the old address stays.",
    EmailChanged = "email_changed": "The e-mail address was changed and its owner signed out everywhere.",
    EmailMoved = "email_moved": "Your new e-mail address is confirmed. It is the one to sign in with from now on.",
    EmailMovedAnew = "email_moved_anew": "Your new e-mail address is confirmed, and the old password has ended. Choose a new one.",
    EmailVerified = "email_verified": "Your e-mail address is confirmed.",
    EmailVerifiedAnew = "email_verified_anew": "Your e-mail address is confirmed, and no password is set. Set one now, or go on with links and codes in your mail.",
    EmailVerifySent = "email_verify_sent": "We sent you a new link. Open it within 24 hours; an earlier one no longer works.",
    FirstPasswordSet = "first_password_set": "Your password is set. From now on it signs you in as well.",
    GrantAdded = "grant_added": "The permission was granted. If that gave the account anything new, its owner signs in again.",
    GrantRemoved = "grant_removed": "The permission was taken back, at once.",
    GroupCreated = "group_created": "The group was created. Nobody is in it yet.",
    GroupDeleted = "group_deleted": "The group was deleted. Whoever was in it lost at once what it gave.",
    GroupSaved = "group_saved": "The group was changed. Its members gained or lost what that gives or takes at once.",
    GroupsChanged = "groups_changed": "The groups were changed.",
    InvitationFailed = "invitation_failed": "The invitation could not be sent. Under Mail, below, it says why.",
    InvitationKept = "invitation_kept": "The invitation was written, and is kept in the development outbox.",
    InvitationRevoked = "invitation_revoked": "The invitation was called back: its link no longer works.",
    InvitationSent = "invitation_sent": "The invitation was sent. Its link works for seven days.",
    InvitationWaiting = "invitation_waiting": "The invitation is on its way. The mail server has not taken it yet; it is tried again until it does.",
    LoginCancelled = "login_cancelled": "Nothing was done: the sign-in there was broken off.",
    LoginConnected = "login_connected": "The login is connected. From now on it signs you in as well.",
    LoginDisconnected = "login_disconnected": "The login was disconnected. It no longer signs you in.",
    LoginFailed = "login_failed": "That did not work: the provider did not say who you are. Try again in a moment.",
    LoginInUse = "login_in_use": "That login opens another account, so it was not connected. Disconnect it there first.",
    LoginOfAnother = "login_of_another": "That login does not open this account. Use one that is connected to it.",
    LoginUnknown = "login_unknown": "No account is connected to that login, and none is made for it here. Sign in another way and connect it, or ask an administrator.",
    LoginUnreachable = "login_unreachable": "That provider does not answer at the moment. Try again in a moment, or sign in another way.",
    MailRetried = "mail_retried": "That mail is first in line again. Reload in a moment to see what became of it.",
    MemberAdded = "member_added": "They are in the group. If that gave them anything new, they sign in again.",
    MemberRemoved = "member_removed": "They are out of the group, and lost at once what only it gave.",
    MemberTakenOut = "member_taken_out": "They are out of the organization, and the keys they had in it are revoked.",
    OrganizationAdminNamed = "organization_admin_named": "The organization has an admin again.",
    OrganizationDeleted = "organization_deleted": "The organization was deleted, with everything in it.",
    OrganizationJoined = "organization_joined": "You are in the organization.",
    OrganizationLeft = "organization_left": "You are out of the organization, and the keys you had in it are revoked.",
    OrganizationMade = "organization_made": "The organization is there, and you administer it.",
    OrganizationRenamed = "organization_renamed": "The organization was renamed.",
    OtherSessionsEnded = "other_sessions_ended": "You are signed out everywhere else.",
    PasswordChanged = "password_changed": "Your password was changed, and you are signed out everywhere else.",
    PasswordChangedAlone = "password_changed_alone": "Your password was changed, your API keys are revoked, and you are signed out everywhere else.",
    PasswordChosen = "password_chosen": "Your password is set and the account is yours. Sign in with it.",
    PasswordReset = "password_reset": "Your new password is set, and you are signed out everywhere. Sign in with it.",
    PasswordSet = "password_set": "The new password is set, and the old sessions ended. Tell its owner the new password.",
    PermissionAdded = "permission_added": "The permission is known from now on. Groups and accounts can be given it.",
    PermissionDeleted = "permission_deleted": "The permission is no longer known: it is denied to everybody.",
    ProfileSaved = "profile_saved": "The profile was saved.",
    RoleChanged = "role_changed": "The role was changed, at once.",
    SecondFactorReset = "second_factor_reset": "Two-step sign-in is off for this account. Its owner is told by mail, if there is an address.",
    ServiceKeyRevoked = "service_key_revoked": "The service key was revoked. Whatever uses it is refused from now on.",
    SessionEnded = "session_ended": "That session was ended.",
    SetUp = "set_up": "Vestibule is set up, and you are its first administrator.",
    SignInAgain = "sign_in_again": "That took too long or went wrong too often. Begin again.",
    SignedOut = "signed_out": "You are signed out.",
    SignedUp = "signed_up": "Welcome. Your account is ready.",
    TestMailFailed = "test_mail_failed": "The test mail was refused. In the list, below, it says why.",
    TestMailKept = "test_mail_kept": "The test mail was written, and is kept in the development outbox.",
    TestMailSent = "test_mail_sent": "The mail server took the test mail. Look whether it arrives.",
    TestMailWaiting = "test_mail_waiting": "The mail server has not taken the test mail yet. In the list, below, it says why if it is known; it is tried again.",
    TwoStepOff = "two_step_off": "Two-step sign-in is off.",
    UserCreated = "user_created": "The account was created. Tell its owner the password; they can change it under Security.",
    UserDeleted = "user_deleted": "The account was deleted.",
    UserDisabled = "user_disabled": "The account was disabled and signed out everywhere.",
    UserEnabled = "user_enabled": "The account was enabled. Its owner can sign in again.",
    UserSessionsEnded = "user_sessions_ended": "The account was signed out everywhere.",
    UserUnlocked = "user_unlocked": "The account was unlocked. Its owner can try again.",
}

/// What the address says was done.
#[derive(Debug, Deserialize)]
pub(super) struct Arrival {
    done: Option<String>,
}

impl Arrival {
    /// The sentence to show, if the address carries a code of ours.
    pub(super) fn notice(&self) -> Option<&'static str> {
        self.done.as_deref().and_then(Notice::sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_of_ours_says_anything() {
        let says = |code: &str| Arrival { done: Some(code.to_owned()) }.notice();
        assert_eq!(says(Notice::SignedOut.code()), Some("You are signed out."));
        assert_eq!([says("You have won"), says(""), Arrival { done: None }.notice()], [None; 3]);
    }
}
