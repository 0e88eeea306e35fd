//! What a choice of a question means, in a few words: what it takes, from which step's answer, which element of a list
//! that is of, and what it was in the recording. The expression beside it may have several hundred characters.

use crate::bound::decide::Decisions;
use crate::bound::evaluate::Recorded;
use crate::kept::Kept;
use crate::report::Question;
use druse_engine::Timestamp;
use druse_engine::expression::Expression;
use serde_json::Value;
use std::collections::BTreeSet;

/// The most characters of a name or of a value in a label.
const MOST_SHOWN: usize = 40;
/// The most elements of which a label says how they are picked.
const MOST_PICKED: usize = 2;

/// Labels the choices of all questions.
pub(in crate::bound) fn label(
    questions: &mut [Question],
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    started_at: Timestamp,
) {
    let mut recorded: Option<Recorded<'_>> = None;
    for question in questions {
        let labels = question.choices.iter().map(|choice| {
            if let Some(known) = plain(choice) {
                return known.to_owned();
            }
            let recorded = recorded.get_or_insert_with(|| {
                // Of calls that became one step the first counts.
                let mut seen = BTreeSet::new();
                let steps = kept.iter().filter(|one| seen.insert(one.step.as_str()));
                let steps = steps.map(|one| (one.step.clone(), one));
                let mut all = Recorded::named(steps, started_at);
                for input in decisions.inputs.iter() {
                    all.set_input(&input.name, &input.value);
                }
                all
            });
            of(choice, recorded.evaluate(choice).as_ref())
        });
        question.labels = labels.collect();
    }
}

/// What the answers mean that are no expressions.
fn plain(choice: &str) -> Option<&'static str> {
    Some(match choice {
        "constant" => "the same in every run",
        "input" => "given anew in each run",
        "always" => "in every run",
        "gate" => "somebody is asked in each run",
        "one_by_one" => "one by one, as often as it was recorded",
        "all" => "all of the list",
        _ => return None,
    })
}

/// The label of an expression, with what it gave in the recording.
fn of(expression: &str, value: Option<&Value>) -> String {
    let step = Expression::compile(expression).ok().and_then(|compiled| {
        let mut all = compiled.references().steps();
        all.next().and_then(|one| one.key(0)).map(str::to_owned)
    });
    let picked = picked(expression);
    let Some(step) = step else {
        return match expression.trim().strip_prefix("inputs.") {
            _ if !picked.is_empty() => format!("the elements {}", picked.join(" and ")),
            Some(rest) => match rest.split_once(" ~ ") {
                Some((name, fixed)) => {
                    let behind = fixed.trim_matches('\'').trim();
                    format!(
                        "the input `{}`, with {} behind it",
                        shorten(name),
                        shorten(behind)
                    )
                }
                None => format!("the input `{}`", shorten(rest)),
            },
            None => shorten(expression),
        };
    };
    let compared = comparison(expression);
    let taken = compared.as_ref().map_or(expression, |(left, _)| left);
    let name = field(taken);
    let what = match &name {
        Some(name) => format!("`{}`", shorten(name)),
        None => "the answer".to_owned(),
    };
    let mut text = format!("{}{what} of `{}`", made_of(taken), shorten(&step));
    if !picked.is_empty() {
        text.push_str(&format!(", of the element {}", picked.join(" and ")));
    }
    if let Some((_, right)) = &compared {
        text.push_str(&format!(" {right}"));
    }
    match value {
        Some(Value::Bool(holds)) => {
            let so = if *holds {
                "it holds"
            } else {
                "it does not hold"
            };
            format!("{text} ({so} in the recording)")
        }
        Some(Value::Array(all)) => format!(
            "{text} ({} in the recording)",
            crate::show::count(all.len(), "element", "elements")
        ),
        Some(value) if !value.is_object() => {
            let key = name.as_deref().unwrap_or_default();
            format!(
                "{text} ({} in the recording)",
                crate::show::value(key, value, MOST_SHOWN)
            )
        }
        _ => text,
    }
}

fn shorten(text: &str) -> String {
    crate::show::text(text, MOST_SHOWN)
}

/// Goes through the signs of an expression that stand in no brackets and no quotes, each with its place.
fn outside(expression: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    expression.char_indices().filter(move |(_, c)| {
        if let Some(open) = quote {
            match (escaped, *c) {
                (true, _) => escaped = false,
                (false, '\\') => escaped = true,
                (false, c) if c == open => quote = None,
                _ => {}
            }
            return false;
        }
        match *c {
            '\'' | '"' => quote = Some(*c),
            '(' | '[' => {
                depth += 1;
                return depth == 1;
            }
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                return depth == 0;
            }
            _ => {}
        }
        depth == 0 && quote.is_none()
    })
}

/// The two sides of a comparison, the second with its sign as words.
fn comparison(expression: &str) -> Option<(&str, String)> {
    let places: Vec<usize> = outside(expression).map(|(at, _)| at).collect();
    for (sign, words) in [
        (" == ", "is"),
        (" != ", "is not"),
        (" <= ", "is at most"),
        (" >= ", "is at least"),
        (" < ", "is less than"),
        (" > ", "is more than"),
        (" not in ", "is none of"),
        (" in ", "is one of"),
    ] {
        let found = expression
            .match_indices(sign)
            .find(|(at, _)| places.contains(at));
        if let Some((at, _)) = found {
            let right = expression[at + sign.len()..].trim();
            return Some((&expression[..at], format!("{words} {}", shorten(right))));
        }
    }
    None
}

/// The name of what an expression takes: the last key on the way, before it is written otherwise.
fn field(expression: &str) -> Option<String> {
    let own = expression.trim();
    let end = outside(own)
        .find(|(_, c)| matches!(c, '|' | '*' | '~' | '+'))
        .map_or(own.len(), |(at, _)| at);
    let (head, filters) = (own[..end].trim(), &own[end..]);
    // A field of every element of a list.
    if let Some(name) = filters.split("column(").nth(1).and_then(quoted) {
        return Some(name);
    }
    let mut last: Option<(usize, usize)> = None;
    let mut open = None;
    for (at, c) in outside(head) {
        match c {
            '.' => last = Some((at + 1, head.len())),
            '[' => open = Some(at),
            ']' => {
                if let Some(from) = open.take() {
                    last = Some((from, at + 1));
                }
            }
            _ => {}
        }
    }
    if let Some((from, to)) = last {
        let name = &head[from..to];
        if let Some(inside) = name.strip_prefix('[') {
            return quoted(inside).or_else(|| field(&head[..from]));
        }
        let end = name
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let name = &name[..end];
        return match name {
            // They say how an answer is read.
            "json" | "output" | "data" | "" => None,
            name => Some(name.to_owned()),
        };
    }
    let inside = head.strip_prefix('(')?.strip_suffix(')')?;
    field(inside)
}

/// The text in quotes that something begins with.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['[', ' ']);
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split(quote).next().map(str::to_owned)
}

/// What is made of what is taken, where that is more than another notation.
fn made_of(expression: &str) -> &'static str {
    let ends = |name: &str| expression.trim_end().ends_with(name);
    if outside(expression).any(|(_, c)| matches!(c, '*' | '+')) || expression.contains(" * ") {
        "what is made of "
    } else if ends("| length") {
        "how many there are of "
    } else if ends("| sum") {
        "the sum of "
    } else if expression.contains("| join(") {
        "all of "
    } else if expression.contains("between(") || expression.contains("line_value(") {
        "a part of "
    } else {
        ""
    }
}

/// How the elements are told from others of their lists, the innermost last.
fn picked(expression: &str) -> Vec<String> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut add = |at: usize, text: String| {
        if found.iter().all(|(_, known)| *known != text) {
            found.push((at, text));
        }
    };
    for (name, most) in [("min_by(", "least"), ("max_by(", "most")] {
        for (at, _) in expression.match_indices(name) {
            if let Some(field) = quoted(&expression[at + name.len()..]) {
                add(at, format!("with the {most} `{}`", shorten(&field)));
            }
        }
    }
    for (at, _) in expression.match_indices("where(") {
        let rest = &expression[at + "where(".len()..];
        let end = outside(rest)
            .find(|(_, c)| *c == ')')
            .map_or(rest.len(), |(at, _)| at);
        let inside = &rest[..end];
        let comma = outside(inside).find(|(_, c)| *c == ',').map(|(at, _)| at);
        if let (Some(field), Some(comma)) = (quoted(inside), comma) {
            let operand = inside[comma + 1..].trim();
            let operand = match operand.strip_prefix("inputs.") {
                Some(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                    format!("the input `{}`", shorten(name))
                }
                _ => shorten(operand),
            };
            add(at, format!("whose `{}` is {operand}", shorten(&field)));
        }
    }
    // A place in a list: `[0]`, `first`, `last`.
    for (at, _) in expression.match_indices('[') {
        let rest = &expression[at + 1..];
        let number = rest
            .split(']')
            .next()
            .and_then(|inside| inside.parse::<i64>().ok());
        match number {
            Some(-1) => add(at, "that is the last".to_owned()),
            Some(number) if number >= 0 => add(at, format!("number {}", number + 1)),
            _ => {}
        }
    }
    for (word, text) in [
        ("| first", "that is the first"),
        ("| last", "that is the last"),
    ] {
        if let Some(at) = expression.find(word)
            && !expression.contains("split(")
        {
            add(at, text.to_owned());
        }
    }
    found.sort();
    found.truncate(MOST_PICKED);
    found.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_choice_is_told_in_a_few_words() {
        let long = "x".repeat(300);
        for (expression, value, expected) in [
            (
                "steps.get_order.output.json.amount",
                json!(42.5),
                "`amount` of `get_order` (42.5 in the recording)",
            ),
            (
                "(steps.get_order.output | parse_json).amount",
                json!(42.5),
                "`amount` of `get_order` (42.5 in the recording)",
            ),
            (
                "(steps.get_order.output.json.payment['method id']) | string",
                json!("card"),
                "`method id` of `get_order` (card in the recording)",
            ),
            (
                "(steps.list_orders.output.json.orders | where('status', inputs.status) | only).order_id | agreed((steps.get_order.output | parse_json).id)",
                json!("W-1"),
                "`order_id` of `list_orders`, of the element whose `status` is the input `status` (W-1 in the recording)",
            ),
            (
                "(steps.search.output.json.flights | min_by(['prices', 'economy'])).number",
                json!("HAT069"),
                "`number` of `search`, of the element with the least `prices` (HAT069 in the recording)",
            ),
            (
                "steps.list_orders.output.json.orders[0].order_id",
                json!("W-1"),
                "`order_id` of `list_orders`, of the element number 1 (W-1 in the recording)",
            ),
            (
                "(steps.get_order.output.total * 0.97) | round(2)",
                json!(9.7),
                "what is made of `total` of `get_order` (9.7 in the recording)",
            ),
            (
                "steps.get_order.output.json.status == 'delivered'",
                json!(true),
                "`status` of `get_order` is 'delivered' (it holds in the recording)",
            ),
            (
                "(steps.search.output | parse_json).contacts | length == 0",
                json!(true),
                "how many there are of `contacts` of `search` is 0 (it holds in the recording)",
            ),
            (
                "steps.list.output.json.invoices | column('number') | join(', ')",
                json!("a, b"),
                "all of `number` of `list` (a, b in the recording)",
            ),
        ] {
            assert_eq!(of(expression, Some(&value)), expected);
        }
        assert_eq!(
            of("where('status', 'overdue')", None),
            "the elements whose `status` is 'overdue'"
        );
        assert!(
            of(&format!("steps.a.output.{long}"), Some(&json!(long)))
                .chars()
                .count()
                < 160
        );
        assert!(of("steps.", None).chars().count() < 160);
    }
}
