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
    AccountClosed = "account_closed": "Your account is closed and everything in it is deleted. Goodbye.",
    AdministratorCreated = "administrator_created": "The administrator was created. Tell them their password; they can change it under Security.",
    AdministratorDeactivated = "administrator_deactivated": "The administrator was deactivated and signed out everywhere.",
    AdministratorDeleted = "administrator_deleted": "The administrator was deleted.",
    AdministratorReactivated = "administrator_reactivated": "The administrator was reactivated and can sign in again.",
    EmailChanged = "email_changed": "The e-mail address was changed and its owner signed out everywhere.",
    GroupsChanged = "groups_changed": "The groups were changed.",
    OtherSessionsEnded = "other_sessions_ended": "You are signed out everywhere else.",
    PasswordChanged = "password_changed": "Your password was changed, and you are signed out everywhere else.",
    PasswordSet = "password_set": "The new password is set, and the old sessions ended. Tell its owner the new password.",
    ProfileSaved = "profile_saved": "The profile was saved.",
    SessionEnded = "session_ended": "That session was ended.",
    SetUp = "set_up": "Vestibule is set up, and you are its first administrator.",
    SignedOut = "signed_out": "You are signed out.",
    SignedUp = "signed_up": "Welcome. Your account is ready.",
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
