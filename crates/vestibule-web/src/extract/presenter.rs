//! Who presents a link or a code: what they prove besides, for the engine to weigh.

use secrecy::SecretString;
use vestibule::Presenter;

use super::Session;

/// The session of the same browser, whosever it is, with the password and the second factor that came along.
pub(crate) fn presenter(
    session: Option<Session>,
    password: Option<SecretString>,
    mfa_code: Option<SecretString>,
) -> Presenter {
    Presenter { session: session.map(|session| session.0), password, mfa_code }
}
