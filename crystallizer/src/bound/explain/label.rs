//! What a choice of a question means, in a few words: what it takes, from which step's answer, which element of a list
//! that is of, and what it was in the recording. The expression beside it may have several hundred characters.

use crate::bound::decide::Decisions;
use crate::bound::evaluate::Recorded;
use crate::kept::Kept;
use crate::report::Question;
use druse_engine::Timestamp;
use druse_engine::expression::Expression;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The most characters of a name or of a value in a label.
const MOST_SHOWN: usize = 40;
/// The most elements of which a label says how they are picked.
const MOST_PICKED: usize = 3;

/// Labels the choices of all questions: each in a way that tells it from the others. `sent` gives what was sent where a
/// question about a source is asked, which is what each of its sources gave.
pub(in crate::bound) fn label(
    questions: &mut [Question],
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    started_at: Timestamp,
) {
    let mut recorded: Option<Recorded<'_>> = None;
    let sent = sent(kept, decisions);
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
            // A figure of several pieces is answered by all of them at once.
            let whole = sent.get(&question.id);
            let pieces: Vec<String> = pieces(choice)
                .map(|piece| {
                    let value = recorded.evaluate(piece);
                    of(piece, value.as_ref().or(whole))
                })
                .collect();
            pieces.join("; ")
        });
        question.labels = apart(&question.choices, labels.collect());
    }
}

/// What was sent where something is asked about its source, by the id of the question.
fn sent(kept: &[Kept<'_>], decisions: &Decisions<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (own, decided) in kept.iter().zip(&decisions.calls) {
        for frozen in decided.frozen.iter().chain(&decided.brought) {
            let is_asked = frozen
                .why
                .choices()
                .is_some_and(|choices| choices.iter().any(|one| plain(&one.answer).is_none()));
            if is_asked {
                let id = frozen.question.clone();
                let id = id.unwrap_or_else(|| super::question_id(own, &frozen.pointer));
                found.entry(id).or_insert_with(|| frozen.value.clone());
            }
        }
    }
    found
}

/// The expressions of an answer that gives several pieces of a text.
fn pieces(choice: &str) -> impl Iterator<Item = &str> {
    let mut from = 0;
    let ends: Vec<usize> = outside(choice)
        .filter(|(_, c)| *c == ';')
        .map(|(at, _)| at)
        .chain([choice.len()])
        .collect();
    ends.into_iter().map(move |end| {
        let piece = choice.get(from..end).unwrap_or_default().trim();
        from = end + 1;
        piece
    })
}

/// The labels, with what parts them where two are equal: from where their expressions part on, as much as tells them.
fn apart(choices: &[String], labels: Vec<String>) -> Vec<String> {
    let mut found = labels.clone();
    for (at, label) in labels.iter().enumerate() {
        let others = || {
            let all = labels.iter().zip(choices).enumerate();
            all.filter(|(other, (one, _))| *other != at && *one == label)
                .map(|(_, (_, choice))| choice.as_str())
        };
        let own = &choices[at];
        let parts: Vec<usize> = others().map(|other| parts_at(own, other)).collect();
        let (Some(from), Some(to)) = (parts.iter().min(), parts.iter().max()) else {
            continue;
        };
        let from = word_at(own, *from);
        let shown = own.get(from..).unwrap_or_default();
        let limit = own.get(from..*to).map_or(0, |same| same.chars().count()) + MOST_SHOWN;
        found[at] = match shown.trim() {
            "" => format!("{label}, and nothing more"),
            shown => format!("{label}, with `{}`", crate::show::text(shown, limit)),
        };
    }
    found
}

/// Where a text parts from another.
fn parts_at(own: &str, other: &str) -> usize {
    let same = own.char_indices().zip(other.chars());
    same.into_iter()
        .find(|((_, one), two)| one != two)
        .map_or(own.len().min(other.len()), |((at, _), _)| at)
}

/// Where the word begins that stands at a place.
fn word_at(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')))
        .map_or(0, |before| before + 1)
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
    // Each part of what has to hold together, or of which one has to.
    for sign in [" or ", " and "] {
        let places: Vec<usize> = outside(expression).map(|(at, _)| at).collect();
        let mut signs = expression.match_indices(sign);
        if let Some((at, _)) = signs.find(|(at, _)| places.contains(at)) {
            let (left, right) = (&expression[..at], &expression[at + sign.len()..]);
            return format!("{}{sign}{}", of(left, value), of(right, value));
        }
    }
    let step = Expression::compile(expression).ok().and_then(|compiled| {
        let mut all = compiled.references().steps();
        all.next().and_then(|one| one.key(0)).map(str::to_owned)
    });
    let compared = comparison(expression);
    let taken = compared.as_ref().map_or(expression, |(left, _)| left);
    let what = match (step, worked_out(taken)) {
        (None, _) => match crate::bound::run_day::shown(expression) {
            Some(day) => day,
            None => return without_step(expression),
        },
        (Some(_), Some(worked_out)) => worked_out,
        (Some(step), None) => taken_of(taken, &step),
    };
    let name = field(taken);
    let mut text = what;
    if let Some((_, right)) = &compared {
        text.push_str(&format!(" {right}"));
    }
    match value {
        Some(Value::Bool(holds)) if compared.is_some() => {
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

/// The label of an expression that reads no step.
fn without_step(expression: &str) -> String {
    let picked = picked(expression);
    match expression.trim().strip_prefix("inputs.") {
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
    }
}

/// What is taken from the answer of a step, and of which element.
fn taken_of(taken: &str, step: &str) -> String {
    let what = match (field(taken), behind(taken)) {
        (_, Some(behind)) => behind,
        (Some(name), None) => format!("`{}`", shorten(&name)),
        (None, None) => "the answer".to_owned(),
    };
    let mut text = format!("{}{what} of `{}`", made_of(taken), shorten(step));
    let picked = picked(taken);
    if !picked.is_empty() {
        text.push_str(&format!(", of the element {}", picked.join(" and ")));
    }
    text
}

/// What an expression works out of two sides, or turns round, in words.
fn worked_out(expression: &str) -> Option<String> {
    let own = expression.trim();
    if let Some(rest) = own.strip_prefix("not ") {
        return Some(format!("the other one of {}", brief(rest)));
    }
    let places: Vec<usize> = outside(own).map(|(at, _)| at).collect();
    let signs = [
        (" + ", "and then"),
        (" - ", "less"),
        (" ~ ", "followed by"),
        (" * ", "times"),
        (" / ", "divided by"),
    ];
    for (sign, words) in signs {
        let found = own.match_indices(sign).find(|(at, _)| places.contains(at));
        let Some((at, _)) = found else { continue };
        let right = own[at + sign.len()..].trim();
        // A list has more behind it, and a number is more.
        let words = match (sign, right.starts_with('[')) {
            (" + ", false) => "plus",
            _ => words,
        };
        let right = right.trim_start_matches('[').trim_end_matches(']');
        return Some(format!("{} {words} {}", brief(&own[..at]), brief(right)));
    }
    let (list, out) = own.split_once(" | reject('eq', ")?;
    Some(format!(
        "{} without {}",
        brief(list),
        brief(out.strip_suffix(')')?)
    ))
}

/// A side of what is worked out, or what something is compared with, in few words.
fn brief(expression: &str) -> String {
    let mut own = expression.trim();
    // Brackets around all of it.
    while let Some(inside) = own.strip_prefix('(').and_then(|one| one.strip_suffix(')'))
        && outside(own).filter(|(_, c)| matches!(c, '(' | ')')).count() == 2
    {
        own = inside.trim();
    }
    let own = own
        .strip_suffix(" or 0")
        .or_else(|| own.strip_suffix(" or []"))
        .or_else(|| own.strip_suffix(" or ''"))
        .unwrap_or(own);
    if let Some(worked_out) = worked_out(own) {
        return worked_out;
    }
    let is_name = |rest: &str| rest.chars().all(|c| c.is_alphanumeric() || c == '_');
    if let Some(name) = own.strip_prefix("inputs.").filter(|name| is_name(name)) {
        return format!("the input `{}`", shorten(name));
    }
    let step = own.find("steps.").map(|at| {
        let rest = &own[at + "steps.".len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    });
    match (step, field(own)) {
        (Some(step), Some(name)) => format!("`{}` of `{}`", shorten(&name), shorten(step)),
        _ => shorten(own),
    }
}

/// What stands in a text behind a label, or between other words.
fn behind(expression: &str) -> Option<String> {
    if let Some(label) = expression.split("line_value(").nth(1).and_then(quoted) {
        return Some(format!("what stands behind “{}”", shorten(&label)));
    }
    let rest = expression.split("between(").nth(1)?;
    let before = quoted(rest)?;
    let end = before.len() + 2;
    let after = rest.get(end..).and_then(|rest| {
        let rest = rest.trim_start().strip_prefix(',')?;
        quoted(rest)
    });
    Some(match (before.trim(), after.as_deref().map(str::trim)) {
        ("", Some(after)) if !after.is_empty() => {
            format!("what stands before “{}”", shorten(after))
        }
        (before, Some(after)) if !after.is_empty() => format!(
            "what stands between “{}” and “{}”",
            shorten(before),
            shorten(after)
        ),
        ("", _) => return None,
        (before, _) => format!("what stands behind “{}”", shorten(before)),
    })
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
            return Some((&expression[..at], format!("{words} {}", brief(right))));
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
    if expression.contains(" * ") || expression.contains(" + ") {
        "what is made of "
    } else if ends("| length") {
        "how many there are of "
    } else if ends("| sum") {
        "the sum of "
    } else if expression.contains("| join(") {
        "all of "
    } else {
        ""
    }
}

/// How the elements are told from others of their lists, the innermost last.
fn picked(expression: &str) -> Vec<String> {
    // How the operand of a comparison is picked is told by the step that it comes from.
    let inside = operands(expression);
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut add = |at: usize, text: String| {
        let is_own = inside.iter().all(|span| !span.contains(&at));
        if is_own && found.iter().all(|(_, known)| *known != text) {
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
        let inside = &rest[..closing(rest).unwrap_or(rest.len())];
        let (field, operand) = match compared_field(inside) {
            Some(both) => both,
            None => continue,
        };
        add(
            at,
            format!("whose `{}` is {}", shorten(&field), brief(operand)),
        );
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
        for (at, _) in expression.match_indices(word) {
            if !expression.contains("split(") {
                add(at, text.to_owned());
            }
        }
    }
    // What is picked last is nearest to the value.
    found.sort();
    let far = found.len().saturating_sub(MOST_PICKED);
    found.drain(..far);
    found.into_iter().map(|(_, text)| text).collect()
}

/// The field that elements are told by, and what it is compared with: what stands in the brackets of `where`.
fn compared_field(inside: &str) -> Option<(String, &str)> {
    let comma = outside(inside).find(|(_, c)| *c == ',').map(|(at, _)| at)?;
    let (field, operand) = (inside[..comma].trim(), inside[comma + 1..].trim());
    let keys: Vec<String> = match field.strip_prefix('[') {
        None => vec![quoted(field)?],
        Some(list) => list
            .trim_end_matches(']')
            .split(',')
            .filter_map(|key| quoted(key.trim()))
            // An element, whichever it is.
            .filter(|key| key != "*")
            .collect(),
    };
    (!keys.is_empty()).then(|| (keys.join("."), operand))
}

/// Where the operands of comparisons stand.
fn operands(expression: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, name) in expression.match_indices("where(") {
        let from = at + name.len();
        if found.iter().any(|span| span.contains(&at)) {
            continue;
        }
        let rest = &expression[from..];
        let end = closing(rest).map_or(expression.len(), |end| from + end);
        let inside = &expression[from..end];
        let comma = outside(inside).find(|(_, c)| *c == ',');
        found.extend(comma.map(|(comma, _)| from + comma..end));
    }
    // Other sources that have to agree say nothing of how this one is picked.
    for (at, name) in expression.match_indices("agreed(") {
        let from = at + name.len();
        let end = closing(&expression[from..]).map_or(expression.len(), |end| from + end);
        found.push(from..end);
    }
    found
}

/// Where the bracket closes that something stands in.
fn closing(rest: &str) -> Option<usize> {
    let mut open = 0_usize;
    outside(rest)
        .filter(|(_, c)| matches!(c, '(' | ')'))
        .find_map(|(at, c)| match (c, open) {
            ('(', _) => {
                open += 1;
                None
            }
            (_, 0) => Some(at),
            _ => {
                open -= 1;
                None
            }
        })
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
            (
                "steps.read_file.output | line_value('Car Rental') | parse_number",
                json!(98.7),
                "what stands behind “Car Rental” of `read_file` (98.7 in the recording)",
            ),
            (
                "(steps.search.output | parse_json | first | where('origin', (steps.get_trip.output | parse_json).origin) | only).flight_number",
                json!("HAT110"),
                "`flight_number` of `search`, of the element that is the first and whose `origin` is `origin` of `get_trip` (HAT110 in the recording)",
            ),
            (
                "(steps.trips.output | where(['flights', '*', 'date'], inputs.date) | only).origin",
                json!("JFK"),
                "`origin` of `trips`, of the element whose `flights.date` is the input `date` (JFK in the recording)",
            ),
            (
                "steps.get_item.output.json.stock + inputs.stock",
                json!(25),
                "`stock` of `get_item` plus the input `stock` (25 in the recording)",
            ),
            (
                "(steps.get_issue.output.json.labels or []) + [inputs.label]",
                json!(["bug", "urgent"]),
                "`labels` of `get_issue` and then the input `label` (2 elements in the recording)",
            ),
            (
                "steps.get_issue.output.json.watchers | reject('eq', inputs.watcher)",
                json!([]),
                "`watchers` of `get_issue` without the input `watcher` (0 elements in the recording)",
            ),
            (
                "not steps.get_flag.output.json.enabled",
                json!(false),
                "the other one of `enabled` of `get_flag` (false in the recording)",
            ),
            (
                "steps.get_service.output.json.service ~ '-' ~ steps.get_service.output.json.env",
                json!("mailer-staging"),
                "`service` of `get_service` followed by '-' followed by `env` of `get_service` (mailer-staging in the recording)",
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

    #[test]
    fn equal_labels_are_told_apart() {
        let of = |choices: &[&str]| {
            let choices: Vec<String> = choices.iter().map(|one| (*one).to_owned()).collect();
            let labels = vec!["the same label".to_owned(); choices.len()];
            apart(&choices, labels)
        };
        assert_eq!(
            of(&["steps.a.output.first_name", "steps.a.output.first_word"]),
            [
                "the same label, with `first_name`",
                "the same label, with `first_word`"
            ]
        );
        assert_eq!(
            of(&["steps.a.output", "steps.a.output | trim"]),
            [
                "the same label, with `output`",
                "the same label, with `output | trim`"
            ]
        );
        let long = "x | ".repeat(60);
        let three = [
            format!("{long}a"),
            format!("{long}b"),
            format!("c | {long}"),
        ];
        let labels = of(&three.each_ref().map(String::as_str));
        let different: BTreeSet<&String> = labels.iter().collect();
        assert_eq!(different.len(), 3, "{labels:?}");
        assert_eq!(
            apart(
                &["a".to_owned(), "b".to_owned()],
                vec!["one".to_owned(), "two".to_owned()]
            ),
            ["one", "two"]
        );
    }

    #[test]
    fn a_figure_of_several_pieces_is_told_by_each() {
        let all: Vec<&str> = pieces("steps.a.output.x; steps.b.output | split('; ')").collect();
        assert_eq!(all, ["steps.a.output.x", "steps.b.output | split('; ')"]);
    }
}
