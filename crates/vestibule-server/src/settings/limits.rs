//! Rate limits: `count/seconds`, or `off`.

use vestibule_web::{Limit, Limits};

use super::key::Key;
use super::layers::Layers;
use super::problem::Problem;

/// Every limit.
pub fn read(layers: &Layers) -> Result<Limits, Problem> {
    Ok(Limits {
        sign_in: layers.read(Key::LimitsSignIn, limit)?,
        sign_in_identifier: layers.read(Key::LimitsSignInIdentifier, limit)?,
        sign_in_global: layers.read(Key::LimitsSignInGlobal, limit)?,
        sign_up: layers.read(Key::LimitsSignUp, limit)?,
        sign_up_identifier: layers.read(Key::LimitsSignUpIdentifier, limit)?,
        sign_up_global: layers.read(Key::LimitsSignUpGlobal, limit)?,
        password_reset: layers.read(Key::LimitsPasswordReset, limit)?,
        password_reset_identifier: layers.read(Key::LimitsPasswordResetIdentifier, limit)?,
        password_reset_global: layers.read(Key::LimitsPasswordResetGlobal, limit)?,
        codes: layers.read(Key::LimitsCodes, limit)?,
        sensitive: layers.read(Key::LimitsSensitive, limit)?,
    })
}

fn limit(text: &str) -> Result<Option<Limit>, String> {
    match text.trim() {
        "off" => Ok(None),
        text => match text.parse::<Limit>() {
            Ok(limit) => Ok(Some(limit)),
            Err(_) => Err("must be count/seconds, such as 100/60, or off".to_owned()),
        },
    }
}
