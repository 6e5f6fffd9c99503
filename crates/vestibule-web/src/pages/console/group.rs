//! One group: what it gives, how far it reaches, who is in it. Of a system-managed group only the members change here.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::{AccountFilter, Group, GroupId, Page, needs};

use super::on::{OnGroup, Sensitive};
use super::user_acts::DeleteFields;
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteGroups, FormBody, Query, Session, ViewGroups};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::moment::Moment;
use crate::pages::notice::{Arrival, Notice};
use crate::pages::paging::{Place, Turn};
use crate::pages::permission::{InWords, reach};
use crate::pages::return_to::ReturnTo;
use crate::pages::rows::AccountRow;
use crate::pages::{done, show};

#[derive(Template)]
#[template(path = "console/group.html")]
struct GroupPage {
    frame: Frame,
    form: Form,
    group: Group,
    permissions: Vec<InWords>,
    reach: String,
    created: Moment,
    updated: Moment,
    members: Vec<AccountRow>,
    turn: Turn,
    /// The address below which its forms are sent.
    path: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

async fn ask(on: OnGroup<ViewGroups>, Query(place): Query<Place>, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&on.app, &on.session, on.id, &place, (Form::blank(), arrival.notice())).await
}

async fn delete(
    Sensitive(on): Sensitive<OnGroup<DeleteGroups>>,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    let typed = Form::blank().with("confirm", &fields.confirm);
    if fields.confirm.trim() != on.engine().group(on.id).await?.slug {
        return on.page(typed.wrong("confirm", NOT_AS_SHOWN)).await;
    }
    match on.engine().delete_group(&on.by, on.id).await {
        Ok(()) => done(&on.app, "/admin/groups", Notice::GroupDeleted),
        Err(error) => on.page(typed.refused(error)?).await,
    }
}

/// The page, with this form and this notice.
pub(super) async fn page(
    app: &App,
    session: &Session,
    id: GroupId,
    place: &Place,
    (form, notice): (Form, Option<&'static str>),
) -> Result<Response> {
    require(session, needs::VIEW_GROUPS)?; // a form of it may need another permission
    let group = app.vestibule.group(id).await?;
    let wanted = AccountFilter { group: Some(id), ..AccountFilter::default() };
    let members = match session.may(needs::VIEW_USERS) {
        true => app.vestibule.list_accounts(&wanted, place.page()?).await?,
        false => Page { items: Vec::new(), next_cursor: None },
    };
    let below = format!("/admin/groups/{id}");
    let page = GroupPage {
        frame: Frame::at(app, session, Here::Groups).titled(&group.name).around(&form).with_notice(notice),
        permissions: InWords::all(session.view.catalogue(), &group.permissions),
        reach: reach(&group.scope),
        created: Moment(group.created_at),
        updated: Moment(group.updated_at),
        turn: place.turn(app, &below, &[], members.next_cursor.as_deref()),
        members: members.items.into_iter().map(|view| AccountRow::of(app, view)).collect(),
        path: format!("{}{below}", app.base()),
        prove: ReturnTo::page(app, &below).prove(app, session),
        form,
        group,
    };
    show(page.form.status(), &page)
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/groups/{id}", get(ask)).route("/admin/groups/{id}/delete", post(delete))
}
