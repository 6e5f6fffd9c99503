//! The authenticators of these tests: an app that has scanned a secret, and people who have one.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use testkit::TestEngine;
use totp_rs::Totp;
use vestibule::{
    Account, AccountId, AuditFilter, BeginEnrolment, DisableForm, DisableSecondFactor, EnableSecondFactor, Enrolment,
    EnrolmentForm, LiveSession, PageRequest, RenewRecoveryCodes, SecondFactorStatus, SignedIn, Timestamp, Vestibule,
};

use crate::people::{PASSWORD, by, live, sign_up};

/// One step of time.
pub const STEP: Duration = Duration::from_secs(30);

/// An authenticator app that knows one secret.
#[derive(Clone)]
pub struct App(Totp);

/// Somebody who is signed in and has a second factor.
pub struct Careful {
    pub signed_in: SignedIn,
    pub app: App,
    pub recovery_codes: Vec<SecretString>,
}

impl App {
    pub fn scan(uri: &SecretString) -> App {
        App(Totp::from_url(uri.expose_secret()).expect("a URI that apps understand"))
    }

    /// The code it shows at a moment.
    pub fn code(&self, at: Timestamp) -> SecretString {
        let seconds = u64::try_from(at.0 / 1_000_000).expect("after 1970");
        self.0.generate(seconds).to_string().into()
    }

    /// Six digits that it shows neither now nor a minute before or after.
    pub fn wrong_code(&self, now: Timestamp) -> SecretString {
        let shown: Vec<SecretString> =
            (0..5).map(|step| self.code(now.minus(Duration::from_secs(60)).plus(STEP * step))).collect();
        let is_shown = |code: &String| shown.iter().any(|shown| shown.expose_secret() == code);
        (0..6).map(|n| format!("{n:06}")).find(|code| !is_shown(code)).expect("five codes are not six").into()
    }
}

impl Careful {
    /// Somebody new, with a second factor whose step at this moment is spent.
    pub async fn sign_up(t: &TestEngine, email: &str) -> Careful {
        Careful::enrol(t, sign_up(&t.engine, email).await).await
    }

    /// Somebody who has none yet gets one.
    pub async fn enrol(t: &TestEngine, signed_in: SignedIn) -> Careful {
        let app = App::scan(&begun(begin(&t.engine, &signed_in, PASSWORD, None).await).uri);
        let recovery_codes = enabled(enable(&t.engine, &signed_in, &app.code(t.engine.now())).await);
        Careful { signed_in, app, recovery_codes }
    }

    pub fn account(&self) -> &Account {
        &self.signed_in.account.account
    }

    pub fn id(&self) -> AccountId {
        self.account().id
    }
}

pub async fn session(engine: &Vestibule, signed_in: &SignedIn) -> Arc<LiveSession> {
    live(engine, signed_in).await.expect("signed in")
}

pub async fn begin(
    engine: &Vestibule,
    who: &SignedIn,
    password: &str,
    code: Option<SecretString>,
) -> Result<BeginEnrolment, vestibule::Error> {
    let form = EnrolmentForm { password: Some(password.into()), code };
    engine.begin_enrolment(&by(&who.account.account), &*session(engine, who).await, form).await
}

pub fn begun(result: Result<BeginEnrolment, vestibule::Error>) -> Enrolment {
    match result.expect("an answer") {
        BeginEnrolment::Begun(enrolment) => enrolment,
        other @ (BeginEnrolment::WrongPassword | BeginEnrolment::CodeRequired | BeginEnrolment::WrongCode) => {
            panic!("not begun: {other:?}")
        }
    }
}

pub async fn enable(engine: &Vestibule, who: &SignedIn, code: &SecretString) -> EnableSecondFactor {
    let session = session(engine, who).await;
    engine.enable_second_factor(&by(&who.account.account), &session, code).await.expect("an answer")
}

pub fn enabled(ended: EnableSecondFactor) -> Vec<SecretString> {
    match ended {
        EnableSecondFactor::Done { recovery_codes } => recovery_codes,
        other @ (EnableSecondFactor::NoEnrolment
        | EnableSecondFactor::Expired
        | EnableSecondFactor::CodeRequired
        | EnableSecondFactor::WrongCode) => panic!("not enabled: {other:?}"),
    }
}

pub async fn disable(
    engine: &Vestibule,
    who: &SignedIn,
    password: &str,
    code: Option<SecretString>,
) -> DisableSecondFactor {
    let session = session(engine, who).await;
    let form = DisableForm { password: Some(password.into()), code };
    engine.disable_second_factor(&by(&who.account.account), &session, form).await.expect("an answer")
}

pub async fn renew(engine: &Vestibule, who: &SignedIn, code: &SecretString) -> RenewRecoveryCodes {
    let session = session(engine, who).await;
    engine.renew_recovery_codes(&by(&who.account.account), &session, code).await.expect("an answer")
}

pub fn renewed(ended: RenewRecoveryCodes) -> Vec<SecretString> {
    match ended {
        RenewRecoveryCodes::Done { recovery_codes } => recovery_codes,
        other @ (RenewRecoveryCodes::NotEnabled | RenewRecoveryCodes::CodeRequired | RenewRecoveryCodes::WrongCode) => {
            panic!("not renewed: {other:?}")
        }
    }
}

pub async fn status(engine: &Vestibule, id: AccountId) -> SecondFactorStatus {
    engine.second_factor(id).await.expect("the account is there")
}

/// How often the log has this about an account, done and refused.
pub async fn logged(engine: &Vestibule, id: AccountId, action: &str) -> (usize, usize) {
    let filter = AuditFilter { target: Some(id.0), action: Some(action.into()), ..AuditFilter::default() };
    let page = PageRequest { limit: 100, cursor: None };
    let rows = engine.list_audit(&filter, page).await.expect("the log").items;
    let done = rows.iter().filter(|row| row.outcome.as_str() == "done").count();
    (done, rows.len() - done)
}
