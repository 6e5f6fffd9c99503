//! The circumstances of a question, out of the free members of an AuthZEN request: what it states of itself, whose the
//! resource is, and in which scope. What is there but cannot be read is a fault and never as if it were not there.

use serde_json::{Map, Value};
use vestibule::{AccountId, Owner, Stated};

type Object = Map<String, Value>;

/// What a question states beside who, what and to what.
#[derive(Debug, Default)]
pub(super) struct Circumstances {
    /// What the request states of itself.
    pub stated: Stated,
    owner: Option<String>,
    scope: Option<Vec<String>>,
}

impl Circumstances {
    /// Reads the context, and the properties of the action and of the resource.
    pub(super) fn read([context, action, resource]: [Option<&Object>; 3]) -> Result<Circumstances, String> {
        let property =
            |name: &str| resource.and_then(|properties| properties.get(name)).filter(|value| !value.is_null());
        Ok(Circumstances {
            stated: stated(context, action)?,
            owner: property("owner").map(owner).transpose()?,
            scope: property("scope").map(scope).transpose()?,
        })
    }

    /// Whose the resource is, as this account sees it.
    pub(super) fn owner(&self, account: AccountId) -> Owner {
        owner_of(self.owner.as_deref(), account)
    }

    /// The scope ids that the resource states.
    pub(super) fn scope(&self) -> Option<Vec<&str>> {
        self.scope.as_ref().map(|ids| ids.iter().map(String::as_str).collect())
    }
}

/// Whose a resource is, as this account sees it; an account's id is the same however it is written.
pub(super) fn owner_of(owner: Option<&str>, account: AccountId) -> Owner {
    match owner.map(|text| text.trim().parse::<AccountId>()) {
        Some(Ok(id)) if id == account => Owner::Asker,
        Some(Ok(_)) => Owner::Other,
        Some(Err(_)) | None => Owner::of(owner, &account.to_string()),
    }
}

/// What both state; one dimension cannot be stated as two things.
fn stated(context: Option<&Object>, action: Option<&Object>) -> Result<Stated, String> {
    let mut all = context.cloned().unwrap_or_default();
    all.retain(|_, value| !value.is_null());
    for (name, value) in action.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if all.insert(name.clone(), value.clone()).is_some_and(|other| other != *value) {
            return Err(format!("`context` and `action.properties` state {name:?} differently."));
        }
    }
    Ok(Stated::from_object(&all))
}

fn owner(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "`resource.properties.owner` is not a string.".to_owned())
}

fn scope(value: &Value) -> Result<Vec<String>, String> {
    let ids = match value {
        Value::String(id) => Some(vec![id.clone()]),
        Value::Array(ids) => ids.iter().map(|id| id.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    ids.ok_or_else(|| "`resource.properties.scope` is neither a string nor a list of strings.".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;
    use vestibule::Constraints;

    use super::*;

    const ME: AccountId = AccountId(Uuid::from_u128(0xabc));

    fn read(context: Value, action: Value, resource: Value) -> Result<Circumstances, String> {
        Circumstances::read([context.as_object(), action.as_object(), resource.as_object()])
    }

    fn of_resource(properties: Value) -> Result<Circumstances, String> {
        read(json!(null), json!(null), properties)
    }

    #[test]
    fn nothing_stated_is_nothing() {
        let nothing = of_resource(json!({"owner": null, "scope": null, "colour": 1})).expect("read");
        assert_eq!((nothing.owner(ME), nothing.scope()), (Owner::Unrecorded, None));
        assert_eq!(nothing.stated, Stated::nothing());
    }

    #[test]
    fn an_owner_is_the_asker_however_their_id_is_written() {
        let owner = |text: &str| of_resource(json!({"owner": text})).expect("read").owner(ME);
        assert_eq!(owner(&ME.to_string()), Owner::Asker);
        assert_eq!(owner(&format!(" {} ", ME.to_string().to_uppercase())), Owner::Asker);
        assert_eq!(owner(&Uuid::from_u128(1).to_string()), Owner::Other);
        assert_eq!(owner("ann@example.com"), Owner::Other);
        assert_eq!(owner(" "), Owner::Unrecorded);
    }

    #[test]
    fn a_scope_is_an_id_or_a_list_of_ids() {
        let scope = |value: Value| of_resource(json!({"scope": value})).expect("read").scope().map(|ids| ids.join("|"));
        assert_eq!(scope(json!("a")), Some("a".to_owned()));
        assert_eq!(scope(json!(["a", "b"])), Some("a|b".to_owned()));
        assert_eq!(scope(json!([])), Some(String::new()));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault() {
        for properties in [
            json!({"owner": 5}),
            json!({"owner": ["a"]}),
            json!({"scope": 5}),
            json!({"scope": true}),
            json!({"scope": {"ids": ["a"]}}),
            json!({"scope": ["a", 5]}),
            json!({"scope": ["a", null]}),
        ] {
            assert!(of_resource(properties.clone()).is_err(), "{properties}");
        }
    }

    #[test]
    fn context_and_action_state_together_what_they_do_not_state_differently() {
        let both = |context, action| read(context, action, json!(null)).map(|read| read.stated);
        let limits = Constraints::from_json(&json!({"regions": ["x"], "max_amount": 5})).expect("limits");
        for (context, action) in [
            (json!({"regions": ["x"]}), json!({"amount": 5})),
            (json!({"regions": ["x"], "amount": null}), json!({"amount": 5})),
            (json!({"regions": ["x"], "amount": 5}), json!({"amount": 5, "regions": null})),
        ] {
            let stated = both(context.clone(), action.clone()).expect("read");
            assert!(stated.meets(&limits), "{context} {action}");
        }
        let fault = both(json!({"amount": 5}), json!({"amount": 6})).expect_err("which?");
        assert!(fault.contains("amount"), "{fault}");
    }
}
