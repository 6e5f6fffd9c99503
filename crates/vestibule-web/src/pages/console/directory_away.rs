//! What to say while the directory does not answer, as when it is kept on a message bus that is away: a page that says
//! so, from which the same can be asked for again with what was typed.

use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use vestibule::Code;

use crate::app::App;
use crate::error::{Result, whole_seconds};
use crate::extract::Session;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};
use crate::pages::show;

#[derive(Template)]
#[template(path = "console/directory_away.html")]
struct AwayPage {
    frame: Frame,
    asked: Asked,
}

/// What was asked for: a page, or what a form does.
pub(super) struct Asked {
    path: String,
    /// What was typed in the form; none: it is a page.
    typed: Option<Form>,
}

impl Asked {
    /// To see the page at this path.
    pub(super) fn page(path: &str) -> Asked {
        Asked { path: path.to_owned(), typed: None }
    }

    /// What a form does that is sent to this path.
    pub(super) fn form(path: String, typed: Form) -> Asked {
        Asked { path, typed: Some(typed) }
    }
}

/// The answer, or the page that says that there is none.
pub(super) fn or_away(app: &App, session: &Session, asked: Asked, answer: Result<Response>) -> Result<Response> {
    let problem = match answer {
        Err(problem) if problem.code() == Code::Busy => problem,
        Ok(_) | Err(_) => return answer,
    };
    let frame = Frame::at(app, session, Here::Directory).titled("The directory does not answer");
    let mut response = show(problem.status(), &AwayPage { frame, asked })?;
    if let Some(wait) = problem.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    Ok(response)
}
