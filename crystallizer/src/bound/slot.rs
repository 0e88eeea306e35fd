//! Where the arguments of a call stand in the configuration of its step, and what may be written there.

use super::binding::{Bound, Piece, written};
use super::evaluate::quoted;
use crate::kept::Kept;
use crate::tool_map::{Mixed, MixedPart};
use serde_json::{Map, Value};

/// The places where an argument, or a part of it, stands whole, as pointers below `with`. Those where a value would
/// say which program, tool or server is meant are none.
pub(super) fn whole(kept: &Kept<'_>, pointer: &str) -> Vec<String> {
    all_whole(kept, pointer).collect()
}

fn all_whole(kept: &Kept<'_>, pointer: &str) -> impl Iterator<Item = String> {
    let places = kept.target.filled.places.iter();
    places
        .filter_map(move |(request, argument)| {
            let rest = pointer.strip_prefix(&**argument)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| [request, rest].concat())
        })
        .filter(|place| !is_fixed(kept, place))
}

/// The texts of the rule that an argument stands in, where it may be bound there.
fn inside<'k>(kept: &'k Kept<'_>, pointer: &str) -> impl Iterator<Item = &'k Mixed> {
    kept.target.filled.mixed.iter().filter(move |mixed| {
        mixed.parts.iter().enumerate().any(|(index, part)| {
            matches!(part, MixedPart::Argument(argument, _) if argument == pointer)
                && fits(kept, mixed, index)
        })
    })
}

/// The first place of an argument, for a person; none when the step does not use it.
pub(crate) fn first(kept: &Kept<'_>, pointer: &str) -> Option<String> {
    all_whole(kept, pointer).next().or_else(|| {
        inside(kept, pointer)
            .next()
            .map(|mixed| mixed.place.clone())
    })
}

/// Whether an argument stands anywhere in the step, be it where nothing is bound.
pub(super) fn stands(kept: &Kept<'_>, pointer: &str) -> bool {
    let filled = &kept.target.filled;
    let holds = |argument: &str| {
        pointer
            .strip_prefix(argument)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    filled.places.iter().any(|(_, argument)| holds(argument))
        || filled.mixed.iter().any(|mixed| {
            mixed
                .parts
                .iter()
                .any(|part| matches!(part, MixedPart::Argument(argument, _) if holds(argument)))
        })
}

/// Whether any argument can be bound at all.
pub(super) fn any(kept: &Kept<'_>) -> bool {
    !kept.target.filled.places.is_empty() || !kept.target.filled.mixed.is_empty()
}

/// Whether a place is one that no value may decide about.
fn is_fixed(kept: &Kept<'_>, place: &str) -> bool {
    let first = place.split('/').nth(1).unwrap_or("");
    match &*kept.target.action {
        "shell" => first == "script" || place == "/argv/0" || place == "/argv" || first == "cwd",
        "mcp" | "tool" => first == "tool" || first == "connection",
        "http" => matches!(first, "connection" | "method"),
        "sql" => matches!(first, "connection" | "statement"),
        "automation" => matches!(first, "name" | "id" | "version"),
        _ => first == "connection",
    }
}

/// Whether a text is an address or a part of one, in which a value must not be more than it was.
fn is_address(kept: &Kept<'_>, place: &str) -> bool {
    kept.target.action == "http" && matches!(place, "/url" | "/path")
}

/// What is said in a place about a bound argument: as it is, or as one segment of an address.
pub(super) type Said<'s> = dyn Fn(&str) -> Option<&'s Bound> + 's;

/// Writes the bound arguments of a call into the configuration of its step. Gives back the pointers of those that
/// stand somewhere.
pub(super) fn write(
    kept: &Kept<'_>,
    with: &mut Map<String, Value>,
    bound: &[Bound],
) -> Vec<String> {
    let mut done = Vec::new();
    for one in bound {
        for place in whole(kept, &one.pointer) {
            if put(with, &place, one.written().into()) {
                done.push(one.pointer.clone());
            }
        }
    }
    for mixed in &kept.target.filled.mixed {
        let of = |pointer: &str| bound.iter().find(|one| one.pointer == pointer);
        if let Some((text, pointers)) = mixed_text(kept, mixed, &of)
            && put(with, &mixed.place, text.into())
        {
            done.extend(pointers);
        }
    }
    done
}

/// A text of the rule with expressions in the place of bound arguments; none when it has none.
fn mixed_text(kept: &Kept<'_>, mixed: &Mixed, of: &Said<'_>) -> Option<(String, Vec<String>)> {
    let mut text = String::new();
    let mut fixed = String::new();
    let mut pointers = Vec::new();
    let flush = |text: &mut String, fixed: &mut String| {
        if fixed.contains("{{") || fixed.ends_with('{') {
            text.push_str(&format!("{{{{ {} }}}}", quoted(fixed)));
        } else {
            text.push_str(fixed);
        }
        fixed.clear();
    };
    for (index, part) in mixed.parts.iter().enumerate() {
        match part {
            MixedPart::Text(own) => fixed.push_str(own),
            MixedPart::Own(expression) => {
                flush(&mut text, &mut fixed);
                text.push_str(expression);
            }
            MixedPart::Argument(pointer, recorded) => {
                match of(pointer).filter(|_| fits(kept, mixed, index)) {
                    Some(bound) => {
                        flush(&mut text, &mut fixed);
                        text.push_str(&address_part(kept, &mixed.place, &bound.pieces));
                        pointers.push(pointer.clone());
                    }
                    None => fixed.push_str(recorded),
                }
            }
        }
    }
    flush(&mut text, &mut fixed);
    (!pointers.is_empty()).then_some((text, pointers))
}

/// Whether a value may stand at this part of a text: anywhere in most texts; in an address behind the host, and only
/// where it is one segment.
fn fits(kept: &Kept<'_>, mixed: &Mixed, index: usize) -> bool {
    if is_fixed(kept, &mixed.place) {
        return false;
    }
    if !is_address(kept, &mixed.place) {
        return true;
    }
    let before: String = mixed.parts[..index]
        .iter()
        .map(|part| match part {
            MixedPart::Text(text) | MixedPart::Own(text) | MixedPart::Argument(_, text) => {
                text.as_str()
            }
        })
        .collect();
    let behind_host = mixed.place != "/url"
        || before
            .split_once("://")
            .is_some_and(|(_, rest)| rest.contains('/'));
    let is_segment = match mixed.parts.get(index) {
        Some(MixedPart::Argument(_, text)) => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~' | b'.'))
        }
        _ => false,
    };
    behind_host && is_segment
}

fn address_part(kept: &Kept<'_>, place: &str, pieces: &[Piece]) -> String {
    if !is_address(kept, place) {
        return written(pieces);
    }
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(fixed) => fixed.clone(),
            Piece::Value(binding) => format!("{{{{ {} | url_segment }}}}", binding.expression),
        })
        .collect()
}

/// Writes expected values into an expected request. `value` gives what a bound argument has to be.
pub(super) fn expect(
    kept: &Kept<'_>,
    request: &mut Map<String, Value>,
    bound: &[Bound],
    value: &dyn Fn(&Bound) -> Option<Value>,
) {
    for one in bound {
        let Some(value) = value(one) else { continue };
        for place in whole(kept, &one.pointer) {
            put(request, &place, value.clone());
        }
    }
    for mixed in &kept.target.filled.mixed {
        let mut text = String::new();
        for (index, part) in mixed.parts.iter().enumerate() {
            match part {
                MixedPart::Text(own) | MixedPart::Own(own) => text.push_str(own),
                MixedPart::Argument(pointer, recorded) => {
                    let one = bound
                        .iter()
                        .find(|one| one.pointer == *pointer)
                        .filter(|_| fits(kept, mixed, index));
                    match one.and_then(value) {
                        Some(Value::String(inner)) => text.push_str(&inner),
                        Some(other) => text.push_str(&other.to_string()),
                        None => text.push_str(recorded),
                    }
                }
            }
        }
        put(request, &mixed.place, text.into());
    }
}

/// Puts a value at a pointer below a map.
fn put(map: &mut Map<String, Value>, pointer: &str, value: Value) -> bool {
    let mut whole = Value::Object(std::mem::take(map));
    let done = match crate::pointer::at_mut(&mut whole, pointer) {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    };
    if let Value::Object(inner) = whole {
        *map = inner;
    }
    done
}
