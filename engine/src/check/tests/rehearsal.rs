use super::{findings, of_text};

const STEPS: &str = "steps:
  - { id: pay, action: http, with: { connection: crm, method: POST, path: /pay } }
outputs:
  paid: \"{{ steps.pay.output.json }}\"
";

#[test]
fn tests_in_a_document_are_checked_with_their_places() {
    let right = format!(
        "druse: 1\nname: t\n{STEPS}tests:\n  - name: it pays\n    mocks: {{ pay: {{ output: {{ json: 1 }} }} }}\n    expect: {{ status: succeeded, outputs: {{ paid: 1 }} }}\n"
    );
    assert_eq!(of_text(&right), "");
    let wrong = right
        .replace("{ pay: {", "{ pya: {")
        .replace("outputs: { paid", "outputs: { piad");
    assert_eq!(
        of_text(&wrong),
        "10:51 unknown_output: there is no output `piad` -- did you mean `paid`?\n9:19 unknown_step: there is no step `pya` -- did you mean `pay`?"
    );
}

#[test]
fn the_shape_of_tests_is_that_of_the_document() {
    let text = format!(
        "druse: 1\nname: t\n{STEPS}tests:\n  - name: it pays\n    expcet: {{ status: succeeded }}\n"
    );
    let wrong = crate::definition::parse(&text, crate::definition::Syntax::Yaml).unwrap_err();
    let told: Vec<(&str, Option<u32>)> = wrong.iter().map(|f| (&*f.code, f.line)).collect();
    assert_eq!(told, [("missing_key", Some(8)), ("unknown_key", Some(9))]);
}

#[test]
fn tests_of_what_makes_no_plan_are_not_looked_at() {
    let found = findings(
        "steps:\n  - { id: a, action: transform, needs: [b], with: { value: 1 } }\ntests:\n  - { name: x, mocks: { c: { output: 1 } }, expect: {} }\n",
    );
    assert!(found.contains("unknown_step: "), "{found}");
    assert!(!found.contains("`c`"), "{found}");
}
