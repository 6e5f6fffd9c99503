//! The list of codes: clients branch on them, so a change here is a change for them.

#[test]
fn the_codes_are_these() {
    let lines: Vec<_> = vestibule::Code::ALL.iter().map(|code| format!("{code}: {}", code.message())).collect();
    insta::assert_snapshot!("codes", lines.join("\n"));
}
