//! One organization, as administrators of the instance see it: who is in it; naming an admin if nobody administers it;
//! deleting it, its name typed. Everything else is its own admins' to decide.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Code, Organization, OrganizationId, Page, needs};

use super::on::{OnOrganization, Sensitive};
use super::user_acts::DeleteFields;
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteOrganizations, FormBody, Query, Session, UpdateOrganizations, ViewOrganizations};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::organization::MemberRow;
use crate::pages::paging::{Place, Turn};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "console/organization.html")]
struct OrganizationPage {
    frame: Frame,
    form: Form,
    organization: Organization,
    created: Moment,
    orphaned: Option<Moment>,
    members: Vec<MemberRow>,
    turn: Turn,
    /// The address below which its forms are sent.
    path: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

#[derive(Deserialize)]
struct AdminFields {
    admin: String,
}

async fn ask(
    on: OnOrganization<ViewOrganizations>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&on.app, &on.session, on.id, &place, (Form::blank(), arrival.notice())).await
}

async fn name_admin(
    Sensitive(on): Sensitive<OnOrganization<UpdateOrganizations>>,
    FormBody(fields): FormBody<AdminFields>,
) -> Result<Response> {
    let typed = Form::blank().with("admin", &fields.admin);
    let unknown = Code::AccountUnknown.message();
    let again = async |form| page(&on.app, &on.session, on.id, &Place::first(), (form, None)).await;
    let Some(found) = on.engine().find_account(&fields.admin).await? else {
        return again(typed.wrong("admin", unknown)).await;
    };
    match on.engine().name_admin(&on.by, on.id, found.account.id).await {
        Ok(()) => done(&on.app, &format!("/admin/organizations/{}", on.id), Notice::OrganizationAdminNamed),
        Err(vestibule::Error::Invalid(_)) => again(typed.wrong("admin", unknown)).await,
        Err(error) => again(typed.refused(error)?).await,
    }
}

async fn delete(
    Sensitive(on): Sensitive<OnOrganization<DeleteOrganizations>>,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    let typed = Form::blank().with("confirm", &fields.confirm);
    let again = async |form| page(&on.app, &on.session, on.id, &Place::first(), (form, None)).await;
    if fields.confirm.trim() != on.engine().any_organization(on.id).await?.name {
        return again(typed.wrong("confirm", NOT_AS_SHOWN)).await;
    }
    match on.engine().delete_any_organization(&on.by, on.id).await {
        Ok(()) => done(&on.app, Here::AllOrganizations.path(), Notice::OrganizationDeleted),
        Err(error) => again(typed.refused(error)?).await,
    }
}

async fn page(
    app: &App,
    session: &Session,
    id: OrganizationId,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    require(session, needs::VIEW_ORGANIZATIONS)?; // a form of it may need another permission
    let organization = app.vestibule.any_organization(id).await?;
    let members = match session.may(needs::VIEW_USERS) {
        true => app.vestibule.list_members_of_any(id, place.page()?).await?,
        false => Page { items: Vec::new(), next_cursor: None },
    };
    let below = format!("/admin/organizations/{id}");
    let frame = Frame::at(app, session, Here::AllOrganizations).titled(&organization.name);
    let page = OrganizationPage {
        frame: frame.around(&form).with_notice(notice),
        created: Moment(organization.created_at),
        orphaned: organization.orphaned_at.map(Moment),
        turn: place.turn(app, &below, &[], members.next_cursor.as_deref()),
        members: members.items.into_iter().map(|one| MemberRow::of(one, session.account_id)).collect(),
        path: format!("{}{below}", app.base()),
        prove: ReturnTo::page(app, &below).prove(app, session),
        form,
        organization,
    };
    show(page.form.status(), &page)
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/organizations/{id}", get(ask))
        .route("/admin/organizations/{id}/admins", post(name_admin))
        .route("/admin/organizations/{id}/delete", post(delete))
}
