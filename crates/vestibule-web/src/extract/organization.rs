//! Who is in the organization that the path names as `{org}`. [`OrgMember`]: somebody who is in it; whoever is not
//! learns no more than that there is nothing. [`OrgAdmin`]: somebody who administers it. A write asks again, in its own
//! transaction: these only turn away early.

use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use serde::Deserialize;
use vestibule::{AccountId, Caller as By, Error, Forbidden, OrganizationId, OrganizationRole, OwnOrganization};

use super::session::InSession;
use super::{Caller, Path, Principal, Session};
use crate::app::App;
use crate::error::{Problem, Result};

/// A member of the organization `{org}`: by whatever live credential, or by what `W` says, such as a [`Session`] alone.
/// It reads as that.
#[derive(Debug)]
pub struct OrgMember<W = Principal> {
    /// Whom the credential stands for.
    pub who: W,
    /// The organization, and what they are in it.
    pub organization: OwnOrganization,
    /// Who asks, as the engine's verbs want to know it.
    pub by: By,
}

/// An admin of the organization `{org}`; a member who is none is refused as `organization_admin_required`.
#[derive(Debug)]
pub struct OrgAdmin<W = Principal>(pub OrgMember<W>);

#[derive(Deserialize)]
struct Named {
    org: OrganizationId,
}

impl<W: AsRef<vestibule::Principal>> OrgMember<W> {
    /// Whose account.
    pub fn account_id(&self) -> AccountId {
        self.who.as_ref().account_id
    }

    /// The organization.
    pub fn organization_id(&self) -> OrganizationId {
        self.organization.id
    }

    /// What they are in it.
    pub fn role(&self) -> OrganizationRole {
        self.organization.role
    }
}

impl<S, W> FromRequestParts<S> for OrgMember<W>
where
    App: FromRef<S>,
    S: Send + Sync,
    W: FromRequestParts<S, Rejection = Problem> + AsRef<vestibule::Principal> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OrgMember<W>> {
        let who = W::from_request_parts(parts, state).await?;
        let Path(Named { org }) = Path::<Named>::from_request_parts(parts, state).await?;
        let by = match Caller::from_request_parts(parts, state).await {
            Ok(caller) => caller.acting(who.as_ref()),
            Err(never) => match never {},
        };
        let organization = App::from_ref(state).vestibule.organization(&by, org).await?;
        Ok(OrgMember { who, organization, by })
    }
}

impl<S, W> FromRequestParts<S> for OrgAdmin<W>
where
    App: FromRef<S>,
    S: Send + Sync,
    W: FromRequestParts<S, Rejection = Problem> + AsRef<vestibule::Principal> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OrgAdmin<W>> {
        let member = OrgMember::from_request_parts(parts, state).await?;
        match member.organization.role {
            OrganizationRole::Admin => Ok(OrgAdmin(member)),
            OrganizationRole::Member => Err(Error::from(Forbidden::not_admin()).into()),
        }
    }
}

impl<W> Deref for OrgMember<W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.who
    }
}

impl<W> Deref for OrgAdmin<W> {
    type Target = OrgMember<W>;

    fn deref(&self) -> &OrgMember<W> {
        &self.0
    }
}

impl<W: InSession> InSession for OrgMember<W> {
    fn in_session(&self) -> Result<&Session> {
        self.who.in_session()
    }
}

impl<W: InSession> InSession for OrgAdmin<W> {
    fn in_session(&self) -> Result<&Session> {
        self.0.in_session()
    }
}
