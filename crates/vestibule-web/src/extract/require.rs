//! What the one who is signed in may do. A route names the permission that it takes as a type, [`Require<P>`], and
//! nothing else decides; [`permission!`](crate::permission) makes such a type. The refusal names the permission. An
//! act is asked about again by the engine, in its own transaction: this only turns away early.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Error, Forbidden, Need};

use super::session::InSession;
use super::{Principal, Session};
use crate::app::App;
use crate::error::{Problem, Result};

/// A permission that a route takes; [`permission!`](crate::permission) implements it for a type of its own.
pub trait RequiredPermission: Send + 'static {
    /// What is done.
    const ACTION: &'static str;
    /// To what.
    const RESOURCE: &'static str;
}

/// Somebody who may `P`: whatever live credential they have, or what `W` says, such as a [`Session`] alone. It reads as
/// that.
pub struct Require<P, W = Principal>(pub W, pub PhantomData<fn() -> P>);

/// Makes types for permissions, for [`Require`](crate::extract::Require):
/// `permission!(pub ReadBook = "read": "book");`, one or several.
#[macro_export]
macro_rules! permission {
    ($($(#[$about:meta])* $vis:vis $name:ident = $action:literal : $resource:literal);+ $(;)?) => { $(
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name;

        impl $crate::extract::RequiredPermission for $name {
            const ACTION: &'static str = $action;
            const RESOURCE: &'static str = $resource;
        }
    )+ };
}

impl<S, P, W> FromRequestParts<S> for Require<P, W>
where
    App: FromRef<S>,
    S: Send + Sync,
    P: RequiredPermission,
    W: FromRequestParts<S, Rejection = Problem> + AsRef<vestibule::Principal> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Require<P, W>> {
        let who = W::from_request_parts(parts, state).await?;
        let need = Need::new(P::ACTION, P::RESOURCE);
        match who.as_ref().may(need) {
            true => Ok(Require(who, PhantomData)),
            false => Err(Error::from(Forbidden::lacks(need)).into()),
        }
    }
}

impl<P, W> Deref for Require<P, W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.0
    }
}

impl<P, W: InSession> InSession for Require<P, W> {
    fn in_session(&self) -> Result<&Session> {
        self.0.in_session()
    }
}

impl<P: RequiredPermission, W: fmt::Debug> fmt::Debug for Require<P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Require<{}:{}>({:?})", P::ACTION, P::RESOURCE, self.0)
    }
}
