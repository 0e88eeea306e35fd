//! Days that are named by their number alone, as one end of a range whose other end has the month: `December 12 to 15`,
//! `from 12 to 15 December`, `vom 12. bis 15. Dezember`, `arriving December 12 and staying until the 15th`.

use super::qualifier::Unit;
use super::spoken_time::{SpokenDay, day, month, year};

/// How many words behind a day the end of a stay may be named.
const FAR: usize = 8;

/// The days of such ranges, each with the place of its word. `named` are those that have a month; `dashed` tells whether a
/// dash stands behind a word.
pub(super) fn ranged(
    words: &[String],
    named: &[(SpokenDay, usize)],
    dashed: &dyn Fn(usize) -> bool,
) -> Vec<(SpokenDay, usize)> {
    let word = |at: usize| words.get(at).map(String::as_str);
    let mut found = Vec::new();
    for (spoken, at) in named {
        let SpokenDay::Named {
            month: of,
            day: own,
            year: in_year,
        } = *spoken
        else {
            continue;
        };
        let is_month_first = word(*at).and_then(month).is_some();
        // Days in digits alone name their months themselves.
        if !is_month_first && word(*at).and_then(day) != Some(own) {
            continue;
        }
        let mut end = at + 2 + usize::from(matches!(word(at + 1), Some("of" | "de")));
        end += usize::from(year(words.get(end)).is_some());
        let before = at.checked_sub(1);
        let between = before
            .and_then(word)
            .is_some_and(|word| matches!(word, "between" | "zwischen"));
        let mut take = |place: usize, later: bool| {
            let bare = word(place).and_then(day);
            let bare = bare.filter(|day| if later { *day > own } else { *day < own });
            if let Some(day) = bare.filter(|_| is_bare(words, place) || !later) {
                let year = match later {
                    true => year(words.get(place + 1)).or(in_year),
                    false => in_year,
                };
                let spoken = SpokenDay::Named {
                    month: of,
                    day,
                    year,
                };
                if !found.contains(&(spoken, place)) {
                    found.push((spoken, place));
                }
            }
        };
        // `December 12 to 15`, `December 12-15`.
        if word(end).is_some_and(|word| joins(word, between)) {
            take(behind_article(words, end + 1), true);
        } else if end > 0 && dashed(end - 1) {
            take(end, true);
        }
        // `… and staying until the 15th`.
        for place in end..(end + FAR).min(words.len()) {
            let until = word(place).is_some_and(|word| joins(word, false) || word == "on");
            let number = behind_article(words, place + 1);
            let is_ordinal = number > place + 1
                && word(number).is_some_and(|word| {
                    ["st", "nd", "rd", "th"]
                        .iter()
                        .any(|end| word.ends_with(end))
                })
                || matches!((word(place), word(place + 1)), (Some("bis"), Some("zum")));
            if until && is_ordinal {
                take(number, true);
            }
        }
        // `from 12 to 15 December`, `12-15 December`.
        if is_month_first {
            continue;
        }
        let Some(before) = before else { continue };
        let mut join = before;
        while join > 0 && word(join).is_some_and(is_article) {
            join -= 1;
        }
        if let Some(number) = join.checked_sub(1)
            && word(join).is_some_and(|word| {
                let between = number.checked_sub(1).and_then(|at| words.get(at));
                let between = between.is_some_and(|word| word == "between" || word == "zwischen");
                joins(word, between)
            })
        {
            take(number, false);
        } else if dashed(before) {
            take(before, false);
        }
    }
    found
}

/// Words that stand between the ends of a range.
fn joins(word: &str, between: bool) -> bool {
    matches!(
        word,
        "to" | "until" | "till" | "through" | "thru" | "bis" | "au" | "al" | "hasta"
    ) || between && matches!(word, "and" | "und")
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "zum" | "den" | "dem")
}

/// The place behind the articles that stand at one.
fn behind_article(words: &[String], mut at: usize) -> usize {
    while words.get(at).is_some_and(|word| is_article(word)) {
        at += 1;
    }
    at
}

/// Whether the number at a place is that of a day: it has no month of its own, and counts nothing.
fn is_bare(words: &[String], at: usize) -> bool {
    let next = words.get(at + 1).map(String::as_str);
    let next = match next {
        Some("of" | "de") => words.get(at + 2).map(String::as_str),
        next => next,
    };
    next.is_none_or(|next| month(next).is_none() && Unit::of(next).is_none())
}

#[cfg(test)]
mod tests {
    use super::super::said::Said;
    use serde_json::json;

    #[test]
    fn the_ends_of_a_range_have_one_month() {
        for text in [
            "Book it from December 12 to 15 at Luna",
            "Book it December 12-15 at Luna",
            "Book it December 12 – 15, 2026",
            "Buche es vom 12. bis 15. Dezember bei Luna",
            "Buche es vom 12. bis zum 15. Dezember 2026",
            "Book it from 12 to 15 December for two",
            "Book it 12-15 December",
            "Book it Dec 12th through the 15th",
            "Arriving December 12 and staying until the 15th.",
            "Book it between December 12 and 15",
        ] {
            let mut said = Said::default();
            said.hear(text, true);
            for day in ["2026-12-12", "2026-12-15"] {
                assert!(said.find(&json!(day), &[]).is_some(), "{text} {day}");
            }
            assert!(said.find(&json!("2026-12-14"), &[]).is_none(), "{text}");
        }
    }

    #[test]
    fn what_counts_something_else_is_no_day() {
        for text in [
            "Book it on December 12 for 15 guests",
            "Book it on December 12, 15 guests",
            "Move it from December 12 to 15 people",
            "Move it from December 12 to January 15",
            "On December 12 call the 15 of them",
            "Meet on December 12 from 8 to 15 hours",
        ] {
            let mut said = Said::default();
            said.hear(text, true);
            assert!(said.find(&json!("2026-12-15"), &[]).is_none(), "{text}");
        }
    }
}
