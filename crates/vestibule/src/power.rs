//! Power: what the one who asks holds, and the ceilings that follow from it. Nobody confers what they do not hold, at
//! no broader constraint or scope; nobody confers anything on themselves; what is explicit is conferred by membership
//! alone, on somebody else whom one neither made nor was made by; and nobody takes over an account that holds more.
//! Power is looked at in the transaction of the act, as it was before it, under the lock that every change of power
//! holds, and what an act gives is measured: what the target holds after it against what it held before.

use crate::accounts::Account;
use crate::api_keys::ApiKey;
use crate::caller::{Actor, Caller};
use crate::catalogue::{Catalogue, Entry};
use crate::code::Code;
use crate::constraints::Constraints;
use crate::covers::holds;
use crate::db::Tx;
use crate::decide::View;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::holdings::{Held, Holdings};
use crate::id::AccountId;
use crate::needs::{self, Need};
use crate::permissions::Permission;
use crate::principals::Credential;
use crate::scope::Scope;

/// What the one who asks may confer.
#[derive(Debug)]
pub(crate) enum Power {
    /// The host and the instance itself: everything that is not explicit, and that as well if the glass is broken.
    Host,
    /// An account: what it holds; and if it acts by a key, what that says, which is all that it can confer.
    Account { id: AccountId, view: Box<View>, limit: Option<Box<View>> },
}

/// Whether the host confers what is explicit, which otherwise takes two people. Nobody else can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakGlass {
    /// Explicit permissions are refused.
    No,
    /// They are conferred, and that is written down.
    Yes,
}

impl Vestibule {
    /// The power of the one who asks, if they still may and hold what the act needs. The lock must be held.
    pub(crate) async fn power(&self, tx: &mut Tx, caller: &Caller, need: Need) -> Result<Power> {
        caller.require_live(tx).await?;
        match &caller.actor {
            Actor::Host { .. } | Actor::System => Ok(Power::Host),
            Actor::Anonymous => Err(Error::Denied(Code::Unauthenticated)),
            Actor::Account { id, .. } => {
                let view = self.held_in(tx, *id).await?.view;
                let limit = match caller.credential {
                    Some(Credential::ApiKey(key)) => {
                        let key = ApiKey::find(tx, *id, key).await?.ok_or(Error::Denied(Code::Unauthenticated))?;
                        Some(key.permissions.map_or_else(|| view.clone(), |says| view.limited_to(&says)))
                    }
                    Some(Credential::Session(_) | Credential::AccessToken(_)) | None => None,
                };
                let limit = limit.map(Box::new);
                let is_met = need.is_met_by(&view) && limit.as_ref().is_none_or(|limit| need.is_met_by(limit));
                match is_met {
                    true => Ok(Power::Account { id: *id, view: Box::new(view), limit }),
                    false => Err(Forbidden::lacks(need).into()),
                }
            }
        }
    }

    /// What an account holds, whatever its state; nothing, if there is none.
    pub(crate) async fn held_in(&self, tx: &mut Tx, account: AccountId) -> Result<Held> {
        let (version, holdings) = match Holdings::find(tx, account).await? {
            Some((version, holdings)) => (Some(version), holdings),
            None => (None, Holdings::default()),
        };
        Ok(holdings.held(&self.catalogue(tx, version).await?))
    }

    /// What holding nothing is.
    pub(crate) async fn held_nothing(&self, tx: &mut Tx) -> Result<Held> {
        Ok(Holdings::default().held(&self.catalogue(tx, None).await?))
    }
}

impl Power {
    /// Refuses what an act gives to an account beyond what this power may confer on it: whatever groups it joined hold,
    /// even if the account held that already in another way, and whatever it may do that it might not before.
    pub(crate) async fn confer(
        &self,
        tx: &mut Tx,
        on: AccountId,
        (before, after): (&Held, &Held),
        glass: BreakGlass,
    ) -> Result<()> {
        let is_widened = !before.view.scope().covers(after.view.scope());
        let is_new = |wanted: &&Permission| is_widened || !before.view.holds(wanted);
        let gained: Vec<&Permission> = after.view.permissions().filter(is_new).collect();
        let (added, mut scope) = before.holdings.added_in(&after.holdings);
        for permission in added.into_iter().chain(gained.iter().copied()) {
            self.confer_one(tx, (on, glass), after.view.catalogue(), permission).await?;
        }
        if !gained.is_empty() || is_widened {
            scope = after.view.scope().clone();
        }
        match self {
            Power::Account { id, view, .. } if !view.scope().covers(&scope) => {
                let code = if *id == on { Code::SelfEscalation } else { Code::Ceiling };
                Err(Forbidden::scope(code).into())
            }
            Power::Account { .. } | Power::Host => Ok(()),
        }
    }

    async fn confer_one(
        &self,
        tx: &mut Tx,
        (on, glass): (AccountId, BreakGlass),
        catalogue: &Catalogue,
        permission: &Permission,
    ) -> Result<()> {
        let is_explicit = catalogue.is_explicit(permission);
        match self {
            Power::Host if is_explicit && glass == BreakGlass::No => Err(Forbidden::glass(permission).into()),
            Power::Host => Ok(()),
            Power::Account { id, .. } if is_explicit && *id == on => Err(Forbidden::own(permission).into()),
            Power::Account { view, .. } if is_explicit && !needs::UPDATE_USERS.is_met_by(view) => {
                Err(Forbidden::ceiling(permission).into())
            }
            // The second person is a person: a key confers nothing that it does not hold.
            Power::Account { limit: Some(_), .. } if is_explicit && !self.holds(permission) => {
                Err(Forbidden::ceiling(permission).into())
            }
            Power::Account { id, .. } if is_explicit => match Account::are_of_one_hand(tx, *id, on).await? {
                true => Err(Forbidden::second_person(permission).into()),
                false => Ok(()),
            },
            Power::Account { .. } if self.holds(permission) => Ok(()),
            Power::Account { id, .. } if *id == on => Err(Forbidden::own(permission).into()),
            Power::Account { .. } => Err(Forbidden::ceiling(permission).into()),
        }
    }

    /// Refuses to put on a group, or on an account directly, what is explicit or beyond this power.
    pub(crate) fn put(&self, catalogue: &Catalogue, permissions: &[Permission]) -> Result<()> {
        for permission in permissions {
            if catalogue.is_explicit(permission) {
                return Err(Forbidden::explicit(permission).into());
            }
            match self {
                Power::Account { .. } if !self.holds(permission) => {
                    return Err(Forbidden::ceiling(permission).into());
                }
                Power::Account { .. } | Power::Host => {}
            }
        }
        Ok(())
    }

    /// Refuses to say what a permission means, by its entry in this catalogue, if it would not be held.
    pub(crate) fn require_meaning(&self, catalogue: &Catalogue, entry: &Entry) -> Result<()> {
        let Power::Account { view, limit, .. } = self else { return Ok(()) };
        let named = Permission::new(&entry.action, &entry.resource, Constraints::default()).map_err(Error::internal)?;
        let is_held = |by: &View| holds(catalogue, by.permissions(), &named);
        match is_held(view) && limit.as_deref().is_none_or(is_held) {
            true => Ok(()),
            false => Err(Forbidden::ceiling(&named).into()),
        }
    }

    /// Refuses to give an ability that answers what this permission shows, if it is not held.
    pub(crate) fn require(&self, need: Need) -> Result<()> {
        let Power::Account { view, limit, .. } = self else { return Ok(()) };
        match need.is_met_by(view) && limit.as_ref().is_none_or(|limit| need.is_met_by(limit)) {
            true => Ok(()),
            false => Err(Forbidden::tells(need).into()),
        }
    }

    /// Whether it holds a permission, by the account and within what limits its key.
    fn holds(&self, permission: &Permission) -> bool {
        match self {
            Power::Host => true,
            Power::Account { view, limit, .. } => {
                view.holds(permission) && limit.as_ref().is_none_or(|limit| limit.holds(permission))
            }
        }
    }

    /// Refuses to give a group a scope that reaches beyond its old one and this power's.
    pub(crate) fn reach(&self, before: &Scope, after: &Scope) -> Result<()> {
        match self {
            Power::Account { view, .. } if !before.covers(after) && !view.scope().covers(after) => {
                Err(Forbidden::reach(view.scope(), after).into())
            }
            Power::Account { .. } | Power::Host => Ok(()),
        }
    }

    /// Refuses an act that could take an account over if the account holds more than this power, explicit permissions
    /// included.
    pub(crate) fn take_over(&self, target: &Held) -> Result<()> {
        let Power::Account { view, .. } = self else { return Ok(()) };
        let target = &target.view;
        if let Some(beyond) = target.permissions().find(|wanted| !self.holds(wanted)) {
            return Err(Forbidden::takes_over(beyond).into());
        }
        match view.scope().covers(target.scope()) {
            true => Ok(()),
            false => Err(Forbidden::scope(Code::Ceiling).into()),
        }
    }
}

impl View {
    /// Whether one of its permissions, by itself, covers this one.
    pub fn holds(&self, permission: &Permission) -> bool {
        holds(self.catalogue(), self.permissions(), permission)
    }
}
