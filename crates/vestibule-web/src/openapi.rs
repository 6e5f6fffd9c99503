//! The OpenAPI document: what the routes declare, completed with what holds for all of them (how to authenticate, the
//! refusals that follow from a route's shape), served at `/openapi.json` and, for people, at `/docs`.

mod docs;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, Info, OpenApi, Ref, RefOr, Response, Server};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::app::App;
use crate::error::{FieldProblem, ProblemBody};
use crate::routes::DECISIONS;

const ABOUT: &str = "Accounts, sessions and their administration. Authenticate with the token of a sign-in, as bearer \
or as the cookie that comes with it; an unsafe request by cookie carries the session's CSRF token in `X-CSRF-Token`. \
Programs have tokens and keys of their own, which some routes take as well: theirs have the scheme `program`, those \
for services `service_key`; a key is taken as bearer or in `X-API-Key`. A route that takes a permission names it, as \
the role that its security asks for; so does the refusal. Every refusal is a problem (RFC 9457) with a stable `code`. \
Lists come in pages, newest first.";

/// Adds what holds everywhere.
pub(crate) fn complete(mut document: OpenApi, base: &str) -> OpenApi {
    document.info = Info::new("Vestibule", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(ABOUT.to_owned());
    if !base.is_empty() {
        document.servers = Some(vec![Server::new(base)]);
    }
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    add_security_schemes(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            if path.starts_with("/api/") || path.starts_with(DECISIONS) {
                add_permission(operation);
                add_refusals(operation, method, path);
            }
        }
    }
    document
}

/// The credentials that there are.
fn add_security_schemes(components: &mut Components) {
    let bearer = |format: &str, about: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format).description(Some(about));
        SecurityScheme::Http(scheme.build())
    };
    components.add_security_scheme("bearer", bearer("vst_ses_…", "A session's token."));
    let cookie =
        ApiKeyValue::with_description("__Host-vestibule", "Named `vestibule` when served by http on localhost.");
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let program = "An access token (a JWT) or an API key: what its account may, and of a key what it is limited to.";
    components.add_security_scheme("program", bearer("JWT, or vst_key_…", program));
    let service = "A service key, which has abilities and stands for no account.";
    components.add_security_scheme("service_key", bearer("vst_svc_…", service));
    let header = "An API key where `program` is taken, a service key where `service_key` is; never beside a bearer.";
    let header = ApiKeyValue::with_description("X-API-Key", header);
    components.add_security_scheme("key_header", SecurityScheme::ApiKey(ApiKey::Header(header)));
    let wallet = "The token of a member of the directory of wallets, who is no account.";
    components.add_security_scheme("wallet", bearer("JWT", wallet));
}

/// `/openapi.json` and `/docs`.
pub(crate) fn router(document: OpenApi) -> Router<App> {
    let document = serde_json::to_value(document).expect("the document is made of strings and numbers");
    let json = Bytes::from(format!("{document:#}"));
    let show = move || async move { ([(CONTENT_TYPE, "application/json")], json) };
    Router::new().route("/openapi.json", get(show)).merge(docs::router(document))
}

/// The operations of a path, by method.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// `GET /api/v1/admin/users/{id}` is `get_admin_users_id`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1").trim_start_matches('/');
    let words = path.split(['/', '-', '.', '{', '}']).filter(|word| !word.is_empty());
    words.fold(method.to_lowercase(), |id, word| format!("{id}_{word}"))
}

/// Says which permission is needed.
fn add_permission(operation: &mut Operation) {
    let Some(permission) = permission(operation) else { return };
    let needs = format!("Needs the permission `{permission}`.");
    operation.description = Some(match operation.description.take() {
        Some(about) if !about.is_empty() => format!("{about}\n\n{needs}"),
        Some(_) | None => needs,
    });
}

/// The permission that an operation needs: the role that its security names.
fn permission(operation: &Operation) -> Option<String> {
    let security = serde_json::to_value(operation.security.as_ref()?).ok()?;
    security.pointer("/0/bearer/0")?.as_str().map(str::to_owned)
}

/// The refusals that follow from a route's shape, beside those it declares itself, and the one form of them all.
fn add_refusals(operation: &mut Operation, method: &str, path: &str) {
    let takes_session = takes(operation, "cookie");
    let (takes_program, takes_service) = (takes(operation, "program"), takes(operation, "service_key"));
    let takes_any = operation.security.is_some();
    let is_guarded = takes_any && !operation.security.iter().flatten().any(is_nothing);
    let has_body = operation.request_body.is_some();
    let has_query = operation.parameters.iter().flatten().any(is_in_query);
    let refusals = [
        (has_body, "400", "malformed_json"),
        (takes_any || has_query, "400", "bad_request"),
        (is_guarded, "401", "unauthenticated"),
        (takes_program || takes_service, "401", "key_revoked"),
        (takes_program || takes_service, "401", "key_expired"),
        (permission(operation).is_some(), "403", "permission_required"),
        (is_of_people(operation), "403", "session_required"),
        (takes_service, "403", "ability_required"),
        (method != "GET", "403", "origin_refused"),
        (method != "GET" && takes_session, "403", "csrf_token_invalid"),
        (path.contains('{'), "404", "not_found"),
        (has_body, "408", "request_timeout"),
        (has_body, "413", "payload_too_large"),
        (has_body && !path.starts_with(DECISIONS), "415", "unsupported_media_type"),
        (has_query, "422", "field_invalid"),
        (true, "500", "internal_error"),
        (true, "503", "busy"),
    ];
    for (_, status, code) in refusals.into_iter().filter(|(applies, ..)| *applies) {
        add_code(
            operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(""))),
            code,
        );
    }
    for (status, response) in &mut operation.responses.responses {
        if let (RefOr::T(response), true) = (response, status.as_str() >= "400") {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.entry("application/problem+json".to_owned()).or_insert(RefOr::T(problem));
        }
    }
}

/// Whether one of its credentials is this.
fn takes(operation: &Operation, scheme: &str) -> bool {
    let requirements = serde_json::to_value(&operation.security).unwrap_or_default();
    requirements.as_array().into_iter().flatten().any(|one| one.get(scheme).is_some())
}

/// Whether whoever may is yet asked to prove who they are, which a program cannot.
fn is_of_people(operation: &Operation) -> bool {
    let forbidden = match operation.responses.responses.get("403") {
        Some(RefOr::T(response)) => response.description.as_str(),
        Some(RefOr::Ref(_)) | None => "",
    };
    permission(operation).is_some() && forbidden.contains("`reauthentication_required`")
}

/// Whether it asks for no credential: then the others are welcome and not needed.
fn is_nothing(requirement: &SecurityRequirement) -> bool {
    *requirement == SecurityRequirement::default()
}

fn is_in_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
}

/// Names one more code in an answer's description.
fn add_code(response: &mut RefOr<Response>, code: &str) {
    let RefOr::T(response) = response else { return };
    let code = format!("`{code}`");
    if response.description.is_empty() {
        response.description = code;
    } else if !response.description.contains(&code) {
        response.description = format!("{}, {code}", response.description);
    }
}
