//! Signing in by a login elsewhere on our own pages: the way out, and what becomes of whoever comes back.

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use vestibule::{Code, OAuthDone, OAuthPurpose, OAuthRefusal, OAuthWish, StartOAuth};

use super::frame::Here;
use super::leaving::{lead, noted};
use super::notice::Notice;
use super::refusal::{self, Words};
use super::return_to::{Asked, ReturnTo};
use super::{done, see_other, with_session};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Caller, Path, Query, Session};
use crate::side_cookies;

/// What came of a round trip that our own pages began.
pub(crate) struct OAuthPageEnd {
    pub purpose: OAuthPurpose,
    pub return_to: Option<String>,
    pub outcome: Result<OAuthDone, OAuthRefusal>,
}

async fn leave(
    State(app): State<App>,
    session: Option<Session>,
    Path(provider): Path<String>,
    (headers, caller): (HeaderMap, Caller),
    Query(asked): Query<Asked>,
) -> Result<Response> {
    app.limits.oauth(caller.ip())?;
    let return_to = asked.return_to(&app);
    if session.is_some() {
        return see_other(ReturnTo::or_account(&app, return_to).as_str());
    }
    let (browser, cookie) = side_cookies::traveller(&app, &headers);
    let back = format!("/sign-in{}", ReturnTo::query_of(return_to.as_ref()));
    let wish = OAuthWish::SignIn { return_to: return_to.map(|return_to| return_to.to_string()) };
    match app.vestibule.start_oauth(&provider, browser, wish).await? {
        StartOAuth::Away(address) => {
            let mut response = see_other(address.as_str())?;
            response.headers_mut().append(SET_COOKIE, cookie);
            Ok(response)
        }
        StartOAuth::UnknownProvider | StartOAuth::RedirectNotAllowed | StartOAuth::NotOffered => {
            Err(Code::NotFound.into())
        }
        StartOAuth::NotConfigured => Err(Code::OAuthNotConfigured.into()),
        StartOAuth::Unreachable => noted(&app, &back, Notice::LoginUnreachable),
    }
}

/// Receives whoever comes back from a provider. No session is ever in an address: it is in a cookie.
pub(crate) fn arrive(app: &App, end: OAuthPageEnd) -> Result<Response> {
    let OAuthPageEnd { purpose, return_to, outcome } = end;
    let return_to = ReturnTo::of(app, return_to.as_deref());
    match outcome {
        Ok(OAuthDone::SignedIn { signed_in, new_user }) => {
            let on = match (return_to, new_user) {
                (None, true) => done(app, "/account", Notice::SignedUp)?,
                (return_to, _) => see_other(ReturnTo::or_account(app, return_to).as_str())?,
            };
            Ok(with_session(app, &signed_in, on))
        }
        Ok(OAuthDone::MfaRequired(pending)) => {
            let step = format!("{}/sign-in/step{}", app.base(), ReturnTo::query_of(return_to.as_ref()));
            let words = ("One more step", "A code of your authenticator app is needed as well.");
            let mut response = lead(app, words, (&step, "Go on"))?;
            response.headers_mut().append(SET_COOKIE, side_cookies::pending(app, &pending));
            Ok(response)
        }
        Ok(OAuthDone::Linked) => done(app, Here::Logins.path(), Notice::LoginConnected),
        Ok(OAuthDone::Reproven(signed_in)) => {
            let on = see_other(ReturnTo::or_account(app, return_to).as_str())?;
            Ok(with_session(app, &signed_in, on))
        }
        Err(refusal) => refused(app, purpose, refusal, return_to),
    }
}

fn refused(app: &App, purpose: OAuthPurpose, refusal: OAuthRefusal, return_to: Option<ReturnTo>) -> Result<Response> {
    let notice = match refusal {
        OAuthRefusal::AccessDenied => Notice::LoginCancelled,
        OAuthRefusal::ProviderFailed => Notice::LoginFailed,
        OAuthRefusal::SignUpClosed => Notice::LoginUnknown,
        OAuthRefusal::IdentityInUse => Notice::LoginInUse,
        OAuthRefusal::IdentityOfAnother | OAuthRefusal::NotOffered => Notice::LoginOfAnother,
        OAuthRefusal::SessionEnded => Notice::SignInAgain,
        OAuthRefusal::AccountDisabled => return disabled(app),
    };
    let on = ReturnTo::query_of(return_to.as_ref());
    match (purpose, refusal) {
        (OAuthPurpose::SignIn, _) | (_, OAuthRefusal::SessionEnded) => noted(app, &format!("/sign-in{on}"), notice),
        (OAuthPurpose::Link, _) => noted(app, Here::Logins.path(), notice),
        (OAuthPurpose::Reauthenticate, _) => noted(app, &format!("/reauthenticate{on}"), notice),
    }
}

/// The page of whoever came back and cannot be received.
pub(crate) fn refuse_arrival(app: &App, code: Code) -> Result<Response> {
    if code == Code::IdentityDisabled {
        return disabled(app);
    }
    let words = Words {
        title: "That sign-in is over",
        sentence: code.message().to_owned(),
        advice: "If you did not begin one yourself just now, somebody may have wanted you to be signed in as them."
            .into(),
        link: ("/sign-in", "Sign in"),
    };
    refusal::tell(app, StatusCode::BAD_REQUEST, words)
}

fn disabled(app: &App) -> Result<Response> {
    let words = Words {
        title: "This account is disabled",
        sentence: "The login is right, but the account that it opens is disabled.".to_owned(),
        advice: "Ask an administrator to enable it.".to_owned(),
        link: ("/", "Go to the start page"),
    };
    refusal::tell(app, StatusCode::FORBIDDEN, words)
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/sign-in/with/{provider}", get(leave))
}
