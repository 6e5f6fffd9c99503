//! Which organization a program acts for. A route for programs of organizations asks for [`RequireOrganization`], and is
//! told which one, by the key that was presented: a request cannot choose. While such a key is live its owner, a person
//! or a bot, is in that organization.

use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use vestibule::{Code, OrganizationId};

use super::Principal;
use crate::app::App;
use crate::error::{Problem, Result};

/// Whoever presented a live API key of an organization, and which one that is; anybody else is refused, a person in a
/// session as well. It reads as its [`Principal`].
///
/// ```
/// use vestibule_web::extract::RequireOrganization;
///
/// async fn cache(RequireOrganization(who, organization): RequireOrganization) -> String {
///     format!("{} stores something for {organization}", who.label)
/// }
/// ```
#[derive(Debug)]
pub struct RequireOrganization(pub Principal, pub OrganizationId);

impl<S> FromRequestParts<S> for RequireOrganization
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<RequireOrganization> {
        let who = Principal::from_request_parts(parts, state).await?;
        match who.organization {
            Some(organization) => Ok(RequireOrganization(who, organization)),
            None => Err(Code::OrganizationRequired.into()),
        }
    }
}

impl Deref for RequireOrganization {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}
