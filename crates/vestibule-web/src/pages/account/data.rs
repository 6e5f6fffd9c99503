//! One's data: taking it along, and closing the account for good. Closing wants a recent proof of who one is and the
//! account's own name, typed.

use askama::Template;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, RecentlyProven, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Notice;
use crate::pages::return_to::ReturnTo;
use crate::pages::sign_out::without_session;
use crate::pages::{done, show};

/// What is said when the typed name is not the account's.
pub(in crate::pages) const NOT_AS_SHOWN: &str = "This is not what is shown above. Type it exactly.";

#[derive(Template)]
#[template(path = "account/data.html")]
struct DataPage {
    frame: Frame,
    form: Form,
    label: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
}

#[derive(Deserialize)]
struct CloseFields {
    confirm: String,
}

async fn ask(State(app): State<App>, session: Session) -> Result<Response> {
    page(&app, &session, Form::blank())
}

async fn export(State(app): State<App>, session: Session) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let everything = app.vestibule.export(session.account_id).await?;
    let attachment = [(CONTENT_DISPOSITION, "attachment; filename=\"vestibule-export.json\"")];
    Ok((attachment, Json(everything)).into_response())
}

async fn close(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    caller: Caller,
    FormBody(fields): FormBody<CloseFields>,
) -> Result<Response> {
    app.limits.sensitive(session.account_id)?;
    let typed = Form::blank().with("confirm", &fields.confirm);
    if fields.confirm.trim() != session.label {
        return page(&app, &session, typed.wrong("confirm", NOT_AS_SHOWN));
    }
    match app.vestibule.close_account(&caller.acting(&session), &session).await {
        Ok(()) => without_session(&app, done(&app, "/sign-in", Notice::AccountClosed)?),
        Err(error) => page(&app, &session, typed.refused(error)?),
    }
}

fn page(app: &App, session: &Session, form: Form) -> Result<Response> {
    let frame = Frame::at(app, session, Here::Data).around(&form);
    let prove = ReturnTo::page(app, Here::Data.path()).prove(app, session);
    show(form.status(), &DataPage { frame, form, label: session.label.clone(), prove })
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/account/data", get(ask))
        .route("/account/data/export", get(export))
        .route("/account/data/close", post(close))
}
