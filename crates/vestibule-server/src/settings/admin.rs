//! The first administrator, by settings: all that is needed to make one, or nothing.

use vestibule::{Email, NewAdministrator, Username};

use super::key::Key;
use super::layers::Layers;
use super::problem::Problem;

/// The administrator to make at start while there is none.
pub fn read(layers: &Layers) -> Result<Option<NewAdministrator>, Problem> {
    let username = layers.given(Key::AdminUsername)?.map(str::to_owned);
    let email = layers.given(Key::AdminEmail)?.map(str::to_owned);
    let password = layers.given(Key::AdminPassword)?;
    match (password, username.is_some() || email.is_some()) {
        (None, false) => Ok(None),
        (None, true) => Err(Problem::of(Key::AdminPassword, "is missing: the first administrator needs one")),
        (Some(_), false) => {
            let why = "is set without a name: set admin.username (VESTIBULE_ADMIN_USERNAME) or admin.email \
                       (VESTIBULE_ADMIN_EMAIL) too";
            Err(Problem::of(Key::AdminPassword, why))
        }
        (Some(password), true) => {
            let wrong = |key| move |code: vestibule::Code| Problem::of(key, code.message());
            username.as_deref().map(Username::parse).transpose().map_err(wrong(Key::AdminUsername))?;
            email.as_deref().map(Email::parse).transpose().map_err(wrong(Key::AdminEmail))?;
            Ok(Some(NewAdministrator { username, email, name: None, password: password.into() }))
        }
    }
}
