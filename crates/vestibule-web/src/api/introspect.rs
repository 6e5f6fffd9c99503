//! What a token stands for, for a service that may ask (RFC 7662). A token that is not good is an answer, not an error.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule::{AccountId, IntrospectedPrincipal, Introspection, OrganizationId};

use super::permission::PermissionJson;
use super::token::TokenBody;
use crate::app::App;
use crate::error::Result;
use crate::extract::{Body, Introspect, RequireAbility};

/// What is said of a token.
#[derive(Serialize, ToSchema)]
#[schema(as = Introspection)]
struct IntrospectionJson {
    /// Whether it is live; of one that is not, nothing else is said.
    active: bool,
    /// `session`, `access_token`, `refresh_token`, `api_key` or `service_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "api_key")]
    token_type: Option<&'static str>,
    /// Whom it stands for; absent of a service key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    principal: Option<PrincipalJson>,
    /// Of which organization an API key is; absent: of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, value_type = uuid::Uuid)]
    organization_id: Option<OrganizationId>,
    /// The abilities of a service key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    abilities: Option<Vec<String>>,
}

/// Whom a token stands for.
#[derive(Serialize, ToSchema)]
#[schema(as = IntrospectedPrincipal)]
struct PrincipalJson {
    #[schema(value_type = uuid::Uuid)]
    id: AccountId,
    username: Option<String>,
    email: Option<String>,
    /// Whether somebody proved that address for it; without, it may be anybody's.
    email_verified: bool,
    name: Option<String>,
    /// The slugs of its groups; none of a limited key.
    groups: Vec<String>,
    /// All that a limited key may do at this moment; absent of what may do all that its owner may.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    permissions: Option<Vec<PermissionJson>>,
}

/// Ask about a token
///
/// For a service key with the ability `introspect`. Asking is no use of the token.
#[utoipa::path(post, path = "/api/v1/introspect", tag = "Tokens", request_body = TokenBody,
    security(("service_key" = ["introspect"])),
    responses((status = 200, description = "What it stands for at this moment.", body = IntrospectionJson)))]
async fn introspect(
    State(app): State<App>,
    _: RequireAbility<Introspect>,
    Body(body): Body<TokenBody>,
) -> Result<Json<IntrospectionJson>> {
    Ok(Json(app.vestibule.introspect(&body.token).await?.into()))
}

impl From<Introspection> for IntrospectionJson {
    fn from(found: Introspection) -> IntrospectionJson {
        let Introspection { active, token_type, principal, organization_id, abilities } = found;
        let principal = principal.map(PrincipalJson::from);
        IntrospectionJson { active, token_type, principal, organization_id, abilities }
    }
}

impl From<IntrospectedPrincipal> for PrincipalJson {
    fn from(principal: IntrospectedPrincipal) -> PrincipalJson {
        let IntrospectedPrincipal { id, username, email, email_verified, name, groups, permissions } = principal;
        let permissions = permissions.map(|all| all.into_iter().map(PermissionJson::from).collect());
        PrincipalJson { id, username, email, email_verified, name, groups, permissions }
    }
}

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(introspect))
}
