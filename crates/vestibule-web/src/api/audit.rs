//! The audit log as JSON: all of it for whoever may see it, what concerns oneself for everybody, and an organization's
//! part for its admins.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use vestibule::{ActorKind, AuditFilter, AuditId, AuditOutcome, AuditRow, OrganizationId, RequestId, Timestamp};

use super::list::{List, PageQuery, filter};
use crate::app::App;
use crate::error::Result;
use crate::extract::{OrgAdmin, Query, Require, Session, ViewAudit};

/// One act, done or refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct AuditJson {
    #[schema(value_type = Uuid)]
    id: AuditId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    actor: ActorJson,
    /// What was done: `object.verb`.
    #[schema(example = "session.created")]
    action: String,
    target: Option<TargetJson>,
    /// In which organization; null: in none.
    #[schema(value_type = Option<Uuid>)]
    organization_id: Option<OrganizationId>,
    /// What changed, or why not.
    #[schema(value_type = Object)]
    details: serde_json::Value,
    #[schema(value_type = Option<String>, format = Uuid)]
    request_id: Option<RequestId>,
    ip: Option<String>,
    /// `done` or `refused`.
    #[schema(value_type = String, example = "done")]
    outcome: AuditOutcome,
}

/// Who acted.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorJson {
    /// `account`, `host`, `system` or `anonymous`.
    #[schema(value_type = String, example = "account")]
    kind: ActorKind,
    id: Option<Uuid>,
    /// How people knew the actor then.
    label: String,
}

/// What it was done to.
#[derive(Serialize, ToSchema)]
#[schema(as = Target)]
struct TargetJson {
    #[schema(example = "account")]
    kind: String,
    id: Option<Uuid>,
    /// How people knew it then.
    label: Option<String>,
}

/// Which acts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// By this account.
    #[param(value_type = Option<Uuid>)]
    actor: Option<String>,
    /// Done to this.
    #[param(value_type = Option<Uuid>)]
    target: Option<String>,
    /// In this organization.
    #[param(value_type = Option<Uuid>)]
    organization: Option<String>,
    /// Of this name exactly.
    action: Option<String>,
    /// `done` or `refused`.
    outcome: Option<String>,
}

/// The audit log
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/admin/audit-log", tag = "Administration", params(AuditQuery, PageQuery),
    security(("bearer" = ["view:audit"]), ("cookie" = ["view:audit"]), ("program" = ["view:audit"])),
    responses((status = 200, description = "A page of the log.", body = List<AuditJson>)))]
async fn log(
    State(app): State<App>,
    _: Require<ViewAudit>,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AuditJson>>> {
    let wanted = AuditFilter {
        actor: filter("actor", query.actor.as_deref())?,
        target: filter("target", query.target.as_deref())?,
        organization: filter("organization", query.organization.as_deref())?,
        about: None,
        action: query.action.filter(|action| !action.is_empty()),
        outcome: filter("outcome", query.outcome.as_deref())?,
    };
    let rows = app.vestibule.list_audit(&wanted, page.page()?).await?;
    Ok(Json(List::of(rows, AuditJson::from)))
}

/// What was done by me and to me
///
/// Newest first. Where another account acted, its address is left out.
#[utoipa::path(get, path = "/api/v1/me/activity", tag = "Account", params(PageQuery),
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A page of my activity.", body = List<AuditJson>)))]
async fn activity(
    State(app): State<App>,
    session: Session,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AuditJson>>> {
    let wanted = AuditFilter { about: Some(session.account_id), ..AuditFilter::default() };
    let rows = app.vestibule.list_audit(&wanted, page.page()?).await?;
    Ok(Json(List::of(rows, |row| AuditJson::from(row.seen_by(session.account_id)))))
}

/// What happened in an organization
///
/// Newest first, for its admins. Where anybody else acted, their address is left out.
#[utoipa::path(get, path = "/api/v1/organizations/{org}/audit-log", tag = "Organizations",
    params(("org" = Uuid, Path, description = "The organization's id."), PageQuery),
    security(("bearer" = []), ("cookie" = []), ("program" = [])), responses(
        (status = 200, description = "A page of its log.", body = List<AuditJson>),
        (status = 403, description = "`organization_admin_required`, `permission_required`"),
    ))]
async fn of_organization(
    State(app): State<App>,
    admin: OrgAdmin,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<AuditJson>>> {
    let rows = app.vestibule.organization_audit(&admin.by, admin.organization_id(), page.page()?).await?;
    Ok(Json(List::of(rows, AuditJson::from)))
}

impl From<AuditRow> for AuditJson {
    fn from(row: AuditRow) -> AuditJson {
        let (id, label) = (row.target_id, row.target_label);
        AuditJson {
            id: row.id,
            created_at: row.created_at,
            actor: ActorJson { kind: row.actor_kind, id: row.actor_id, label: row.actor_label },
            action: row.action,
            target: row.target_kind.map(|kind| TargetJson { kind, id, label }),
            organization_id: row.organization_id,
            details: row.details.0,
            request_id: row.request_id,
            ip: row.ip,
            outcome: row.outcome,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(log)).routes(routes!(activity)).routes(routes!(of_organization))
}
