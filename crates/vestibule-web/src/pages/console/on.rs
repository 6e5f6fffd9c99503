//! What a form on the page of one thing brings (an account, a group, a member of the directory): somebody who may, the thing that the address names, and who
//! asks, as the engine wants to know it. Handlers take it whole; what they differ in is the permission and the verb.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use vestibule::{AccountId, Caller as By, GroupId, OrganizationId, Vestibule};

use super::{group, user};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, InSession, Path, RecentlyProven, Require, RequiredPermission, Session};
use crate::pages::done;
use crate::pages::form::Form;
use crate::pages::notice::Notice;
use crate::pages::paging::Place;

/// Somebody who holds the permission `P` asks for something on the account or the group of this id.
pub(super) struct On<P, Id> {
    pub app: App,
    pub session: Session,
    pub id: Id,
    pub by: By,
    permission: PhantomData<fn() -> P>,
}

/// On an account.
pub(super) type OnUser<P> = On<P, AccountId>;
/// On a group.
pub(super) type OnGroup<P> = On<P, GroupId>;

/// On an organization.
pub(super) type OnOrganization<P> = On<P, OrganizationId>;

/// Something dangerous is asked for: by somebody who proved recently who they are, and not too often.
pub(super) struct Sensitive<A>(pub A);

#[derive(Deserialize)]
struct Named<Id> {
    id: Id,
}

impl<P, Id> On<P, Id> {
    pub(super) fn engine(&self) -> &Vestibule {
        &self.app.vestibule
    }
}

impl<P> OnUser<P> {
    /// Says what was done, or shows the account's page again with what was wrong.
    pub(super) async fn answer<T>(&self, result: vestibule::Result<T>, notice: Notice) -> Result<Response> {
        self.answer_typed(result, notice, Form::blank()).await
    }

    /// The same, with what was typed.
    pub(super) async fn answer_typed<T>(
        &self,
        result: vestibule::Result<T>,
        notice: Notice,
        typed: Form,
    ) -> Result<Response> {
        match result {
            Ok(_) => done(&self.app, &format!("/admin/users/{}", self.id), notice),
            Err(error) => self.page(typed.refused(error)?).await,
        }
    }

    /// The account's page, with this form.
    pub(super) async fn page(&self, form: Form) -> Result<Response> {
        user::page(&self.app, &self.session, self.id, form, None).await
    }
}

impl<P> OnGroup<P> {
    /// Says what was done, or shows the group's page again with what was typed and what was wrong.
    pub(super) async fn answer<T>(
        &self,
        result: vestibule::Result<T>,
        notice: Notice,
        typed: Form,
    ) -> Result<Response> {
        match result {
            Ok(_) => done(&self.app, &format!("/admin/groups/{}", self.id), notice),
            Err(error) => self.page(typed.refused(error)?).await,
        }
    }

    /// The group's page, with this form.
    pub(super) async fn page(&self, form: Form) -> Result<Response> {
        group::page(&self.app, &self.session, self.id, &Place::first(), (form, None)).await
    }
}

impl<P, Id> FromRequestParts<App> for On<P, Id>
where
    P: RequiredPermission,
    Id: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<On<P, Id>> {
        let Require(session, permission) = Require::<P, Session>::from_request_parts(parts, app).await?;
        let Path(Named { id }) = Path::<Named<Id>>::from_request_parts(parts, app).await?;
        let by = match Caller::from_request_parts(parts, app).await {
            Ok(caller) => caller.acting(&session),
            Err(never) => match never {},
        };
        Ok(On { app: app.clone(), session, id, by, permission })
    }
}

impl<A> FromRequestParts<App> for Sensitive<A>
where
    A: FromRequestParts<App, Rejection = Problem> + InSession + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Sensitive<A>> {
        let RecentlyProven(asked) = RecentlyProven::<A>::from_request_parts(parts, app).await?;
        app.limits.sensitive(asked.in_session()?.account_id)?;
        Ok(Sensitive(asked))
    }
}

impl<P, Id> InSession for On<P, Id> {
    fn in_session(&self) -> Result<&Session> {
        Ok(&self.session)
    }
}
