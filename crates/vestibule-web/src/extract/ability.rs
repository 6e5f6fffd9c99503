//! What a service may do. A route names the ability that it takes as a type, [`RequireAbility<A>`], and
//! [`ability!`](crate::ability) makes such a type. Only a service key has abilities, and they are compared letter by
//! letter: no permission stands for one, and none for another.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Code, Presented, Secret, SecretKind, ServiceKey};

use super::credential::{self, Carrier};
use crate::app::App;
use crate::error::{Problem, Result};

/// An ability that a route takes; [`ability!`](crate::ability) implements it for a type of its own.
pub trait RequiredAbility: Send + 'static {
    /// Its slug.
    const SLUG: &'static str;
}

/// A live service key that has the ability `A`; reads as its [`ServiceKey`].
pub struct RequireAbility<A>(pub Arc<ServiceKey>, pub PhantomData<fn() -> A>);

/// Makes types for abilities, for [`RequireAbility`](crate::extract::RequireAbility):
/// `ability!(pub PrintLabels = "print-labels");`, one or several.
#[macro_export]
macro_rules! ability {
    ($($(#[$about:meta])* $vis:vis $name:ident = $slug:literal);+ $(;)?) => { $(
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name;

        impl $crate::extract::RequiredAbility for $name {
            const SLUG: &'static str = $slug;
        }
    )+ };
}

ability! {
    /// Ask whom a token stands for.
    pub(crate) Introspect = "introspect";
    /// Look members of the directory up.
    pub(crate) ReadDirectory = "directory:read";
    /// Ask what somebody may do.
    pub(crate) Evaluate = "evaluate";
}

impl<S, A> FromRequestParts<S> for RequireAbility<A>
where
    App: FromRef<S>,
    S: Send + Sync,
    A: RequiredAbility,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<RequireAbility<A>> {
        let app = App::from_ref(state);
        let presented = credential::present(&app, &parts.headers)?.ok_or(Code::Unauthenticated)?;
        let bearer = Some(presented).filter(|presented| presented.carrier == Carrier::Bearer); // no browser has one
        let secret = bearer.and_then(|bearer| Secret::parse(SecretKind::ServiceKey, bearer.text));
        let secret = secret.ok_or(Code::Unauthenticated)?;
        let key = match app.vestibule.service_key(&secret).await? {
            Presented::Live(key) => key,
            Presented::Revoked => return Err(Code::KeyRevoked.into()),
            Presented::Expired => return Err(Code::KeyExpired.into()),
            Presented::Unknown => return Err(Code::Unauthenticated.into()),
        };
        match key.abilities.iter().any(|ability| ability == A::SLUG) {
            true => Ok(RequireAbility(key, PhantomData)),
            false => Err(Problem::from(Code::AbilityRequired).because(format!("This needs the ability {}.", A::SLUG))),
        }
    }
}

impl<A> Deref for RequireAbility<A> {
    type Target = ServiceKey;

    fn deref(&self) -> &ServiceKey {
        &self.0
    }
}

impl<A: RequiredAbility> fmt::Debug for RequireAbility<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequireAbility<{}>({:?})", A::SLUG, self.0.id)
    }
}
