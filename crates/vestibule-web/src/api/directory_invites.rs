//! Invites to the directory of wallets: each makes one member, whose handle and role are fixed here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::directory::{DirectoryInvite, DirectoryRole, InviteState, KexPub, SignPub, invite_link};
use vestibule::{AccountId, Code, DirectoryInviteId, Error, NewDirectoryInvite, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::{Body, Caller, CreateDirectory, DeleteDirectory, Path, Query, Require, ViewDirectory};

/// An invite, without its token.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryInvite)]
struct InviteJson {
    #[schema(value_type = uuid::Uuid)]
    id: DirectoryInviteId,
    /// What the member will be called.
    #[schema(example = "ann")]
    handle: String,
    /// `member` or `admin`.
    #[schema(value_type = String, example = "member")]
    role: DirectoryRole,
    /// `pending`, `used`, `canceled` or `expired`.
    #[schema(value_type = String, example = "pending")]
    state: InviteState,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Who made it; null: the host.
    #[schema(value_type = Option<uuid::Uuid>)]
    created_by: Option<AccountId>,
    /// When it ends; null: that cannot be read, so it has.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    canceled_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
    /// The signing key that it was used with, whether or not that made a member.
    #[schema(value_type = Option<String>)]
    used_sign_pub: Option<SignPub>,
    /// The key-agreement key that it was used with.
    #[schema(value_type = Option<String>)]
    used_kex_pub: Option<KexPub>,
}

/// An invite with its token, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedDirectoryInvite)]
struct CreatedJson {
    #[serde(flatten)]
    invite: InviteJson,
    /// What whoever is invited registers with.
    #[schema(example = "vst_dir_…")]
    token: String,
    /// The same as an address, for people to hand on: the token stands after the `#`, which browsers never send.
    #[schema(example = "https://id.example.com/directory/join#vst_dir_…")]
    link: String,
}

/// An invite to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInviteBody {
    /// 3 to 64 of `a-z A-Z 0-9 . _ -`, the first a letter or a digit; no two members have the same in any case.
    #[schema(example = "ann")]
    handle: String,
    /// `member` or `admin`; absent: `member`.
    #[schema(value_type = Option<String>, example = "member")]
    role: Option<DirectoryRole>,
    /// A moment (RFC 3339); absent: in seven days.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

/// List the invites
#[utoipa::path(get, path = "/api/v1/directory/invites", tag = "Directory", params(PageQuery),
    security(("bearer" = ["view:directory"]), ("cookie" = ["view:directory"]), ("program" = ["view:directory"])),
    responses((status = 200, description = "A page of invites, however they stand.", body = List<InviteJson>)))]
async fn list(
    State(app): State<App>,
    _: Require<ViewDirectory>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<InviteJson>>> {
    let now = app.vestibule.now();
    let invites = app.vestibule.list_directory_invites(page.page()?).await?;
    Ok(Json(List::of(invites, |invite| InviteJson::of(invite, now))))
}

/// Make an invite
#[utoipa::path(post, path = "/api/v1/directory/invites", tag = "Directory", request_body = NewInviteBody,
    security(("bearer" = ["create:directory"]), ("cookie" = ["create:directory"]), ("program" = ["create:directory"])),
    responses(
        (status = 201, description = "The invite and its token.", body = CreatedJson),
        (status = 422, description = "`handle_invalid`, `expiry_invalid`"),
    ))]
async fn create(
    State(app): State<App>,
    Require(who, _): Require<CreateDirectory>,
    caller: Caller,
    Body(body): Body<NewInviteBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    let made = app.vestibule.create_directory_invite(&caller.acting(&who), body.try_into()?).await?;
    let link = invite_link(&app.vestibule.issuer(), &made.token).expose_secret().to_owned();
    let (token, invite) = (made.token.expose().to_owned(), InviteJson::of(made.invite, app.vestibule.now()));
    Ok((StatusCode::CREATED, Json(CreatedJson { invite, token, link })))
}

/// Show an invite
#[utoipa::path(get, path = "/api/v1/directory/invites/{id}", tag = "Directory",
    params(("id" = uuid::Uuid, Path, description = "The invite's id.")),
    security(("bearer" = ["view:directory"]), ("cookie" = ["view:directory"]), ("program" = ["view:directory"])),
    responses((status = 200, description = "The invite.", body = InviteJson)))]
async fn show(
    State(app): State<App>,
    _: Require<ViewDirectory>,
    Path(id): Path<DirectoryInviteId>,
) -> Result<Json<InviteJson>> {
    Ok(Json(InviteJson::of(app.vestibule.directory_invite(id).await?, app.vestibule.now())))
}

/// Withdraw an invite
///
/// For good. It may be withdrawn already; one that was used stays as it is, and says by whom.
#[utoipa::path(delete, path = "/api/v1/directory/invites/{id}", tag = "Directory",
    params(("id" = uuid::Uuid, Path, description = "The invite's id.")),
    security(("bearer" = ["delete:directory"]), ("cookie" = ["delete:directory"]), ("program" = ["delete:directory"])),
    responses(
        (status = 204, description = "Withdrawn."),
        (status = 409, description = "`invite_spent`"),
    ))]
async fn cancel(
    State(app): State<App>,
    Require(who, _): Require<DeleteDirectory>,
    Path(id): Path<DirectoryInviteId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.vestibule.cancel_directory_invite(&caller.acting(&who), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl TryFrom<NewInviteBody> for NewDirectoryInvite {
    type Error = Problem;

    fn try_from(body: NewInviteBody) -> Result<NewDirectoryInvite> {
        let NewInviteBody { handle, role, expires_at } = body;
        let read = |text: String| Timestamp::parse_rfc3339(&text);
        let expires_at = match expires_at {
            None => None,
            Some(text) => Some(read(text).ok_or(Error::field("expires_at", Code::ExpiryInvalid))?),
        };
        Ok(NewDirectoryInvite { handle, role: role.unwrap_or(DirectoryRole::Member), expires_at })
    }
}

impl InviteJson {
    fn of(invite: DirectoryInvite, now: Timestamp) -> InviteJson {
        InviteJson {
            id: invite.id,
            state: invite.state(now),
            handle: invite.handle.to_string(),
            role: invite.role,
            created_at: invite.created_at,
            created_by: invite.created_by,
            expires_at: invite.expires_at,
            canceled_at: invite.canceled_at,
            used_at: invite.used_at,
            used_sign_pub: invite.used_sign_pub,
            used_kex_pub: invite.used_kex_pub,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, cancel))
}
