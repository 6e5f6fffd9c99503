//! An invitation to an organization, for whoever has its code: what it says, and coming in by it. A code that is not
//! known is charged like a guess; one that is known and no good any more is not.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AcceptInvitation, Code, JoinedOrganization, OrganizationId, OrganizationRole, Timestamp};

use super::typed_code::TypedCode;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Principal};

/// What an invitation says: never whom it is for.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationPreview)]
struct PreviewJson {
    #[schema(example = "Harbour Works")]
    organization_name: String,
    /// What whoever comes in is: `member` or `admin`.
    #[schema(value_type = String, example = "member")]
    role: OrganizationRole,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it is good.
    valid: bool,
}

/// What somebody has come into.
#[derive(Serialize, ToSchema)]
#[schema(as = JoinedOrganization)]
struct JoinedJson {
    #[schema(value_type = uuid::Uuid)]
    organization_id: OrganizationId,
    #[schema(example = "Harbour Works")]
    organization_name: String,
    #[schema(value_type = String, example = "member")]
    role: OrganizationRole,
}

/// What an invitation says
///
/// For whoever has the code. Nothing is used up.
#[utoipa::path(get, path = "/api/v1/invitations/{code}", tag = "Organizations",
    params(("code" = String, Path, description = "The code; spaces and hyphens in it do not count.")), responses(
        (status = 200, description = "The invitation, also one that is no good any more.", body = PreviewJson),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn preview(State(app): State<App>, Path(code): Path<TypedCode>, caller: Caller) -> Result<Json<PreviewJson>> {
    let ip = caller.ip();
    app.limits.code_looked_up_by(ip, None)?;
    match app.vestibule.preview_invitation(&code.into(), None).await? {
        Some(found) => Ok(Json(PreviewJson {
            organization_name: found.organization_name,
            role: found.role,
            expires_at: found.expires_at,
            valid: found.is_valid,
        })),
        None => {
            app.limits.code_failed_by(ip, None)?;
            Err(Code::NotFound.into())
        }
    }
}

/// Accept an invitation
///
/// Comes into the organization. A person does, in a session. Whoever an admin took out does not come back by an
/// invitation from before.
#[utoipa::path(post, path = "/api/v1/invitations/{code}/accept", tag = "Organizations",
    params(("code" = String, Path, description = "The code; spaces and hyphens in it do not count.")),
    security(("bearer" = []), ("cookie" = [])), responses(
        (status = 201, description = "What one has come into.", body = JoinedJson),
        (status = 403, description = "`invitation_for_another_address`, `session_required`"),
        (status = 409, description = "`already_member`, `too_many_organizations`"),
        (status = 410, description = "`invitation_ended`: called back, expired, used up, or its maker is no admin any \
            more"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn accept(
    State(app): State<App>,
    principal: Principal,
    Path(code): Path<TypedCode>,
    caller: Caller,
) -> Result<(StatusCode, Json<JoinedJson>)> {
    let (ip, account) = (caller.ip(), Some(principal.account_id));
    app.limits.code_looked_up_by(ip, account)?;
    app.limits.sensitive(principal.account_id)?;
    match app.vestibule.accept_invitation(&caller.acting(&principal), &code.into()).await? {
        AcceptInvitation::Done(joined) => Ok((StatusCode::CREATED, Json(joined.into()))),
        AcceptInvitation::Unknown => {
            app.limits.code_failed_by(ip, account)?;
            Err(Code::NotFound.into())
        }
        AcceptInvitation::Refused(obstacle) => Err(obstacle.code().into()),
    }
}

impl From<JoinedOrganization> for JoinedJson {
    fn from(joined: JoinedOrganization) -> JoinedJson {
        let JoinedOrganization { organization_id, organization_name, role } = joined;
        JoinedJson { organization_id, organization_name, role }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preview)).routes(routes!(accept))
}
