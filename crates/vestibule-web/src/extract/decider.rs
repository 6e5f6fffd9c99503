//! Whoever may ask because they are a service with an ability, or somebody with a permission. A service key is judged by
//! its ability alone, everything else by the permission.

use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Secret, SecretKind};

use super::credential;
use super::{Evaluate, ReadDirectory, Require, RequireAbility, RequiredAbility, RequiredPermission};
use super::{ViewDirectory, ViewGroups};
use crate::app::App;
use crate::error::{Problem, Result};

/// A service that has the ability `A`, or whoever may `P`.
#[derive(Debug)]
pub(crate) struct AbilityOr<A, P>(PhantomData<fn() -> (A, P)>);

/// Somebody who may ask for decisions.
pub(crate) type Decider = AbilityOr<Evaluate, ViewGroups>;
/// Somebody who may look members of the directory up.
pub(crate) type DirectoryReader = AbilityOr<ReadDirectory, ViewDirectory>;

impl<S, A, P> FromRequestParts<S> for AbilityOr<A, P>
where
    App: FromRef<S>,
    S: Send + Sync,
    A: RequiredAbility,
    P: RequiredPermission,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<AbilityOr<A, P>> {
        let app = App::from_ref(state);
        let presented = credential::present(&app, &parts.headers)?;
        let is_service = |text| Secret::parse(SecretKind::ServiceKey, text).is_some();
        if presented.is_some_and(|presented| is_service(presented.text)) {
            RequireAbility::<A>::from_request_parts(parts, state).await?;
        } else {
            Require::<P>::from_request_parts(parts, state).await?;
        }
        Ok(AbilityOr(PhantomData))
    }
}
