//! Who is signed in. [`Session`]: somebody. [`RecentlyProven`]: somebody, or somebody who may do a certain thing, who
//! authenticated within the last 15 minutes. A session by cookie counts for an unsafe method only with its CSRF token.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use vestibule::{Code, LiveSession, Timestamp};

use super::credential::{self, Carrier, Credential};
use crate::app::App;
use crate::csrf;
use crate::error::{Problem, Result};

/// A live session; reads as its [`LiveSession`].
#[derive(Debug)]
pub struct Session(pub Arc<LiveSession>, Credential);

/// A live session whose owner proved who they are within the last 15 minutes.
#[derive(Debug)]
pub struct RecentlyProven<S = Session>(pub S);

/// Who may have come in a session: only there does anybody prove who they are.
pub trait InSession {
    /// The session; whoever acts by a token or a key of a program is refused.
    fn in_session(&self) -> Result<&Session>;
}

impl Session {
    /// The token that this session's unsafe requests must carry, for forms and for `X-CSRF-Token`.
    pub fn csrf_token(&self, app: &App) -> String {
        app.vestibule.keyring().csrf_token(&self.1.token)
    }

    /// Refuses a session whose owner last proved who they are more than 15 minutes ago.
    pub fn require_recent(&self, now: Timestamp) -> Result<(), Problem> {
        if self.0.is_recently_proven(now) { Ok(()) } else { Err(Code::ReauthenticationRequired.into()) }
    }

    /// Whether it came in a cookie, and its answers should renew one.
    pub(crate) fn is_by_cookie(&self) -> bool {
        self.1.carrier == Carrier::Cookie
    }

    async fn prove(parts: &Parts, app: &App) -> Result<Session> {
        let credential = credential::find(app, &parts.headers)?.ok_or(Code::Unauthenticated)?;
        Session::prove_by(parts, app, credential).await
    }

    /// The live session that a credential of this request stands for.
    pub(super) async fn prove_by(parts: &Parts, app: &App, credential: Credential) -> Result<Session> {
        let live = app.vestibule.session(&credential.token).await?.ok_or(Code::Unauthenticated)?;
        if credential.carrier == Carrier::Cookie && !csrf::is_safe(&parts.method) {
            csrf::check_session(app, parts, &credential.token)?;
        }
        Ok(Session(live, credential))
    }
}

impl<S> FromRequestParts<S> for Session
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Session> {
        Session::prove(parts, &App::from_ref(state)).await
    }
}

/// Nobody signed in is no session; what is refused for another reason stays refused.
impl<S> OptionalFromRequestParts<S> for Session
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Session>> {
        match Session::prove(parts, &App::from_ref(state)).await {
            Ok(session) => Ok(Some(session)),
            Err(problem) if problem.code() == Code::Unauthenticated => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

impl<S, P> FromRequestParts<S> for RecentlyProven<P>
where
    App: FromRef<S>,
    S: Send + Sync,
    P: FromRequestParts<S, Rejection = Problem> + InSession + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<RecentlyProven<P>> {
        let who = P::from_request_parts(parts, state).await?;
        who.in_session()?.require_recent(App::from_ref(state).vestibule.now())?;
        Ok(RecentlyProven(who))
    }
}

impl Deref for Session {
    type Target = LiveSession;

    fn deref(&self) -> &LiveSession {
        &self.0
    }
}

impl AsRef<vestibule::Principal> for Session {
    fn as_ref(&self) -> &vestibule::Principal {
        &self.0.principal
    }
}

impl InSession for Session {
    fn in_session(&self) -> Result<&Session> {
        Ok(self)
    }
}
