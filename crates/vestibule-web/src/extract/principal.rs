//! Whom a request's credential stands for, whatever it is: a session by cookie or bearer, an access token, an API key.
//! What is for people alone asks for a [`Session`] instead, where a token or a key of a program is nobody.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Code, Presented, Timestamp};

use super::credential::{self, Carrier, Credential};
use super::session::{InSession, Session};
use crate::app::App;
use crate::error::{Problem, Result};

/// Whom a live credential stands for; reads as its [`vestibule::Principal`].
#[derive(Debug)]
pub struct Principal {
    principal: Arc<vestibule::Principal>,
    session: Option<Session>,
}

/// Somebody in a session. A token or a key of a program is known, and refused because a person does this.
#[derive(Debug)]
pub(crate) struct InPerson(pub Session);

impl Principal {
    /// Refuses whoever did not prove within the last 15 minutes who they are, which only a session can have done.
    pub fn require_recent(&self, now: Timestamp) -> Result<(), Problem> {
        self.in_session()?.require_recent(now)
    }
}

impl InSession for Principal {
    fn in_session(&self) -> Result<&Session> {
        self.session.as_ref().ok_or_else(|| Code::SessionRequired.into())
    }
}

impl AsRef<vestibule::Principal> for Principal {
    fn as_ref(&self) -> &vestibule::Principal {
        &self.principal
    }
}

impl<S> FromRequestParts<S> for Principal
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Principal> {
        let app = App::from_ref(state);
        let presented = credential::present(&app, &parts.headers)?.ok_or(Code::Unauthenticated)?;
        if let Some(token) = presented.session_token() {
            let session = Session::prove_by(parts, &app, Credential { token, carrier: presented.carrier }).await?;
            return Ok(Principal { principal: session.principal.clone(), session: Some(session) });
        }
        if presented.carrier == Carrier::Cookie {
            return Err(Code::Unauthenticated.into()); // what is in our cookie is a session's token or nothing
        }
        match app.vestibule.principal(presented.text).await? {
            Presented::Live(principal) => Ok(Principal { principal, session: None }),
            Presented::Revoked => Err(Code::KeyRevoked.into()),
            Presented::Expired => Err(Code::KeyExpired.into()),
            Presented::Unknown => Err(Code::Unauthenticated.into()),
        }
    }
}

impl Deref for Principal {
    type Target = vestibule::Principal;

    fn deref(&self) -> &vestibule::Principal {
        &self.principal
    }
}

impl<S> FromRequestParts<S> for InPerson
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<InPerson> {
        let Principal { session, .. } = Principal::from_request_parts(parts, state).await?;
        session.map(InPerson).ok_or_else(|| Code::SessionRequired.into())
    }
}
