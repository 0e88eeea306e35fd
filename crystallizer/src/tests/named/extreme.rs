//! What was named of the least or the most.

use super::*;
use crate::report::Level;

fn flights(task: &str, refundable: [Option<bool>; 3], chosen: usize) -> Session {
    let more = refundable.map(|refundable| match refundable {
        Some(refundable) => json!({ "refundable": refundable }),
        None => json!({}),
    });
    flight_booked(task, more, chosen)
}

fn booked(made: &Crystallized) -> String {
    let with = made.document.steps[1].with.as_ref().unwrap();
    with["arguments"]["flight_number"]
        .as_str()
        .unwrap()
        .replace("steps.search_flights.output.flights", "FLIGHTS")
}

#[test]
fn what_narrows_a_superlative_goes_with_it() {
    let yes = Some(true);
    let task = "Book the cheapest refundable flight to OSL.";
    for refundable in [[yes, yes, yes], [yes, Some(false), yes]] {
        let made = crystallized(&flights(task, refundable, 0));
        assert_eq!(
            booked(&made),
            "{{ (FLIGHTS | where('refundable', true) | min_by('price')).flight_number }}"
        );
        assert_eq!(asked(&made), Vec::<String>::new());
    }
    let made = crystallized(&flights(task, [Some(false), yes, yes], 1));
    assert_eq!(
        booked(&made),
        "{{ (FLIGHTS | where('refundable', true) | min_by('price')).flight_number }}"
    );
    let made = crystallized(&flights(task, [None; 3], 0));
    assert_eq!(asked(&made), ["“refundable”"]);
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let plain = crystallized(&flights("Book the cheapest flight to OSL.", [None; 3], 0));
    assert_eq!(asked(&plain), Vec::<String>::new());
    assert!(plain.report.generalisable >= Some(Level::Renamed));
}

#[test]
fn a_superlative_that_is_turned_round_picks_nothing() {
    for task in [
        "Do not take the cheapest flight to OSL.",
        "Book a flight to OSL, but not the cheapest.",
        "Book the second cheapest flight to OSL.",
        "Book any flight to OSL other than the cheapest.",
        "Don't book the cheapest flight to OSL.",
        "Avoid the cheapest flight to OSL.",
    ] {
        let made = crystallized(&flights(task, [None; 3], 0));
        let written = made.document.steps[1]
            .with
            .as_ref()
            .unwrap()
            .get("arguments")
            .unwrap()
            .to_string();
        assert!(!written.contains("min_by"), "{task}: {written}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}
