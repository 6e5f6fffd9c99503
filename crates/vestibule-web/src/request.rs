//! What every request goes through, outermost first: an id (ours; one from outside is not believed), the log line,
//! the security headers, the panic guard, the deadline, the check of where an unsafe request comes from. Forward-auth,
//! which is asked before every request of somebody else's, takes no body, changes nothing and shows nothing: it goes
//! through the id, the log line and the panic guard alone. The log names the route's template, never the path or the query as they came, so no secret can be in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use uuid::Uuid;
use vestibule::{Code, Error, RequestId};

use crate::app::App;
use crate::error::{Problem, Result};
use crate::extract::BODY_LIMIT;
use crate::{client_ip, csrf, headers};

/// The longest a request may take from its head to its answer; passwords may wait in line for a core.
const DEADLINE: Duration = Duration::from_secs(30);
/// When to try again after that.
const LATER: Duration = Duration::from_secs(5);
const TOO_SLOW: &str = "The server took too long. Look whether it was done before trying again.";
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static ID: RequestId;
}

/// The id of the request that is being answered, inside Vestibule's own router.
pub(crate) fn id() -> Option<RequestId> {
    ID.try_with(|id| *id).ok()
}

/// The middleware around every route but forward-auth.
pub(crate) async fn serve(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = logged(&app, request, async |request| answer(&app, request, next).await).await;
    headers::secure(&app, response.headers_mut());
    response
}

/// The middleware around forward-auth.
pub(crate) async fn serve_check(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = logged(&app, request, async |request| unpanicked(next.run(request)).await).await;
    response.headers_mut().insert(CACHE_CONTROL, headers::NO_STORE);
    response
}

/// Answers a request under an id of its own, and writes its line in the log.
async fn logged(app: &App, request: Request, answer: impl AsyncFnOnce(Request) -> Response) -> Response {
    let clock = app.vestibule.clock();
    let started = clock.monotonic();
    let id = RequestId::fresh(clock.now(), app.vestibule.random());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let ip = client_ip::of(request.extensions(), request.headers(), &app.config.trusted_proxies);
    let mut response = ID.scope(id, answer(request)).await;
    response.headers_mut().insert(X_REQUEST_ID, header(id));
    tracing::info!(
        %method,
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = whole_millis(clock.monotonic().saturating_sub(started)),
        ip = ip.map(tracing::field::display),
        request_id = %id,
        "request"
    );
    response
}

/// As 64 bits: loggers write 128 as text.
fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn header(id: RequestId) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = id.0.as_hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).expect("an id is digits, letters and hyphens")
}

async fn answer(app: &App, request: Request, next: Next) -> Response {
    let run = unpanicked(async {
        match admit(app, request).await {
            Ok(request) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    });
    within(DEADLINE, run).await
}

/// Runs to the end, or answers 503: a body that is late is refused sooner, so what took so long is ours.
async fn within(deadline: Duration, run: impl Future<Output = Response>) -> Response {
    timeout(deadline, run).await.unwrap_or_else(|_| {
        tracing::warn!(request_id = id().map(tracing::field::display), "request took too long");
        Problem::from(Error::Unavailable { retry_after: LATER }).because(TOO_SLOW).into_response()
    })
}

/// Refuses what is too large and what another site sent.
async fn admit(app: &App, request: Request) -> Result<Request> {
    if declared_length(request.headers()) > BODY_LIMIT {
        return Err(Code::PayloadTooLarge.into());
    }
    csrf::guard(app, request).await
}

fn declared_length(headers: &HeaderMap) -> usize {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0)
}

/// Runs to the end, or answers 500 where a bug panicked; the panic hook has written the rest.
async fn unpanicked(run: impl Future<Output = Response>) -> Response {
    let mut run = pin!(run);
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))).unwrap_or_else(|_| {
            tracing::error!(request_id = id().map(tracing::field::display), "request panicked");
            Poll::Ready(Problem::from(Code::Internal).into_response())
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::RETRY_AFTER;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_our_slowness() {
        let response = within(Duration::ZERO, std::future::pending()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        let problem = response.extensions().get::<Problem>().expect("a problem");
        assert_eq!((problem.code(), problem.detail()), (Code::Busy, TOO_SLOW));
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_and_nothing_more() {
        let response = unpanicked(async { panic!("told to") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
