//! The catalogue: every permission that is known, where it comes from, and adding one. What the policy file has stays.

use std::str::FromStr;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use vestibule::{Entry, KnownPermission, Own, PermissionId, needs};

use super::on::{On, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query, Require, Session, UpdateGroups, ViewGroups};
use crate::pages::form::{Form, given};
use crate::pages::frame::{Frame, Here, require};
use crate::pages::notice::{Arrival, Notice};
use crate::pages::return_to::ReturnTo;
use crate::pages::{done, show};

const PATH: &str = Here::Permissions.path();

#[derive(Template)]
#[template(path = "console/permissions.html")]
struct PermissionsPage {
    frame: Frame,
    form: Form,
    known: Vec<KnownPermission>,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

#[derive(Deserialize)]
struct EntryFields {
    action: String,
    resource: String,
    label: String,
    own: String,
    any: String,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewGroups, Session>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    page(&app, &session, Form::blank(), arrival.notice()).await
}

async fn add(
    State(app): State<App>,
    Sensitive(Require(session, _)): Sensitive<Require<UpdateGroups, Session>>,
    caller: Caller,
    FormBody(fields): FormBody<EntryFields>,
) -> Result<Response> {
    let form = fields.form();
    match app.vestibule.add_permission(&caller.acting(&session), fields.entry()).await {
        Ok(_) => done(&app, PATH, Notice::PermissionAdded),
        Err(error) => page(&app, &session, form.refused(error)?, None).await,
    }
}

async fn delete(Sensitive(on): Sensitive<On<UpdateGroups, PermissionId>>) -> Result<Response> {
    match on.engine().delete_permission(&on.by, on.id).await {
        Ok(()) => done(&on.app, PATH, Notice::PermissionDeleted),
        Err(error) => page(&on.app, &on.session, Form::blank().refused(error)?, None).await,
    }
}

async fn page(app: &App, session: &Session, form: Form, notice: Option<&'static str>) -> Result<Response> {
    require(session, needs::VIEW_GROUPS)?; // its forms need another permission
    let known = app.vestibule.list_permissions().await?;
    let frame = Frame::at(app, session, Here::Permissions).around(&form).with_notice(notice);
    let prove = ReturnTo::page(app, PATH).prove(app, session);
    show(form.status(), &PermissionsPage { frame, form, known, prove })
}

impl PermissionsPage {
    /// When a permission counts, if it does not always.
    fn counts_when(&self, entry: &Entry) -> Option<&'static str> {
        match entry.own {
            None => None,
            Some(Own::Owner) => Some("counts for what is one's own"),
            Some(Own::Scope) => Some("counts within one's reach"),
        }
    }

    /// What can be chosen of when it counts: as the form sends it, in words, and whether it is chosen.
    fn choices(&self) -> [(&'static str, &'static str, bool); 3] {
        [("", "always"), ("owner", "for what is one's own"), ("scope", "within one's reach")]
            .map(|(value, words)| (value, words, self.form.typed("own") == value))
    }
}

impl EntryFields {
    fn form(&self) -> Form {
        Form::blank()
            .with("action", &self.action)
            .with("resource", &self.resource)
            .with("label", &self.label)
            .with("own", &self.own)
            .with("any", &self.any)
    }

    fn entry(self) -> Entry {
        Entry {
            own: Own::from_str(&self.own).ok(),
            action: self.action,
            resource: self.resource,
            label: self.label,
            explicit: false,
            any: given(self.any),
        }
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/permissions", get(list).post(add)).route("/admin/permissions/{id}/delete", post(delete))
}
