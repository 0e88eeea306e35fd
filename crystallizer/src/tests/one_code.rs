//! A code that is sent under several keys is one thing, and one input.

use super::build::*;
use serde_json::json;

#[test]
fn a_code_is_one_input_under_all_keys() {
    let search = |number: u32, from: &str, to: &str| {
        call(
            &format!("s{number}"),
            number,
            "search_flights",
            json!({ "origin": from, "destination": to }),
            json!({ "flights": [{ "flight_number": format!("HAT{}", 410 + number), "price": 100 + number }] }),
        )
    };
    let made = made(
        &session(
            "Look for a way to the coast and back.",
            vec![
                search(1, "JFK", "SEA"),
                search(2, "SEA", "JFK"),
                search(3, "JFK", "LAX"),
            ],
        ),
        &bound(),
    );
    let sent = |at: usize| made.document.steps[at].with.as_ref().unwrap()["arguments"].clone();
    assert_eq!(sent(0)["origin"], sent(1)["destination"]);
    assert_eq!(sent(0)["destination"], sent(1)["origin"]);
    assert_eq!(sent(0)["origin"], sent(2)["origin"]);
    assert_ne!(sent(0)["origin"], sent(0)["destination"]);
    assert_eq!(sent(2)["destination"], json!("LAX"));
    assert_eq!(made.document.inputs.len(), 2);
}
