//! Reconcile the database with the policy: what the policy says is written where it differs, and nothing where it does
//! not. At start a group that people are in is never taken from them, and a group that others made never becomes the
//! policy's: either would give or take power that nobody decided on, so the start is refused with what to do.

mod differences;
mod stored;
mod write;

use crate::caller::Caller;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::locks::Lock;
use crate::plan_policy::{PolicyPlan, RemovedGroup};
use crate::policy::Policy;
use crate::random::Random;
use crate::time::Timestamp;

pub(crate) use differences::Differences;
pub(crate) use stored::Stored;

/// Makes the database say what the policy says. Call it first in the transaction.
pub(crate) async fn at_start(tx: &mut Tx, policy: &Policy, now: Timestamp, random: &Random) -> Result<()> {
    Lock::Administrators.take(tx).await?;
    let differences = Differences::between(&Stored::read(tx).await?, policy, (now, random))?;
    let plan = PolicyPlan::of(&differences);
    let held: Vec<String> = plan.groups_removed.iter().filter(|group| group.member_count > 0).map(held).collect();
    if !held.is_empty() {
        return Err(Error::Setup(format!(
            "the policy no longer has {}: put that back, or run `vestibule policy apply`, which takes the members out",
            held.join(", ")
        )));
    }
    match differences.is_empty() {
        true => Ok(()),
        false => differences.write(tx, &Caller::system(), plan.summary(), (now, random)).await,
    }
}

fn held(group: &RemovedGroup) -> String {
    let members = if group.member_count == 1 { "member" } else { "members" };
    format!("the group {:?} ({} {members})", group.slug, group.member_count)
}
