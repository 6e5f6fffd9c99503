//! The second step of a sign-in: a code of the second factor, after the right password. What was proven so far is in a
//! side cookie that lives five minutes; when it is gone, or worth nothing any more, the sign-in begins again.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{Code, PendingSignIn, SignIn};

use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, FormBody, Query};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use crate::pages::notice::Notice;
use crate::pages::return_to::{Asked, ReturnTo};
use crate::pages::{done_on_the_way, go, see_other, show, with_session};
use crate::side_cookies;

#[derive(Template)]
#[template(path = "sign_in_step.html")]
struct StepPage {
    frame: Frame,
    form: Form,
    return_to: Option<ReturnTo>,
    query: String,
}

#[derive(Deserialize)]
struct StepFields {
    mfa_code: TypedCode,
    return_to: Option<String>,
}

/// Leads there from a right password.
pub(super) fn lead(app: &App, pending: &PendingSignIn, return_to: Option<&ReturnTo>) -> Result<Response> {
    let mut response = go(app, &format!("/sign-in/step{}", ReturnTo::query_of(return_to)))?;
    response.headers_mut().append(SET_COOKIE, side_cookies::pending(app, pending));
    Ok(response)
}

async fn ask(State(app): State<App>, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response> {
    let return_to = asked.return_to(&app);
    match side_cookies::pending_of(&app, &headers) {
        Some(_) => page(&app, Form::blank(), return_to),
        None => begin_again(&app, return_to.as_ref()),
    }
}

async fn complete(
    State(app): State<App>,
    headers: HeaderMap,
    caller: Caller,
    FormBody(fields): FormBody<StepFields>,
) -> Result<Response> {
    let (ip, return_to) = (caller.ip(), ReturnTo::of(&app, fields.return_to.as_deref()));
    let Some(pending) = side_cookies::pending_of(&app, &headers) else {
        return begin_again(&app, return_to.as_ref());
    };
    app.limits.code_looked_up(ip)?;
    app.limits.sign_in(ip, pending.expose())?;
    let refused = |code| page(&app, Form::blank().refused_at("mfa_code", code), return_to.clone());
    match app.vestibule.complete_sign_in_step(&caller.anonymous(), &pending, fields.mfa_code.into()).await? {
        SignIn::Done(signed_in) => {
            let on = see_other(ReturnTo::or_account(&app, return_to).as_str())?;
            Ok(without_pending(&app, with_session(&app, &signed_in, on)))
        }
        SignIn::MfaRequired(_) => refused(Code::MfaRequired),
        SignIn::WrongMfaCode => {
            app.limits.code_failed(ip)?;
            refused(Code::InvalidMfaCode)
        }
        SignIn::EmailNotVerified | SignIn::Refused => begin_again(&app, return_to.as_ref()),
    }
}

fn page(app: &App, form: Form, return_to: Option<ReturnTo>) -> Result<Response> {
    let frame = Frame::signed_out(app, "One more step").around(&form);
    let query = ReturnTo::query_of(return_to.as_ref());
    show(form.status(), &StepPage { frame, form, return_to, query })
}

fn begin_again(app: &App, return_to: Option<&ReturnTo>) -> Result<Response> {
    done_on_the_way(app, "/sign-in", Notice::SignInAgain, return_to).map(|response| without_pending(app, response))
}

fn without_pending(app: &App, mut response: Response) -> Response {
    response.headers_mut().append(SET_COOKIE, side_cookies::pending_removal(app));
    response
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-in/step", get(ask).post(complete))
}
