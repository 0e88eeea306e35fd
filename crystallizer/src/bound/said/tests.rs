//! What is found in the words of people.

use super::*;
use serde_json::json;

/// What one person says.
pub(super) fn said(text: &str) -> Said {
    let mut said = Said::default();
    said.hear(text, true);
    said
}

#[test]
fn values_are_found_in_words() {
    let said = said(
        "Hi, I'm mia_li_3668. One-way, Economy, on May 20th at 8 AM for one hour for $1,234.50 with 3 bags, card ending in 7447 (2.5 stars), from 10:05",
    );
    for (value, expected) in [
        (json!("mia_li_3668"), true),
        (json!("one_way"), true),
        (json!("economy"), true),
        (json!("2024-05-20"), true),
        (json!("2024-05-20 08:00"), true),
        (json!("2024-05-20 09:00"), false),
        (json!("2024-05-20 10:00"), false),
        (json!("2024-05-21"), false),
        (json!(1234.5), true),
        (json!("7447"), true),
        (json!(3), true),
        (json!(2.5), true),
        (json!(5), false),
        (json!(2), false),
        (json!("round_trip"), false),
        (json!("Mia"), false),
        (json!("li_3668"), false),
        (json!(true), false),
    ] {
        assert_eq!(said.find(&value, &[]).is_some(), expected, "{value}");
    }
}

#[test]
fn values_are_found_in_other_languages() {
    let said = said(
        "Bitte die offenen Rechnungen von Müller und Schröders Auftrag: 1.234,56 € am 27.11.2026 um 10 Uhr, 98,70 EUR am 3. Dezember, 1 250,00 zum 28/11/2026",
    );
    for (value, expected) in [
        (json!("offen"), true),
        (json!("Müller"), true),
        (json!("Schröder"), true),
        (json!("Auf"), false),
        (json!(1234.56), true),
        (json!(98.7), true),
        (json!(1250), true),
        (json!("2026-11-27"), true),
        (json!("2026-11-27T10:00:00"), true),
        (json!("2026-12-03"), true),
        (json!("2026-11-28"), true),
        (json!("2026-11-11"), false),
        (json!(56), false),
        (json!(11), false),
    ] {
        assert_eq!(said.find(&value, &[]).is_some(), expected, "{value}");
    }
    let mut english = Said::default();
    english.hear("Take the smaller one and the Orders.", true);
    for value in [json!("small"), json!("Order")] {
        assert!(english.find(&value, &[]).is_none(), "{value}");
    }
}

#[test]
fn words_near_a_mention_name_its_key() {
    let said = said("3 bags for the two of us");
    let bags = super::super::key::words("total_baggages");
    let three = said.find(&json!(3), &bags).unwrap();
    assert!(said.is_near(&three, &bags));
    assert!(!said.is_near(&three, &super::super::key::words("passengers")));
    assert_eq!(said.quote(&three), "3 bags for the");
}

#[test]
fn a_quote_is_not_cut_inside_a_number() {
    let said = said("Refund T-4411 from 2026-12-05 it was for 42.10 and 7,250.50 euros");
    for (value, expected) in [
        (json!("T-4411"), "Refund T-4411 from 2026-12-05"),
        (json!(42.1), "2026-12-05 it was for 42.10 and 7,250.50"),
    ] {
        let mention = said.find(&value, &[]).unwrap();
        assert_eq!(said.quote(&mention).trim(), expected);
    }
}
