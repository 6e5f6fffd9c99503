//! The logins elsewhere that open one's account. They are connected on the account's page, where a browser is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{IdentityId, Timestamp};

use super::list::{List, PageQuery};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, RecentlyProven, Session};

/// A login elsewhere that opens the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
struct IdentityJson {
    #[schema(value_type = uuid::Uuid)]
    id: IdentityId,
    /// The provider, as the settings name it.
    #[schema(example = "github")]
    provider: String,
    /// Whom the provider names by it.
    #[schema(example = "583231")]
    subject: String,
    /// What they were called there, last time.
    #[schema(example = "ann")]
    username: Option<String>,
    /// Their address there, last time.
    email: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// My connected logins
#[utoipa::path(get, path = "/api/v1/me/identities", tag = "Account", params(PageQuery),
    security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A page of the logins that open my account.", body = List<IdentityJson>)))]
async fn list(
    State(app): State<App>,
    session: Session,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<IdentityJson>>> {
    let identities = app.vestibule.list_identities(session.account_id, page.page()?).await?;
    Ok(Json(List::of(identities, IdentityJson::of)))
}

/// Disconnect a login
///
/// Not the last way into the account. It takes a recent proof of who one is, and the owner is told by mail.
#[utoipa::path(delete, path = "/api/v1/me/identities/{id}", tag = "Account",
    params(("id" = uuid::Uuid, Path, description = "The identity's id.")), security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "Disconnected."),
        (status = 403, description = "`reauthentication_required`"),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`last_way_in`"),
        (status = 429, description = "`too_many_requests`"),
    ))]
async fn disconnect(
    State(app): State<App>,
    RecentlyProven(session): RecentlyProven,
    Path(id): Path<IdentityId>,
    caller: Caller,
) -> Result<StatusCode> {
    app.limits.sensitive(session.account_id)?;
    app.vestibule.unlink_identity(&caller.acting(&session), &session, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl IdentityJson {
    fn of(identity: vestibule::Identity) -> IdentityJson {
        IdentityJson {
            id: identity.id,
            provider: identity.provider,
            subject: identity.subject,
            username: identity.username,
            email: identity.email,
            created_at: identity.created_at,
            last_used_at: identity.last_used_at,
        }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(disconnect))
}
