//! Making an invitation to an organization: as what, until when, how often, for whom; and its code, shown once.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use vestibule::{Code, CreatedInvitation, Delivery, InvitationEnd, NewInvitation, OrganizationRole};

use super::frame::{Area, Tab};
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, OrgAdmin, OrgMember, Session};
use crate::pages::form::{Form, given};
use crate::pages::frame::Frame;
use crate::pages::moment::Moment;
use crate::pages::show;

const NEVER: &str = "never";
const USUAL: &str = "604800";
/// When it can end, as the form sends it, and in words.
pub(crate) const ENDS: [(&str, &str); 4] =
    [("86400", "after one day"), (USUAL, "after 7 days"), ("2592000", "after 30 days"), (NEVER, "never")];

#[derive(Template)]
#[template(path = "organization/new_invitation.html")]
struct NewInvitationPage {
    frame: Frame,
    area: Area,
    form: Form,
}

#[derive(Template)]
#[template(path = "organization/shown_invitation.html")]
struct ShownInvitationPage {
    frame: Frame,
    area: Area,
    created: CreatedInvitation,
    url: String,
    /// When it ends; none: never.
    ends: Option<Moment>,
    /// What became of the letter, if it is for somebody.
    letter: Option<String>,
}

#[derive(Deserialize)]
struct InvitationFields {
    role: OrganizationRole,
    expires_at: String,
    max_uses: String,
    email: String,
}

async fn ask(State(app): State<App>, OrgAdmin(member): OrgAdmin<Session>) -> Result<Response> {
    page(&app, &member, Form::blank().with("role", "member").with("expires_at", USUAL)).await
}

async fn create(
    State(app): State<App>,
    member: OrgMember<Session>,
    FormBody(fields): FormBody<InvitationFields>,
) -> Result<Response> {
    app.limits.sensitive(member.account_id())?;
    let mut form = Form::blank()
        .with("role", fields.role.as_str())
        .with("expires_at", &fields.expires_at)
        .with("max_uses", &fields.max_uses)
        .with("email", &fields.email);
    let email = given(fields.email);
    if let Some(email) = &email {
        app.limits.mail_request(member.by.ip, email)?;
    }
    let end = read_end(&app, &mut form);
    let max_uses = read_uses(&mut form);
    let (Some(end), Some(max_uses)) = (end, max_uses) else { return page(&app, &member, form).await };
    let new = NewInvitation { role: fields.role, end, max_uses, email };
    match app.vestibule.create_invitation(&member.by, member.organization_id(), new).await {
        Ok(created) => show_once(&app, &member, created).await,
        Err(error) => page(&app, &member, form.refused(error)?).await,
    }
}

fn read_end(app: &App, form: &mut Form) -> Option<InvitationEnd> {
    let chosen = ENDS.iter().find(|(value, _)| form.typed("expires_at") == *value);
    let Some((value, _)) = chosen else {
        form.note("expires_at", Code::ExpiryInvalid.message());
        return None;
    };
    // What is no number of seconds is the word that says never.
    let end = value.parse().map(|seconds| app.vestibule.now().plus(Duration::from_secs(seconds)));
    Some(end.map_or(InvitationEnd::Never, InvitationEnd::At))
}

/// The inner none: any number.
fn read_uses(form: &mut Form) -> Option<Option<i64>> {
    let typed = form.typed("max_uses").trim().to_owned();
    if typed.is_empty() {
        return Some(None);
    }
    let uses = typed.parse().ok().filter(|uses: &i64| *uses >= 1);
    if uses.is_none() {
        form.note("max_uses", "Write a whole number from 1, or nothing.");
    }
    uses.map(Some)
}

async fn show_once(app: &App, member: &OrgMember<Session>, created: CreatedInvitation) -> Result<Response> {
    let (frame, area) = Area::of(app, member, Tab::Invitations, &Form::blank(), None).await?;
    let frame = frame.titled(&format!("Your invitation · {}", area.organization.name));
    let letter = created.invitation.email.is_some().then(|| match &created.delivery {
        Some(Delivery::Sent) => "It was mailed.".to_owned(),
        Some(Delivery::Waiting) => "It is on its way: the mail server has not taken it yet.".to_owned(),
        Some(Delivery::Failed(why)) => format!("It could not be mailed: {why}"),
        Some(Delivery::Kept) | None => "No mail goes out from here, so hand the link on.".to_owned(),
    });
    let (url, ends) = (app.vestibule.invitation_url(&created.code), created.invitation.expires_at.map(Moment));
    show(StatusCode::OK, &ShownInvitationPage { frame, area, created, url, ends, letter })
}

async fn page(app: &App, member: &OrgMember<Session>, form: Form) -> Result<Response> {
    let (frame, area) = Area::of(app, member, Tab::Invitations, &form, None).await?;
    let frame = frame.titled(&format!("New invitation · {}", area.organization.name)).around(&form);
    show(form.status(), &NewInvitationPage { frame, area, form })
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/organizations/{org}/invitations/new", get(ask).post(create))
}
