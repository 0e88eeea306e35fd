//! What a gate asks: what is done, and to which thing, as the run at hand will do it.

use super::binding::{self, Bound, Decided, Piece};
use crate::gate;
use crate::kept::Kept;
use crate::tool_map::{escape, word_number};
use serde_json::Value;

/// The most values of one argument that a gate shows.
const MOST_SHOWN: usize = 4;
/// The most characters of a value that a gate shows.
const MOST_OF_VALUE: usize = 120;

/// What a gate asks about a call; none where nothing in it tells one thing from another.
pub(super) fn title(kept: &Kept<'_>, decided: &Decided) -> Option<String> {
    let mut pieces = if kept.target.shell.is_some() {
        of_command(kept, decided)?
    } else {
        of_arguments(kept, decided)?
    };
    pieces.push(Piece::Text("?".to_owned()));
    Some(binding::written(&pieces))
}

/// The programs of a line, and the words of it that follow data. The line itself is fixed, and a gate shows it.
fn of_command(kept: &Kept<'_>, decided: &Decided) -> Option<Vec<Piece>> {
    let mut words: Vec<(usize, &Bound)> = decided
        .bound
        .iter()
        .filter_map(|bound| Some((word_number(&bound.pointer)?, bound)))
        .collect();
    words.sort_by_key(|(number, _)| *number);
    if words.is_empty() {
        return None;
    }
    let line = kept.target.shell.as_deref()?.line();
    let mut programs = crate::programs::of(&line);
    programs.dedup();
    let named = crate::show::text(&programs.join(" and "), 60);
    let what = match named.as_str() {
        "" => "the command",
        named => named,
    };
    let mut pieces = vec![Piece::Text(format!("Run {what} with "))];
    joined(
        words
            .into_iter()
            .map(|(_, bound)| bound.pieces.clone())
            .collect(),
        &mut pieces,
    );
    Some(pieces)
}

fn of_arguments(kept: &Kept<'_>, decided: &Decided) -> Option<Vec<Piece>> {
    let mut pieces = vec![Piece::Text(gate::subject(kept))];
    let arguments = gate::main_arguments(&kept.call.arguments);
    if arguments.is_empty() {
        return None;
    }
    for (index, (key, value)) in arguments.into_iter().enumerate() {
        let before = if index == 0 { ": " } else { ", " };
        pieces.push(Piece::Text(format!("{before}{} ", gate::label(key))));
        let mut shown = Vec::new();
        show(
            decided,
            &format!("/{}", escape(key)),
            key,
            value,
            &mut shown,
        );
        joined(shown, &mut pieces);
    }
    Some(pieces)
}

/// Some values, one behind the other.
fn joined(values: Vec<Vec<Piece>>, pieces: &mut Vec<Piece>) {
    let all = values.len();
    for (place, one) in values.into_iter().take(MOST_SHOWN).enumerate() {
        if place > 0 {
            pieces.push(Piece::Text(" and ".to_owned()));
        }
        pieces.extend(one.into_iter().map(short));
    }
    if all > MOST_SHOWN {
        pieces.push(Piece::Text(" and more".to_owned()));
    }
}

/// A part of a value with no more characters than a title has room for.
fn short(piece: Piece) -> Piece {
    match piece {
        Piece::Text(text) => Piece::Text(clipped(&text)),
        Piece::Value(mut binding) => {
            let long = binding
                .value
                .as_str()
                .is_some_and(|text| text.chars().count() > MOST_OF_VALUE);
            if long {
                binding.expression = format!("({})[:{MOST_OF_VALUE}]", binding.expression);
            }
            Piece::Value(binding)
        }
    }
}

/// The beginning of a fixed text.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_VALUE) {
        Some((end, _)) => format!("{}…", crate::show::visible(&text[..end])),
        None => crate::show::visible(text),
    }
}

/// The values of an argument as a run shows them: what is bound by its expression, the rest as it was recorded.
fn show(decided: &Decided, pointer: &str, key: &str, value: &Value, shown: &mut Vec<Vec<Piece>>) {
    let is_secret = value
        .as_str()
        .is_some_and(|text| crate::secret::kind(key, text).is_some());
    match (
        decided.bound.iter().find(|bound| bound.pointer == pointer),
        value,
    ) {
        (Some(bound), _) if !is_secret => shown.push(bound.pieces.clone()),
        (None, Value::Object(map)) => {
            for (key, inner) in map {
                show(
                    decided,
                    &format!("{pointer}/{}", escape(key)),
                    key,
                    inner,
                    shown,
                );
            }
        }
        (None, Value::Array(items)) => {
            for (index, inner) in items.iter().enumerate() {
                show(decided, &format!("{pointer}/{index}"), key, inner, shown);
            }
        }
        _ => shown.push(vec![Piece::Text(crate::show::value(key, value, 40))]),
    }
}
