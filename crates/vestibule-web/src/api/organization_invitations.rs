//! The invitations of an organization, for its admins: made, listed, called back. Using one is in `invitations`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{
    AccountId, Code, CreatedInvitation, Delivery, Error, Invitation, InvitationEnd, InvitationId, InvitationState,
    NewInvitation, OrganizationId, OrganizationInvitation, OrganizationRole, Timestamp,
};

use super::key_expiry;
use super::list::{List, PageQuery, present};
use super::user_invite::InvitationJson;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, OrgMember, Path, Query};

/// An invitation to an organization, without its code.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationInvitation)]
struct OrganizationInvitationJson {
    #[schema(value_type = uuid::Uuid)]
    id: InvitationId,
    /// What whoever comes in by it is: `member` or `admin`.
    #[schema(value_type = String, example = "member")]
    role: OrganizationRole,
    /// Whose proven address it is for; null: for whoever has the code.
    email: Option<String>,
    /// Who made it; null: the host, or somebody gone.
    #[schema(value_type = Option<uuid::Uuid>)]
    created_by: Option<AccountId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// How often it may be used; null: any number of times.
    max_uses: Option<i64>,
    use_count: i64,
    /// How many uses besides are held for whoever signed up by it and has yet to confirm the address: together with
    /// `use_count` they are what is taken, and once that is `max_uses` nobody else comes in.
    held: i64,
    /// When it was called back; null: it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// `live`, `revoked`, `expired`, `used_up`, or `maker_gone`: whoever made it is no active admin any more.
    #[schema(value_type = String, example = "live")]
    state: InvitationState,
}

/// An invitation with its code, shown this once; of a mailed one also what became of the mail.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedOrganizationInvitation)]
struct CreatedJson {
    #[serde(flatten)]
    invitation: OrganizationInvitationJson,
    /// What whoever comes in types; upper and lower case count, spaces and hyphens do not.
    #[schema(example = "aB3dE6gH")]
    code: String,
    /// Whether the mail server took the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_email_sent: Option<bool>,
    /// Why not, or not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    invite_email_error: Option<Option<String>>,
    /// The page of the invitation, to be handed over: only where there is no mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    invite_url: Option<Option<String>>,
}

/// An invitation to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitationBody {
    /// `member` or `admin`; absent: `member`.
    #[schema(value_type = Option<String>, example = "member")]
    role: Option<OrganizationRole>,
    /// A moment (RFC 3339) in the future; null: never; absent: in seven days.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<Option<String>>,
    /// How often it may be used, at least once; absent or null: any number of times.
    #[schema(minimum = 1, example = 5)]
    max_uses: Option<i64>,
    /// Whom it is for, who is written to; absent or null: whoever has the code.
    #[schema(example = "bob@example.com")]
    email: Option<String>,
}

/// The invitations to an organization
///
/// Whatever became of them. The codes are never shown again. For its admins.
#[utoipa::path(get, path = "/api/v1/organizations/{org}/invitations", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."), PageQuery),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "A page of invitations.", body = List<OrganizationInvitationJson>),
        (status = 403, description = "`organization_admin_required`, `permission_required`")))]
async fn list(
    State(app): State<App>,
    member: OrgMember,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<OrganizationInvitationJson>>> {
    let now = app.vestibule.now();
    let found = app.vestibule.list_invitations(&member.by, member.organization_id(), page.page()?).await?;
    Ok(Json(List::of(found, |invitation| OrganizationInvitationJson::of(invitation, now))))
}

/// Invite to an organization
///
/// Whoever has the code comes in, while it is good; with `email`, only the account whose confirmed address that is, and
/// it is written to. For admins, and worth nothing any more once whoever made it is none.
#[utoipa::path(post, path = "/api/v1/organizations/{org}/invitations", tag = "Organizations",
    request_body = NewInvitationBody,
    params(("org" = uuid::Uuid, Path, description = "The organization's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 201, description = "The invitation and its code.", body = CreatedJson),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 422, description = "`expiry_invalid`, `field_invalid`, `email_invalid`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn create(
    State(app): State<App>,
    member: OrgMember,
    Body(body): Body<NewInvitationBody>,
) -> Result<(StatusCode, Json<CreatedJson>)> {
    app.limits.sensitive(member.account_id())?;
    let new = body.read()?;
    if let Some(email) = &new.email {
        app.limits.mail_request(member.by.ip, email)?;
    }
    let created = app.vestibule.create_invitation(&member.by, member.organization_id(), new).await?;
    Ok((StatusCode::CREATED, Json(CreatedJson::of(&app, created))))
}

/// Call an invitation to an organization back
///
/// For good, and its mail if that has not gone out. Whoever came in by it stays. For its admins.
#[utoipa::path(delete, path = "/api/v1/organizations/{org}/invitations/{id}", tag = "Organizations",
    params(("org" = uuid::Uuid, Path, description = "The organization's id."),
        ("id" = uuid::Uuid, Path, description = "The invitation's id.")),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 204, description = "Called back."),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
        (status = 404, description = "`not_found`: also when it was called back before"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn revoke(
    State(app): State<App>,
    member: OrgMember,
    Path((org, id)): Path<(OrganizationId, InvitationId)>,
) -> Result<StatusCode> {
    app.limits.sensitive(member.account_id())?;
    app.vestibule.revoke_invitation(&member.by, org, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl NewInvitationBody {
    fn read(self) -> Result<NewInvitation> {
        let NewInvitationBody { role, expires_at, max_uses, email } = self;
        let end = match expires_at {
            None => InvitationEnd::Usual,
            Some(None) => InvitationEnd::Never,
            Some(Some(moment)) => {
                let end = key_expiry::moment(&moment).ok_or(Error::field("expires_at", Code::ExpiryInvalid))?;
                InvitationEnd::At(end)
            }
        };
        Ok(NewInvitation { role: role.unwrap_or(OrganizationRole::Member), end, max_uses, email })
    }
}

impl OrganizationInvitationJson {
    fn of(invitation: OrganizationInvitation, now: Timestamp) -> OrganizationInvitationJson {
        OrganizationInvitationJson {
            id: invitation.id,
            role: invitation.role,
            state: invitation.state(now),
            email: invitation.email,
            created_by: invitation.created_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            max_uses: invitation.max_uses,
            use_count: invitation.use_count,
            held: invitation.held,
            revoked_at: invitation.revoked_at,
        }
    }
}

impl CreatedJson {
    fn of(app: &App, created: CreatedInvitation) -> CreatedJson {
        let CreatedInvitation { invitation, code, delivery } = created;
        let mailed = invitation.email.is_some().then(|| {
            let url = delivery.is_none().then(|| app.vestibule.invitation_url(&code));
            InvitationJson::from(Invitation { delivery: delivery.unwrap_or(Delivery::Kept), url })
        });
        CreatedJson {
            invitation: OrganizationInvitationJson::of(invitation, app.vestibule.now()),
            code: code.expose_secret().to_owned(),
            invite_email_sent: mailed.as_ref().map(|mailed| mailed.invite_email_sent),
            invite_email_error: mailed.as_ref().map(|mailed| mailed.invite_email_error.clone()),
            invite_url: mailed.map(|mailed| mailed.invite_url),
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}
