//! What an expression demands of a value in so many words: that a part of it is equal to something that
//! is known without it.

use super::compiled::Expression;
use super::scan::{Kind, Token, tokens};

impl Expression {
    /// The first of its conditions that has the form `root.part == other`, or the other way round, and
    /// must hold for the whole to hold: the path below the root, and the other side, which does not name
    /// the root. None where it is not plainly so.
    pub fn demanded_of(&self, root: &str) -> Option<(Vec<String>, Expression)> {
        let source = self.source();
        let (tokens, _) = tokens(source, false).ok()?;
        let text = |token: &Token| &source[token.range.clone()];
        let mut depth = 0usize;
        let mut conditions: Vec<Vec<&Token>> = vec![Vec::new()];
        for token in &tokens {
            let here = text(token);
            match here {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let word = depth == 0 && token.kind == Kind::Name;
            match here {
                // With these, no condition has to hold by itself.
                "or" | "if" | "else" if word => return None,
                "and" if word => conditions.push(Vec::new()),
                _ => conditions.last_mut()?.push(token),
            }
        }
        conditions
            .iter()
            .find_map(|condition| equality(source, condition, root))
    }
}

fn equality(source: &str, tokens: &[&Token], root: &str) -> Option<(Vec<String>, Expression)> {
    let text = |token: &Token| &source[token.range.clone()];
    let mut depth = 0usize;
    let mut equals = None;
    for (place, token) in tokens.iter().enumerate() {
        match text(token) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "==" if depth == 0 && equals.is_none() => equals = Some(place),
            "==" | "!=" | "<" | ">" | "<=" | ">=" if depth == 0 => return None,
            "not" | "in" | "is" if depth == 0 && token.kind == Kind::Name => return None,
            _ => {}
        }
    }
    let equals = equals?;
    let (left, right) = (&tokens[..equals], &tokens[equals + 1..]);
    let side = |path: &[&Token], other: &[&Token]| {
        let keys = plain_path(source, path, root)?;
        let (first, last) = (other.first()?, other.last()?);
        let other = Expression::compile(&source[first.range.start..last.range.end]).ok()?;
        let names_root = other
            .references()
            .items
            .iter()
            .any(|item| item.root == root);
        (!names_root).then_some((keys, other))
    };
    side(left, right).or_else(|| side(right, left))
}

/// The keys of `root.a.b`, and of nothing else.
fn plain_path(source: &str, tokens: &[&Token], root: &str) -> Option<Vec<String>> {
    let text = |token: &Token| &source[token.range.clone()];
    let (first, rest) = tokens.split_first()?;
    if text(first) != root || rest.is_empty() || !rest.len().is_multiple_of(2) {
        return None;
    }
    rest.chunks(2)
        .map(|pair| {
            let right = text(pair[0]) == "." && pair[1].kind == Kind::Name;
            right.then(|| text(pair[1]).to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_is_found_where_it_stands_plainly() {
        for (source, expected) in [
            (
                "event.data.order == inputs.order",
                Some(("data.order", "inputs.order")),
            ),
            (
                "inputs.order == event.data.order",
                Some(("data.order", "inputs.order")),
            ),
            (
                "event.data.total > 3 and event.subject == 'a' ~ inputs.b | lower",
                Some(("subject", "'a' ~ inputs.b | lower")),
            ),
            (
                "event.subject == (inputs.a or inputs.b)",
                Some(("subject", "(inputs.a or inputs.b)")),
            ),
            ("event.subject == inputs.a or true", None),
            ("not event.subject == inputs.a", None),
            ("event.subject == inputs.a == true", None),
            ("event.subject != inputs.a", None),
            ("event.subject == event.source", None),
            ("event.subject | lower == inputs.a", None),
            ("event.data.items[0] == inputs.a", None),
            ("(event.subject == inputs.a)", None),
            ("event == inputs.a", None),
            ("event.subject == inputs.a if inputs.b else true", None),
            ("event.subject", None),
        ] {
            let found = Expression::compile(source)
                .expect(source)
                .demanded_of("event");
            let found = found.map(|(keys, other)| (keys.join("."), other.source().to_owned()));
            let expected = expected.map(|(path, other)| (path.to_owned(), other.to_owned()));
            assert_eq!(found, expected, "{source}");
        }
    }
}
