//! Whom a policy touches: everybody who holds anything is compiled as they are and as they would be.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::Account;
use crate::db::Tx;
use crate::effective::Effect;
use crate::error::Result;
use crate::holdings::{HeldGroupRow, Holdings};
use crate::id::{AccountId, GroupId};
use crate::reconcile_policy::Differences;

/// How many accounts are read together.
const AT_ONCE: i64 = 500;

impl Differences {
    /// What they do to each account that they touch. Whoever is in the same groups and holds nothing directly is touched
    /// alike, so that a large instance is worked out once for each set of groups.
    pub(crate) async fn effects(&self, tx: &mut Tx) -> Result<Vec<Effect>> {
        let mut alike: HashMap<Vec<String>, Option<Effect>> = HashMap::new();
        let mut effects = Vec::new();
        let mut last = None;
        loop {
            let page = Holdings::page(tx, last, AT_ONCE).await?;
            let Some(newest) = page.keys().next_back() else { break };
            last = Some(*newest);
            for (account_id, holdings) in page {
                let effect = match holdings.direct.is_empty() {
                    true => {
                        let groups = holdings.groups.keys().cloned().collect();
                        alike.entry(groups).or_insert_with(|| self.effect(&holdings)).clone()
                    }
                    false => self.effect(&holdings),
                };
                effects.extend(effect.map(|effect| Effect { account_id, ..effect }));
            }
        }
        for effect in &mut effects {
            effect.label = label(tx, effect.account_id).await?;
        }
        effects.sort_by(|a, b| (&a.label, a.account_id).cmp(&(&b.label, b.account_id)));
        Ok(effects)
    }

    /// What they do to whoever holds this.
    fn effect(&self, holdings: &Holdings) -> Option<Effect> {
        let (before, after) = &self.catalogue;
        let (before, after) = (holdings.view(&before.catalogue), self.applied(holdings).view(&after.catalogue));
        Effect::between(AccountId(Uuid::nil()), String::new(), &before, &after)
    }

    /// What somebody would hold.
    fn applied(&self, holdings: &Holdings) -> Holdings {
        let mut holdings = holdings.clone();
        for group in &self.removed {
            holdings.groups.remove(&group.slug);
        }
        for (_, group) in &self.changed {
            if let Some(held) = holdings.groups.get_mut(&group.slug) {
                *held = HeldGroupRow {
                    permissions: group.permissions.clone(),
                    scope: group.scope.clone(),
                    system_managed: group.system_managed,
                };
            }
        }
        holdings
    }
}

/// The members of a group, by id and label.
pub(super) async fn of_group(tx: &mut Tx, group: GroupId) -> Result<Value> {
    let mut members = Vec::new();
    for account in Holdings::of_members(tx, group).await?.into_keys() {
        members.push(json!({ "id": account, "label": label(tx, account).await? }));
    }
    Ok(Value::Array(members))
}

async fn label(tx: &mut Tx, account: AccountId) -> Result<String> {
    Ok(Account::find(tx, account).await?.map(|account| account.label()).unwrap_or_default())
}
