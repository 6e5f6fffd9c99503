//! Finding accounts: by a part of their names, by state, by group.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use vestibule::{AccountFilter, AccountState, GroupRef};

use crate::api::list::filter;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Administrator, Query};
use crate::pages::frame::{Frame, Here};
use crate::pages::notice::Arrival;
use crate::pages::paging::{Place, Turn};
use crate::pages::rows::AccountRow;
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/users.html")]
struct UsersPage {
    frame: Frame,
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
    Administrator(session): Administrator,
    Query(asked): Query<UsersQuery>,
    Query(place): Query<Place>,
    Query(arrival): Query<Arrival>,
) -> Result<Response> {
    let accounts = app.vestibule.list_accounts(&asked.filter()?, place.page()?).await?;
    let turn = place.turn(&app, Here::Users.path(), &asked.pairs(), accounts.next_cursor.as_deref());
    let rows = accounts.items.into_iter().map(|view| AccountRow::of(&app, view)).collect();
    let groups = app.vestibule.list_groups().await?;
    let frame = Frame::at(&app, &session, Here::Users).with_notice(arrival.notice());
    show(StatusCode::OK, &UsersPage { frame, asked, groups, rows, turn })
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

    /// The states to choose from: those that an account can have as long as nobody is invited.
    fn states(&self) -> [(AccountState, bool); 2] {
        [AccountState::Active, AccountState::Disabled].map(|state| (state, self.state == state.as_str()))
    }

    fn is_group(&self, group: &GroupRef) -> bool {
        self.group == group.id.to_string()
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/users", get(list))
}
