//! The page of an invitation to an organization, for whoever has its code: what it is to, as whom one would come in, and
//! one button. Looking uses nothing up, and whom it is for is never said.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;
use vestibule::{AcceptInvitation, Code, InvitationPreview, Obstacle, OrganizationRole};

use super::frame::Frame;
use super::moment::Moment;
use super::notice::Notice;
use super::return_to::ReturnTo;
use super::{done, show};
use crate::api::typed_code::TypedCode;
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Caller, Path, Session};

#[derive(Template)]
#[template(path = "accept_invitation.html")]
struct InvitationPage {
    frame: Frame,
    organization: String,
    role: OrganizationRole,
    /// When it ends; none: never.
    ends: Option<Moment>,
    /// What stands against whoever looks.
    obstacle: Option<Obstacle>,
    /// This page, below the base.
    path: String,
    /// Where to sign in and come back from, below the base.
    sign_in: String,
    /// Where to sign up by it, below the base.
    sign_up: String,
}

async fn ask(
    State(app): State<App>,
    session: Option<Session>,
    Path(code): Path<TypedCode>,
    caller: Caller,
) -> Result<Response> {
    page(&app, session.as_ref(), &code.into(), &caller).await
}

async fn accept(
    State(app): State<App>,
    session: Session,
    Path(code): Path<TypedCode>,
    caller: Caller,
) -> Result<Response> {
    let (ip, account, code) = (caller.ip(), Some(session.account_id), SecretString::from(code));
    app.limits.code_looked_up_by(ip, account)?;
    app.limits.sensitive(session.account_id)?;
    match app.vestibule.accept_invitation(&caller.clone().acting(&session), &code).await? {
        AcceptInvitation::Done(joined) => {
            done(&app, &format!("/organizations/{}", joined.organization_id), Notice::OrganizationJoined)
        }
        AcceptInvitation::Refused(_) => page(&app, Some(&session), &code, &caller).await,
        AcceptInvitation::Unknown => {
            app.limits.code_failed_by(ip, account)?;
            Err(Code::NotFound.into())
        }
    }
}

async fn page(app: &App, session: Option<&Session>, code: &SecretString, caller: &Caller) -> Result<Response> {
    let (ip, account) = (caller.ip(), session.map(|session| session.account_id));
    app.limits.code_looked_up_by(ip, account)?;
    let Some(found) = app.vestibule.preview_invitation(code, account).await? else {
        app.limits.code_failed_by(ip, account)?;
        return Err(Code::NotFound.into());
    };
    let InvitationPreview { organization_name, role, expires_at, is_valid, obstacle } = found;
    // Of a place that is held for the one who is signed in, others see an invitation that is used up.
    let obstacle = if session.is_none() && !is_valid { Some(Obstacle::Ended) } else { obstacle };
    let path = path_of(code);
    let invitation = form_urlencoded::byte_serialize(code.expose_secret().as_bytes()).collect::<String>();
    let page = InvitationPage {
        frame: Frame::of(app, session, &format!("Join {organization_name}")),
        organization: organization_name,
        role,
        ends: expires_at.map(Moment),
        obstacle,
        sign_in: format!("/sign-in{}", ReturnTo::page(app, &path).query()),
        sign_up: format!("/sign-up?invitation={invitation}"),
        path,
    };
    let status = obstacle.map_or(StatusCode::OK, |obstacle| Problem::from(obstacle.code()).status());
    show(status, &page)
}

/// The page of the invitation of a code, below the base.
pub(super) fn path_of(code: &SecretString) -> String {
    let code: String = form_urlencoded::byte_serialize(code.expose_secret().trim().as_bytes()).collect();
    format!("/invitations/{}", code.replace('+', "%20"))
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/invitations/{code}", get(ask).post(accept))
}
