//! Bodies: JSON for the API, forms for pages. Type, size and syntax are settled here, before a handler looks:
//! 415, 413, 400. What the values mean is the engine's to judge (422).

use std::time::Duration;

use axum::body::{self, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use vestibule::Code;

use crate::csrf::has_media_type;
use crate::error::{Problem, Result};

/// The largest body that any route takes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// The longest a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(15);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A form's body, `application/x-www-form-urlencoded`.
#[derive(Debug)]
pub struct FormBody<T>(pub T);

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Body<T>> {
        if !has_media_type(request.headers(), "application/json") {
            return Err(Code::UnsupportedMediaType.into());
        }
        let bytes = read(request.into_body()).await?;
        serde_json::from_slice(&bytes).map(Body).map_err(|why| malformed(&why))
    }
}

impl<S, T> FromRequest<S> for FormBody<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<FormBody<T>> {
        if !is_form(request.headers()) {
            return Err(Code::UnsupportedMediaType.into());
        }
        let bytes = read(request.into_body()).await?;
        serde_urlencoded::from_bytes(&bytes).map(FormBody).map_err(|_| Code::BadRequest.into())
    }
}

/// Whether the body is said to be a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    has_media_type(headers, "application/x-www-form-urlencoded")
}

/// The whole body, if it is not too large and arrives in time.
pub(crate) async fn read(body: body::Body) -> Result<Bytes> {
    arrived(ARRIVAL, body::to_bytes(body, BODY_LIMIT)).await
}

async fn arrived(longest: Duration, bytes: impl Future<Output = Result<Bytes, axum::Error>>) -> Result<Bytes> {
    match timeout(longest, bytes).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(why)) if is_too_large(&why) => Err(Code::PayloadTooLarge.into()),
        Ok(Err(_)) => Err(Code::BadRequest.into()),
        Err(_) => Err(Code::RequestTimeout.into()),
    }
}

fn is_too_large(why: &axum::Error) -> bool {
    use std::error::Error as _;
    why.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// Says where the JSON broke, without repeating any value in it.
fn malformed(why: &serde_json::Error) -> Problem {
    let text = why.to_string();
    let says_no_value = text.starts_with("missing field") || text.starts_with("unknown field");
    let detail = match (says_no_value, why.is_data()) {
        (true, _) => format!("The body is not the JSON that this route takes: {text}."),
        (false, true) => format!("A value at line {}, column {} is not of its type.", why.line(), why.column()),
        (false, false) => format!("The body is not JSON: line {}, column {}.", why.line(), why.column()),
    };
    Problem::from(Code::MalformedJson).because(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_arrive_is_the_clients_slowness() {
        let problem = arrived(Duration::ZERO, std::future::pending()).await.expect_err("it never comes");
        assert_eq!((problem.code(), problem.status().as_u16()), (Code::RequestTimeout, 408));
        let bytes = arrived(Duration::ZERO, std::future::ready(Ok(Bytes::from_static(b"here")))).await;
        assert_eq!(bytes.expect("it is here"), "here");
    }
}
