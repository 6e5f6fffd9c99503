//! The first administrator at start: made from the settings, or invited by a setup token. Inert once there is one.

use vestibule::{Bootstrap, Caller, Error, NewAdministrator, Secret, Vestibule};

use crate::settings::{Key, Problem, Problems};

/// Makes the administrator that the settings name; while there is none at all, makes a setup token.
pub async fn prepare(engine: &Vestibule, from_settings: Option<NewAdministrator>) -> anyhow::Result<Option<Secret>> {
    if let Some(administrator) = from_settings {
        match engine.bootstrap(administrator).await.map_err(by_setting)? {
            Bootstrap::Made(made) => tracing::info!(account = %made.account.id, "made the first administrator"),
            Bootstrap::Inert => tracing::debug!("there is an administrator already"),
        }
    }
    Ok(engine.issue_setup_token(&Caller::system()).await?)
}

/// What the engine refuses about the administrator, by the names that the operator knows.
fn by_setting(why: Error) -> anyhow::Error {
    let Error::Invalid(fields) = why else { return why.into() };
    let problems = fields.0.iter().map(|error| {
        let key = match error.field {
            "username" => Key::AdminUsername,
            "email" => Key::AdminEmail,
            _ => Key::AdminPassword,
        };
        Problem::of(key, error.code.message())
    });
    Problems(problems.collect()).into()
}
