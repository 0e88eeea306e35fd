//! Sayings about the least or the most of a list.

use super::*;

/// The cheapest of some flights is booked. All are refundable, and of one airline.
fn booking(task: &str) -> Session {
    let more = || json!({ "refundable": true, "airline": "KLM" });
    flight_booked(task, [more(), more(), more()], 0)
}

#[test]
fn what_is_said_of_the_cheapest_is_followed_or_asked_about() {
    let cases = [
        ("Book the cheapest flight to OSL.", ""),
        ("Please book me the cheapest flight to OSL, thanks.", ""),
        ("I need to get to OSL: book the cheapest flight for me.", ""),
        ("Book the cheapest flight to OSL and tell me its price.", ""),
        ("Book the cheapest refundable flight to OSL.", "refundable"),
        (
            "Book the cheapest flight to OSL. It has to be refundable.",
            "?",
        ),
        ("Book the cheapest flight to OSL. It must be direct.", "?"),
        (
            "Take the cheapest flight to OSL. Book it, it was found by Anna.",
            "",
        ),
        (
            "Book the cheapest flight to OSL, which has to be direct.",
            "?",
        ),
        ("Book the cheapest flight to OSL. No Ryanair.", "?"),
        ("Book the cheapest flight to OSL, no Ryanair.", "?"),
        ("Book the cheapest flight to OSL, but no red-eyes.", "?"),
        ("Book the cheapest flight to OSL (direct).", "?"),
        ("Book the cheapest flight to OSL. Direct only.", "?"),
        ("Book the cheapest flight to OSL. Hands off Ryanair!", "?"),
        ("Book the cheapest flight to OSL before noon.", "?"),
        ("Book the cheapest flight to OSL under 200 euros.", "?"),
        ("Book the cheapest flight to OSL, at most 200 euros.", "?"),
        ("Book the cheapest flight to OSL with a window seat.", "?"),
        ("Book the cheapest flight to OSL without stops.", "?"),
        (
            "Book the cheapest flight to OSL unless it is a red-eye.",
            "?",
        ),
        ("Book the cheapest flight to OSL that is direct.", "?"),
        ("Book the cheapest non-stop flight to OSL.", "?"),
        (
            "Book the cheapest flight to OSL, leaving in the morning.",
            "?",
        ),
        ("Book the cheapest flight to OSL. Avoid Ryanair.", "?"),
        ("Book the cheapest flight to OSL as discussed.", ""),
        ("As usual, please book the cheapest flight to OSL.", ""),
        (
            "Book the cheapest flight to OSL. I need a window seat.",
            "?",
        ),
        (
            "I need a window seat. Book the cheapest flight to OSL.",
            "?",
        ),
        (
            "Book the cheapest flight to OSL. I'd like a quiet cabin.",
            "?",
        ),
        ("Book the cheapest flight to OSL on Friday.", "?"),
        ("On Friday book the cheapest flight to OSL.", "?"),
        ("Book the cheapest flight to OSL for three people.", "?"),
        ("Book the cheapest flight to OSL at no cost.", "?"),
        (
            "Book the cheapest flight to OSL. Anna handles my luggage.",
            "?",
        ),
        (
            "Book the cheapest flight to OSL; keep clear of Ryanair.",
            "?",
        ),
    ];
    let mut wrong = Vec::new();
    for (task, expected) in cases {
        let made = crystallized(&booking(task));
        let with = made.document.steps[1].with.as_ref().unwrap();
        let written = with["arguments"]["flight_number"].as_str().unwrap();
        let accepted = made.report.generalisable >= Some(Level::Renamed);
        let asked = unshown(&made);
        let right = match expected {
            "?" => !asked.is_empty() && !accepted,
            "" => {
                accepted
                    && asked.is_empty()
                    && written.contains("min_by")
                    && !written.contains("where")
            }
            field => {
                accepted && asked.is_empty() && written.contains(&format!("where('{field}', true)"))
            }
        };
        if !right {
            wrong.push(format!("{task} ({expected})\n    {written} {asked:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// The hotel with the best rating is booked.
fn best(task: &str) -> Crystallized {
    let all: Vec<Value> = [("H-48121", 3.9), ("H-77340", 4.8), ("H-10553", 4.1)]
        .iter()
        .map(|(id, rating)| json!({ "hotel_id": id, "rating": rating, "central": true }))
        .collect();
    crystallized(&session(
        task,
        vec![
            call(
                "s",
                0,
                "search_hotels",
                json!({ "city": "Oslo" }),
                json!({ "hotels": all }),
            ),
            call(
                "b",
                1,
                "book_hotel",
                json!({ "hotel_id": "H-77340" }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn what_is_missing_is_quoted_without_what_is_followed() {
    for (task, quoted) in [
        ("Please book the best-rated hotel in Oslo.", None),
        ("Please book the top-rated hotel in Oslo.", None),
        (
            "Please book the best-rated quiet hotel in Oslo.",
            Some("*quiet*"),
        ),
        (
            "Please book the best-rated hotel in Oslo with a pool.",
            Some("with a pool*"),
        ),
    ] {
        let made = best(task);
        let asked = unshown(&made);
        match quoted {
            None => assert_eq!(asked, Vec::<&str>::new(), "{task}"),
            Some(quoted) => {
                assert_eq!(asked.len(), 1, "{task}");
                assert!(
                    asked[0].split_once("”,").is_some_and(|(said, _)| {
                        said.contains(quoted) && said.matches('*').count() == 2
                    }),
                    "{task} {asked:?}"
                );
            }
        }
    }
    let made = best("Book the best-rated central hotel in Oslo.");
    assert_eq!(unshown(&made), Vec::<&str>::new());
    let with = made.document.steps[1].with.as_ref().unwrap().clone();
    assert!(
        Value::from(with)
            .to_string()
            .contains("where('central', true)")
    );
}
