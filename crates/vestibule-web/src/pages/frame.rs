//! What stands around every page: its title, the style sheet, who is signed in, where in the navigation it is, and
//! the notice of what was just done. Templates begin every address with `frame.base`.

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::Form;
use crate::app::App;
use crate::assets;
use crate::extract::Session;

/// The surroundings of a page.
pub(crate) struct Frame {
    /// The title, which is also the one `<h1>`.
    pub title: String,
    /// What every address begins with.
    pub base: String,
    /// The address of the style sheet.
    pub style: String,
    /// The address of the icon.
    pub icon: String,
    /// Who is signed in.
    pub who: Option<Who>,
    /// Which entry of the navigation is the present one.
    pub here: Here,
    /// What was just done.
    pub notice: Option<&'static str>,
    /// Whether a form on the page was refused.
    pub is_refused: bool,
}

/// Who is signed in.
pub(crate) struct Who {
    /// How people know them.
    pub label: String,
    /// Whether the console is theirs to see.
    pub is_administrator: bool,
    csrf_token: String,
}

/// The hidden field that every form of somebody signed in carries.
#[derive(Template)]
#[template(path = "parts/csrf.html")]
pub(crate) struct CsrfField<'a> {
    token: Option<&'a str>,
}

impl HtmlSafe for CsrfField<'_> {}

macro_rules! places {
    ($($here:ident $name:literal $path:literal,)*) => {
        /// An entry of the navigation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Here {
            /// On a page that is in no navigation.
            Elsewhere,
            $(#[doc = $name] $here,)*
        }

        impl Here {
            /// What it is called.
            pub(super) const fn name(self) -> &'static str {
                match self { Here::Elsewhere => "", $(Here::$here => $name),* }
            }

            /// Where it is, below the base.
            pub(super) const fn path(self) -> &'static str {
                match self { Here::Elsewhere => "/", $(Here::$here => $path),* }
            }
        }
    };
}

places! {
    Profile "Profile" "/account",
    Security "Security" "/account/security",
    Sessions "Sessions" "/account/sessions",
    Activity "Activity" "/account/activity",
    Data "My data" "/account/data",
    Overview "Overview" "/admin",
    Users "Users" "/admin/users",
    Administrators "Administrators" "/admin/admins",
    Mail "Mail" "/admin/mail",
    Audit "Audit log" "/admin/audit",
}

impl Here {
    /// The account's navigation.
    pub(super) const ACCOUNT: [Here; 5] = [Here::Profile, Here::Security, Here::Sessions, Here::Activity, Here::Data];
    /// The console's navigation.
    pub(super) const CONSOLE: [Here; 5] = [Here::Overview, Here::Users, Here::Administrators, Here::Mail, Here::Audit];

    pub(crate) fn is_account(self) -> bool {
        Here::ACCOUNT.contains(&self)
    }

    pub(crate) fn is_console(self) -> bool {
        Here::CONSOLE.contains(&self)
    }
}

impl Frame {
    /// Around a page for somebody who is not signed in, or may not be.
    pub(crate) fn signed_out(app: &App, title: &str) -> Frame {
        Frame {
            title: title.to_owned(),
            base: app.base().to_owned(),
            style: assets::url(app.base(), "vestibule.css"),
            icon: assets::url(app.base(), "favicon.svg"),
            who: None,
            here: Here::Elsewhere,
            notice: None,
            is_refused: false,
        }
    }

    /// Around a page of somebody who is signed in.
    pub(super) fn signed_in(app: &App, session: &Session, title: &str) -> Frame {
        let who = Who {
            label: session.label.clone(),
            is_administrator: session.is_administrator,
            csrf_token: session.csrf_token(app),
        };
        Frame { who: Some(who), ..Frame::signed_out(app, title) }
    }

    /// Around a page for anybody, signed in or not.
    pub(super) fn of(app: &App, session: Option<&Session>, title: &str) -> Frame {
        session.map_or_else(|| Frame::signed_out(app, title), |session| Frame::signed_in(app, session, title))
    }

    /// Around the page of a navigation's entry.
    pub(super) fn at(app: &App, session: &Session, here: Here) -> Frame {
        Frame { here, ..Frame::signed_in(app, session, here.name()) }
    }

    /// Under another title than the entry's name.
    pub(super) fn titled(self, title: &str) -> Frame {
        Frame { title: title.to_owned(), ..self }
    }

    /// With a notice, if there is one.
    pub(super) fn with_notice(self, notice: Option<&'static str>) -> Frame {
        Frame { notice, ..self }
    }

    /// Around this form.
    pub(super) fn around(self, form: &Form) -> Frame {
        Frame { is_refused: form.is_refused(), ..self }
    }

    /// The hidden field of every form on the page; nothing when nobody is signed in.
    pub(crate) fn csrf_field(&self) -> CsrfField<'_> {
        CsrfField { token: self.who.as_ref().map(|who| who.csrf_token.as_str()) }
    }
}
