//! What a person stated as the condition of a deed, as an expression over what was answered before it: `if its total is
//! under 50`, `if it is delivered`. One recording shows only one side of it, so that it is offered and never followed
//! unasked.

use super::ask::{MOST_STATED, Unshown};
use super::asker::{Asker, deed};
use super::carried::is_carried;
use super::lexicon as l;
use super::sentence::{Token, sentences};
use crate::bound::answers::is_collection;
use crate::bound::branch::parting;
use crate::bound::canonical;
use crate::bound::cycle;
use crate::bound::decide::Decisions;
use crate::bound::evaluate::{literal, member, quoted};
use crate::bound::filter::Side;
use crate::bound::information::names_things;
use crate::bound::key::{named_by, words};
use crate::bound::turn::closed;
use crate::bound::view;
use crate::bound::witness::{Seen, Witness};
use crate::bound::write::Taken;
use crate::kept::{Kept, Spot};
use druse_engine::definition::Document;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Conditions that people answered with, by the places of the steps in the document's list.
pub(in crate::bound) struct Stated(BTreeMap<usize, String>);

impl Stated {
    pub(in crate::bound) fn of(unshown: &[Unshown], spots: &[Spot], taken: &Taken) -> Self {
        let mut all: BTreeMap<usize, String> = BTreeMap::new();
        for (calls, expression) in unshown.iter().filter_map(Unshown::stated_for) {
            let spots = calls.iter().filter_map(|call| spots.get(*call));
            // Nobody is asked about what is not done.
            let places: BTreeSet<usize> = spots
                .flat_map(|spot| {
                    let gate = taken.gate_before(*spot).map(|gate| gate.step);
                    gate.into_iter().chain([spot.step])
                })
                .collect();
            for place in places {
                let own = all.entry(place).or_default();
                *own = joined(own, expression);
            }
        }
        Self(all)
    }

    pub(in crate::bound) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes them into the steps, so that what they read is known to be read.
    pub(in crate::bound) fn note(&self, document: &mut Document) {
        for (place, condition) in &self.0 {
            if let Some(step) = document.steps.get_mut(*place) {
                step.when = Some(condition.clone());
            }
        }
    }

    /// The conditions of the steps, with those that they have besides.
    pub(in crate::bound) fn with(&self, others: &mut BTreeMap<usize, String>) {
        for (place, condition) in &self.0 {
            let own = others.entry(*place).or_default();
            *own = joined(own, condition);
        }
    }
}

fn joined(own: &str, other: &str) -> String {
    let whole = |one: &str| match one.contains(" or ") {
        true => format!("({one})"),
        false => one.to_owned(),
    };
    match own {
        "" => whole(other),
        own if own.contains(other) => own.to_owned(),
        own => format!("{own} and {}", whole(other)),
    }
}

impl Asker<'_> {
    /// The changes behind a call that are done with it, where it has a condition: those up to what the person says next but
    /// for what another sentence asks for. What the agent added of itself came because of it. None where that is not
    /// clear: the same is done again, something was changed before, or a sentence takes some of it back.
    pub(super) fn done_with(&self, call: usize, sentence: &str) -> Option<Vec<usize>> {
        let own = words(sentence);
        let is_in = |said: &[String], deed: &str| said.iter().any(|word| l::same_deed(word, deed));
        let is_asked_elsewhere = |call: usize| {
            let Some(deed) = deed(&self.kept[call]) else {
                return false;
            };
            !is_in(&own, &deed)
                && self
                    .sentences
                    .iter()
                    .any(|(_, other)| other.iter().any(|token| l::same_deed(&token.word, &deed)))
        };
        let turn = self.heard(call);
        let name = &self.kept.get(call)?.call.name;
        let is_own = |other: usize| self.kept[other].changes() && self.heard(other) == turn;
        let unclear = (0..call).any(|other| is_own(other) && !is_asked_elsewhere(other))
            || (0..self.kept.len())
                .any(|other| other != call && self.kept[other].call.name == *name)
            || self.sentences.iter().any(|(_, sentence)| {
                // The own one may begin so.
                sentence.first().is_some_and(|first| {
                    own.first() != Some(&first.word)
                        && matches!(
                            first.word.as_str(),
                            "but" | "except" | "unless" | "however" | "not" | "aber" | "außer"
                        )
                })
            });
        let behind = (call + 1..self.kept.len()).filter(|other| is_own(*other));
        (!unclear).then(|| behind.filter(|other| !is_asked_elsewhere(*other)).collect())
    }
}

/// How many calls before the deed are looked at.
const NEAREST: usize = 20;
/// The most fields of an answer that are looked at.
const MOST_FIELDS: usize = 200;
/// How deep fields are looked for in an answer.
const DEEPEST: usize = 4;
/// The longest label of a line, in letters.
const LONGEST_LABEL: usize = 30;
/// The longest text that is a state, in letters.
const LONGEST: usize = 40;

/// A field of an answer before the deed.
struct Known<'k> {
    /// The expression that gives it.
    place: String,
    path: Vec<String>,
    value: Value,
    source: &'k Kept<'k>,
    /// The words of the keys on the way that a run is given.
    given: Vec<String>,
}

/// The expressions that say what a condition says and that hold in the recording; none where a part of it has none.
pub(super) fn stated(
    (quote, sentence): (&str, &str),
    call: usize,
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
) -> Vec<String> {
    let deed = kept.get(call).and_then(deed).unwrap_or_default();
    if !is_whole(quote, sentence, &deed) {
        return Vec::new();
    }
    let tokens: Vec<Token> = sentences(quote).into_iter().flatten().collect();
    if tokens.iter().any(|token| is_of_other_time(&token.word)) {
        return Vec::new();
    }
    let unless = tokens.iter().any(|token| turns(&token.word));
    let joints: Vec<usize> = (0..tokens.len()).filter(|at| joins(&tokens, *at)).collect();
    let mut words = joints.iter().map(|at| tokens[*at].word.as_str());
    let joint = words.next();
    // Which of them binds more is not said, and neither is what `unless` turns.
    let is_mixed = words.any(|word| Some(word) != joint);
    if is_mixed || unless && joint.is_some() {
        return Vec::new();
    }
    let known = known(call, kept, decisions);
    let said: BTreeSet<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
    let mut all: Vec<String> = vec![String::new()];
    let starts = std::iter::once(0).chain(joints.iter().map(|at| at + 1));
    let ends = joints.iter().copied().chain([tokens.len()]);
    for (from, to) in starts.zip(ends) {
        let part = tokens.get(from..to).unwrap_or_default();
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            return Vec::new();
        };
        let own = quote.get(first.start..last.end).unwrap_or_default();
        let mut found: Vec<String> = known
            .iter()
            .flat_map(|one| {
                one.of_state(own, &said)
                    .into_iter()
                    .chain(one.of_side(part, &said, unless))
            })
            .collect();
        let mut seen = BTreeSet::new();
        found.retain(|one| seen.insert(one.clone()));
        let sign = match joint {
            Some("or" | "oder") => "or",
            _ => "and",
        };
        all = all
            .iter()
            .flat_map(|before| {
                found.iter().map(move |one| match before.as_str() {
                    "" => one.clone(),
                    before => format!("{before} {sign} {one}"),
                })
            })
            .collect();
        // So many may be meant that none is likely.
        if all.is_empty() || all.len() > MOST_STATED {
            return Vec::new();
        }
    }
    all
}

/// Whether a condition holds in just those further recordings that have a call.
pub(super) fn parts(
    condition: &str,
    call: usize,
    kept: &[Kept<'_>],
    witnesses: &[Witness<'_>],
) -> bool {
    witnesses.iter().all(|witness| {
        let has = witness.counterparts.get(call).is_some_and(Option::is_some);
        Seen::new(witness, kept).evaluate(condition) == Some(Value::Bool(has))
    })
}

/// Whether a word joins two parts of a condition; `50 or more` is one.
fn joins(tokens: &[Token], at: usize) -> bool {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.word.as_str());
    match word(at) {
        "and" | "und" | "oder" => true,
        "or" => !is_open_end(word(at + 1)),
        _ => false,
    }
}

/// Words of what was, will or would be: an answer tells how something is.
fn is_of_other_time(word: &str) -> bool {
    matches!(
        word,
        "would" | "could" | "should" | "will" | "going" | "before" | "after" | "ever"
    )
}

/// Words of keys that say nothing of what they hold.
fn is_wrapping(word: &str) -> bool {
    matches!(
        word,
        "is" | "has"
            | "was"
            | "are"
            | "been"
            | "flag"
            | "data"
            | "result"
            | "output"
            | "the"
            | "of"
    )
}

/// `or more`, `or less`.
fn is_open_end(word: &str) -> bool {
    matches!(
        word,
        "more" | "above" | "higher" | "less" | "below" | "lower" | "fewer"
    )
}

/// The fields that are known before a call, of the nearest answer first.
fn known<'k>(call: usize, kept: &'k [Kept<'k>], decisions: &Decisions<'_>) -> Vec<Known<'k>> {
    let batch = kept.get(call).map(|kept| kept.call.batch);
    let mut found: Vec<Known<'k>> = Vec::new();
    for at in (call.saturating_sub(NEAREST)..call).rev() {
        let Some(source) = kept.get(at) else { continue };
        let in_loop = cycle::of(&decisions.cycles, at).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(at));
        let is_own = Some(source.call.batch) == batch;
        if in_loop || is_own || !source.looks() || !crate::prune::succeeded(source.call) {
            continue;
        }
        // Of several answers of one tool only that about the thing that the deed is done with.
        let same = kept
            .iter()
            .take(call)
            .filter(|one| one.call.name == source.call.name);
        if same.count() > 1 && kept.get(call).is_none_or(|deed| !shares(source, deed)) {
            continue;
        }
        let seen = view::view(source);
        let mut fields = Fields {
            source,
            decisions,
            path: Vec::new(),
            given: Vec::new(),
            found: Vec::new(),
        };
        fields.walk(&closed(&seen.base), &seen.data);
        // What is asked twice is told by the later answer.
        for one in fields.found {
            let is_told = |known: &Known<'_>| {
                known.path == one.path && known.source.call.name == source.call.name
            };
            if !found.iter().any(is_told) {
                found.push(one);
            }
        }
    }
    found
}

/// Whether two calls were sent a value that is the same.
fn shares(one: &Kept<'_>, other: &Kept<'_>) -> bool {
    let sent = |kept: &Kept<'_>| {
        let mut all: BTreeSet<String> = BTreeSet::new();
        crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
            if !leaf.is_boolean() && !leaf.is_null() {
                all.extend(crate::leaf::canonical(leaf).map(std::borrow::Cow::into_owned));
            }
        });
        all
    };
    !sent(one).is_disjoint(&sent(other))
}

/// Whether a quote is all that a sentence says of when something is done: behind it stands what is done, or nothing.
fn is_whole(quote: &str, sentence: &str, deed: &str) -> bool {
    let Some((before, rest)) = sentence.split_once(quote) else {
        return false;
    };
    let mut signs = rest.chars();
    let cut = matches!(signs.next(), Some(',' | '.' | '%' | '\''))
        && signs.next().is_some_and(|c| c.is_ascii_digit());
    let all = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (before, rest) = (all(before), all(rest));
    // `either way`, `otherwise`: something is done where it does not hold, too.
    let is_more = before.iter().chain(&rest).any(|word| {
        matches!(
            word.as_str(),
            "otherwise"
                | "else"
                | "either"
                | "regardless"
                | "anyway"
                | "always"
                | "case"
                | "if"
                | "unless"
                | "except"
                | "sonst"
                | "andernfalls"
                | "jedenfalls"
        )
    });
    let first = rest.iter().find(|word| {
        !matches!(
            word.as_str(),
            "please" | "then" | "just" | "go" | "ahead" | "and" | "also" | "bitte" | "dann"
        )
    });
    let is_deed = first.is_none_or(|word| {
        l::same_deed(word, deed)
            || l::is_verb(word)
                && !word.ends_with("ed")
                && !matches!(
                    word.as_str(),
                    "paid" | "sent" | "bought" | "taken" | "done" | "sold"
                )
    });
    !cut && !is_more && is_deed
}

/// Goes through an answer for its fields.
struct Fields<'f, 'k> {
    source: &'k Kept<'k>,
    decisions: &'f Decisions<'f>,
    path: Vec<String>,
    given: Vec<String>,
    found: Vec<Known<'k>>,
}

impl Fields<'_, '_> {
    fn walk(&mut self, place: &str, value: &Value) {
        match value {
            Value::Object(map) if self.path.len() < DEEPEST => {
                let is_data = is_collection(map);
                for (key, inner) in map {
                    // A key that is data is only one that a run is given.
                    let mut inputs = self.decisions.inputs.iter();
                    let given = inputs.find(|input| input.value.as_str() == Some(key));
                    let step = match given {
                        Some(input) => format!("[inputs.{}]", input.name),
                        None if is_data => continue,
                        None => member(key),
                    };
                    let before = self.given.len();
                    if given.is_some() {
                        self.given.extend(words(key));
                    }
                    self.path.push(key.clone());
                    self.walk(&format!("{place}{step}"), inner);
                    self.path.pop();
                    self.given.truncate(before);
                }
            }
            Value::Object(_) | Value::Array(_) => {}
            Value::String(text) if text.contains('\n') => self.lines(place, text),
            scalar => self.push(place.to_owned(), scalar.clone()),
        }
    }

    /// The values behind labels in the lines of a text, each label that it has once.
    fn lines(&mut self, place: &str, text: &str) {
        let labelled = |line: &'_ str| -> Option<(String, String)> {
            let (label, rest) = line.split_once(':')?;
            let (label, rest) = (label.trim(), rest.trim());
            let is_label = label.starts_with(char::is_alphabetic)
                && label.chars().count() <= LONGEST_LABEL
                && !rest.is_empty();
            is_label.then(|| (label.to_owned(), rest.to_owned()))
        };
        let all: Vec<(String, String)> = text
            .lines()
            .take(MOST_FIELDS)
            .filter_map(labelled)
            .collect();
        for (label, rest) in &all {
            if all.iter().filter(|(other, _)| other == label).count() == 1 {
                self.path.push(label.clone());
                let place = format!("{place} | line_value({})", quoted(label));
                self.push(place, Value::from(rest.as_str()));
                self.path.pop();
            }
        }
    }

    fn push(&mut self, place: String, value: Value) {
        if self.found.len() < MOST_FIELDS && !self.path.is_empty() {
            self.found.push(Known {
                place,
                path: self.path.clone(),
                value,
                source: self.source,
                given: self.given.clone(),
            });
        }
    }
}

impl Known<'_> {
    /// The field is what was said, or is not what it must not be: `if it is delivered`, `unless the status is closed`.
    fn of_state(&self, quote: &str, said: &BTreeSet<&str>) -> Option<String> {
        let (key, above) = self.path.split_last()?;
        let is_said = match &self.value {
            Value::Bool(_) | Value::Null => self.are_said(&words(key), said),
            Value::String(text) if !text.is_empty() && text.chars().count() <= LONGEST => {
                self.are_said(&words(text), said)
            }
            _ => false,
        };
        let whole = above.iter().flat_map(|key| words(key)).collect::<Vec<_>>();
        let holds = is_said
            && self.are_said(&whole, said)
            && is_carried(quote, &parting(self.source, &self.path, &self.value, true));
        holds.then(|| format!("{} == {}", closed(&self.place), literal(&self.value)))
    }

    /// Whether each word was said, or is one of the thing that the answer is about. What a name says besides may be what
    /// was not meant: `partially paid`, `total_items`.
    fn are_said(&self, all: &[String], said: &BTreeSet<&str>) -> bool {
        let thing = words(&self.source.step);
        let given = self.given.as_slice();
        all.iter().all(|word| {
            thing.contains(word)
                || given.contains(word)
                || is_wrapping(word)
                || said
                    .iter()
                    .any(|one| named_by(std::slice::from_ref(word), one))
        })
    }

    /// The field is on the side of a number that was said: `if the total is under 50 euros`.
    fn of_side(&self, part: &[Token], said: &BTreeSet<&str>, unless: bool) -> Option<String> {
        let (key, above) = self.path.split_last()?;
        let key = words(key);
        let whole: Vec<String> = above.iter().flat_map(|key| words(key)).collect();
        let is_other_unit = key
            .iter()
            .any(|word| matches!(word.as_str(), "cent" | "cents" | "percent" | "pct"));
        if names_things(&key) || is_other_unit || !self.are_said(&whole, said) {
            return None;
        }
        let (own, place) = match &self.value {
            Value::Number(number) => (number.as_f64()?, self.place.clone()),
            Value::String(text) if text.chars().count() <= LONGEST => (
                canonical::number(text)?.parse().ok()?,
                format!("({} | parse_number)", self.place),
            ),
            _ => return None,
        };
        let mut numbers = part
            .iter()
            .enumerate()
            .filter_map(|(at, token)| Some((at, number(&token.word)?)));
        let ((at, limit), None) = (numbers.next()?, numbers.next()) else {
            return None;
        };
        let word = |at: usize| part.get(at).map_or("", |token| token.word.as_str());
        let before: Vec<&str> = (0..at).map(word).collect();
        let behind = [word(at + 1), word(at + 2), word(at + 3)];
        let (sign, led, followed) = side(&before, &behind)?;
        let negations = part.iter().filter(|token| l::negates(&token.word)).count();
        let is_turned = (negations + usize::from(unless)) % 2 == 1;
        let sign = if is_turned { sign.turned() } else { sign };
        // Each word has to be one of it: what else is said is no part of this condition.
        let thing = words(&self.source.step);
        let mut is_named = false;
        let is_told = |place: usize, token: &Token| {
            let word = token.word.as_str();
            place == at
                || (at - led..at).contains(&place)
                || (at + 1..=at + followed).contains(&place)
                || l::negates(word)
                || turns(word)
                || l::is_condition(word, None)
                || l::is_determiner(word)
                || l::is_neutral(word)
                || l::is_boundary(word)
                || is_money(word)
                || named_by(&thing, word)
                || matches!(
                    word,
                    "still" | "already" | "currently" | "case" | "provided"
                )
        };
        for (place, token) in part.iter().enumerate() {
            if named_by(&key, &token.word) {
                is_named = true;
            } else if !is_told(place, token) {
                return None;
            }
        }
        let is_amount = part.iter().any(|token| is_money(&token.word))
            && key.iter().all(|word| {
                thing.contains(word)
                    || matches!(
                        word.as_str(),
                        "total" | "amount" | "price" | "sum" | "cost" | "betrag"
                    )
            });
        let is_told = is_amount || is_named && self.are_said(&key, said);
        if !is_told || !sign.holds(own, limit) {
            return None;
        }
        Some(format!("{place} {} {}", sign.sign(), limit))
    }
}

/// The words right before a number that name a side of it, or right behind it.
const BEFORE: [(&[&str], Side); 27] = [
    (&["no", "more", "than"], Side::AtMost),
    (&["not", "more", "than"], Side::AtMost),
    (&["no", "less", "than"], Side::AtLeast),
    (&["not", "less", "than"], Side::AtLeast),
    (&["at", "least"], Side::AtLeast),
    (&["at", "most"], Side::AtMost),
    (&["up", "to"], Side::AtMost),
    (&["more", "than"], Side::Above),
    (&["greater", "than"], Side::Above),
    (&["higher", "than"], Side::Above),
    (&["larger", "than"], Side::Above),
    (&["bigger", "than"], Side::Above),
    (&["less", "than"], Side::Below),
    (&["lower", "than"], Side::Below),
    (&["fewer", "than"], Side::Below),
    (&["smaller", "than"], Side::Below),
    (&["over"], Side::Above),
    (&["above"], Side::Above),
    (&["exceeds"], Side::Above),
    (&["under"], Side::Below),
    (&["below"], Side::Below),
    (&["mehr", "als"], Side::Above),
    (&["über"], Side::Above),
    (&["weniger", "als"], Side::Below),
    (&["unter"], Side::Below),
    (&["mindestens"], Side::AtLeast),
    (&["höchstens"], Side::AtMost),
];

/// The side that is named, by how many words before the number and by how many behind it.
fn side(before: &[&str], behind: &[&str]) -> Option<(Side, usize, usize)> {
    let ends = |(words, sign): &(&[&str], Side)| {
        before.ends_with(words).then_some((*sign, words.len(), 0))
    };
    BEFORE.iter().find_map(ends).or_else(|| {
        // `50 or more`, `50 euros or less`
        let from = usize::from(behind.first().is_some_and(|word| is_money(word)));
        match behind.get(from..from + 2)? {
            ["or", "more" | "above" | "higher"] => Some((Side::AtLeast, 0, from + 2)),
            ["or", "less" | "below" | "lower" | "fewer"] => Some((Side::AtMost, 0, from + 2)),
            _ => None,
        }
    })
}

fn turns(word: &str) -> bool {
    word == "unless"
}

fn is_money(word: &str) -> bool {
    matches!(
        word.trim_end_matches('s'),
        "euro" | "eur" | "dollar" | "usd" | "buck" | "pound" | "gbp" | "franc" | "franken" | "chf"
    )
}

/// The number that a word is: `50`, `2.5`, `three`.
fn number(word: &str) -> Option<f64> {
    // Whether `1.000` is one or a thousand nobody knows, and a share may be written as 0.2 or as 20.
    let is_grouped = word
        .split_once('.')
        .is_some_and(|(_, rest)| rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit()));
    let plain = word.parse::<f64>().ok().filter(|_| !is_grouped);
    let spoken = || l::number(word).and_then(|number| u32::try_from(number).ok());
    plain
        .filter(|number| number.is_finite())
        .or_else(|| spoken().map(f64::from))
}
