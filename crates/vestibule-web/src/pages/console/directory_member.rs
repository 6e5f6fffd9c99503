//! One member of the directory: its keys, and what becomes of it. Revoking keeps it and its key; deleting it takes its
//! handle, typed. What it belonged to elsewhere is left as it is, and the page says so.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule::directory::MemberStatus;
use vestibule::needs;

use super::directory::{PATH, WalletRow};
use super::directory_away::{Asked, or_away};
use super::on::{On, Sensitive};
use super::user_acts::DeleteFields;
use crate::app::App;
use crate::error::Result;
use crate::extract::{DeleteDirectory, FormBody, Query, UpdateDirectory, ViewDirectory};
use crate::pages::account::NOT_AS_SHOWN;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

/// On the member of this signing key.
type OnMember<P> = On<P, String>;

#[derive(Template)]
#[template(path = "console/directory_member.html")]
struct DirectoryMemberPage {
    frame: Frame,
    form: Form,
    wallet: WalletRow,
    /// The address below which its forms are sent.
    path: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

async fn ask(on: OnMember<ViewDirectory>, Query(arrival): Query<Arrival>) -> Result<Response> {
    let answer = page(&on, Form::blank(), arrival.notice()).await;
    or_away(&on.app, &on.session, Asked::page(&path(&on)), answer)
}

async fn revoke(Sensitive(on): Sensitive<OnMember<UpdateDirectory>>) -> Result<Response> {
    set(on, MemberStatus::Revoked).await
}

async fn activate(Sensitive(on): Sensitive<OnMember<UpdateDirectory>>) -> Result<Response> {
    set(on, MemberStatus::Active).await
}

async fn set(on: OnMember<UpdateDirectory>, status: MemberStatus) -> Result<Response> {
    let (act, notice) = match status {
        MemberStatus::Active => ("activate", Notice::DirectoryMemberActivated),
        MemberStatus::Revoked => ("revoke", Notice::DirectoryMemberRevoked),
    };
    let answer = match on.engine().set_directory_status(&on.by, &on.id, status).await {
        Ok(_) => done(&on.app, &path(&on), notice),
        Err(error) => Err(error.into()),
    };
    or_away(&on.app, &on.session, Asked::form(format!("{}/{act}", path(&on)), Form::blank()), answer)
}

async fn delete(
    Sensitive(on): Sensitive<OnMember<DeleteDirectory>>,
    FormBody(fields): FormBody<DeleteFields>,
) -> Result<Response> {
    let typed = Form::blank().with("confirm", &fields.confirm);
    let answer = delete_as_typed(&on, typed.clone()).await;
    or_away(&on.app, &on.session, Asked::form(format!("{}/delete", path(&on)), typed), answer)
}

async fn delete_as_typed(on: &OnMember<DeleteDirectory>, typed: Form) -> Result<Response> {
    if typed.typed("confirm").trim() != on.engine().directory_member(&on.id).await?.handle.as_str() {
        return page(on, typed.wrong("confirm", NOT_AS_SHOWN), None).await;
    }
    on.engine().delete_directory_member(&on.by, &on.id).await?;
    done(&on.app, PATH, Notice::DirectoryMemberDeleted)
}

async fn page<P>(on: &OnMember<P>, form: Form, notice: Option<&'static str>) -> Result<Response> {
    require(&on.session, needs::VIEW_DIRECTORY)?; // its forms need another permission
    let wallet = WalletRow::from(on.engine().directory_member(&on.id).await?);
    let frame = Frame::at(&on.app, &on.session, Here::Directory).titled(wallet.member.handle.as_str());
    let page = DirectoryMemberPage {
        frame: frame.around(&form).with_notice(notice),
        path: format!("{}{}", on.app.base(), path(on)),
        prove: ReturnTo::page(&on.app, &path(on)).prove(&on.app, &on.session),
        wallet,
        form,
    };
    show(page.form.status(), &page)
}

/// Where the member is, below the base. What is no key is nobody's, and leads nowhere.
fn path<P>(on: &OnMember<P>) -> String {
    format!("{PATH}/members/{}", on.id)
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/directory/members/{id}", get(ask))
        .route("/admin/directory/members/{id}/revoke", post(revoke))
        .route("/admin/directory/members/{id}/activate", post(activate))
        .route("/admin/directory/members/{id}/delete", post(delete))
}
