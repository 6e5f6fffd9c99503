//! What the one who is signed in may do. A route names the permission that it takes as a type, [`Require<P>`], and
//! nothing else decides; [`permission!`](crate::permission) makes such a type. The refusal names the permission. An
//! act is asked about again by the engine, in its own transaction: this only turns away early.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Error, Forbidden, Need};

use super::Session;
use crate::app::App;
use crate::error::{Problem, Result};

/// A permission that a route takes; [`permission!`](crate::permission) implements it for a type of its own.
pub trait RequiredPermission: Send + 'static {
    /// What is done.
    const ACTION: &'static str;
    /// To what.
    const RESOURCE: &'static str;
}

/// A live session whose account holds the permission `P`; reads as its [`Session`].
pub struct Require<P>(pub Session, pub PhantomData<fn() -> P>);

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

impl<S, P> FromRequestParts<S> for Require<P>
where
    App: FromRef<S>,
    S: Send + Sync,
    P: RequiredPermission,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Require<P>> {
        let session = Session::from_request_parts(parts, state).await?;
        let need = Need::new(P::ACTION, P::RESOURCE);
        match session.may(need) {
            true => Ok(Require(session, PhantomData)),
            false => Err(Error::from(Forbidden::lacks(need)).into()),
        }
    }
}

impl<P> Deref for Require<P> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl<P> AsRef<Session> for Require<P> {
    fn as_ref(&self) -> &Session {
        &self.0
    }
}

impl<P: RequiredPermission> fmt::Debug for Require<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Require<{}:{}>({:?})", P::ACTION, P::RESOURCE, self.0)
    }
}
