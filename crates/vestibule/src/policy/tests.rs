//! Policy files that are read, those that are refused and by what words, and the two that ship.
//! A refusal is held to the words that let its author find the place.

mod cloud_costs;

use serde_json::to_value;

use super::*;

const FILE: &str = r#"
bootstrap_groups = ["administrators", "buyers"]
default_group = "guests"

[[permissions]]
action = "view"
resource = "plans"
label = "View plans"

[[permissions]]
action = "buy"
resource = "plans"
explicit = true

[[permissions]]
action = "edit"
resource = "plans"
own = "scope"
any = "edit-all"

[[permissions]]
action = "edit-all"
resource = "plans"

[[groups]]
slug = "readers"
name = "Readers"
permissions = ["view:plans", { action = "edit", resource = "plans", constraints = { regions = ["eu"], max_amount = 5 } }]
scope = ["a", "b"]
system_managed = false

[[groups]]
id = "00000000-0000-5000-8000-00000000000A"
slug = "buyers"
name = "Buyers"
description = "Buy."
permissions = ["buy:plans"]
scope = "all"

[[groups]]
slug = "guests"
name = "Guests"
permissions = ["view:plans"]
"#;

#[test]
fn a_policy_file_is_laid_over_what_is_built_in() {
    let policy = Policy::parse(FILE).unwrap();
    assert_eq!(policy.bootstrap_groups(), ["administrators", "buyers"]);
    assert_eq!(policy.default_group(), "guests");
    let slugs: Vec<_> = policy.groups().iter().map(|group| group.slug.as_str()).collect();
    assert_eq!(slugs, ["administrators", "members", "readers", "buyers", "guests"]);
    let readers = policy.group("readers").unwrap();
    let limited = to_value(&readers.permissions[1]).unwrap();
    assert_eq!(limited["constraints"], serde_json::json!({"regions": ["eu"], "max_amount": 5}));
    assert_eq!((readers.system_managed, &readers.id), (false, &None));
    assert_eq!(readers.scope, Scope::of(["a", "b"]).unwrap());
    let buyers = policy.group("buyers").unwrap();
    assert_eq!(buyers.id.as_deref(), Some("00000000-0000-5000-8000-00000000000a"));
    assert!(buyers.system_managed && buyers.scope == Scope::All);
    assert_eq!(policy.catalogue().entry("edit", "plans").unwrap().own, Some(Own::Scope));
    assert!(policy.catalogue().entry("view", "audit").is_some());
}

#[test]
fn an_empty_file_is_the_built_in_policy() {
    let (empty, built_in) = (Policy::parse("").unwrap(), Policy::built_in());
    assert_eq!(empty.groups(), built_in.groups());
    assert_eq!(empty.bootstrap_groups(), built_in.bootstrap_groups());
    assert_eq!(empty.default_group(), built_in.default_group());
    assert_eq!(empty.catalogue().entries(), built_in.catalogue().entries());
}

#[test]
fn the_built_in_policy_has_the_vocabulary_of_the_admin_interface() {
    let policy = Policy::built_in();
    assert_eq!(policy.catalogue().entries().len(), 4 * 9 + 1);
    for resource in
        ["users", "groups", "organizations", "api-keys", "service-keys", "invites", "directory", "sessions", "settings"]
    {
        for action in ["view", "create", "update", "delete"] {
            assert!(policy.catalogue().entry(action, resource).is_some(), "{action}:{resource}");
        }
    }
    assert!(policy.catalogue().entries().iter().all(|entry| !entry.explicit && entry.own.is_none()));
    let administrators = policy.group(ADMINISTRATORS_SLUG).unwrap();
    assert_eq!(administrators.id.as_deref(), Some("00000000-0000-5000-8000-000000000001"));
    assert_eq!(administrators.permissions, ["admin:*".parse().unwrap()]);
    let members = policy.group(policy.default_group()).unwrap();
    assert_eq!(members.id.as_deref(), Some("00000000-0000-5000-8000-000000000100"));
    assert!(members.permissions.is_empty() && members.scope == Scope::default() && members.system_managed);
    assert_eq!(policy.bootstrap_groups(), [ADMINISTRATORS_SLUG]);
}

/// Each row changes the file and says what the refusal must contain.
#[test]
fn a_refusal_names_the_key_the_group_and_the_index() {
    let rows = [
        ("default_group", "defaults", "defaults: the key is unknown"),
        ("default_group = \"guests\"", "default_group = 5", "default_group: a string is expected"),
        ("default_group = \"guests\"", "default_group = \"x\"", "default_group: there is no group \"x\""),
        ("default_group = \"guests\"", "default_group = \"buyers\"", "gives buy:plans to whoever signs up"),
        ("default_group = \"guests\"", "default_group = \"administrators\"", "gives admin:*"),
        (
            "default_group = \"guests\"",
            "default_group = \"readers\"",
            "default_group: \"readers\" is not system-managed",
        ),
        ("\"administrators\", \"buyers\"", "\"buyers\"", "bootstrap_groups: \"administrators\" must be among them"),
        ("\"administrators\", \"buyers\"", "\"administrators\", \"x\"", "bootstrap_groups[1]: there is no group \"x\""),
        ("\"administrators\", \"buyers\"", "\"administrators\", 5", "bootstrap_groups[1]: a string is expected"),
        ("\"administrators\", \"buyers\"", "", "bootstrap_groups: \"administrators\" must be among them"),
        ("label = \"View plans\"", "lable = \"View plans\"", "permissions[0]: lable: the key is unknown"),
        ("label = \"View plans\"", "explicit = \"yes\"", "permissions[0]: explicit: true or false is expected"),
        ("action = \"buy\"\n", "", "permissions[1]: action: it is missing"),
        ("action = \"buy\"", "action = \"view\"", "permissions[1] \"view:plans\": it is there twice"),
        ("action = \"buy\"", "action = \"Buy\"", "permissions[1] \"Buy:plans\": action is not"),
        ("own = \"scope\"", "own = \"scoop\"", "permissions[2]: own: \"scoop\" is neither"),
        ("own = \"scope\"\n", "", "permissions[2] \"edit:plans\": any: only an own form"),
        ("any = \"edit-all\"", "any = \"edit-some\"", "permissions[2] \"edit:plans\": any: it names no permission"),
        ("action = \"view\"\nresource = \"plans\"", "action = \"view\"\nresource = \"users\"\nexplicit = true", {
            "permissions[0] \"view:users\": it is built in with another meaning"
        }),
        ("slug = \"readers\"\n", "", "groups[0]: slug: it is missing"),
        ("slug = \"readers\"", "slug = \"Readers\"", "groups[0]: slug: \"Readers\" is not"),
        ("slug = \"buyers\"", "slug = \"readers\"", "groups[1] \"readers\": slug: another group has it"),
        ("name = \"Readers\"\n", "", "groups[0] \"readers\": name: it is missing"),
        ("name = \"Readers\"", "name = \" \"", "groups[0] \"readers\": name: a name is"),
        ("name = \"Readers\"", "name = \"Readers\"\ncolour = 1", "groups[0] \"readers\": colour: the key is unknown"),
        ("[\"view:plans\",", "[\"view:planz\",", "groups[0] \"readers\": permissions[0]: view:planz matches nothing"),
        ("[\"view:plans\",", "[\"view\",", "groups[0] \"readers\": permissions[0]: \"view\" is not of the form"),
        ("[\"view:plans\",", "[5,", "groups[0] \"readers\": permissions[0]: "),
        ("[\"view:plans\",", "[\"view:plans\", \"view:plans\",", "permissions[1]: view:plans is there twice"),
        ("[\"view:plans\",", "[\"buy:plans\",", "groups[0] \"readers\": permissions[0]: buy:plans is explicit"),
        ("resource = \"plans\", constraints", "resource = \"plans\", constraint", "permissions[1]: unknown field"),
        ("regions = [\"eu\"]", "regions = \"eu\"", "groups[0] \"readers\": permissions[1]: constraint \"regions\""),
        ("max_amount = 5", "max_amount = nan", "groups[0] \"readers\": permissions[1]: constraint \"max_amount\""),
        ("max_amount = 5", "day = 2026-01-01", "groups[0] \"readers\": permissions[1]: constraint \"day\""),
        ("scope = [\"a\", \"b\"]", "scope = \"some\"", "groups[0] \"readers\": scope: "),
        ("scope = [\"a\", \"b\"]", "scope = [\"a\", \"\"]", "groups[0] \"readers\": scope: [1] is a blank id"),
        ("system_managed = false", "system_managed = 0", "groups[0] \"readers\": system_managed: true or false"),
        ("00000000000A\"", "00000000000G\"", "groups[1] \"buyers\": id: "),
        ("00000000000A\"", "00000000000\"", "groups[1] \"buyers\": id: "),
        ("00000000000A\"", "000000000001\"", "groups[1] \"buyers\": id: "),
        ("00000000-0000-5000-8000-00000000000A", "00000000-0000-5000-8000-000000000100", "id: another group has it"),
        ("slug = \"buyers\"", "slug = \"members\"", "groups[1] \"members\": id: the built-in group"),
        ("[[groups]]\nslug", "[groups]\nslug", "TOML parse error"),
        ("bootstrap_groups =", "bootstrap_groups", "line 2"),
    ];
    for (old, new, words) in rows {
        assert!(FILE.contains(old), "{old}");
        let error = Policy::parse(&FILE.replacen(old, new, 1)).expect_err(words).to_string();
        assert!(error.contains(words), "{new}: {error}");
    }
}

#[test]
fn administrators_cannot_be_disarmed_by_a_file() {
    let whole = "slug = 'administrators'\nname = 'A'\npermissions = ['admin:*', 'view:users']\nscope = 'all'";
    assert_eq!(Policy::parse(&format!("[[groups]]\n{whole}")).unwrap().groups()[0].permissions.len(), 2);
    let rows = [
        ("'admin:*', ", "", "permissions: Administrators keep admin:*"),
        ("scope = 'all'", "", "scope: Administrators keep"),
        ("scope = 'all'", "scope = ['a']", "scope: Administrators keep"),
        ("name", "system_managed = false\nname", "scope: Administrators keep"),
        ("name", "id = '00000000-0000-5000-8000-000000000002'\nname", "id: the built-in group"),
    ];
    for (old, new, words) in rows {
        let error = Policy::parse(&format!("[[groups]]\n{}", whole.replacen(old, new, 1))).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
