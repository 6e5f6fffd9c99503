//! Extend the catalogue: add a permission of the application's own, or remove one that was added. What the policy file
//! says stays its own: nothing that is added is explicit, or changes a question that an entry of the file takes part
//! in. An entry decides who may what it names, so only who may that already, by a wildcard, adds or removes it.

use serde_json::json;

use crate::audit;
use crate::caller::Caller;
use crate::catalogue::{Catalogue, CatalogueFault, Entry};
use crate::code::Code;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::{Error, Forbidden, Result};
use crate::id::PermissionId;
use crate::known_permissions::{Assembled, KnownPermission, Unfit};
use crate::locks::Lock;
use crate::needs;
use crate::policy_version::PolicyVersion;
use crate::refusals::Target;
use crate::revocations::Revocations;
use crate::username::DisplayName;

/// How many can be added: every view has a place for each.
const MAX_ADDED: usize = 1000;

impl Vestibule {
    /// The catalogue as it is stored, by resource and action.
    pub async fn list_permissions(&self) -> Result<Vec<KnownPermission>> {
        let mut known = KnownPermission::list(&mut self.db().read().await?).await?;
        known.sort_by(|a, b| (&a.entry.resource, &a.entry.action).cmp(&(&b.entry.resource, &b.entry.action)));
        Ok(known)
    }

    /// Adds a permission to the catalogue.
    pub async fn add_permission(&self, caller: &Caller, entry: Entry) -> Result<KnownPermission> {
        let name = entry.slug();
        let added = self.add_known(caller, entry).await;
        self.audit_known(caller, "permission.added", &name, added).await
    }

    /// Removes a permission that was added.
    pub async fn delete_permission(&self, caller: &Caller, id: PermissionId) -> Result<()> {
        let deleted = self.delete_known(caller, id).await;
        let known = match &deleted {
            Ok(()) => None,
            Err(_) => KnownPermission::find(&mut self.db().read().await?, id).await?,
        };
        let name = known.map(|known| known.entry.slug()).unwrap_or_default();
        self.audit_known(caller, "permission.removed", &name, deleted).await
    }

    async fn add_known(&self, caller: &Caller, entry: Entry) -> Result<KnownPermission> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_GROUPS).await?;
        if entry.explicit {
            return Err(explicit(&entry).into());
        }
        let (entry, catalogue) = fitting(entry, &KnownPermission::list(&mut tx).await?)?;
        power.require_meaning(&catalogue, &entry)?;
        let known = KnownPermission { id: PermissionId::fresh(now, self.random()), entry, system_managed: false };
        if !known.insert(&mut tx, caller.account_id(), now).await? {
            return Err(Error::Conflict(Code::PermissionExists));
        }
        self.commit_known(tx, caller, "permission.added", &known).await?;
        Ok(known)
    }

    async fn delete_known(&self, caller: &Caller, id: PermissionId) -> Result<()> {
        let mut tx = self.db().write().await?;
        Lock::Administrators.take(&mut tx).await?;
        let power = self.power(&mut tx, caller, needs::UPDATE_GROUPS).await?;
        let known = KnownPermission::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if known.system_managed {
            return Err(Forbidden::system_managed(&known.entry.slug()).into());
        }
        let rows = KnownPermission::list(&mut tx).await?;
        power.require_meaning(&Assembled::of(&rows).map_err(Error::internal)?.catalogue, &known.entry)?;
        if is_needed(id, rows)? {
            return Err(Error::Conflict(Code::PermissionConflict));
        }
        KnownPermission::delete(&mut tx, id).await?;
        self.commit_known(tx, caller, "permission.removed", &known).await
    }

    async fn commit_known(
        &self,
        mut tx: Tx,
        caller: &Caller,
        action: &'static str,
        known: &KnownPermission,
    ) -> Result<()> {
        let entry = audit::Entry::done(action).on_permission(known.id, &known.entry.slug());
        self.audit(&mut tx, caller, entry.with(json!({ "permission": known.entry }))).await?;
        PolicyVersion::bump(&mut tx).await?;
        Revocations::insert_everybody(&mut tx, self.now()).await?;
        tx.commit().await
    }

    /// Writes down a refusal, and by name what it was about: an entry beside an explicit one is how somebody would try
    /// to reach it.
    async fn audit_known<T>(&self, caller: &Caller, action: &'static str, name: &str, result: Result<T>) -> Result<T> {
        let Err(Error::Conflict(code)) = &result else {
            return self.audit_refusal(caller, action, Target::Nobody, result).await;
        };
        let entry = audit::Entry::refused(action, code.as_str());
        self.audit_alone(caller, entry.with(json!({ "reason": code, "permission": name }))).await?;
        result
    }
}

/// The entry, trimmed and labelled, if it can be added to these rows, and the catalogue with it.
fn fitting(mut entry: Entry, rows: &[KnownPermission]) -> Result<(Entry, Catalogue)> {
    let label = entry.label.trim();
    if !label.is_empty() {
        let label = DisplayName::parse(label).map_err(|code| Error::field("label", code))?;
        entry.label = label.as_str().to_owned();
    }
    let name = (entry.action.trim(), entry.resource.trim());
    if rows.iter().any(|row| (row.entry.action.as_str(), row.entry.resource.as_str()) == name) {
        return Err(Error::Conflict(Code::PermissionExists));
    }
    if rows.iter().filter(|row| !row.system_managed).count() >= MAX_ADDED {
        return Err(Error::field("action", Code::TooManyPermissions));
    }
    let catalogue = Assembled::of(rows).map_err(Error::internal)?.with(entry).map_err(refused)?;
    let entry = catalogue.entries().last().cloned();
    Ok((entry.ok_or_else(|| Error::internal("an entry was added, and there is none"))?, catalogue))
}

/// Whether a row that was added counts only as long as this one is there.
fn is_needed(id: PermissionId, mut rows: Vec<KnownPermission>) -> Result<bool> {
    let before = Assembled::of(&rows).map_err(Error::internal)?.left_out;
    rows.retain(|row| row.id != id);
    let after = Assembled::of(&rows).map_err(Error::internal)?.left_out;
    let is_old = |name: &str| before.iter().any(|(known, _)| known == name);
    Ok(after.iter().any(|(name, _)| !is_old(name)))
}

fn refused(unfit: Unfit) -> Error {
    let fault = match unfit {
        Unfit::Changes(_) => return Error::Conflict(Code::PermissionConflict),
        Unfit::Fault(fault) => fault,
    };
    match fault {
        CatalogueFault::Action => Error::field("action", Code::PermissionInvalid),
        CatalogueFault::Resource => Error::field("resource", Code::PermissionInvalid),
        CatalogueFault::AnyIsOwn => Error::field("own", Code::PermissionInvalid),
        CatalogueFault::AnyWithoutOwn | CatalogueFault::AnyUnknown => Error::field("any", Code::PermissionInvalid),
        CatalogueFault::Repeated | CatalogueFault::Redefined => Error::Conflict(Code::PermissionExists),
        CatalogueFault::TwoOwnForms => Error::Conflict(Code::PermissionConflict),
    }
}

fn explicit(entry: &Entry) -> Forbidden {
    let permission = entry.slug();
    let detail = format!("{permission} would be explicit, and only the policy file makes permissions so.");
    Forbidden { code: Code::Ceiling, permission, detail }
}

#[cfg(test)]
mod tests;
