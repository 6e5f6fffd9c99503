//! What stands around every page: its title, the style sheet, who is signed in, where in the navigation it is, and
//! the notice of what was just done. Templates begin every address with `frame.base`, and ask `frame.may` before they
//! show what only some may do: nobody is shown a way that would be refused to them.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use vestibule::needs::{self, Need};
use vestibule::{Error, Forbidden, LiveSession};

use super::form::Form;
use crate::app::App;
use crate::assets;
use crate::error::Result;
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
    live: Arc<LiveSession>,
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
    ApiKeys "API keys" "/account/api-keys",
    Logins "Connected logins" "/account/logins",
    Organizations "Organizations" "/account/organizations",
    Activity "Activity" "/account/activity",
    Data "My data" "/account/data",
    Overview "Overview" "/admin",
    Users "Users" "/admin/users",
    Administrators "Administrators" "/admin/admins",
    Groups "Groups" "/admin/groups",
    Permissions "Permissions" "/admin/permissions",
    Explain "Explain" "/admin/explain",
    AllOrganizations "Organizations" "/admin/organizations",
    ServiceKeys "Service keys" "/admin/service-keys",
    Directory "Directory" "/admin/directory",
    Mail "Mail" "/admin/mail",
    Audit "Audit log" "/admin/audit",
}

impl Here {
    /// The account's navigation.
    pub(super) const ACCOUNT: [Here; 8] = [
        Here::Profile,
        Here::Security,
        Here::Sessions,
        Here::ApiKeys,
        Here::Logins,
        Here::Organizations,
        Here::Activity,
        Here::Data,
    ];

    pub(crate) fn is_account(self) -> bool {
        Here::ACCOUNT.contains(&self)
    }

    pub(crate) fn is_console(self) -> bool {
        CONSOLE.iter().any(|(here, _)| *here == self)
    }
}

/// The permissions any of which shows something of the console.
const ANY: [Need; 7] = [
    needs::VIEW_USERS,
    needs::VIEW_GROUPS,
    needs::VIEW_ORGANIZATIONS,
    needs::VIEW_SERVICE_KEYS,
    needs::VIEW_DIRECTORY,
    needs::VIEW_SETTINGS,
    needs::VIEW_AUDIT,
];

/// The console's navigation: each entry, and the permissions any of which shows it.
const CONSOLE: [(Here, &[Need]); 11] = [
    (Here::Overview, &ANY),
    (Here::Users, &[needs::VIEW_USERS]),
    (Here::Administrators, &[needs::VIEW_USERS]),
    (Here::Groups, &[needs::VIEW_GROUPS]),
    (Here::Permissions, &[needs::VIEW_GROUPS]),
    (Here::Explain, &[needs::VIEW_GROUPS]),
    (Here::AllOrganizations, &[needs::VIEW_ORGANIZATIONS]),
    (Here::ServiceKeys, &[needs::VIEW_SERVICE_KEYS]),
    (Here::Directory, &[needs::VIEW_DIRECTORY]),
    (Here::Mail, &[needs::VIEW_SETTINGS]),
    (Here::Audit, &[needs::VIEW_AUDIT]),
];

/// Whether somebody may see an entry of the console.
fn is_shown(live: &LiveSession, needs: &[Need]) -> bool {
    needs.iter().any(|need| live.may(*need))
}

/// Refuses whoever lacks what a page needs.
pub(super) fn require(session: &Session, need: Need) -> Result<()> {
    if session.may(need) { Ok(()) } else { Err(Error::from(Forbidden::lacks(need)).into()) }
}

/// Refuses whoever may see nothing of the console.
pub(super) fn require_console(session: &Session) -> Result<()> {
    let (_, needs) = CONSOLE[0];
    if is_shown(session, needs) { Ok(()) } else { require(session, needs[0]) }
}

impl Who {
    /// How people know them.
    pub(crate) fn label(&self) -> &str {
        &self.live.label
    }

    /// What the console shows them; nothing: the console is not theirs to see.
    pub(crate) fn console(&self) -> Vec<Here> {
        CONSOLE.iter().filter(|(_, needs)| is_shown(&self.live, needs)).map(|(here, _)| *here).collect()
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
        let who = Who { live: Arc::clone(&session.0), csrf_token: session.csrf_token(app) };
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

    /// Whether whoever sees the page may do what needs this.
    pub(crate) fn may(&self, need: Need) -> bool {
        self.who.as_ref().is_some_and(|who| who.live.may(need))
    }

    /// The hidden field of every form on the page; nothing when nobody is signed in.
    pub(crate) fn csrf_field(&self) -> CsrfField<'_> {
        CsrfField { token: self.who.as_ref().map(|who| who.csrf_token.as_str()) }
    }
}
