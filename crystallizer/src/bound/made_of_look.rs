//! Looks whose answers nothing reads, before a change that sends something of the agent's own. Nothing else explains why
//! the agent looked: what it chose, it chose by what it saw there, and another run sees something else.

use super::answers::{Hop, Of, flag_form};
use super::binding::{Binding, Bound, Choice, Frozen, Piece, Source, Why};
use super::decide::Decisions;
use super::evaluate::member;
use super::explain::question_id;
use super::inputs::{Found, is_default, schema_at};
use super::key::{Key, keys_of, named_by, words};
use super::transform::Transform;
use super::turn::{Compared, closed};
use super::unsourced::open_choices;
use super::witness::{Witness, differ};
use super::{Answered, canonical, cycle, settled, slot, view, write};
use crate::kept::{Kept, Spot};
use crate::session::{Session, ToolSpec};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// The most words, and the most letters, of a value that is a choice and no text.
const MOST_WORDS: usize = 3;
const LONGEST: usize = 60;
/// The letters that two words have to have in common from their beginning to be forms of one.
const STEM: usize = 4;
/// The letters from which on a word of several tells something.
const SHORTEST_WORD: usize = 3;
/// The most places of an answer that are offered.
const MOST_PLACES: usize = 3;
/// How many calls may stand between a look and the change.
const NEAREST: usize = 8;

/// Makes the choices before which such a look stands questions, and takes the answers to them. `is_explained` says of a
/// call whether something else is asked about it, or a person sees it before it is done.
pub(super) fn ask(
    session: &Session,
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &mut Decisions<'_>,
    answers: Answered<'_>,
    witnesses: &[Witness<'_>],
    is_explained: &dyn Fn(usize, &str) -> bool,
) {
    let specs: HashMap<&str, &ToolSpec> = session
        .tools
        .iter()
        .map(|spec| (spec.name.as_str(), spec))
        .collect();
    let taken = write::Taken::of(spots);
    let differ = differ(kept, witnesses);
    let (mut read, mut people) = (None, None);
    let mut done = BTreeSet::new();
    for look in 0..kept.len() {
        let Some(call) = change_behind(kept, decisions, look).filter(|call| !done.contains(call))
        else {
            continue;
        };
        let read = read.get_or_insert_with(|| steps_read(decisions));
        let gated = spots
            .get(call)
            .is_some_and(|spot| taken.gate_before(*spot).is_some());
        if gated || read.contains(kept[look].step.as_str()) {
            continue;
        }
        done.insert(call);
        let own = &kept[call];
        let spec = specs.get(own.call.name.as_str()).copied();
        let people: &BTreeSet<String> = people.get_or_insert_with(|| spoken(decisions));
        let mut named = words(&crate::name::of_call(&own.call.name, None));
        // What it is done to tells nothing.
        named.truncate(1);
        let seen = OnceCell::new();
        let mut found: Vec<(String, Value)> = Vec::new();
        crate::leaf::leaves(&own.call.arguments, &mut |pointer, key, leaf| {
            let is_own = is_choice(key, leaf)
                && !is_told(key, leaf, people, &named)
                && is_of_look(leaf, seen.get_or_init(|| answered(&kept[look])), people);
            if is_own && !is_default(schema_at(spec, pointer), leaf) {
                found.push((pointer.to_owned(), leaf.clone()));
            }
        });
        for (pointer, value) in found {
            let shown = shown(witnesses, call, &pointer, &value, differ);
            if shown || is_explained(call, &pointer) || slot::first(own, &pointer).is_none() {
                continue;
            }
            let schema = schema_at(spec, &pointer).cloned();
            let places = places(kept, decisions, look, &pointer, &value);
            settle(
                kept,
                call,
                (&pointer, &value),
                decisions,
                answers,
                places,
                schema.as_ref(),
            );
        }
    }
}

/// The change that a look stands before, where both are no passes of loops and the look goes after something that moves.
pub(super) fn change_behind(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    look: usize,
) -> Option<usize> {
    let in_loop = |call: usize| {
        cycle::of(&decisions.cycles, call).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(call))
    };
    let one = kept.get(look)?;
    let moves = decisions.calls.get(look)?.bound.iter();
    let moves = moves
        .flat_map(Bound::bindings)
        .any(|binding| matches!(binding.source, Source::Input(_) | Source::Output(_)));
    if !one.looks() || one.target.own_tool || !moves || !crate::prune::succeeded(one.call) {
        return None;
    }
    let mut behind = (look + 1..kept.len()).take(NEAREST);
    // What comes last is done, whatever it was answered.
    let alters =
        |call: &usize| kept[*call].changes() && (!kept[*call].informs() || *call + 1 == kept.len());
    let call = behind.find(alters)?;
    let own = &kept[call];
    let is_apart = own.target.own_tool
        || own.call.batch == one.call.batch
        || in_loop(look)
        || in_loop(call)
        || decisions.assented.contains(&call)
        // A person who spoke in between may have chosen.
        || decisions.heard.get(look) != decisions.heard.get(call);
    (!is_apart).then_some(call)
}

/// The steps whose answers are read, by what is bound, by what may be by the questions so far, and by the lists of
/// loops.
pub(super) fn steps_read(decisions: &Decisions<'_>) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut note = |expression: &str| {
        for (at, _) in expression.match_indices("steps.") {
            let rest = &expression[at + "steps.".len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            read.insert(rest[..end].to_owned());
        }
    };
    for decided in &decisions.calls {
        for binding in decided.bound.iter().flat_map(Bound::bindings) {
            note(&binding.expression);
        }
        // Whoever is asked whether a value follows a look is asked about the look.
        for choices in decided.frozen.iter().filter_map(|one| one.why.choices()) {
            choices.iter().for_each(|choice| note(&choice.answer));
        }
    }
    for cycle in &decisions.cycles {
        note(&cycle.items);
        cycle.until.iter().for_each(|until| note(until));
        cycle.inner.iter().for_each(|inner| note(&inner.items));
    }
    read
}

/// The words of people.
fn spoken(decisions: &Decisions<'_>) -> BTreeSet<String> {
    let people = decisions.said.by_people().flat_map(|text| {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
    });
    people.collect()
}

/// Whether a value is one that an agent chooses: a word or a code, what is true or false.
fn is_choice(key: &str, value: &Value) -> bool {
    if matches!(key, "command" | "cmd" | "op" | "operation" | "subcommand") {
        return false;
    }
    match value {
        Value::Bool(_) => true,
        Value::String(text) => {
            let words = text.split_whitespace();
            let words = words.filter(|word| word.chars().any(char::is_alphanumeric));
            text.chars().count() <= LONGEST && (1..=MOST_WORDS).contains(&words.count())
        }
        _ => false,
    }
}

/// Whether a value of several words has one of what a look answered that nobody said: others are wording. One word alone
/// is chosen.
fn is_of_look(value: &Value, seen: &BTreeSet<String>, people: &BTreeSet<String>) -> bool {
    let Some(text) = value.as_str().filter(|text| text.trim().contains(' ')) else {
        return true;
    };
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .any(|word| seen.contains(word) && !people.contains(word))
}

/// The words of what a look answered.
fn answered(look: &Kept<'_>) -> BTreeSet<String> {
    let answered = look.answer.text().to_lowercase();
    let words = answered.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_owned).collect()
}

/// Whether what was said, or what a deed is named by, tells the value: `Close it` that a status is `closed`, `archive it`
/// that `archived` is true.
fn is_told(key: &str, value: &Value, said: &BTreeSet<String>, named: &[String]) -> bool {
    let turns = ["accordingly", "toggle", "flip", "whether", "opposite"];
    if turns.iter().any(|word| said.contains(*word)) {
        return false;
    }
    let mut all = said.iter().chain(named);
    match value {
        Value::Bool(_) => {
            let key = words(key);
            let ways = ["on", "off", "enable", "disable", "activate", "deactivate"];
            all.any(|word| named_by(&key, word)) || ways.iter().any(|word| said.contains(*word))
        }
        Value::String(text) => {
            let own = text.split(|c: char| !c.is_alphanumeric());
            let mut own = own.filter(|word| !word.is_empty()).map(str::to_lowercase);
            own.all(|word| {
                let mut all = said.iter().chain(named);
                all.any(|other| is_form(&word, other))
            })
        }
        _ => true,
    }
}

/// Whether two words are forms of one: `closed` and `close`, `paid` and `pay`.
fn is_form(one: &str, two: &str) -> bool {
    let irregular = |a: &str, b: &str| {
        matches!(
            (a, b),
            ("paid", "pay")
                | ("sent", "send")
                | ("done", "complete" | "finish")
                | ("won", "win")
                | ("lost", "lose")
                | ("held", "hold")
        )
    };
    let shared = one.chars().zip(two.chars()).take_while(|(a, b)| a == b);
    one == two || shared.count() >= STEM || irregular(one, two) || irregular(two, one)
}

/// Whether the further recordings answer it: they have the same there while other values differ, or another one.
fn shown(
    witnesses: &[Witness<'_>],
    call: usize,
    pointer: &str,
    value: &Value,
    differ: bool,
) -> bool {
    let mut all = witnesses.iter().filter_map(|witness| {
        let at = (*witness.counterparts.get(call)?)?;
        witness.kept.get(at)?.call.arguments.pointer(pointer)
    });
    all.any(|other| differ || other != value)
}

/// The answers that a value may have been taken from after all: where the look has just that, under the same key where it
/// is true or false.
fn places(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    look: usize,
    pointer: &str,
    value: &Value,
) -> Vec<Choice> {
    let key = keys_of(pointer).pop().unwrap_or_default();
    let forms = match value {
        Value::Bool(flag) => vec![flag_form(&key, *flag)],
        value => canonical::forms(value),
    };
    let all = &decisions.answers;
    let found = all.find(&forms).into_iter().filter(|place| {
        place.call == look && place.of == Of::Value && all.scalar(place) == Some(value)
    });
    let base = &kept.get(look).map(|kept| closed(&view::view(kept).base));
    let ways = found.filter_map(|place| {
        let mut expression = base.clone()?;
        for step in all.steps_to(&place) {
            let Hop::Key(key) = step.hop else { return None };
            expression.push_str(&member(key));
        }
        Some(Choice {
            answer: expression.clone(),
            binding: Some(Box::new(Binding {
                expression,
                source: Source::Output(place),
                transform: Transform::default(),
                score: 0.0,
                because: "the look before it answered it".to_owned(),
                agreeing: Vec::new(),
                from_text: false,
                compared: Compared::default(),
                value: value.clone(),
            })),
            is_only_offered: false,
            is_given: false,
        })
    });
    ways.take(MOST_PLACES).collect()
}

/// Leaves a value open, or takes the answer about it.
fn settle(
    all: &[Kept<'_>],
    call: usize,
    (pointer, value): (&str, &Value),
    decisions: &mut Decisions<'_>,
    answers: Answered<'_>,
    places: Vec<Choice>,
    schema: Option<&Value>,
) {
    let Some(own) = all.get(call) else {
        return;
    };
    let id = question_id(own, pointer);
    let keys = keys_of(pointer);
    let key = keys.last().cloned().unwrap_or_default();
    let Some(decided) = decisions.calls.get_mut(call) else {
        return;
    };
    let holds = |place: &str| super::within(pointer, place);
    if decided.bound.iter().any(|bound| holds(&bound.pointer)) {
        return;
    }
    let at = decided.frozen.iter().position(|one| holds(&one.pointer));
    let at = match at {
        Some(at) => {
            let frozen = &decided.frozen[at];
            if !matches!(frozen.why, Why::Agent | Why::Chance) || frozen.pointer != pointer {
                return;
            }
            at
        }
        // What is true or false is only noted where something is asked about it.
        None if value.is_boolean() => {
            decided.frozen.push(Frozen {
                pointer: pointer.to_owned(),
                key: key.clone(),
                value: value.clone(),
                why: Why::Agent,
                question: None,
            });
            decided.frozen.len() - 1
        }
        None => return,
    };
    let mut choices = open_choices();
    choices.extend(places);
    let given = answers.given.get(&id).filter(|given| {
        let mut all = choices.iter();
        all.any(|choice| choice.answer == **given)
    });
    let now = super::binder::answer_value(&key, value);
    if let Some(given) = given {
        decisions.unused_answers.retain(|other| *other != id);
        let is_constant = given == "constant";
        match answers.before.get(&id) {
            Some(was) if is_constant && *was != now => {
                decisions.outdated.push((id.clone(), was.clone(), now));
            }
            _ => {
                decisions.taken_for.insert(id, now);
                if is_constant {
                    decided.frozen[at].why = Why::Answered;
                    return;
                }
                decided.frozen.remove(at);
                let place = choices.iter().find(|choice| choice.answer == *given);
                if let Some(binding) = place.and_then(|choice| choice.binding.clone()) {
                    decided.bound.push(Bound {
                        pointer: pointer.to_owned(),
                        key,
                        pieces: vec![Piece::Value(binding)],
                    });
                    return;
                }
                let named = keys.iter().map(String::as_str);
                let named = named.filter(|key| !key.bytes().all(|b| b.is_ascii_digit()));
                let name = Key::new(named.collect::<Vec<_>>().into_iter(), &own.call.name);
                let found = Found::Answered;
                let (inputs, said) = (&mut decisions.inputs, &decisions.said);
                let (input, transform) = inputs.get(&name, value, found, schema, said);
                let binding = given_anew(input, transform, value);
                decided.bound.push(Bound {
                    pointer: pointer.to_owned(),
                    key,
                    pieces: vec![Piece::Value(Box::new(binding.clone()))],
                });
                settled::tell_again(all, decisions, call, &binding);
                return;
            }
        }
    }
    let frozen = &mut decided.frozen[at];
    frozen.why = Why::Unsure(choices);
    frozen.question = Some(id);
}

/// What gives a value that a person wants to give in each run.
fn given_anew(input: String, transform: Transform, value: &Value) -> Binding {
    Binding {
        expression: transform.write(&format!("inputs.{input}")),
        source: Source::Input(input),
        transform,
        score: 0.0,
        because: "a person answered so".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: Compared::default(),
        value: value.clone(),
    }
}
