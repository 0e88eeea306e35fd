//! Names that a person said and that a query keeps: `select … where owner = 'Tom Meier'`, `city:Berlin`. With another
//! name in its other places the draft would do with the one what was asked for with the other.

use crate::bound::decide::Decisions;
use crate::bound::inputs::Found;
use serde_json::Value;

/// The longest text that is a query.
const LONGEST: usize = 800;
/// The fewest letters of a name.
const SHORTEST: usize = 3;

/// A value in a query that a person said: an input gives it elsewhere, or it is a name.
pub(super) fn said_in<'t>(decisions: &Decisions<'_>, text: &'t str) -> Option<&'t str> {
    if text.len() > LONGEST || text.trim().contains('\n') {
        return None;
    }
    literals(text).into_iter().find(|literal| {
        let value = Value::from(*literal);
        let given = decisions
            .inputs
            .of_value(&value)
            .any(|input| matches!(input.found, Found::Said(_)) && input.value == value);
        given
            || decisions
                .said
                .find(&value, &[])
                .is_some_and(|mention| mention.person && decisions.said.names(&mention, &value))
    })
}

/// What a query compares with: what stands in quotes, and behind the sign of a term.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for quote in ['\'', '"'] {
        // Every other part stands between two of them.
        found.extend(text.split(quote).skip(1).step_by(2));
    }
    let terms = text.split(|c: char| c.is_whitespace() || matches!(c, '&' | '?' | '(' | ')' | ','));
    found.extend(terms.filter_map(|term| {
        let at = term.find([':', '='])?;
        Some(term[at + 1..].trim_matches(['=', '"', '\'']))
    }));
    found.retain(|one| {
        one.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST && one.len() < text.len()
    });
    found
}

#[cfg(test)]
mod tests {
    use super::literals;

    #[test]
    fn values_of_a_query_are_what_it_compares_with() {
        for (text, expected) in [
            (
                "select path from files where owner='Tom Meier' and state = 'open'",
                &["Tom Meier", "open"][..],
            ),
            ("city:Berlin AND active:true", &["Berlin", "true"]),
            ("https://a.example/s?city=Berlin&n=5", &["Berlin"]),
            ("owner eq \"Hamburg Nord\"", &["Hamburg Nord"]),
            ("The office in Berlin is closed.", &[]),
            ("Berlin", &[]),
        ] {
            let found = literals(text);
            for one in expected {
                assert!(found.contains(one), "{text}: {found:?} lacks {one}");
            }
            if expected.is_empty() {
                assert!(found.is_empty(), "{text}: {found:?}");
            }
        }
    }
}
