//! People with a second factor: an authenticator that has scanned the secret, and recovery codes.

use std::time::Duration;

use serde_json::json;
use testkit::{PASSWORD, SignedIn, TestApp};
use totp_rs::Totp;

const STEP: Duration = Duration::from_secs(30);

/// Somebody's authenticator and recovery codes.
pub struct Careful {
    authenticator: Totp,
    /// As they were handed out.
    pub recovery_codes: Vec<String>,
}

impl Careful {
    /// Gives somebody with [`PASSWORD`] a second factor; the step of this moment is spent by it.
    pub async fn enrol(app: &TestApp, who: &SignedIn) -> Careful {
        let set_up = app.post("/api/v1/me/mfa/setup").bearer(&who.token).json(json!({"password": PASSWORD})).await;
        assert_eq!(set_up.status, 200, "{}", set_up.text);
        let authenticator = scan(set_up.json()["otpauth_uri"].as_str().expect("a URI"));
        let code = shown(app, &authenticator);
        let enable = app.post("/api/v1/me/mfa/enable").bearer(&who.token).json(json!({"code": code})).await;
        assert_eq!(enable.status, 200, "{}", enable.text);
        Careful { authenticator, recovery_codes: recovery_codes(&enable.json()) }
    }

    /// The code that the authenticator shows half a minute from now, which it then is.
    pub fn next(&self, app: &TestApp) -> String {
        app.clock.advance(STEP);
        shown(app, &self.authenticator)
    }

    /// Six digits that are no code of it anywhere near.
    pub fn wrong(&self, app: &TestApp) -> String {
        let now = seconds(app);
        let near: Vec<String> =
            (now - 90..=now + 90).step_by(30).map(|at| self.authenticator.generate(at).to_string()).collect();
        (0..8).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).expect("seven codes are not eight")
    }
}

/// An authenticator that has scanned a URI.
pub fn scan(uri: &str) -> Totp {
    Totp::from_url(uri).expect("a URI that authenticators understand")
}

/// What an authenticator shows now.
pub fn shown(app: &TestApp, authenticator: &Totp) -> String {
    authenticator.generate(seconds(app)).to_string()
}

/// The recovery codes in an answer.
pub fn recovery_codes(body: &serde_json::Value) -> Vec<String> {
    let codes = body["recovery_codes"].as_array().expect("recovery codes");
    codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
}

fn seconds(app: &TestApp) -> u64 {
    u64::try_from(app.clock.now().0 / 1_000_000).expect("after 1970")
}
