//! Values that stand in a text which a call answered, as they are: a name in a list of lines, a word behind a label.
//! Nothing reads such a text as data, so that no source is found there; but the agent hardly made them up.

use super::binder::{Binder, Sent};
use super::binding::{Bound, Source, Why};
use super::information::{STRONG, bits};
use super::unsourced::open_choices;
use crate::kept::Kept;
use druse_engine::definition::EffectLevel;
use serde_json::Value;

/// How many answers before a call are looked through.
const NEAREST: usize = 32;
/// The longest answer that is looked through, in bytes.
const LONGEST_TEXT: usize = 200_000;
/// The shortest and the longest value that is looked for, in bytes.
const SHORTEST: usize = 3;
const LONGEST: usize = 120;
/// How many elements of a list stand in a text at least for one question to be about all of it.
const LISTED: usize = 2;
/// The most words of a name on either side of a word in it.
const MOST_OF_NAME: usize = 5;
/// The words from which on a text is a message: the agent words it.
const MESSAGE: usize = 6;

impl Binder<'_, '_> {
    /// The question about a value that a text answered before holds.
    pub(super) fn held_in_text(&self, sent: &Sent<'_>) -> Option<Why> {
        let kept = self.kept.get(sent.call)?;
        // What an agent's own tools look for and edit in files stands in them by nature; and what is listed is where
        // the next call looks.
        let key = sent.path.last().map_or("", String::as_str);
        let is_place = crate::trust::is_path(key) && kept.effects != Some(EffectLevel::Destructive);
        if kept.target.own_tool || kept.target.shell.is_some() || is_place {
            return None;
        }
        holder(self.kept, sent.call, sent.value).map(|_| Why::Held(open_choices()))
    }

    /// Whether a word of a text is a part of a name that was answered before: the `Israeli` of `New Israeli Kitchen` is
    /// none that the person said, and with another word there would be no such name.
    pub(super) fn is_inside_name(&self, call: usize, text: &str, at: usize, word: &str) -> bool {
        if text.len() > LONGEST_TEXT || word.contains(' ') {
            return false;
        }
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + word.len()..).unwrap_or_default();
        let begins = starts_of_names(before);
        let ends = ends_of_names(behind);
        let mut names = begins.iter().flat_map(|back| {
            let (from, to) = (at - back, at + word.len());
            ends.iter().filter_map(move |on| text.get(from..to + on))
        });
        names.any(|name| {
            name.len() > word.len() && holder(self.kept, call, &Value::from(name)).is_some()
        })
    }
}

/// How many bytes before a word names may begin that it is in, itself the first: words with a capital, one blank between.
fn starts_of_names(before: &str) -> Vec<usize> {
    let mut found = vec![0];
    let mut rest = before;
    while let Some(inner) = rest
        .strip_suffix(' ')
        .filter(|_| found.len() < MOST_OF_NAME)
    {
        let from = inner.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = inner.get(from..).unwrap_or_default();
        if !word.starts_with(char::is_uppercase) {
            break;
        }
        rest = inner.get(..from).unwrap_or_default();
        found.push(before.len() - rest.len());
    }
    found
}

/// The same behind it.
fn ends_of_names(behind: &str) -> Vec<usize> {
    let mut found = vec![0];
    let mut rest = behind;
    while let Some(inner) = rest
        .strip_prefix(' ')
        .filter(|_| found.len() < MOST_OF_NAME)
    {
        let to = inner
            .find(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '!' | '?'))
            .unwrap_or(inner.len());
        if !inner.starts_with(char::is_uppercase) {
            break;
        }
        rest = inner.get(to..).unwrap_or_default();
        found.push(behind.len() - rest.len());
    }
    found
}

impl<'a> Binder<'a, '_> {
    /// Asks once about a list of texts of which most stand in a text that was answered before, and not about each of its
    /// elements: what it holds in another run is told by one answer. What a person named is an input by itself.
    pub(super) fn ask_of_lists(&mut self, at: usize) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let mut lists = Vec::new();
        lists_of_texts(&kept.call.arguments, &mut Vec::new(), &mut lists);
        for (path, list) in lists {
            let sent = self.sent(at, list, &path);
            let inside = format!("{}/", sent.pointer);
            let kept = self.kept;
            let Some(decided) = self.decided.get_mut(at) else {
                return;
            };
            let frozen = decided.frozen.iter();
            let held = frozen
                .filter(|one| matches!(one.why, Why::Held(_)) && one.pointer.starts_with(&inside))
                .count();
            // What the person named and the text holds, too, is one of the list.
            let is_held = |one: &Bound| {
                let value = crate::pointer::at(&kept[at].call.arguments, &one.pointer);
                value.is_some_and(|value| holder(kept, at, value).is_some())
            };
            let bound = decided.bound.iter();
            let (named, bound): (Vec<_>, Vec<_>) = bound
                .filter(|one| one.pointer.starts_with(&inside))
                .partition(|one| held > 0 && is_of_input(one) && is_held(one));
            let is_given = bound
                .iter()
                .flat_map(|one| one.bindings())
                .any(|binding| !matches!(binding.source, Source::Output(_)));
            let held = held + named.len();
            if held < LISTED || held <= bound.len() || is_given {
                continue;
            }
            decided
                .frozen
                .retain(|one| !one.pointer.starts_with(&inside));
            decided
                .bound
                .retain(|one| !one.pointer.starts_with(&inside));
            self.freeze(&sent, Why::Held(open_choices()));
        }
    }
}

/// Whether a text is worded, and no name.
pub(super) fn is_worded(text: &str) -> bool {
    text.split_whitespace().count() >= MESSAGE
}

/// Whether what is bound is an input.
fn is_of_input(bound: &Bound) -> bool {
    bound
        .bindings()
        .all(|binding| matches!(binding.source, Source::Input(_)))
}

/// The lists in what a call sent that hold texts alone, each with the keys to it.
fn lists_of_texts<'v>(
    value: &'v Value,
    path: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, &'v Value)>,
) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                lists_of_texts(inner, path, found);
                path.pop();
            }
        }
        Value::Array(items) if items.len() >= LISTED && items.iter().all(Value::is_string) => {
            found.push((path.clone(), value));
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                path.push(index.to_string());
                lists_of_texts(inner, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The call before this one that answered with a text which holds a value, before any call was sent it.
pub(super) fn holder(kept: &[Kept<'_>], call: usize, value: &Value) -> Option<usize> {
    let text = value.as_str()?.trim();
    let is_value = (SHORTEST..=LONGEST).contains(&text.len())
        && !text.contains('\n')
        && text.chars().any(char::is_alphabetic);
    if !is_value {
        return None;
    }
    let batch = kept.get(call)?.call.batch;
    for (at, earlier) in kept
        .iter()
        .enumerate()
        .take(call)
        .skip(call.saturating_sub(NEAREST))
    {
        // What was sent before is only repeated by what is answered then.
        if sends(&earlier.call.arguments, text) {
            return None;
        }
        let Some(result) = &earlier.call.result else {
            continue;
        };
        // Calls of one batch were issued together.
        if earlier.call.batch == batch || !crate::prune::succeeded(earlier.call) {
            continue;
        }
        let mut found = false;
        crate::leaf::scalars(&result.content, &mut |leaf| {
            found = found || leaf.as_str().is_some_and(|answer| holds(answer, text));
        });
        if found {
            return Some(at);
        }
    }
    None
}

/// The last call before this one of which the answer has a value among other words: what is said of where a value is
/// known from must not deny that somebody told it.
pub(super) fn teller(kept: &[Kept<'_>], call: usize, value: &Value) -> Option<usize> {
    let text = value.as_str()?.trim();
    if !(SHORTEST..=LONGEST).contains(&text.len()) || !text.chars().any(char::is_alphabetic) {
        return None;
    }
    let batch = kept.get(call)?.call.batch;
    (call.saturating_sub(NEAREST)..call).rev().find(|at| {
        let earlier = &kept[*at];
        if earlier.call.batch == batch || !crate::prune::succeeded(earlier.call) {
            return false;
        }
        let answer = earlier.answer.text();
        answer.len() <= LONGEST_TEXT
            && answer
                .match_indices(text)
                .any(|(at, found)| is_border(&answer[..at], &answer[at + found.len()..]))
    })
}

/// Whether a call was sent a value, alone or in a text.
fn sends(arguments: &Value, text: &str) -> bool {
    let mut found = false;
    crate::leaf::scalars(arguments, &mut |leaf| {
        found = found || leaf.as_str().is_some_and(|sent| sent.contains(text));
    });
    found
}

/// Whether a text that is no data holds a value between the borders of words: as a line, an item of a list or behind a
/// label; anywhere, where the value is too particular to be wording.
fn holds(answer: &str, value: &str) -> bool {
    let begins = answer.trim_start();
    if answer.len() > LONGEST_TEXT
        || answer.trim().len() <= value.len()
        || begins.starts_with(['{', '['])
    {
        return false;
    }
    let is_particular = value.split_whitespace().count() < MESSAGE
        && bits(&Value::from(value), &[]) >= STRONG
        && value
            .chars()
            .any(|c| c.is_uppercase() || c.is_ascii_digit() || c == '_');
    answer.match_indices(value).any(|(at, found)| {
        let (before, after) = (&answer[..at], &answer[at + found.len()..]);
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        let rest = after.find('\n').map_or(after, |end| &after[..end]);
        is_border(line, rest) && (is_particular || is_item(line, rest))
    })
}

/// Whether no word goes on at either end. A sign between two words joins them: `web` is no word of `web-shop`.
fn is_border(before: &str, after: &str) -> bool {
    let goes_on = |next: Option<char>, then: Option<char>| match next {
        Some(c) if c.is_alphanumeric() || c == '_' => true,
        Some('-' | '.' | '/' | '@' | '\'' | '’') => then.is_some_and(char::is_alphanumeric),
        _ => false,
    };
    let mut back = before.chars().rev();
    let mut on = after.chars();
    !goes_on(back.next(), back.next()) && !goes_on(on.next(), on.next())
}

/// Whether it is a line of its own, an element of a list in a line, or what stands behind a label.
fn is_item(before: &str, after: &str) -> bool {
    let before = before.trim_end();
    let after = after.trim_start();
    let is_number = |text: &str| {
        let digits = text.trim_start().trim_end_matches(['.', ')']);
        digits.len() < text.trim_start().len() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let opens = before.is_empty()
        || before.ends_with([
            ':', ',', ';', '|', '=', '*', '•', '>', '"', '\'', '`', '(', '[',
        ])
        || matches!(before.trim(), "-" | "–" | "#")
        || is_number(before);
    let ends = after.is_empty()
        || after.starts_with([',', ';', '|', '"', '\'', '`', ')', ']', ':', '('])
        || matches!(after.trim(), "." | "*" | "**")
        || after.starts_with("**")
        || after.starts_with("- ")
        || after.starts_with("– ");
    opens && ends
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_name_in_a_list_is_held() {
        for (answer, value) in [
            (
                "Hotel Names: Le Marais Boutique\nGood Night\nLuxury Palace\n",
                "Luxury Palace",
            ),
            (
                "Hotel Names: Le Marais Boutique\nGood Night\nLuxury Palace\n",
                "Le Marais Boutique",
            ),
            (
                "Hotel Names: Le Marais Boutique\nGood Night\nLuxury Palace\n",
                "Good Night",
            ),
            ("billing\nweb-shop\npayments-api\n", "payments-api"),
            ("billing\nweb-shop\npayments-api\n", "billing"),
            ("Channels: general, incident room, random", "incident room"),
            ("- general\n- incident room", "incident room"),
            ("1. general\n2) incident room", "incident room"),
            ("* **incident room** (4 members)", "incident room"),
            ("v1.0.0\nv1.2.0-rc1\n", "v1.2.0-rc1"),
            ("name | owner\nincident room | ana", "incident room"),
            ("The best is HTL-77120, with 5 stars.", "HTL-77120"),
        ] {
            assert!(holds(answer, value), "{answer}: {value}");
        }
    }

    #[test]
    fn what_stands_there_by_chance_is_not() {
        for (answer, value) in [
            ("billing\nweb-shop\npayments-api\n", "web"),
            ("billing\nweb-shop\npayments-api\n", "payments"),
            ("The order is open and was paid.", "open"),
            ("The order is open and was paid.", "order"),
            ("{\"status\": \"open\", \"name\": \"a\"}", "open"),
            ("billing", "billing"),
            ("It was done by the economy class desk", "economy"),
            ("", "billing"),
        ] {
            assert!(!holds(answer, value), "{answer}: {value}");
        }
    }
}
