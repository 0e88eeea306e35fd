//! Whether an expression only hands a value on, or also looks at it.

use super::compiled::Expression;
use super::scan::{Kind, Segment, Token, tokens};
use std::ops::Range;

/// What gives true or false, or another number, out of what is joined.
const LOOKS: [&str; 7] = ["and", "or", "not", "in", "is", "if", "else"];

impl Expression {
    /// Whether the values below this name leave the expression as they are: alone, joined with others by `~` or `+`,
    /// chosen by a condition that does not read them, or as parts of a list or a map.
    pub fn hands_on(&self, root: &str) -> bool {
        if !self.references().items.iter().any(|item| item.root == root) {
            return true;
        }
        // Within a text the places of names are counted from its `{{`, and the source begins behind the blanks.
        let Ok(own) = Self::compile(self.source()) else {
            return true; // what cannot be read is said elsewhere
        };
        let items = own.references().items.iter();
        let items = items.filter(|item| item.root == root);
        let places: Vec<Place> = items
            .map(|item| Place {
                range: item.range.clone(),
                whole: matches!(item.path.as_slice(), [Segment::Key(_)]) && item.dashed.is_none(),
            })
            .collect();
        let Ok((tokens, _)) = tokens(self.source(), false) else {
            return true;
        };
        let handing = Handing {
            source: self.source(),
            places,
        };
        handing.on(&tokens)
    }
}

struct Place {
    range: Range<usize>,
    /// Whether it is the value, not something of it.
    whole: bool,
}

struct Handing<'a> {
    source: &'a str,
    places: Vec<Place>,
}

impl Handing<'_> {
    fn text(&self, token: &Token) -> &str {
        // What a text says is no punctuation.
        match token.kind {
            Kind::Text => "",
            _ => self.source.get(token.range.clone()).unwrap_or_default(),
        }
    }

    fn reads(&self, part: &[Token]) -> bool {
        let inside = |token: &Token| {
            let mut places = self.places.iter();
            places.any(|place| place.range.contains(&token.range.start))
        };
        part.iter().any(inside)
    }

    /// The places of tokens, outside of all brackets, that are one of these.
    fn at_top<'t>(&self, part: &'t [Token], wanted: &[&str]) -> Vec<(usize, &'t Token)> {
        let mut depth = 0usize;
        let mut found = Vec::new();
        for (at, token) in part.iter().enumerate() {
            let text = self.text(token);
            match text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ if depth == 0 && wanted.contains(&text) => found.push((at, token)),
                _ => {}
            }
        }
        found
    }

    fn split<'t>(&self, part: &'t [Token], by: &[&str]) -> Vec<&'t [Token]> {
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, _) in self.at_top(part, by) {
            parts.push(&part[from..at]);
            from = at + 1;
        }
        parts.push(&part[from..]);
        parts
    }

    /// What stands between brackets that belong together and are all of it.
    fn within<'t>(&self, part: &'t [Token], open: &str) -> Option<&'t [Token]> {
        let [first, inner @ .., last] = part else {
            return None;
        };
        let closes = match open {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        let mut depth = 0i64;
        for token in inner {
            match self.text(token) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return None;
            }
        }
        (self.text(first) == open && self.text(last) == closes).then_some(inner)
    }

    fn on(&self, part: &[Token]) -> bool {
        if !self.reads(part) {
            return true;
        }
        if let Some((at, _)) = self.at_top(part, &["if"]).first() {
            let (value, rest) = (&part[..*at], &part[at + 1..]);
            let (condition, other) = match self.at_top(rest, &["else"]).first() {
                Some((at, _)) => (&rest[..*at], &rest[at + 1..]),
                None => (rest, &rest[rest.len()..]),
            };
            return !self.reads(condition) && self.on(value) && self.on(other);
        }
        let joined = self.split(part, &["~", "+"]);
        if joined.len() > 1 {
            let compares = ["==", "!=", "<", ">", "<=", ">="];
            let looks = !self.at_top(part, &LOOKS).is_empty();
            let compares = !self.at_top(part, &compares).is_empty();
            return !looks && !compares && joined.into_iter().all(|one| self.on(one));
        }
        if let Some(inner) = self.within(part, "(") {
            return self.on(inner);
        }
        if let Some(inner) = self.within(part, "[") {
            return self
                .split(inner, &[","])
                .into_iter()
                .all(|item| self.on(item));
        }
        if let Some(inner) = self.within(part, "{") {
            let mut entries = self.split(inner, &[","]).into_iter();
            return entries.all(|entry| match self.at_top(entry, &[":"]).first() {
                Some((at, _)) => !self.reads(&entry[..*at]) && self.on(&entry[at + 1..]),
                None => self.on(entry),
            });
        }
        self.is_one(part)
    }

    /// Whether it is one of the values and nothing else.
    fn is_one(&self, part: &[Token]) -> bool {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            return false;
        };
        self.places.iter().any(|place| {
            place.whole
                && place.range.start == first.range.start
                && place.range.end == last.range.end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Template;

    #[test]
    fn a_value_is_handed_on_or_looked_at() {
        let hands_on = |source: &str| {
            let alone = Expression::compile(source).unwrap().hands_on("secrets");
            let text = format!("Bearer {{{{  {source} }}}}!");
            let text = Template::compile(&text.into()).unwrap();
            for (_, expression) in text.expressions() {
                assert_eq!(expression.hands_on("secrets"), alone, "{source}");
            }
            alone
        };
        for source in [
            "secrets.a",
            "secrets['a']",
            "(secrets.a)",
            "'Bearer ' ~ secrets.a",
            "secrets.a ~ ':' ~ (secrets.b ~ '|upper') ~ (inputs.x | upper)",
            "secrets.a + inputs.x",
            "secrets.a if inputs.x == 'live' else secrets.b",
            "secrets.a if inputs.x | upper in ['A'] else none",
            "[secrets.a, inputs.x | upper]",
            "{ 'key': secrets.a, 'n': { 'more': 'x' ~ secrets.b } }",
            "inputs.x | upper",
            "'secrets.a' | upper",
        ] {
            assert!(hands_on(source), "{source}");
        }
        for source in [
            "secrets.a | upper",
            "'x' ~ secrets.a | upper",
            "('x' ~ secrets.a) | upper",
            "secrets.a[0:5]",
            "secrets.a[0]",
            "secrets.a | replace('x', 'y')",
            "inputs.x | replace('x', secrets.a)",
            "secrets.a == 'x'",
            "'x' ~ secrets.a == 'xy'",
            "secrets.a ~ 'x' in inputs.list",
            "secrets.a is defined",
            "not secrets.a",
            "secrets.a or 'x'",
            "inputs.x if secrets.a else 'y'",
            "inputs.x if secrets.a == 'x' else 'y'",
            "[secrets.a] | join(',')",
            "{ secrets.a: 1 }",
            "(secrets.a) ~ (secrets.b | upper)",
            "range(secrets.a)",
            "-secrets.a",
            "secrets.a * 2",
        ] {
            assert!(!hands_on(source), "{source}");
        }
    }
}
