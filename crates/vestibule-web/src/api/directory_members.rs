//! Members of the directory of wallets, for administrators and for the services that let them in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::directory::{DirectoryRole, KexPub, Member, MemberStatus, SignPub};
use vestibule::{DirectoryInviteId, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{
    Body, Caller, DeleteDirectory, DirectoryReader, Path, Query, Require, UpdateDirectory, ViewDirectory,
};

/// A member.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryMember)]
pub(super) struct MemberJson {
    /// The Ed25519 key that it is known by.
    #[schema(value_type = String)]
    sign_pub: SignPub,
    /// What people compare that key by: the first 16 bytes of its SHA-256, in groups of four digits.
    #[schema(example = "21fe 31df a154 a261 626b f854 046f d227")]
    fingerprint: String,
    /// The X25519 key that others encrypt to.
    #[schema(value_type = String)]
    kex_pub: KexPub,
    #[schema(example = "ann")]
    handle: String,
    /// `member` or `admin`: for whoever asks the directory. It grants nothing here.
    #[schema(value_type = String, example = "member")]
    role: DirectoryRole,
    /// `active` or `revoked`.
    #[schema(value_type = String, example = "active")]
    status: MemberStatus,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The invite that it registered by.
    #[schema(value_type = uuid::Uuid)]
    invite_id: DirectoryInviteId,
}

/// What becomes of a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    /// `active` or `revoked`.
    #[schema(value_type = String, example = "revoked")]
    status: MemberStatus,
}

/// List the members
#[utoipa::path(get, path = "/api/v1/directory/members", tag = "Directory", params(PageQuery),
    security(("bearer" = ["view:directory"]), ("cookie" = ["view:directory"]), ("program" = ["view:directory"])),
    responses((status = 200, description = "A page of members, revoked ones as well.", body = List<MemberJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewDirectory>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<MemberJson>>> {
    let members = app.vestibule.list_directory_members(page.page()?).await?;
    Ok(Json(List::of(members, MemberJson::from)))
}

/// Look a member up by its key
///
/// A message bus asks so whether to let somebody in: only a member that is there and `active` may.
#[utoipa::path(get, path = "/api/v1/directory/members/{sign_pub}", tag = "Directory",
    params(("sign_pub" = String, Path, description = "The member's Ed25519 key, in hexadecimal.")),
    security(("bearer" = ["view:directory"]), ("cookie" = ["view:directory"]), ("program" = ["view:directory"]),
        ("service_key" = ["directory:read"])),
    responses((status = 200, description = "The member, revoked or not.", body = MemberJson)))]
async fn show(State(app): State<App>, _: DirectoryReader, Path(sign_pub): Path<String>) -> Result<Json<MemberJson>> {
    Ok(Json(app.vestibule.directory_member(&sign_pub).await?.into()))
}

/// Revoke a member, or let it in again
///
/// A revoked key cannot sign in nor register again. What the member belongs to elsewhere, such as rooms of a bus, is left
/// as it is on purpose: nobody can use it.
#[utoipa::path(patch, path = "/api/v1/directory/members/{sign_pub}", tag = "Directory", request_body = StatusBody,
    params(("sign_pub" = String, Path, description = "The member's Ed25519 key, in hexadecimal.")),
    security(("bearer" = ["update:directory"]), ("cookie" = ["update:directory"]), ("program" = ["update:directory"])),
    responses((status = 200, description = "The member as it is now.", body = MemberJson)))]
async fn update(
    State(app): State<App>,
    Require(who, _): Require<UpdateDirectory>,
    Path(sign_pub): Path<String>,
    caller: Caller,
    Body(body): Body<StatusBody>,
) -> Result<Json<MemberJson>> {
    Ok(Json(app.vestibule.set_directory_status(&caller.acting(&who), &sign_pub, body.status).await?.into()))
}

/// Delete a member
///
/// Its key and its handle can be invited again. What the member belonged to elsewhere, such as rooms of a bus, is left as
/// it is on purpose: nobody can use it until that key is a member again.
#[utoipa::path(delete, path = "/api/v1/directory/members/{sign_pub}", tag = "Directory",
    params(("sign_pub" = String, Path, description = "The member's Ed25519 key, in hexadecimal.")),
    security(("bearer" = ["delete:directory"]), ("cookie" = ["delete:directory"]), ("program" = ["delete:directory"])),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(app): State<App>,
    Require(who, _): Require<DeleteDirectory>,
    Path(sign_pub): Path<String>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.delete_directory_member(&caller.acting(&who), &sign_pub).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> MemberJson {
        let Member { sign_pub, kex_pub, handle, role, status, created_at, invite_id } = member;
        let (fingerprint, handle) = (sign_pub.fingerprint(), handle.to_string());
        MemberJson { sign_pub, fingerprint, kex_pub, handle, role, status, created_at, invite_id }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, update, delete))
}
