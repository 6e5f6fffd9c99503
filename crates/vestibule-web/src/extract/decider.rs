//! Who may ask what others may do: a service with the ability `evaluate`, or somebody who may see groups. A service key
//! is judged by its ability alone, everything else by the permission.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Secret, SecretKind, ServiceKey};

use super::credential;
use super::{Evaluate, Principal, Require, RequireAbility, ViewGroups};
use crate::app::App;
use crate::error::{Problem, Result};

/// Somebody who may ask for decisions.
#[derive(Debug)]
#[expect(dead_code, reason = "that somebody came through is what counts")]
pub(crate) enum Decider {
    /// A service.
    Service(Arc<ServiceKey>),
    /// Whoever may see what anybody may do.
    Principal(Principal),
}

impl<S> FromRequestParts<S> for Decider
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Decider> {
        let app = App::from_ref(state);
        let presented = credential::present(&app, &parts.headers)?;
        let is_service = |text| Secret::parse(SecretKind::ServiceKey, text).is_some();
        if presented.is_some_and(|presented| is_service(presented.text)) {
            let RequireAbility(key, _) = RequireAbility::<Evaluate>::from_request_parts(parts, state).await?;
            return Ok(Decider::Service(key));
        }
        let Require(principal, _) = Require::<ViewGroups>::from_request_parts(parts, state).await?;
        Ok(Decider::Principal(principal))
    }
}
