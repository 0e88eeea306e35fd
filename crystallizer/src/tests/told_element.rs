//! Elements of lists that a word of the person, a number beside the noun of the list, or another record may tell: that
//! is offered before the place where they stood.

use super::build::*;
use crate::Crystallized;
use serde_json::{Value, json};

/// What is offered for a value of the last step, beside that it stays or is given.
fn offered(made: &Crystallized, key: &str) -> Vec<String> {
    let last = made.document.steps.last().unwrap();
    let id = format!("source:{}:/{key}", last.id);
    let questions = made.report.questions.iter();
    let question = questions.into_iter().find(|one| one.id == id);
    let choices = question.map(|one| one.choices.clone()).unwrap_or_default();
    let own = |choice: &String| !matches!(choice.as_str(), "constant" | "input");
    choices.into_iter().filter(own).collect()
}

fn looked(task: &str, look: (&str, Value, Value), deed: &str, sent: Value) -> Crystallized {
    let (tool, asked, answer) = look;
    let turns = vec![
        call("a", 0, tool, asked, answer),
        call("b", 1, deed, sent, json!({ "ok": true })),
    ];
    made(&session(task, turns), &bound())
}

#[test]
fn a_word_of_the_person_comes_before_the_place() {
    let environments = json!({ "environments": [
        { "env": "staging", "sha": "28263c9c5c81" }, { "env": "production", "sha": "3a6a5aafb868" },
    ] });
    let made = looked(
        "Deploy the sha of staging to production for shop-api",
        (
            "list_environments",
            json!({ "service": "shop-api" }),
            environments,
        ),
        "deploy",
        json!({ "service": "shop-api", "target": "production", "sha": "28263c9c5c81" }),
    );
    let found = offered(&made, "sha");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("where('env', inputs.") && found[0].ends_with("| only).sha"),
        "{found:?}"
    );
    let channels = json!({ "party_id": "P181053", "channels": [
        { "kind": "phone", "value": "+4930111" }, { "kind": "email", "value": "jj@n.test" },
    ] });
    let mail = looked(
        "remind P181053 by email to renew",
        ("get_party", json!({ "party_id": "P181053" }), channels),
        "send_mail",
        json!({ "to": "jj@n.test", "text": "Please renew." }),
    );
    let found = offered(&mail, "to");
    assert!(found[0].contains("where('kind', inputs."), "{found:?}");
    // Who speaks of places may mean one.
    let rows = json!({ "rows": [{ "kind": "large", "id": "ROW-4411" }, { "kind": "small", "id": "ROW-5512" }] });
    let place = looked(
        "Archive the first one, large or not",
        ("list_rows", json!({}), rows),
        "archive_row",
        json!({ "row_id": "ROW-4411" }),
    );
    let found = offered(&place, "row_id");
    assert!(
        found.iter().any(|one| one.contains("| first)")),
        "{found:?}"
    );
}

#[test]
fn a_small_number_is_said_of_the_list_that_is_named_beside_it() {
    let docks = json!({ "docks": [{ "id": "dk_881", "no": 3 }, { "id": "dk_882", "no": 4 }] });
    let made = looked(
        "Open the gate for truck B-XY 4411 at dock 4",
        ("list_docks", json!({}), docks.clone()),
        "open_gate",
        json!({ "dock_id": "dk_882", "plate": "B-XY 4411" }),
    );
    let found = offered(&made, "dock_id");
    assert!(found[0].contains("where('no', inputs."), "{found:?}");
    assert_eq!(found.len(), 1, "{found:?}");
    // A number of something else.
    let other = looked(
        "Open the gate for truck B-XY 4411, 4 pallets",
        ("list_docks", json!({}), docks),
        "open_gate",
        json!({ "dock_id": "dk_882", "plate": "B-XY 4411" }),
    );
    let found = offered(&other, "dock_id");
    assert!(found.iter().all(|one| !one.contains("where(")), "{found:?}");
}

#[test]
fn an_element_is_joined_with_the_record_that_names_it() {
    let territories = json!({ "territories": [
        { "region": "REG-44711", "rep_id": "usr_4411" }, { "region": "REG-44713", "rep_id": "usr_4425" },
        { "region": "REG-44714", "rep_id": "usr_4432" },
    ] });
    let account = json!({ "account": "ACC600241", "region": "REG-44713" });
    let turns = vec![
        call(
            "a",
            0,
            "get_account",
            json!({ "account": "ACC600241" }),
            account,
        ),
        call("b", 1, "list_territories", json!({}), territories),
        call(
            "c",
            2,
            "assign_owner",
            json!({ "account": "ACC600241", "owner_id": "usr_4425" }),
            json!({ "ok": true }),
        ),
    ];
    let made = made(
        &session(
            "account ACC600241 has no owner, give it to the rep of its region",
            turns,
        ),
        &bound(),
    );
    assert_eq!(
        offered(&made, "owner_id"),
        [
            "(steps.list_territories.output.territories | where('region', steps.get_account.output.region) | only).rep_id"
        ]
    );
}
