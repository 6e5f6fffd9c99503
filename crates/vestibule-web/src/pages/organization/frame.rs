//! What stands around every page of an organization: its tabs, of which members see fewer than admins, and the way to
//! the others that one is in. Templates extend `organization.html` and have it as `area`, beside `frame`.

use vestibule::{OrganizationId, OrganizationRole, OwnOrganization};

use crate::app::App;
use crate::error::Result;
use crate::extract::{OrgMember, Session};
use crate::pages::form::Form;
use crate::pages::frame::{Frame, Here};

macro_rules! tabs {
    ($($tab:ident $name:literal $path:literal $whose:ident,)*) => {
        /// A tab of an organization.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Tab {
            $(#[doc = $name] $tab,)*
        }

        impl Tab {
            /// All of them, in their order.
            const ALL: &[Tab] = &[$(Tab::$tab),*];

            /// What it is called.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Tab::$tab => $name),* }
            }

            /// Where it is, below the organization's own path.
            pub(super) const fn path(self) -> &'static str {
                match self { $(Tab::$tab => $path),* }
            }

            /// Whose it is: everybody's who is in it, or its admins'.
            const fn whose(self) -> OrganizationRole {
                match self { $(Tab::$tab => OrganizationRole::$whose),* }
            }
        }
    };
}

tabs! {
    Members "Members" "" Member,
    Invitations "Invitations" "/invitations" Admin,
    Keys "Keys" "/keys" Member,
    Bots "Bots" "/bots" Admin,
    Audit "Audit log" "/audit" Admin,
    Settings "Settings" "/settings" Admin,
}

/// The surroundings of an organization's page.
pub(crate) struct Area {
    /// The organization, and what the one who looks is in it.
    pub organization: OwnOrganization,
    /// The address that all its pages begin with.
    pub path: String,
    /// The other organizations that the one who looks is in.
    pub others: Vec<OwnOrganization>,
    tab: Tab,
}

/// The address of an organization's tab, below the base.
pub(super) fn path_of(organization: OrganizationId, tab: Tab) -> String {
    format!("/organizations/{organization}{}", tab.path())
}

impl Area {
    /// Around a tab, with this form and this notice.
    pub(super) async fn of(
        app: &App,
        member: &OrgMember<Session>,
        tab: Tab,
        form: &Form,
        notice: Option<&'static str>,
    ) -> Result<(Frame, Area)> {
        let organization = member.organization.clone();
        let mut others = app.vestibule.list_organizations_of(member.account_id()).await?;
        others.retain(|other| other.id != organization.id);
        let title = format!("{} · {}", tab.name(), organization.name);
        let frame = Frame::at(app, &member.who, Here::Organizations).titled(&title).around(form).with_notice(notice);
        let path = format!("{}/organizations/{}", app.base(), organization.id);
        Ok((frame, Area { organization, path, others, tab }))
    }

    /// The tabs that the one who looks may open.
    pub(crate) fn tabs(&self) -> impl Iterator<Item = Tab> + use<> {
        let role = self.organization.role;
        let is_theirs = move |tab: &Tab| role == OrganizationRole::Admin || tab.whose() == role;
        Tab::ALL.iter().copied().filter(is_theirs)
    }

    /// The tab that is shown, or that the page is below.
    pub(crate) fn tab(&self) -> Tab {
        self.tab
    }

    /// Whether this is the tab that is shown.
    pub(crate) fn is_at(&self, tab: &Tab) -> bool {
        self.tab == *tab
    }

    /// Whether the one who looks administers it.
    pub(crate) fn is_admin(&self) -> bool {
        self.organization.role == OrganizationRole::Admin
    }
}
