//! What a change makes, and the record of another thing of its kind: a new booking is not the one that was looked up
//! before it, and what that one has says nothing about it unless the task goes on with it.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Piece, Source, Why};
use super::cycle;
use super::information::{STRONG, bits};
use super::key::{noun, words};
use super::unsourced::open_choices;
use super::weigh::Outcome;
use serde_json::Value;
use std::collections::BTreeSet;

/// The information from which on a value is one by which a record is asked for.
const NAMING: f64 = 4.5;

impl Binder<'_> {
    /// Whether what a binding gives stands in the record that the call is about: the call sends what that was asked for
    /// by, or in a list what is its own.
    pub(super) fn is_its_record(&self, binding: &Binding) -> bool {
        let Some(call) = answered_by(&binding.source) else {
            return true;
        };
        let is_sent = |value: &Value| self.strong.contains(&value.to_string());
        let asked = self.asked_for_by(call);
        let (beside, in_list) = match &binding.source {
            Source::Output(place) => (
                self.answers.beside(place),
                !self.answers.lists_over(place).is_empty(),
            ),
            _ => (Vec::new(), false),
        };
        let is_asked = |value: &Value| asked.contains(&value.to_string());
        if cycle::ending(&self.cycles, call).is_some() {
            return beside
                .into_iter()
                .any(|value| is_asked(value) && is_sent(value));
        }
        match in_list || asked.is_empty() {
            true => beside
                .into_iter()
                .any(|value| !is_asked(value) && is_sent(value)),
            false => asked.iter().any(|value| self.strong.contains(value)),
        }
    }

    /// Whether a change makes a new thing, and a binding takes what it is to be from another thing of its kind with
    /// which the task does not go on.
    pub(super) fn is_of_another(&self, sent: &Sent<'_>, binding: &Binding) -> bool {
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
        if !noun(&own.call.name).iter().any(|word| kind.contains(word)) {
            return false;
        }
        // `with the guests of the meeting`: so it was meant.
        if self.said.names_of_kind(&sent.key.words, &kind) {
            return false;
        }
        // What an earlier step took from there is what the task goes on with.
        let before = self.decided.iter().take(sent.call);
        !before
            .flat_map(|decided| &decided.bound)
            .flat_map(super::binding::Bound::bindings)
            .any(|other| other.expression == binding.expression)
    }

    /// The question whether it is taken from there all the same.
    pub(super) fn whether_another(binding: Box<Binding>) -> Why {
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
        for (call, decided) in self.decided.iter().enumerate().take(sent.call) {
            let is_same = self
                .kept
                .get(call)
                .is_some_and(|kept| kept.changes() && kept.call.name == own.call.name);
            if !is_same || cycle::of(&self.cycles, call).is_some() {
                continue;
            }
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
        }
        Outcome::Nothing
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
fn makes_new(tool: &str) -> bool {
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
