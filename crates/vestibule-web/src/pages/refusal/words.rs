//! What a page says of a refusal: a title, a plain sentence, what to do next, and where to go.

use std::time::Duration;

use axum::http::StatusCode;
use vestibule::Code;

use crate::app::App;
use crate::error::{Problem, whole_seconds};

/// The words of one message.
#[derive(Debug)]
pub(in crate::pages) struct Words {
    pub title: &'static str,
    pub sentence: String,
    pub advice: String,
    /// A path below the base, and what the link to it says.
    pub link: (&'static str, &'static str),
}

const START: (&str, &str) = ("/", "Go to the start page");
const SIGN_IN: (&str, &str) = ("/sign-in", "Sign in");
const ACCOUNT: (&str, &str) = ("/account", "Go to your account");

/// A refusal that has words of its own.
struct Known {
    code: Code,
    title: &'static str,
    sentence: &'static str,
    advice: &'static str,
    link: (&'static str, &'static str),
}

const KNOWN: [Known; 10] = [
    Known {
        code: Code::BadRequest,
        title: "That request made no sense",
        sentence: "The address or the form could not be understood. Nothing was changed.",
        advice: "Go back and try again. If it keeps happening, clear this site's cookies.",
        link: START,
    },
    Known {
        code: Code::CsrfTokenInvalid,
        title: "This page was out of date",
        sentence: "The form did not belong to your present session, so nothing was changed.",
        advice: "Go back, reload the page and send the form again.",
        link: START,
    },
    Known {
        code: Code::EmailInUse,
        title: "That address is taken",
        sentence: "Another account has this e-mail address by now, so nothing was changed.",
        advice: "Sign in to that account, or choose another address in yours.",
        link: ACCOUNT,
    },
    Known {
        code: Code::InvitationRequired,
        title: "Sign-up is by invitation",
        sentence: "Here an account begins with an invitation.",
        advice: "Open the link in the mail that invited you, or ask an administrator for an invitation. If you have an \
         account already, sign in.",
        link: SIGN_IN,
    },
    Known {
        code: Code::MailOff,
        title: "No mail from here",
        sentence: "This instance sends no mail, so it cannot mail you a link or a code.",
        advice: "Sign in with your password. If you do not know it any more, ask an administrator for a link to choose a \
         new one.",
        link: SIGN_IN,
    },
    Known {
        code: Code::MethodNotAllowed,
        title: "There is nothing to see here",
        sentence: "This address takes forms and shows no page.",
        advice: "Start again from the page that brought you here.",
        link: START,
    },
    Known {
        code: Code::NotFound,
        title: "Nothing here",
        sentence: "There is nothing at this address, or it is not yours to see.",
        advice: "Check the address, or start from the beginning.",
        link: START,
    },
    Known {
        code: Code::OriginRefused,
        title: "Sent from somewhere else",
        sentence: "The form was not sent from this site's own address, so nothing was changed.",
        advice: "",
        link: START,
    },
    Known {
        code: Code::SetupClosed,
        title: "Already set up",
        sentence: "This instance has an administrator, so setup is closed.",
        advice: "Sign in, or ask an administrator for an account. An administrator without a password can be given a new one \
         on the host with vestibule admin reset-password.",
        link: SIGN_IN,
    },
    Known {
        code: Code::SignUpClosed,
        title: "Sign-up is closed",
        sentence: "Accounts are made by administrators here.",
        advice: "Ask an administrator for an account. If you have one already, sign in.",
        link: SIGN_IN,
    },
];

impl Words {
    /// What to say of a refusal.
    pub(super) fn about(app: &App, problem: &Problem) -> Words {
        if let Some(wait) = problem.retry_after() {
            return Words::waiting(problem, wait);
        }
        if problem.code() == Code::PermissionRequired {
            return Words::lacking(problem);
        }
        let Some(known) = KNOWN.iter().find(|known| known.code == problem.code()) else {
            return Words::by_status(problem);
        };
        let advice = match known.code == Code::OriginRefused {
            true => format!("Open {} and try again from there.", app.absolute("/")),
            false => known.advice.to_owned(),
        };
        Words { title: known.title, sentence: known.sentence.to_owned(), advice, link: known.link }
    }

    /// The sentence names the permission.
    fn lacking(problem: &Problem) -> Words {
        Words {
            title: "Not for your account",
            sentence: problem.detail().to_owned(),
            advice: "If you need it, ask somebody who administers this instance.".to_owned(),
            link: ACCOUNT,
        }
    }

    fn waiting(problem: &Problem, wait: Duration) -> Words {
        let is_busy = problem.status() == StatusCode::SERVICE_UNAVAILABLE;
        let seconds = whole_seconds(wait);
        let wait = if seconds > 1 { format!("{seconds} seconds") } else { "a second".to_owned() };
        Words {
            title: if is_busy { "Busy just now" } else { "Too many attempts" },
            sentence: if is_busy {
                problem.detail().to_owned()
            } else {
                "This was tried too often in a short time, so nothing was changed.".to_owned()
            },
            advice: format!("Wait {wait}, then go back and try again."),
            link: START,
        }
    }

    fn by_status(problem: &Problem) -> Words {
        let (title, advice) = if problem.status().is_server_error() {
            ("Something went wrong", "Try again in a moment. If it keeps happening, tell the operator the request id.")
        } else if problem.status() == StatusCode::FORBIDDEN {
            ("Not allowed", "Go back, or start from the beginning.")
        } else {
            ("That did not work", "Go back and try again.")
        };
        let sentence = match problem.code() == Code::Internal {
            true => "It is our mistake, not yours, and it was logged.".to_owned(),
            false => problem.detail().to_owned(),
        };
        Words { title, sentence, advice: advice.to_owned(), link: START }
    }
}
