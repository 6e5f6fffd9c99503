//! Words for how somebody proved who they are: by what, and by which second factor besides.

use serde_json::Value;
use vestibule::{AuthMethod, Factor};

/// What somebody signed in with, as one phrase.
pub(super) fn words(method: AuthMethod, second_factor: Option<Factor>) -> String {
    let method = match method {
        AuthMethod::Password => "Password",
        AuthMethod::MagicLink => "Link by mail",
        AuthMethod::EmailCode => "Code by mail",
        AuthMethod::EmailVerify => "Link that confirmed the address",
        AuthMethod::OAuth => "Connected login",
    };
    match second_factor {
        None => method.to_owned(),
        Some(Factor::Totp) => format!("{method} and authenticator app"),
        Some(Factor::RecoveryCode) => format!("{method} and recovery code"),
    }
}

/// The same, as the audit log remembers it of a sign-in; none: it says nothing of it.
pub(super) fn of_sign_in(details: &Value) -> Option<String> {
    let method = details.get("method")?.as_str()?.parse().ok()?;
    let factor = details.get("second_factor").and_then(Value::as_str).and_then(|factor| factor.parse().ok());
    Some(words(method, factor))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sign_in_in_the_log_says_with_what() {
        let of = |details: Value| of_sign_in(&details);
        assert_eq!(of(json!({ "method": "password", "second_factor": null })).as_deref(), Some("Password"));
        assert_eq!(
            of(json!({ "method": "magic_link", "second_factor": "recovery_code" })).as_deref(),
            Some("Link by mail and recovery code")
        );
        assert_eq!(
            [of(json!({ "method": "telepathy" })), of(json!({ "reason": "x" })), of(json!(null))],
            [None, None, None]
        );
    }
}
