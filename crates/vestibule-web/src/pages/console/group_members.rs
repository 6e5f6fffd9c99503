//! Who is in a group: putting somebody in, by how they sign in, and taking somebody out.

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use vestibule::{AccountId, BreakGlass, Code, GroupId};

use super::on::{OnGroup, Sensitive};
use crate::app::App;
use crate::error::Result;
use crate::extract::{FormBody, Path, UpdateUsers};
use crate::pages::form::Form;
use crate::pages::notice::Notice;

#[derive(Deserialize)]
struct MemberFields {
    member: String,
}

async fn add(
    Sensitive(on): Sensitive<OnGroup<UpdateUsers>>,
    FormBody(fields): FormBody<MemberFields>,
) -> Result<Response> {
    let typed = Form::blank().with("member", &fields.member);
    let Some(found) = on.engine().find_account(&fields.member).await? else {
        return on.page(typed.wrong("member", Code::AccountUnknown.message())).await;
    };
    let added = on.engine().add_member(&on.by, on.id, found.account.id, BreakGlass::No).await;
    on.answer(added, Notice::MemberAdded, typed).await
}

async fn remove(
    Sensitive(on): Sensitive<OnGroup<UpdateUsers>>,
    Path((_, member)): Path<(GroupId, AccountId)>,
) -> Result<Response> {
    let removed = on.engine().remove_member(&on.by, on.id, member).await;
    on.answer(removed, Notice::MemberRemoved, Form::blank()).await
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/admin/groups/{id}/members", post(add))
        .route("/admin/groups/{id}/members/{member}/remove", post(remove))
}
