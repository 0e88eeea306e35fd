//! What is read out of the words of people.

use super::extreme::{about_superlative, is_turned};
use super::read::{Nouns, Qualifier, about_nouns, conditions};
use super::sentence::sentences;
use std::collections::BTreeSet;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `kind: words`, with the number of a count.
fn shown(text: &str, all: &[Qualifier]) -> Vec<String> {
    all.iter()
        .map(|one| {
            let number = one
                .number
                .map(|(number, last)| format!(" {number}{}", if last { " last" } else { "" }))
                .unwrap_or_default();
            format!("{:?}{number}: {}", one.kind, &text[one.start..one.end])
        })
        .collect()
}

#[test]
fn what_is_said_about_a_noun() {
    let heads = set(&["ticket", "user", "email", "flight", "file", "order"]);
    let deeds = set(&["close", "delete", "archive", "remove"]);
    let nouns = Nouns {
        heads: &heads,
        deeds: &deeds,
    };
    let cases: [(&str, &[&str]); 31] = [
        ("Close all tickets of ana_li.", &["Clause: of ana_li"]),
        (
            "Close all tickets of ana_li opened last week.",
            &["Clause: of ana_li", "Clause: opened last week"],
        ),
        ("Close every other ticket", &["Count: other ticket"]),
        ("Unread emails are to be archived.", &["Property: Unread"]),
        ("Close all tickets.", &[]),
        (
            "Close every waiting ticket, please.",
            &["Property: waiting"],
        ),
        ("Archive all my unread emails", &["Property: unread"]),
        (
            "Please close the first three tickets.",
            &["Count 3: first three tickets"],
        ),
        (
            "Close the last 2 of my tickets",
            &["Count 2 last: last 2 of my tickets"],
        ),
        ("Close three tickets", &["Count 3: three tickets"]),
        ("Close these three tickets", &[]),
        (
            "Delete the users older than 30 days",
            &["Clause: older than 30 days"],
        ),
        (
            "Remove all users except admins and Bob.",
            &["Exclusion: except admins and Bob"],
        ),
        (
            "Remove all users, but not the admins.",
            &["Exclusion: but not the admins"],
        ),
        (
            "Remove the users who have not paid.",
            &["Clause: who have not paid"],
        ),
        (
            "Archive emails from last week.",
            &["Clause: from last week"],
        ),
        (
            "Delete files larger than 10 MB and tell me.",
            &["Clause: larger than 10 MB"],
        ),
        ("Close all open tickets", &["Property: open"]),
        (
            "Close the open and unassigned tickets",
            &["Property: open", "Property: unassigned"],
        ),
        ("Open the tickets", &[]),
        (
            "Close the tickets, VIPs excepted.",
            &["Exclusion: VIPs excepted"],
        ),
        (
            "Skip anything from the press.",
            &["Exclusion: Skip anything from the press"],
        ),
        (
            "Close the open, unassigned tickets",
            &["Property: open", "Property: unassigned"],
        ),
        (
            "Close the tickets that wait, please: only open tickets",
            &["Clause: that wait", "Property: open"],
        ),
        ("Do not close the waiting tickets.", &["Exclusion: waiting"]),
        ("Close the waiting ones.", &["Property: waiting"]),
        ("Close those that wait.", &["Clause: that wait"]),
        ("I wrote an angry ticket.", &[]),
        ("Close some of the tickets", &["Count: some of the tickets"]),
        ("Schließe alle offenen Tickets", &["Property: offenen"]),
        (
            "Close the tickets without an owner",
            &["Exclusion: without an owner"],
        ),
    ];
    for (text, expected) in cases {
        let found: Vec<String> = sentences(text)
            .iter()
            .flat_map(|sentence| shown(text, &about_nouns(sentence, &nouns)))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_is_said_about_a_superlative() {
    let heads = set(&["flight"]);
    let nouns = Nouns {
        heads: &heads,
        deeds: &BTreeSet::new(),
    };
    let cases: [(&str, &str, &[&str]); 7] = [
        ("Book the cheapest flight.", "cheapest", &[]),
        (
            "Book the cheapest refundable flight to Oslo.",
            "cheapest",
            &["Property: refundable", "Clause: to Oslo"],
        ),
        (
            "I want the highest rated direct one",
            "highest",
            &["Property: direct"],
        ),
        (
            "Take the least expensive flight that leaves before noon",
            "least",
            &["Clause: that leaves before noon"],
        ),
        (
            "Take the cheapest, not the red-eye.",
            "cheapest",
            &["Exclusion: not the red-eye"],
        ),
        (
            "Take the cheapest except KLM",
            "cheapest",
            &["Exclusion: except KLM"],
        ),
        (
            "Take the latest unpaid invoice and pay it",
            "latest",
            &["Property: unpaid"],
        ),
    ];
    for (text, word, expected) in cases {
        let all = sentences(text);
        let sentence = &all[0];
        let at = sentence
            .iter()
            .position(|token| token.word == word)
            .unwrap();
        assert_eq!(
            shown(text, &about_superlative(sentence, at, &nouns)),
            expected,
            "{text}"
        );
    }
    for (before, expected) in [
        ("do not take the", true),
        ("not the", true),
        ("the second", true),
        ("the 2nd", true),
        ("anything other than the", true),
        ("do not wait but take the", false),
        ("take the", false),
    ] {
        let words: Vec<&str> = before.split(' ').collect();
        assert_eq!(is_turned(&words), expected, "{before}");
    }
}

#[test]
fn conditions_and_manners_of_speaking() {
    let cases: [(&str, &[&str]); 11] = [
        (
            "Cancel it if it has not shipped.",
            &["Condition: if it has not shipped"],
        ),
        (
            "If it is above 100, refund it.",
            &["Condition: if it is above 100"],
        ),
        (
            "Unless it is paid, cancel it",
            &["Condition: Unless it is paid"],
        ),
        ("Let me know if it is there.", &[]),
        (
            "Please check if it has shipped; if not, cancel it.",
            &["Condition: if not"],
        ),
        ("If you need my id, it is 7.", &[]),
        ("Do it today if possible.", &[]),
        ("If so, book it.", &["Condition: If so"]),
        ("Book it, otherwise wait.", &["Condition: otherwise wait"]),
        (
            "Storniere es, falls es nicht versandt ist.",
            &["Condition: falls es nicht versandt ist"],
        ),
        ("I want to know if I can return it.", &[]),
    ];
    for (text, expected) in cases {
        let found: Vec<String> = sentences(text)
            .iter()
            .flat_map(|sentence| shown(text, &conditions(sentence)))
            .map(|one| one.replace("Condition: If it", "Condition: if it"))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}
