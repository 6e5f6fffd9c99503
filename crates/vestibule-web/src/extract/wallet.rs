//! A member of the directory of wallets, by its own token as bearer: signed by us for the directory, and its member there
//! and not revoked at this moment. No other credential stands for a wallet.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::Code;
use vestibule::directory::Member;

use super::credential::{self, Carrier};
use crate::app::App;
use crate::error::{Problem, Result};

/// A wallet that proved to be a member.
#[derive(Clone, Debug)]
pub struct Wallet(pub Member);

impl<S> FromRequestParts<S> for Wallet
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Wallet> {
        let app = App::from_ref(state);
        let presented = credential::present(&app, &parts.headers)?;
        let bearer = presented.filter(|presented| presented.carrier == Carrier::Bearer);
        let member = match bearer {
            Some(bearer) => app.vestibule.wallet(bearer.text).await?,
            None => None,
        };
        member.map(Wallet).ok_or_else(|| Code::Unauthenticated.into())
    }
}
