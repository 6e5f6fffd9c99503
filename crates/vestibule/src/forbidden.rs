//! What a refusal by permission says: which rule, which permission, and who could do it instead.

use crate::code::Code;
use crate::error::Forbidden;
use crate::needs::Need;
use crate::permissions::Permission;
use crate::scope::Scope;

impl Forbidden {
    /// The one who asks lacks what the act needs.
    pub fn lacks(need: Need) -> Forbidden {
        let detail = format!("This needs the permission {need}, which you do not have.");
        Forbidden { code: Code::PermissionRequired, permission: need.to_string(), detail }
    }

    /// A key that says less than its owner may acts in an organization, where roles decide.
    pub(crate) fn limited() -> Forbidden {
        let detail =
            "A key with permissions of its own does nothing in organizations: that is decided by roles.".to_owned();
        Forbidden { code: Code::PermissionRequired, permission: "organizations".to_owned(), detail }
    }

    /// A member does what only an admin of the organization may.
    pub fn not_admin() -> Forbidden {
        let detail = "Only an admin of this organization may do this.".to_owned();
        Forbidden { code: Code::OrganizationAdminRequired, permission: "organizations".to_owned(), detail }
    }

    /// It would be given by somebody who does not hold it, or only within narrower limits.
    pub(crate) fn ceiling(permission: &Permission) -> Forbidden {
        let how = if permission.constraints().is_empty() { "" } else { " with these limits" };
        let detail = format!("You do not hold {permission}{how} yourself, so you cannot give it.");
        Forbidden::by(Code::Ceiling, permission, detail)
    }

    /// It would be told to a key by somebody whom it is not told.
    pub(crate) fn tells(need: Need) -> Forbidden {
        let detail = format!("This ability answers what {need} shows, which you do not have, so you cannot give it.");
        Forbidden { code: Code::Ceiling, permission: need.to_string(), detail }
    }

    /// It would be given to oneself.
    pub(crate) fn own(permission: &Permission) -> Forbidden {
        let detail = format!("Nobody gives {permission} to themselves: somebody else must.");
        Forbidden::by(Code::SelfEscalation, permission, detail)
    }

    /// It would be given within one pair of maker and made.
    pub(crate) fn second_person(permission: &Permission) -> Forbidden {
        let detail = format!(
            "{permission} takes two people: you and this account are of one hand, as one made the other or the same \
             person made both, so somebody else must give it."
        );
        Forbidden::by(Code::Ceiling, permission, detail)
    }

    /// It would be put where only the policy file puts it.
    pub(crate) fn explicit(permission: &Permission) -> Forbidden {
        let detail = format!("{permission} is given only by groups of the policy file.");
        Forbidden::by(Code::Ceiling, permission, detail)
    }

    /// The host would give it without saying that it means to.
    pub(crate) fn glass(permission: &Permission) -> Forbidden {
        let detail = format!(
            "{permission} takes two people. In an emergency the host can give it alone, with \
             `vestibule user add-to-group --break-glass`; that is written down."
        );
        Forbidden::by(Code::Ceiling, permission, detail)
    }

    /// The account that would be taken over holds it.
    pub(crate) fn takes_over(permission: &Permission) -> Forbidden {
        let detail = format!("This account holds {permission}, which you do not, so you cannot take it over.");
        Forbidden::by(Code::Ceiling, permission, detail)
    }

    /// An account reaches further than the one who asks, who learns nothing of where.
    pub(crate) fn scope(code: Code) -> Forbidden {
        let detail = "This reaches further than you do, so you cannot give it or act on who has it.".to_owned();
        Forbidden { code, permission: "scope".to_owned(), detail }
    }

    /// A group would reach further than the one who asks.
    pub(crate) fn reach(held: &Scope, wanted: &Scope) -> Forbidden {
        let beyond = match wanted {
            Scope::All => "everything".to_owned(),
            Scope::Ids(ids) => {
                let beyond: Vec<&str> = ids.iter().filter(|id| !held.contains(id)).map(String::as_str).collect();
                beyond.join(", ")
            }
        };
        let detail = format!("Your scope does not reach {beyond}, so you cannot give it.");
        Forbidden { code: Code::Ceiling, permission: "scope".to_owned(), detail }
    }

    /// The catalogue has nothing that it matches.
    pub(crate) fn unknown(permission: &Permission) -> Forbidden {
        let detail = format!("{permission} matches nothing in the catalogue of permissions.");
        Forbidden::by(Code::PermissionUnknown, permission, detail)
    }

    /// A thing of the policy file would be changed.
    pub(crate) fn system_managed(what: &str) -> Forbidden {
        let detail = format!("{what} comes from the policy file, and is changed there.");
        Forbidden { code: Code::SystemManaged, permission: what.to_owned(), detail }
    }

    /// A thing that Vestibule itself asks for would be deleted.
    pub(crate) fn built_in(what: &str) -> Forbidden {
        let detail = format!("{what} is built in, and cannot be deleted.");
        Forbidden { code: Code::SystemManaged, permission: what.to_owned(), detail }
    }

    fn by(code: Code, permission: &Permission, detail: String) -> Forbidden {
        Forbidden { code, permission: permission.to_string(), detail }
    }
}
