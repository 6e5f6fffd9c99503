//! What is a constraint and what is not, and which covers which.
//! The decision's own tests hold requests against them.

use serde_json::{from_str, json, to_string};

use super::*;

fn read(value: Value) -> Constraints {
    Constraints::from_json(&value).unwrap()
}

#[test]
fn names_and_values_are_trimmed_and_kept_as_a_set() {
    let constraints = read(json!({" regions ": [" eu-2 ", "EU-1", "eu-2"], "max_amount": 500}));
    assert_eq!(to_string(&constraints).unwrap(), r#"{"max_amount":500,"regions":["EU-1","eu-2"]}"#);
    assert_eq!(to_string(&read(json!({"max_a": 0.25, "max_b": -0.0, "max_c": 1e15}))).unwrap(), {
        r#"{"max_a":0.25,"max_b":0,"max_c":1000000000000000}"#
    });
}

#[test]
fn every_other_value_is_an_error_that_names_its_dimension() {
    let refused = [
        (json!({"regions": "eu-1"}), "regions", ConstraintFault::NotAList),
        (json!({"regions": null}), "regions", ConstraintFault::NotAList),
        (json!({"regions": 5}), "regions", ConstraintFault::NotAList),
        (json!({"regions": true}), "regions", ConstraintFault::NotAList),
        (json!({"regions": {}}), "regions", ConstraintFault::NotAList),
        (json!({"regions": ["eu-1", 5]}), "regions", ConstraintFault::NotAString(1)),
        (json!({"regions": ["eu-1", " "]}), "regions", ConstraintFault::BlankValue(1)),
        (json!({"max_amount": "500"}), "max_amount", ConstraintFault::NotANumber),
        (json!({"max_amount": [500]}), "max_amount", ConstraintFault::NotANumber),
        (json!({"max_amount": ["500"]}), "max_amount", ConstraintFault::NotANumber),
        (json!({"max_amount": null}), "max_amount", ConstraintFault::NotANumber),
        (json!({"max_amount": 9_007_199_254_740_993_u64}), "max_amount", ConstraintFault::NotANumber),
        (json!({"max_": 5}), "max_", ConstraintFault::BlankName),
        (json!({" ": ["a"]}), " ", ConstraintFault::BlankName),
        (json!({"regions": ["a"], " regions": ["b"]}), "regions", ConstraintFault::Repeated),
        (json!([]), "", ConstraintFault::NotAnObject),
    ];
    for (value, dimension, fault) in refused {
        let expected = ConstraintError { dimension: dimension.to_owned(), fault };
        assert_eq!(Constraints::from_json(&value), Err(expected), "{value}");
    }
    assert!(read(json!({"regions": []})).iter().next().is_some(), "an empty list is a limit");
}

#[test]
fn a_name_written_twice_in_the_text_is_refused() {
    let error = from_str::<Constraints>(r#"{"regions": ["a"], "regions": ["a", "b"]}"#).unwrap_err();
    assert!(error.to_string().contains("regions"), "{error}");
    assert!(from_str::<Constraints>("[]").is_err());
    assert!(from_str::<Constraints>("null").is_err());
}

#[test]
fn a_number_that_is_not_finite_is_none() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Quantity::new(number), None);
    }
    assert_eq!(Quantity::new(-0.0), Quantity::new(0.0));
    assert!(Quantity::new(-1.0) < Quantity::new(0.0));
    assert_eq!(Quantity::new(1.5).map(Quantity::get), Some(1.5));
}

#[test]
fn an_integer_that_a_float_would_round_is_no_limit_and_is_stated_as_no_less() {
    let read = |number: u64| (Quantity::from_json(&json!(number)), Quantity::from_json_rounded_up(&json!(number)));
    let (exact, stated) = read((1 << 53) - 1);
    assert!(exact.is_some() && exact == stated);
    assert_eq!(to_string(&exact).unwrap(), "9007199254740991");
    let (above, stated_above) = read((1 << 53) + 1);
    assert!(above.is_none() && stated_above > exact);
    assert_eq!(stated_above, Quantity::new(9_007_199_254_740_994.0));
    assert_eq!(read(u64::MAX), (None, Quantity::new(18_446_744_073_709_551_616.0)));
    assert_eq!(Quantity::from_json(&json!(i64::MIN)), None);
    assert_eq!(Quantity::from_json(&json!(-(1_i64 << 53) + 1)), Quantity::new(-9_007_199_254_740_991.0));
    assert_eq!(Quantity::from_json_rounded_up(&json!(i64::MIN + 1)), Quantity::new(-9_223_372_036_854_774_784.0));
    for refused in [json!("5"), json!(9_223_372_036_854_775_808_u64), json!(1e300), json!(9.1e15)] {
        assert_eq!(Quantity::from_json(&refused), None, "{refused}");
    }
}

#[test]
fn control_characters_are_refused_as_a_database_may_not_keep_them() {
    for (value, fault) in [
        (json!({"re\u{0}gions": ["eu"]}), ConstraintFault::ControlName),
        (json!({"regions": ["eu", "u\u{0}s"]}), ConstraintFault::ControlValue(1)),
        (json!({"regions": ["e\u{7f}u"]}), ConstraintFault::ControlValue(0)),
    ] {
        assert_eq!(Constraints::from_json(&value).unwrap_err().fault, fault, "{value}");
    }
}

#[test]
fn constraints_cover_what_is_no_broader() {
    let rows = [
        (json!({}), json!({}), true),
        (json!({}), json!({"regions": ["a"], "max_amount": 5}), true),
        (json!({"regions": ["a", "b"]}), json!({"regions": ["a"]}), true),
        (json!({"regions": ["a"]}), json!({"regions": ["a", "b"]}), false),
        (json!({"regions": ["a"]}), json!({}), false),
        (json!({"regions": ["a"]}), json!({"regions": []}), true),
        (json!({"regions": []}), json!({"regions": ["a"]}), false),
        (json!({"regions": ["A"]}), json!({"regions": ["a"]}), false),
        (json!({"regions": ["a"]}), json!({"services": ["a"]}), false),
        (json!({"regions": ["a"]}), json!({"regions": ["a"], "services": ["x"]}), true),
        (json!({"max_amount": 100}), json!({"max_amount": 100}), true),
        (json!({"max_amount": 100}), json!({"max_amount": 50}), true),
        (json!({"max_amount": 100}), json!({"max_amount": 101}), false),
        (json!({"max_amount": 100}), json!({"max_amount": 0}), true),
        (json!({"max_amount": 0}), json!({"max_amount": 1}), false),
        (json!({"max_amount": 100}), json!({}), false),
    ];
    for (held, requested, covered) in rows {
        assert_eq!(read(held.clone()).covers(&read(requested.clone())), covered, "{held} covers {requested}");
    }
}
