//! The parts of a URL. An id that cannot be read is nothing that exists (404); a query that cannot be is 400.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use vestibule::Code;

use crate::error::{Problem, Result};

/// The variables of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Path(path)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>> {
        let query = parts.uri.query().unwrap_or_default();
        if form_urlencoded::parse(query.as_bytes()).any(|(_, value)| value.contains('\0')) {
            return Err(Code::BadRequest.into());
        }
        serde_urlencoded::from_str(query).map(Query).map_err(|_| Code::BadRequest.into())
    }
}
