//! The one answer to whatever tells its sender nothing: the same bytes for every address, whether it has an account or
//! not, and for every token, whether it is one or not.

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The request was taken; what comes of it, only the address's owner learns.
#[derive(Serialize, ToSchema)]
#[schema(as = Accepted)]
pub(crate) struct AcceptedJson {
    /// `accepted`, always.
    #[schema(example = "accepted")]
    status: &'static str,
    /// A sentence for the person who asked.
    message: &'static str,
}

/// 202, with the one body.
pub(crate) fn accepted() -> (StatusCode, Json<AcceptedJson>) {
    let message = "If there is something to send to this address, it is on its way. It can take a minute.";
    (StatusCode::ACCEPTED, Json(AcceptedJson { status: "accepted", message }))
}

/// 202 for a token that was found, with the one body.
pub(crate) fn reported() -> (StatusCode, Json<AcceptedJson>) {
    let message = "Thank you. If this was a token of ours, it is good for nothing any more, and its owner is told.";
    (StatusCode::ACCEPTED, Json(AcceptedJson { status: "accepted", message }))
}
