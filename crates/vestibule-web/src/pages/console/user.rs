//! One account: what is known of it, what it may do, its sessions, what happened to it and was mailed to it lately, and
//! everything that can be done to it: of all that, what the one who looks may see and do. A form of this page that was
//! refused shows the page again; field names are unique on it.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use vestibule::{
    AccountId, AccountKind, AccountState, AccountView, AuditFilter, Code, MailKind, OwnOrganization, PageRequest, needs,
};

use super::group_boxes::{self, Choice};
use super::mail_line::MailLine;
use super::on::OnUser;
use super::user_grants::{DirectGrant, direct};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Session, ViewUsers};
use crate::pages::account::Standing;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here, require};
use crate::pages::history::Act;
use crate::pages::moment::Moment;
use crate::pages::notice::Arrival;
use crate::pages::powers::Powers;
use crate::pages::return_to::ReturnTo;
use crate::pages::rows::{AccountRow, SessionRow};
use crate::pages::show;

/// How many of its sessions, latest acts and latest mails are shown.
const SESSIONS: i64 = 100;
const LATEST: i64 = 10;
const MAILS: i64 = 5;

#[derive(Template)]
#[template(path = "console/user.html")]
struct UserPage {
    frame: Frame,
    form: Form,
    user: AccountRow,
    details: Details,
    /// The address below which its forms are sent.
    path: String,
    /// Where to prove who one is, when that is too long ago.
    prove: Option<String>,
    min_length: usize,
    /// Whether mail goes out; else links are shown.
    has_smtp: bool,
}

/// What is shown of the account besides itself.
struct Details {
    is_self: bool,
    state: AccountState,
    email_verified: Option<Moment>,
    locked_until: Option<Moment>,
    choices: Vec<Choice>,
    sessions: Option<Vec<SessionRow>>,
    acts: Option<Vec<Act>>,
    second_factor: Standing,
    /// What it may do, and what of that was granted to it directly.
    powers: Option<(Powers, Vec<DirectGrant>)>,
    /// The latest mails to it.
    mails: Vec<MailLine>,
    /// What it is in, for whoever may see every organization.
    organizations: Option<Vec<OwnOrganization>>,
}

async fn ask(on: OnUser<ViewUsers>, Query(arrival): Query<Arrival>) -> Result<Response> {
    page(&on.app, &on.session, on.id, Form::blank(), arrival.notice()).await
}

/// The page, with this form and this notice.
pub(super) async fn page(
    app: &App,
    session: &Session,
    id: AccountId,
    form: Form,
    notice: Option<&'static str>,
) -> Result<Response> {
    require(session, needs::VIEW_USERS)?; // a form of it may need another permission
    let view = app.vestibule.account(id).await?;
    if view.account.kind == AccountKind::Bot {
        return Err(Code::NotFound.into()); // nothing here is for bots, which their organizations look after
    }
    let user = AccountRow::of(app, view);
    let account = &user.view.account;
    let form = form
        .or("name", account.name.as_deref())
        .or("username", account.username.as_deref())
        .or("email", account.email.as_deref());
    let form = match form.has_any("group_ids") {
        true => form,
        false => group_boxes::ticked(form, user.view.groups.iter().map(|group| group.id)),
    };
    let details = Details::of(app, session, &user, &form).await?;
    let frame = Frame::at(app, session, Here::Users).titled(&user.label).around(&form).with_notice(notice);
    let path = format!("{}/admin/users/{id}", app.base());
    let prove = ReturnTo::page(app, &format!("/admin/users/{id}")).prove(app, session);
    let config = app.vestibule.config();
    let (min_length, has_smtp) = (config.password.min_length, config.mail.smtp.is_some());
    show(form.status(), &UserPage { frame, form, user, details, path, prove, min_length, has_smtp })
}

impl Details {
    fn is_disabled(&self) -> bool {
        self.state == AccountState::Disabled
    }

    /// Whether its person has not arrived yet.
    fn is_invited(&self) -> bool {
        self.state == AccountState::Invited
    }

    fn is_active(&self) -> bool {
        self.state == AccountState::Active
    }

    /// The mail with its latest invitation, if one of the latest mails is that.
    fn invitation(&self) -> Option<&MailLine> {
        self.mails.iter().find(|mail| mail.kind == MailKind::AccountInvite)
    }

    async fn of(app: &App, session: &Session, user: &AccountRow, form: &Form) -> Result<Details> {
        let account = &user.view.account;
        let mails = app.vestibule.mail_of(account.id, MAILS).await?;
        Ok(Details {
            is_self: account.id == session.account_id,
            state: account.state,
            email_verified: account.email_verified_at.map(Moment),
            locked_until: account.locked_until.filter(|_| user.is_locked).map(Moment),
            choices: group_boxes::choices(app.vestibule.list_groups().await?, form),
            sessions: sessions(app, session, account.id).await?,
            acts: acts(app, session, account.id).await?,
            second_factor: Standing::of(app.vestibule.second_factor(account.id).await?),
            powers: powers(app, session, &user.view).await?,
            mails: mails.into_iter().map(|row| MailLine::of(app, row)).collect(),
            organizations: match session.may(needs::VIEW_ORGANIZATIONS) {
                true => Some(app.vestibule.list_organizations_of(account.id).await?),
                false => None,
            },
        })
    }
}

/// Where it is signed in, for whoever may see that.
async fn sessions(app: &App, session: &Session, id: AccountId) -> Result<Option<Vec<SessionRow>>> {
    if !session.may(needs::VIEW_SESSIONS) {
        return Ok(None);
    }
    let sessions = app.vestibule.list_sessions(id, PageRequest { limit: SESSIONS, cursor: None }).await?;
    Ok(Some(sessions.items.into_iter().map(|one| SessionRow::of(one, session)).collect()))
}

/// What happened to it and what it did, for whoever may see that.
async fn acts(app: &App, session: &Session, id: AccountId) -> Result<Option<Vec<Act>>> {
    if !session.may(needs::VIEW_AUDIT) {
        return Ok(None);
    }
    let about = AuditFilter { about: Some(id), ..AuditFilter::default() };
    let latest = app.vestibule.list_audit(&about, PageRequest { limit: LATEST, cursor: None }).await?;
    Ok(Some(latest.items.into_iter().map(Act::of).collect()))
}

/// What it may do, for whoever may see that.
async fn powers(app: &App, session: &Session, user: &AccountView) -> Result<Option<(Powers, Vec<DirectGrant>)>> {
    if !session.may(needs::VIEW_GROUPS) {
        return Ok(None);
    }
    Ok(Some((Powers::of(app, session, user).await?, direct(app, session, user.account.id).await?)))
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/users/{id}", get(ask))
}
