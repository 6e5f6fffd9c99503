//! Finding accounts: by a part of their names, by state, by group.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{AccountFilter, AccountState, Error, GroupRef, needs};

use crate::api::list::filter;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Query, Require, Session, ViewUsers};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::rows::AccountRow;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/users.html")]
struct UsersPage {
    frame: Frame,
    form: Form,
    asked: UsersQuery,
    groups: Vec<GroupRef>,
    rows: Vec<AccountRow>,
    turn: Turn,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UsersQuery {
    search: String,
    state: String,
    group: String,
}

async fn list(
    State(app): State<App>,
    Require(session, _): Require<ViewUsers, Session>,
    Query(asked): Query<UsersQuery>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let form = Form::blank().with("search", &asked.search);
    let (form, found, next) = match app.vestibule.list_accounts(&asked.filter()?, place.page()?).await {
        Ok(accounts) => (form, accounts.items, accounts.next_cursor),
        Err(error @ Error::Invalid(_)) => (form.refused(error)?, Vec::new(), None),
        Err(error) => return Err(error.into()),
    };
    let turn = place.turn(&app, Here::Users.path(), &asked.pairs(), next.as_deref());
    let rows = found.into_iter().map(|view| AccountRow::of(&app, view)).collect();
    let groups = app.vestibule.list_groups().await?;
    let frame = Frame::at(&app, &session, Here::Users).around(&form).with_notice(arrival.notice());
    show(form.status(), &UsersPage { frame, form, asked, groups, rows, turn })
}

impl UsersQuery {
    fn filter(&self) -> Result<AccountFilter> {
        Ok(AccountFilter {
            search: Some(self.search.clone()).filter(|text| !text.trim().is_empty()),
            state: filter("state", Some(&self.state))?,
            group: filter("group", Some(&self.group))?,
        })
    }

    fn pairs(&self) -> [(&'static str, &str); 3] {
        [("search", &self.search), ("state", &self.state), ("group", &self.group)]
    }

    /// The states to choose from.
    fn states(&self) -> [(AccountState, bool); 3] {
        [AccountState::Invited, AccountState::Active, AccountState::Disabled]
            .map(|state| (state, self.state == state.as_str()))
    }

    fn is_group(&self, group: &GroupRef) -> bool {
        self.group == group.id.to_string()
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/users", get(list))
}
