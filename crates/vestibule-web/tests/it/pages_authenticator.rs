//! An authenticator whose owner typed into it what the page shows, and what else a page hands over once.

use std::time::Duration;

use testkit::{PASSWORD, TestEngine};
use totp_rs::Totp;

use crate::pages_markup::unescape;
use crate::pages_visitor::{Seen, Visitor};

pub const SET_UP: &str = "/account/security/two-step";
pub const CONFIRM: &str = "/account/security/two-step/confirm";
const STEP: Duration = Duration::from_secs(30);

/// Somebody's authenticator.
pub struct Authenticator(Totp);

impl Authenticator {
    /// With the secret that a page shows to be typed.
    pub fn typed_from(page: &Seen) -> Authenticator {
        let secret: String = shown_once(page).split(' ').collect();
        let uri = format!("otpauth://totp/a?secret={secret}&algorithm=SHA1&digits=6&period=30");
        Authenticator(Totp::from_url(&uri).expect("a secret in base 32"))
    }

    /// The code it shows now.
    pub fn shows(&self, engine: &TestEngine) -> String {
        let seconds = u64::try_from(engine.clock.now().0 / 1_000_000).expect("after 1970");
        self.0.generate(seconds).to_string()
    }

    /// The code it shows half a minute later, which it then is.
    pub fn next(&self, engine: &TestEngine) -> String {
        engine.clock.advance(STEP);
        self.shows(engine)
    }

    /// Six digits that it does not show anywhere near now.
    pub fn wrong(&self, engine: &TestEngine) -> String {
        let now = u64::try_from(engine.clock.now().0 / 1_000_000).expect("after 1970");
        let near: Vec<String> = (now - 90..=now + 90).step_by(30).map(|at| self.0.generate(at).to_string()).collect();
        (0..8).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).expect("seven codes are not eight")
    }
}

/// Sets two-step sign-in up through the pages. Gives the authenticator and the recovery codes.
pub async fn set_up(engine: &TestEngine, who: &mut Visitor) -> (Authenticator, Vec<String>) {
    let page = who.get(SET_UP).await;
    let begun = who.submit(&page, SET_UP, &[("password", PASSWORD)]).await;
    let authenticator = Authenticator::typed_from(&begun);
    let code = authenticator.shows(engine);
    let done = who.submit(&begun, CONFIRM, &[("code", &code)]).await;
    assert_eq!(done.status, 200, "{}", done.html);
    (authenticator, recovery_codes(&done))
}

/// The recovery codes that a page shows.
pub fn recovery_codes(page: &Seen) -> Vec<String> {
    shown_once(page).lines().map(str::to_owned).collect()
}

/// What a page shows once, to be copied.
pub fn shown_once(page: &Seen) -> String {
    let start = page.html.find("class=\"secret\"").unwrap_or_else(|| panic!("nothing is shown once: {}", page.html));
    let (_, inside) = page.html[start..].split_once('>').expect("the tag ends");
    unescape(inside.split('<').next().expect("text"))
}
