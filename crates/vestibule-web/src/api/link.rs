//! Presenting a link that was mailed: the token in it, and what else its presenter proves. A link that is dead and a
//! code that is wrong are charged like guesses.

use std::net::IpAddr;

use serde::Deserialize;
use utoipa::ToSchema;
use vestibule::{Code, Presenter};

use super::password::Password;
use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Problem;
use crate::extract::{Session, presenter};

/// The token of a link. Whoever proves an address for the first time keeps what is attached to the account only by
/// proving the account too: by a session of it in the same browser, or by its password, and its second factor where one
/// is on.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkBody {
    /// What the link carries.
    #[schema(example = "vst_mgl_…")]
    token: String,
    /// The account's password.
    password: Option<Password>,
    /// A code of the account's second factor, or a recovery code.
    mfa_code: Option<TypedCode>,
}

impl LinkBody {
    /// The token, and who presents it; a password that comes with it is counted.
    pub(crate) fn read(
        self,
        app: &App,
        session: Option<Session>,
        ip: Option<IpAddr>,
    ) -> Result<(String, Presenter), Problem> {
        let LinkBody { token, password, mfa_code } = self;
        if password.is_some() {
            app.limits.link_with_password(ip, &token)?;
        }
        Ok((token, presenter(session, password.map(Password::into), mfa_code.map(TypedCode::into))))
    }
}

/// Charges a guess that was wrong, and refuses it.
pub(crate) fn guessed(app: &App, ip: Option<IpAddr>, why: Code) -> Problem {
    match app.limits.code_failed(ip) {
        Ok(()) => why.into(),
        Err(too_often) => too_often.into(),
    }
}
