//! Picks an element of a list, or an entry of a map whose keys are data, by what it holds: the only one, fields
//! that are equal to what is known, the least or the most of something that the person asked for. Never by the
//! place or the key that it had in the recording; what only its place tells is left to a person.

use super::filter::spoken;
use super::information::{STRONG, WEAK, bits, names_things};
use super::key::{Key, agree, is_generic, noun, words};
use super::qualifier::flag::{Flag, flags};
use super::qualifier::picked::{about_told, names_one};
use super::qualifier::read::Nouns;
use super::qualifier::reading::{About, Reading};
use super::said::{Mention, Said, is_of_contact};
use super::superlative::extreme;
use super::turn::{Equal, Operand, Pick, Position};
use crate::session::ToolCall;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// The most fields by which an element is picked.
const MOST_FIELDS: usize = 3;
/// The information from which on a field that the person said tells an element.
pub(super) const TELLING: f64 = 4.0;
/// What stands in the way to a field for every element of a list.
pub(super) const EACH: &str = "*";
/// What stands in the way to a field for the only element of a list.
pub(super) const ONLY: &str = "!";
/// The most elements of a list inside of an element that are looked at.
const MOST_INSIDE: usize = 24;
/// How much less a field of an element of a list inside tells than one of the element itself.
const INSIDE: f64 = 1.0;
/// The most digits of a number that stands near anything by chance.
const MOST_SMALL: usize = 3;
/// The most fields that are tried together.
const MOST_TRIED: usize = 6;

/// A value that is known where a binding stands, with the expression that gives it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) expression: String,
    pub(super) key: Key,
}

/// What selectors may compare with.
pub(super) struct Scope<'a> {
    pub(super) said: &'a Said,
    /// Known values by their JSON.
    pub(super) known: &'a HashMap<String, Vec<Known>>,
    /// The call for which something is looked for, where it is for one.
    pub(super) at_hand: Option<&'a ToolCall>,
    /// Whether what only may tell an element counts, too: it is then put to a person. With what is known beside the rest,
    /// from records that the element may be joined with.
    pub(super) loosely: Option<&'a HashMap<String, Vec<Known>>>,
}

/// Where a list comes from.
pub(super) struct Origin<'a> {
    /// Words that name it.
    pub(super) about: Vec<String>,
    /// What the call sent that answered it: elements that all have that say nothing by it.
    pub(super) asked: &'a Value,
    /// The tool that answered it.
    pub(super) tool: &'a str,
}

impl Origin<'_> {
    /// The nouns by which an element of the list may be spoken of.
    pub(super) fn heads(&self) -> BTreeSet<String> {
        heads(self.about.iter().cloned().chain(noun(self.tool)))
    }

    /// Whether a word is one of those that were asked for.
    pub(super) fn asks_for(&self, word: &str) -> bool {
        let mut found = false;
        crate::leaf::leaves(self.asked, &mut |_, _, leaf| {
            found |= leaf
                .as_str()
                .is_some_and(|text| super::canonical::runs(text).any(|run| run == word));
        });
        found
    }

    pub(super) fn repeats(&self, value: &Value) -> bool {
        let mut found = false;
        crate::leaf::leaves(self.asked, &mut |_, _, leaf| found |= leaf == value);
        found
    }
}

/// Those of some words that may name a thing.
pub(super) fn heads(words: impl Iterator<Item = String>) -> BTreeSet<String> {
    words
        .filter(|word| {
            word.len() >= 3
                && !matches!(
                    word.as_str(),
                    "list"
                        | "result"
                        | "data"
                        | "item"
                        | "entry"
                        | "output"
                        | "page"
                        | "name"
                        | "number"
                        | "id"
                        | "detail"
                )
        })
        .collect()
}

/// The scalar fields of an element, through maps.
pub(super) fn fields(element: &Value) -> Vec<(Vec<String>, &Value)> {
    fn walk<'v>(
        value: &'v Value,
        path: &mut Vec<&'v str>,
        found: &mut Vec<(Vec<String>, &'v Value)>,
    ) {
        match value {
            Value::Object(map) if path.len() < 4 => {
                for (key, inner) in map {
                    path.push(key);
                    walk(inner, path, found);
                    path.pop();
                }
            }
            Value::String(_) | Value::Number(_) => {
                found.push((path.iter().map(|key| (*key).to_owned()).collect(), value));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if element.is_object() {
        walk(element, &mut Vec::new(), &mut found);
    }
    found
}

/// The scalar fields of the elements of lists inside of an element, with [`EACH`] for the place in the list.
fn fields_inside(element: &Value) -> Vec<(Vec<String>, &Value)> {
    fn lists<'v>(
        value: &'v Value,
        path: &mut Vec<String>,
        found: &mut Vec<(Vec<String>, &'v Value)>,
    ) {
        match value {
            Value::Object(map) if path.len() < 3 => {
                for (key, inner) in map {
                    path.push(key.clone());
                    lists(inner, path, found);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for item in items.iter().take(MOST_INSIDE) {
                    for (rest, value) in fields(item) {
                        let mut path = path.clone();
                        path.push(EACH.to_owned());
                        path.extend(rest);
                        if !found.contains(&(path.clone(), value)) {
                            found.push((path, value));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if element.is_object() {
        lists(element, &mut Vec::new(), &mut found);
    }
    found
}

/// Whether an element has a value in a field; of a list inside one element that has it is enough.
pub(super) fn has(element: &Value, path: &[String], wanted: &Value) -> bool {
    match path.split_first() {
        None => element == wanted,
        Some((key, rest)) => match element {
            Value::Array(items) if key == EACH => items.iter().any(|item| has(item, rest, wanted)),
            _ => element.get(key).is_some_and(|next| has(next, rest, wanted)),
        },
    }
}

pub(super) fn field<'v>(element: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter()
        .try_fold(element, |value, key| match (value, key.as_str()) {
            (Value::Array(items), ONLY) => match items.as_slice() {
                [one] => Some(one),
                _ => None,
            },
            _ => value.get(key),
        })
}

/// How to pick one of the elements; the last resort is its place. `wanted` is the value that is looked for in it,
/// by which it must not be picked.
pub(super) fn pick(
    elements: &[Value],
    chosen: usize,
    wanted: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Pick {
    let Some(element) = elements.get(chosen) else {
        return Pick::Position(Position::At(chosen));
    };
    let anchors = anchors(element, wanted, origin, scope);
    if elements.len() == 1 {
        // Being the only one says little: what the person said of it says more, if it is not what was asked for.
        let is_asked = |equal: &Equal| origin.repeats(&equal.value);
        let telling =
            |equal: &&Equal| equal.bits >= STRONG || equal.is_said() && equal.bits >= TELLING;
        // Of a side of a number nobody can tell whether it is why this one was taken, or goes for all of them.
        let has_side = || super::filter::has_side(element, scope.said);
        let mut telling = anchors.iter().filter(telling);
        return match telling.clone().find(|equal| !is_asked(equal)) {
            Some(equal) => Pick::Where(with_flags(vec![equal.clone()], element, origin, scope)),
            None if has_side() => Pick::Position(Position::First),
            // What was asked for tells nothing here, and still tells it from what somebody did not ask for.
            None => match telling.find_map(|equal| as_asked(equal, scope)) {
                Some(equal) => Pick::Lone(equal),
                None => Pick::Only,
            },
        };
    }
    // What only may tell it is put to a person by one field, who would not see through more.
    if scope.loosely.is_some()
        && let Some(equals) = least(elements, &anchors, 1)
    {
        return Pick::Where(equals);
    }
    let extreme = extreme(elements, chosen, &anchors, origin, scope);
    let most = match scope.loosely {
        Some(_) => 0,
        None => MOST_FIELDS,
    };
    match (least(elements, &anchors, most), extreme) {
        // Two things that the person said tell it, and nothing tells which of them was meant.
        (Some(equals), Some(_)) if equals.iter().all(|equal| equal.bits < STRONG) => {}
        (Some(equals), _) => {
            let equals = with_all_said(equals, &anchors, origin);
            return Pick::Where(with_flags(equals, element, origin, scope));
        }
        (None, Some(extreme)) => return extreme,
        (None, None) => {
            if let Some(begins) = begins(elements, element, origin, scope) {
                return begins;
            }
            if let Some(wanted) = wanted_one(elements, element, &anchors, origin, scope) {
                return wanted;
            }
        }
    }
    Pick::Position(if chosen == 0 {
        Position::First
    } else if chosen + 1 == elements.len() {
        Position::Last
    } else {
        Position::At(chosen)
    })
}

/// The one element that has all that the person said of what is wanted, what is true or false of it with the rest:
/// `a free room on the second floor`.
fn wanted_one(
    elements: &[Value],
    element: &Value,
    anchors: &[Equal],
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Option<Pick> {
    let said = with_all_said(Vec::new(), anchors, origin);
    let equals = match said.is_empty() {
        true => {
            let heads = origin.heads();
            let nouns = Nouns {
                heads: &heads,
                deeds: &BTreeSet::new(),
            };
            let read = scope.said.about(About::Wanted, &nouns);
            let flags = flags(&[element], &read);
            flags.iter().map(Flag::equal).collect()
        }
        false => with_flags(said, element, origin, scope),
    };
    let has_flag = equals.iter().any(|equal| equal.value.is_boolean());
    let all: Vec<&Equal> = equals.iter().collect();
    let alike = elements.iter().filter(|other| matches(other, &all));
    (has_flag && alike.count() == 1).then_some(Pick::Where(equals))
}

/// A field that has what was asked for, compared with what is asked for in a run: what the person said was sent, so it
/// is known.
fn as_asked(equal: &Equal, scope: &Scope<'_>) -> Option<Equal> {
    let expression = match &equal.operand {
        Operand::Expression(_) => return Some(equal.clone()),
        Operand::Said { .. } => scope
            .known
            .get(&equal.value.to_string())?
            .iter()
            .find(|known| known.expression.starts_with("inputs."))?,
        Operand::Constant(_) => return None,
    };
    Some(Equal {
        operand: Operand::Expression(expression.expression.clone()),
        ..equal.clone()
    })
}

/// The letters from which on the beginning of a name tells it.
const BEGINNING: usize = 4;

/// The element that alone begins with a name that the person said: “the channel starting with External”, for
/// `External_0`.
fn begins(
    elements: &[Value],
    element: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Option<Pick> {
    let own = match element {
        Value::String(_) => vec![(Vec::new(), element)],
        other => fields(other)
            .into_iter()
            .filter(|(path, _)| path.len() == 1)
            .collect(),
    };
    own.into_iter().find_map(|(path, value)| {
        let text = value.as_str()?;
        let letters = text
            .find(|c: char| !c.is_alphabetic())
            .filter(|end| *end > 0)?;
        let said = text.get(..letters)?;
        if said.chars().count() < BEGINNING {
            return None;
        }
        let alone = elements
            .iter()
            .filter_map(|other| field(other, &path)?.as_str())
            .collect::<Vec<_>>();
        if alone.len() != elements.len()
            || alone.iter().filter(|other| other.starts_with(said)).count() != 1
        {
            return None;
        }
        let named = Value::from(said);
        let around: Vec<String> = path
            .iter()
            .flat_map(|key| words(key))
            .chain(origin.about.iter().cloned())
            .collect();
        let mention = scope
            .said
            .find(&named, &around)
            .filter(|mention| mention.person)?;
        if !scope.said.is_name(&mention, &named) || !scope.said.is_near(&mention, &around) {
            return None;
        }
        let key = Key {
            words: match path.last() {
                Some(key) => words(key),
                None => origin.about.clone(),
            },
            around: origin.about.clone(),
        };
        Some(Pick::Begins {
            field: path,
            operand: Operand::Said {
                key,
                value: named,
                mention,
            },
            said: said.to_owned(),
        })
    })
}

/// The fields of an element that are equal to something known, the most telling first. Agreement of the keys
/// counts as much as three bits.
pub(super) fn anchors(
    element: &Value,
    wanted: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Vec<Equal> {
    let mut found = Vec::new();
    let all = fields(element).into_iter().chain(fields_inside(element));
    for (path, value) in all {
        if value == wanted || is_of_the_deed(&path, value, wanted, scope) {
            continue;
        }
        let inside = if path.iter().any(|key| key == EACH) {
            INSIDE
        } else {
            0.0
        };
        let names = path.iter().map(String::as_str).filter(|key| *key != EACH);
        let key = Key::new(names, "");
        if is_amount_at_hand(value, &key, scope) {
            continue;
        }
        let own = bits(value, &key.words);
        let text = value.to_string();
        let joined = scope.loosely.and_then(|more| more.get(&text));
        let known = [joined, scope.known.get(&text)]
            .into_iter()
            .flatten()
            .flatten()
            .map(|known| (agree(&key, &known.key), known))
            .rev()
            .max_by_key(|(agreement, _)| *agreement);
        if let Some((agreement, known)) = known
            && (own >= STRONG || agreement >= 2 && (own >= WEAK || scope.loosely.is_some()))
        {
            found.push(Equal {
                field: path,
                operand: Operand::Expression(known.expression.clone()),
                value: value.clone(),
                bits: own + f64::from(agreement) - inside,
                meant: true,
            });
            continue;
        }
        if let Some(mention) = said_of(value, &key, origin, scope) {
            let anchor = said_anchor(path, key, value, mention, origin, scope);
            found.extend(anchor.map(|anchor| Equal {
                bits: anchor.bits - inside,
                ..anchor
            }));
        }
    }
    let mut found = only_named(found, scope.said);
    found.sort_by(|one, two| two.bits.total_cmp(&one.bits));
    found.truncate(MOST_TRIED);
    found
}

/// Whether a field only has what the call at hand is told to make so, and says nothing about which element was meant: how
/// it is paid for what was paid before in that way, or the kind of a new thing for that of an old one whose `cabin` it
/// has, too.
fn is_of_the_deed(path: &[String], value: &Value, wanted: &Value, scope: &Scope<'_>) -> bool {
    let (Some(call), Some(key)) = (scope.at_hand, path.last()) else {
        return false;
    };
    let inside = path.iter().any(|key| key == EACH);
    let of_paying = inside && words(key).iter().any(|word| word == "payment");
    let is_kind = |text: &str| text.chars().all(|c| c.is_lowercase() || c == '_');
    let by_kind = !wanted.is_object()
        && !wanted.is_array()
        && bits(wanted, &[]) < STRONG
        && bits(value, &words(key)) < STRONG
        && value.as_str().is_some_and(|text| inside || is_kind(text));
    if !of_paying && !by_kind {
        return false;
    }
    let mut is_sent = false;
    crate::leaf::leaves(&call.arguments, &mut |_, own, leaf| {
        is_sent |= own == key && (of_paying || leaf == value);
    });
    is_sent
}

/// Of several fields that have the same word of the person those that the person named, where some are: `of small size`
/// says nothing about a risk that is small, too.
fn only_named(all: Vec<Equal>, said: &Said) -> Vec<Equal> {
    let spoken = |equal: &Equal| match &equal.operand {
        Operand::Said { key, mention, .. } => Some((*mention, said.is_near(mention, &key.words))),
        Operand::Expression(_) | Operand::Constant(_) => None,
    };
    let named: BTreeSet<Mention> = all
        .iter()
        .filter_map(spoken)
        .filter(|(_, named)| *named)
        .map(|(mention, _)| mention)
        .collect();
    all.into_iter()
        .filter(|equal| {
            equal.bits >= STRONG
                || spoken(equal)
                    .is_none_or(|(mention, is_named)| is_named || !named.contains(&mention))
        })
        .collect()
}

/// Where a person said what a field has. A small number has to be said of the field, not of anything near it.
fn said_of(value: &Value, key: &Key, origin: &Origin<'_>, scope: &Scope<'_>) -> Option<Mention> {
    let said = scope.said;
    if is_small(value, &key.words) {
        let is_thing = names_things(&key.words) || is_generic(&key.words);
        let things: &[String] = match is_thing || scope.loosely.is_some() {
            true => &origin.about,
            false => &[],
        };
        let open = bits(value, &key.words) >= WEAK;
        return said.find_counted(value, &key.words, things, open);
    }
    let around: Vec<String> = key.words.iter().chain(&origin.about).cloned().collect();
    said.find(value, &around).filter(|mention| mention.person)
}

/// Whether a number is what the call at hand sends as its amount: that an account has as much as is paid from it is by
/// chance, unless the person named the field.
fn is_amount_at_hand(value: &Value, key: &Key, scope: &Scope<'_>) -> bool {
    let (Some(number), Some(call)) = (value.as_f64(), scope.at_hand) else {
        return false;
    };
    let mut sent = false;
    crate::leaf::leaves(&call.arguments, &mut |_, name, leaf| {
        let own = words(name);
        sent |= own.last().is_some_and(|word| names_amount(word))
            && !own.iter().any(|word| key.words.contains(word))
            && leaf
                .as_f64()
                .or_else(|| leaf.as_str()?.parse().ok())
                .is_some_and(|other| (other - number).abs() < f64::EPSILON);
    });
    sent && !scope
        .said
        .find(value, &key.words)
        .is_some_and(|mention| scope.said.is_near(&mention, &key.words))
}

fn names_amount(word: &str) -> bool {
    matches!(
        word,
        "amount" | "sum" | "total" | "price" | "payment" | "money" | "value" | "betrag" | "cents"
    )
}

/// Whether a number is so small that it stands near anything by chance.
fn is_small(value: &Value, key: &[String]) -> bool {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if super::canonical::number(text).is_some() => text.clone(),
        _ => return false,
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits <= MOST_SMALL && bits(value, key) < TELLING && !names_time(key)
}

/// A field that is equal to what the person said. A word in passing is none: something around it has to name the field
/// or the list, unless the words themselves are particular.
fn said_anchor(
    path: Vec<String>,
    key: Key,
    value: &Value,
    mention: Mention,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Option<Equal> {
    let said = scope.said;
    // `the first three tickets`: how many of them, and no property of one.
    if value.is_number() && !names_count(&key.words) && said.counts(&mention, &origin.heads()) {
        return None;
    }
    // `1996` under `last_four` looks like a year and is none.
    let own = match value {
        Value::String(text) if is_four_digits(text) && !names_time(&key.words) => {
            bits(value, &key.words).max(TELLING)
        }
        _ => bits(value, &key.words),
    };
    let near = said.is_near(&mention, &key.words) || said.is_near(&mention, &origin.about);
    // `I already called on May 23` tells no order of that day.
    let is_day = value.as_str().is_some_and(|text| {
        crate::value_class::is_date(text) || crate::value_class::is_moment(text)
    });
    if is_day && !near && said.tells_of_contact(&mention) {
        let tool = noun(origin.tool);
        let names = key.words.iter().chain(&origin.about).chain(&tool);
        if !is_of_contact(names.map(String::as_str)) {
            return None;
        }
    }
    let name = said.is_name(&mention, value);
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let is_phrase = super::canonical::runs(&text).count() >= 2;
    let is_code = text.bytes().filter(u8::is_ascii_digit).count() >= 4;
    let mut beside = false;
    crate::leaf::leaves(origin.asked, &mut |_, _, leaf| {
        beside |= said
            .find(leaf, &[])
            .is_some_and(|other| other.person && said.beside(&mention, &other));
    });
    let meant = near || beside || own >= STRONG || own >= WEAK && (is_phrase || is_code);
    // A word in passing may still be what tells it, where a person is asked.
    let is_word = value.is_number() || text.chars().count() >= 3;
    let is_offered = scope.loosely.is_some() && is_word;
    if (!(meant || name) || own <= 0.0) && !is_offered {
        return None;
    }
    let bits = own
        + if near { 3.0 } else { 0.0 }
        + if name { 2.0 } else { 0.0 }
        + if beside { 2.0 } else { 0.0 };
    Some(Equal {
        field: path,
        operand: Operand::Said {
            key,
            value: value.clone(),
            mention,
        },
        value: value.clone(),
        bits,
        meant,
    })
}

/// Whether a key names how many there are of something.
fn names_count(words: &[String]) -> bool {
    words.last().is_some_and(|word| {
        matches!(
            word.as_str(),
            "count" | "number" | "quantity" | "total" | "amount"
        )
    })
}

fn is_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a key names a time, so that four digits under it are a year.
fn names_time(words: &[String]) -> bool {
    words.iter().any(|word| {
        matches!(
            word.as_str(),
            "year" | "date" | "day" | "month" | "time" | "since" | "until" | "season" | "period"
        )
    })
}

pub(super) fn matches(element: &Value, equals: &[&Equal]) -> bool {
    equals
        .iter()
        .all(|equal| has(element, &equal.field, &equal.value))
}

/// The fewest fields that tell the element from all others, and no more than `most`; of several, those that tell most.
fn least(elements: &[Value], anchors: &[Equal], most: usize) -> Option<Vec<Equal>> {
    for size in 1..=most.min(anchors.len()) {
        let mut best: Option<(f64, Vec<&Equal>)> = None;
        for chosen in subsets(anchors.len(), size) {
            let equals: Vec<&Equal> = chosen
                .iter()
                .filter_map(|index| anchors.get(*index))
                .collect();
            let alike = elements
                .iter()
                .filter(|element| matches(element, &equals))
                .count();
            let sum: f64 = equals.iter().map(|equal| equal.bits).sum();
            if alike == 1 && best.as_ref().is_none_or(|(most, _)| sum > *most) {
                best = Some((sum, equals));
            }
        }
        if let Some((_, equals)) = best {
            return Some(equals.into_iter().cloned().collect());
        }
    }
    None
}

/// The fields that tell an element, and all others that the person spoke of: when they part in another run, none of
/// them is followed alone.
fn with_all_said(mut equals: Vec<Equal>, anchors: &[Equal], origin: &Origin<'_>) -> Vec<Equal> {
    for anchor in anchors {
        if equals.len() < MOST_FIELDS
            && anchor.is_said()
            && anchor.meant
            && anchor.bits >= TELLING
            && !origin.repeats(&anchor.value)
            && !equals.contains(anchor)
        {
            equals.push(anchor.clone());
        }
    }
    equals
}

/// The same, and the fields that are true or false as the person said it of this element: `the unread message from
/// Anna`. They go with it also where the recording has nothing that they leave out.
fn with_flags(
    mut equals: Vec<Equal>,
    element: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Vec<Equal> {
    let heads = origin.heads();
    let nouns = Nouns {
        heads: &heads,
        deeds: &BTreeSet::new(),
    };
    let mut qualifiers = Vec::new();
    for equal in &equals {
        let Some(key) = equal
            .field
            .last()
            .filter(|key| !names_one(key, &equal.value))
        else {
            continue;
        };
        let mention = match &equal.operand {
            // Said as something else, it was said of something else.
            Operand::Said { mention, .. } => {
                // A small number is said of the field that it is found for.
                let counted = is_small(&equal.value, &words(key));
                let known = scope
                    .known
                    .get(&equal.value.to_string())
                    .filter(|_| !counted);
                let mut names = known
                    .into_iter()
                    .flatten()
                    .filter_map(|known| known.expression.strip_prefix("inputs."))
                    .peekable();
                let is_own = names.peek().is_none() || names.any(|name| is_input_of(name, key));
                is_own.then_some(*mention)
            }
            // The input of that name has it from what was said of this field before.
            Operand::Expression(text)
                if text
                    .strip_prefix("inputs.")
                    .is_some_and(|name| is_input_of(name, key)) =>
            {
                let key = Key::new(std::iter::once(key.as_str()), "");
                said_of(&equal.value, &key, origin, scope)
            }
            Operand::Expression(_) | Operand::Constant(_) => None,
        };
        if let Some((_, sentence)) = mention.and_then(|mention| scope.said.sentence_of(&mention)) {
            qualifiers.extend(about_told(sentence, &spoken(&equal.value), &nouns));
        }
    }
    equals.extend(
        flags(&[element], &Reading::of(qualifiers))
            .iter()
            .map(Flag::equal),
    );
    equals
}

/// Whether an input has its name from a key: `seat` from `seats`.
fn is_input_of(name: &str, key: &str) -> bool {
    name == key || name == words(key).join("_")
}

pub(super) fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in (size - 1)..count {
        for mut rest in subsets(last, size - 1) {
            rest.push(last);
            all.push(rest);
        }
    }
    all
}

/// How to pick one entry of a map whose keys are data. Its key may be equal to something known, too.
pub(super) fn pick_entry(
    map: &serde_json::Map<String, Value>,
    chosen: &str,
    wanted: &Value,
    origin: &Origin<'_>,
    scope: &Scope<'_>,
) -> Pick {
    let entries: Vec<Value> = map
        .iter()
        .map(|(key, value)| serde_json::json!({ "key": key, "value": value }))
        .collect();
    let index = map.keys().position(|key| key == chosen).unwrap_or(0);
    let key = Value::from(chosen);
    if key != *wanted {
        if let Some(expression) = super::keyed::expression(&key, scope.known) {
            return Pick::Under(Operand::Expression(expression));
        }
        // What nothing gives is asked for again in each run.
        if map.len() == 1 && origin.repeats(&key) {
            return Pick::Under(Operand::Constant(chosen.to_owned()));
        }
        if let Some(mention) = scope.said.find(&key, &[]).filter(|mention| mention.person)
            && bits(&key, &[]) >= WEAK
        {
            let name = Key {
                words: words("name"),
                around: Vec::new(),
            };
            return Pick::Under(Operand::Said {
                key: name,
                value: key,
                mention,
            });
        }
    }
    pick(&entries, index, wanted, origin, scope)
}
