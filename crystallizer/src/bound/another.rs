//! What a change makes, and the record of another thing of its kind: a new booking is not the one that was looked up
//! before it, and what that one has says nothing about it unless the task goes on with it.

use super::answers::Place;
use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Piece, Source, Why};
use super::cycle;
use super::information::{STRONG, bits, names_things};
use super::key::{Key, agree, keys_of, noun, words};
use super::said::Mention;
use super::unsourced::open_choices;
use super::weigh::Outcome;
use crate::mark::{MarkMap, mark};
use crate::session::ToolCall;
use crate::value_class::ValueClass;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// The information from which on a value is one by which a record is asked for.
const NAMING: f64 = 4.5;
/// The most things that one call may name.
const MOST_THINGS: usize = 64;

/// What is known of records of other things, so that each is looked for once.
#[derive(Default)]
pub(super) struct Others {
    /// The expressions that steps took values by.
    followed: MarkMap<()>,
    /// The first change that sent a value at a place.
    found: MarkMap<usize>,
    /// By how much had been said, and the words of a key: where it was said that there is to be none.
    denied: HashMap<(usize, Vec<String>), Option<Mention>>,
    /// The same with the words of a kind of thing: whether it is wanted as such a thing has it.
    wanted: HashMap<(usize, Vec<String>, Vec<String>), bool>,
    /// The change that was last decided about, and the looks of which it is known whether they were for another thing.
    apart: RefCell<(usize, HashMap<usize, bool>)>,
}

impl Others {
    /// Notes what a value is taken by.
    pub(super) fn note(&mut self, pieces: &[Piece]) {
        if let [Piece::Value(binding)] = pieces
            && answered_by(&binding.source).is_some()
        {
            self.followed.insert(mark(&binding.expression), ());
        }
    }
}

/// A value at a place that a tool is sent it at.
fn found_at(tool: &str, pointer: &str, value: &Value) -> String {
    format!("{tool}\n{pointer}\n{value}")
}

impl Binder<'_, '_> {
    /// Whether what a binding gives stands in the record that the call is about: the call sends what that was asked for
    /// by, or in a list what is its own.
    pub(super) fn is_its_record(&self, binding: &Binding) -> bool {
        let Some(call) = answered_by(&binding.source) else {
            return true;
        };
        let is_sent = |value: &Value| self.strong.contains(&value.to_string());
        let (beside, in_list) = match &binding.source {
            Source::Output(place) => (
                self.answers.beside(place),
                !self.answers.lists_over(place).is_empty(),
            ),
            _ => (Vec::new(), false),
        };
        let beside: Vec<&Value> = beside.into_iter().filter(|value| is_sent(value)).collect();
        let is_loop = cycle::ending(&self.cycles, call).is_some();
        // What all passes of a loop were asked for by is only gathered where it tells something.
        if is_loop && beside.is_empty() {
            return false;
        }
        let asked = self.asked_for_by(call);
        let mut known = beside
            .iter()
            .map(|value| asked.contains(&value.to_string()));
        match (is_loop, in_list || asked.is_empty()) {
            (true, _) => known.any(|is_asked| is_asked),
            (false, true) => known.any(|is_asked| !is_asked),
            (false, false) => asked.iter().any(|value| self.strong.contains(value)),
        }
    }

    /// Whether a change makes a new thing, and a binding takes what it is to be from another thing of its kind with
    /// which the task does not go on.
    pub(super) fn is_of_another(&mut self, sent: &Sent<'_>, binding: &Binding) -> bool {
        let (Some(own), Some(source)) = (
            self.kept.get(sent.call).filter(|kept| kept.changes()),
            answered_by(&binding.source).and_then(|call| self.kept.get(call)),
        ) else {
            return false;
        };
        if !makes_new(&own.call.name) || self.is_its_record(binding) {
            return false;
        }
        let kind = noun(&source.call.name);
        // `add_ticket_comment` makes a comment, and its `ticket_id` says of which ticket.
        let is_reference =
            matches!(sent.key.full().as_slice(), [.., of, id] if id == "id" && kind.contains(of));
        if is_reference
            || noun(&own.call.name)
                .last()
                .is_none_or(|made| !kind.contains(made))
        {
            return false;
        }
        // What an earlier step took from there is what the task goes on with; `with the guests of the meeting` says it.
        let expression = mark(&binding.expression);
        if self.others.followed.contains_key(&expression) {
            return false;
        }
        // By the name that it has where it goes, or by that which it has where it comes from.
        let theirs = match &binding.source {
            Source::Output(place) => self.answers.last_key(place),
            Source::Whole(place, _) => self.answers.last_key_of(*place),
            _ => String::new(),
        };
        !self.is_wanted(&sent.key.words, kind.clone()) && !self.is_wanted(&words(&theirs), kind)
    }

    /// Whether a place stands in what was looked up about another thing than the one that a change is about: the look
    /// was asked for it under the key by which the change names its own, and nothing else joins the two.
    pub(super) fn tells_of_another(&self, sent: &Sent<'_>, place: &Place) -> bool {
        self.looks_at_another(sent.call, place.call) && !self.coherent(sent, place)
    }

    /// The same of what a binding takes as a whole.
    pub(super) fn is_looked_up_of_another(&self, sent: &Sent<'_>, binding: &Binding) -> bool {
        answered_by(&binding.source).is_some_and(|call| self.looks_at_another(sent.call, call))
            && !self.is_its_record(binding)
    }

    fn looks_at_another(&self, change: usize, look: usize) -> bool {
        let (Some(own), Some(source)) = (
            self.kept.get(change).filter(|kept| kept.changes()),
            self.kept.get(look),
        ) else {
            return false;
        };
        if cycle::ending(&self.cycles, look).is_some() {
            return false;
        }
        let (of, known) = self.others.apart.take();
        let mut known = if of == change { known } else { HashMap::new() };
        let is_apart = *known
            .entry(look)
            .or_insert_with(|| are_apart(own.call, source.call));
        self.others.apart.replace((change, known));
        is_apart
    }

    /// Whether the person wants what a key names as a thing of a kind has it.
    fn is_wanted(&mut self, key: &[String], kind: Vec<String>) -> bool {
        let said = &self.said;
        let known = self.others.wanted.entry((said.len(), key.to_vec(), kind));
        match known {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let (_, key, kind) = new.key();
                let is_wanted = said.names_of_kind(key, kind);
                *new.insert(is_wanted)
            }
        }
    }

    /// Where a person said of what a key names that there is to be none.
    pub(super) fn denied(&mut self, key: &[String]) -> Option<Mention> {
        let said = &self.said;
        let known = self.others.denied.entry((said.len(), key.to_vec()));
        *known.or_insert_with(|| said.denies(key))
    }

    /// The question whether it is taken from there all the same.
    pub(super) fn whether_it(binding: Box<Binding>) -> Why {
        let mut choices = open_choices();
        choices.push(Choice {
            answer: binding.expression.clone(),
            binding: Some(binding),
            is_only_offered: false,
            is_given: false,
        });
        Why::Unsure(choices)
    }

    /// What gave a particular value to an earlier step that does the same to the same thing, or the question about it: one
    /// thing is found in one way.
    pub(super) fn as_before(&self, sent: &Sent<'_>) -> Outcome {
        let is_strong = bits(sent.value, &sent.key.words) >= STRONG;
        let own = self
            .kept
            .get(sent.call)
            .filter(|kept| is_strong && kept.changes());
        let Some(own) = own.filter(|_| cycle::of(&self.cycles, sent.call).is_none()) else {
            return Outcome::Nothing;
        };
        let place = found_at(&own.call.name, &sent.pointer, sent.value);
        let decided = self
            .others
            .found
            .get(&mark(&place))
            .and_then(|call| self.decided.get(*call));
        let Some(decided) = decided else {
            return Outcome::Nothing;
        };
        let mut bound = decided.bound.iter();
        if let Some(bound) = bound.find(|bound| bound.pointer == sent.pointer)
            && let [Piece::Value(binding)] = bound.pieces.as_slice()
            && binding.value == *sent.value
            && matches!(binding.source, Source::Output(_))
        {
            return Outcome::Bound(Box::new(Binding::clone(binding)));
        }
        let mut frozen = decided.frozen.iter();
        if let Some(frozen) = frozen.find(|frozen| frozen.pointer == sent.pointer)
            && frozen.value == *sent.value
            && matches!(frozen.why, Why::Unsure(_) | Why::Unpicked(_))
        {
            return Outcome::Open(frozen.why.clone());
        }
        Outcome::Nothing
    }

    /// Notes the particular values of a change by where they are sent, the first call of each.
    pub(super) fn note_found(&mut self, call: usize) {
        let (Some(kept), Some(decided)) = (
            self.kept.get(call).filter(|kept| kept.changes()),
            self.decided.get(call),
        ) else {
            return;
        };
        let open = decided
            .frozen
            .iter()
            .filter(|frozen| matches!(frozen.why, Why::Unsure(_) | Why::Unpicked(_)))
            .map(|frozen| (&frozen.pointer, &frozen.value));
        let bound = decided
            .bound
            .iter()
            .filter_map(|bound| match bound.pieces.as_slice() {
                [Piece::Value(binding)] if matches!(binding.source, Source::Output(_)) => {
                    Some((&bound.pointer, &binding.value))
                }
                _ => None,
            });
        for (pointer, value) in open.chain(bound) {
            if bits(value, &[]) >= STRONG {
                let place = found_at(&kept.call.name, pointer, value);
                self.others.found.entry(mark(&place)).or_insert(call);
            }
        }
    }

    /// What a call was asked for by: the particular values that it sent; of a loop those of all its passes.
    fn asked_for_by(&self, call: usize) -> BTreeSet<String> {
        let calls = match cycle::ending(&self.cycles, call).and_then(|at| self.cycles.get(at)) {
            Some(cycle) => cycle.first..=cycle.last(),
            None => call..=call,
        };
        let mut found = BTreeSet::new();
        for kept in self.kept.get(calls).into_iter().flatten() {
            crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                if bits(leaf, &words(key)) >= NAMING {
                    found.insert(leaf.to_string());
                }
            });
        }
        found
    }
}

/// Whether a call names its own thing under a key by which a look was asked for another.
fn are_apart(own: &ToolCall, look: &ToolCall) -> bool {
    let own_things = things_of(own);
    let theirs = things_of(look);
    let is_same = |one: &(Key, &Value), two: &(Key, &Value)| agree(&one.0, &two.0) == 3;
    let noun = noun(&own.name);
    own_things
        .iter()
        .filter(|(key, _)| key.full().iter().any(|word| noun.contains(word)))
        .any(|one| {
            let mut same = theirs.iter().filter(|two| is_same(one, two)).peekable();
            same.peek().is_some() && same.all(|two| two.1 != one.1)
        })
}

/// What a call sent by which things are told apart, each with its key.
fn things_of(call: &ToolCall) -> Vec<(Key, &Value)> {
    let mut found = Vec::new();
    crate::leaf::leaves(&call.arguments, &mut |pointer, _, leaf| {
        let keys = keys_of(pointer);
        let path = keys
            .iter()
            .map(String::as_str)
            .filter(|key| !key.bytes().all(|b| b.is_ascii_digit()));
        let key = Key::new(path, &call.name);
        let is_id = leaf
            .as_str()
            .and_then(crate::value_class::of)
            .is_some_and(|class| matches!(class, ValueClass::Id | ValueClass::Uuid));
        if found.len() < MOST_THINGS
            && bits(leaf, &key.words) >= NAMING
            && (is_id || names_things(&key.words))
        {
            found.push((key, leaf));
        }
    });
    found
}

/// The call whose answer a binding takes a value from.
fn answered_by(source: &Source) -> Option<usize> {
    match source {
        Source::Output(place) => Some(place.call),
        Source::Whole(place, _) => Some(place.call),
        Source::Column(place) => Some(place.list.call),
        _ => None,
    }
}

/// Whether a tool makes a thing that was not there before.
pub(super) fn makes_new(tool: &str) -> bool {
    let own = crate::name::of_call(tool, None);
    words(&own).first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "add"
                | "book"
                | "create"
                | "insert"
                | "make"
                | "new"
                | "open"
                | "place"
                | "register"
                | "reserve"
                | "schedule"
        )
    })
}
