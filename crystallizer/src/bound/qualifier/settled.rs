//! What was said and is accounted for by something else of the draft: the words of an input that the call sends, what
//! somebody is told, and what was said of a look that no change reads.

use super::asker::Asker;
use super::lexicon as l;
use super::read::{Qualifier, tells};
use super::sentence::{Sentence, Token};
use crate::bound::binding::{Bound, Decided, Source, Why};
use crate::bound::inputs::Found;
use crate::bound::key::words;
use crate::bound::read_by::read_by_changes;
use crate::kept::Kept;
use std::collections::BTreeSet;
use std::ops::Range;

/// How many fields are sent at least for their names to be those of a list.
const LISTED: usize = 2;
/// The most words of one item of a list of names.
const MOST_OF_ITEM: usize = 2;

impl Asker<'_> {
    /// Whether nothing is to be asked about what was said at a call.
    pub(super) fn is_settled(
        &self,
        call: usize,
        in_loop: bool,
        text: usize,
        one: &Qualifier,
    ) -> bool {
        if one.kind.is_condition() || one.negated {
            return false;
        }
        let Some(sentence) = self.sentence_at(text, one.start) else {
            return false;
        };
        let own = || {
            let all = sentence.iter().enumerate();
            all.filter(|(_, token)| token.start >= one.start && token.end <= one.end)
        };
        own().next().is_some()
            && (is_content(sentence, own().map(|(at, _)| at).next().unwrap_or_default())
                || !in_loop && self.informs_no_change(call)
                || !in_loop && self.is_of_inputs(call, text, own().map(|(_, token)| token)))
    }

    /// Whether a change behind a look takes, or may take, the element that the look is asked for: what was said of it is
    /// asked about once, at the look.
    fn picks_for_change(&self, call: usize) -> bool {
        let picked = |decided: &Decided| -> Vec<String> {
            let bindings = decided.bound.iter().flat_map(Bound::bindings);
            let outputs = bindings.filter(|one| matches!(one.source, Source::Output(_)));
            outputs.map(|one| element(&one.expression)).collect()
        };
        let Some(own) = self.decisions.calls.get(call).map(picked) else {
            return true;
        };
        let behind = self.kept.iter().zip(&self.decisions.calls).skip(call + 1);
        behind
            .filter(|(kept, _)| kept.changes())
            .any(|(_, decided)| {
                let bound = decided.bound.iter().flat_map(Bound::bindings);
                let open = decided.frozen.iter().filter_map(|one| one.why.choices());
                let all = bound
                    .map(|one| one.expression.as_str())
                    .chain(open.flatten().map(|one| one.answer.as_str()));
                let mut all = all.into_iter();
                all.any(|expression| own.iter().any(|one| expression.contains(one.as_str())))
            })
    }

    /// Whether a call only looks, and no change behind it is sent anything of its answer.
    fn informs_no_change(&self, call: usize) -> bool {
        let is_look = self.kept.get(call).is_some_and(Kept::is_harmless);
        let behind = self.kept.get(call + 1..).unwrap_or_default();
        is_look
            && behind.iter().any(Kept::changes)
            && !self.picks_for_change(call)
            && !self
                .read_by_changes
                .get_or_init(|| read_by_changes(self.kept, self.decisions))
                .contains(&call)
    }

    /// Whether all that tells something are the words of inputs that the call sends, or of days that it is asked about.
    fn is_of_inputs<'t>(
        &self,
        call: usize,
        text: usize,
        own: impl Iterator<Item = &'t Token>,
    ) -> bool {
        let Some(decided) = self.decisions.calls.get(call) else {
            return false;
        };
        // Between commas, or at the end of such a list.
        let is_alone = |token: &Token| {
            self.sentence_at(text, token.start).is_some_and(|sentence| {
                let clause = sentence.iter().filter(|one| one.clause == token.clause);
                clause.count() <= MOST_OF_ITEM
                    && sentence.last().is_some_and(|last| last.clause > 0)
            })
        };
        let sent: BTreeSet<&str> = decided
            .bound
            .iter()
            .flat_map(Bound::bindings)
            .filter_map(|binding| match &binding.source {
                Source::Input(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let inputs = self.decisions.inputs.iter();
        let spans: Vec<Range<usize>> = inputs
            .filter(|input| sent.contains(input.name.as_str()))
            .filter_map(|input| match &input.found {
                Found::Said(mention) => self.decisions.said.span(mention, 1),
                _ => None,
            })
            .filter(|(other, _)| *other == text)
            .map(|(_, span)| span)
            .collect();
        let numbers: Vec<f64> = self
            .decisions
            .inputs
            .iter()
            .filter(|input| sent.contains(input.name.as_str()))
            .filter_map(|input| input.value.as_f64())
            .collect();
        let is_day_asked = decided
            .frozen
            .iter()
            .any(|frozen| matches!(frozen.why, Why::Day(_)));
        // The names of fields whose values are sent, or asked about with such a field: `id, name, total`.
        let fields: BTreeSet<String> = decided
            .bound
            .iter()
            .flat_map(Bound::bindings)
            .filter_map(|binding| match &binding.source {
                Source::Output(place) => Some(self.decisions.answers.last_key(place)),
                _ => None,
            })
            .chain(decided.frozen.iter().flat_map(|frozen| {
                let choices = frozen.why.choices().unwrap_or_default().iter();
                choices.filter(|one| one.is_source()).map(|one| {
                    let end = one.answer.rsplit('.').next().unwrap_or_default();
                    end.trim_end_matches([')', ' ']).to_owned()
                })
            }))
            .flat_map(|key| words(&key))
            .collect();
        // One word of a list of such names; a word by itself may say which are meant.
        let is_listed = |word: &str| fields.contains(word) && fields.len() >= LISTED;
        let mut any = false;
        for token in own {
            let word = token.word.as_str();
            let inside = spans
                .iter()
                .any(|span| span.start <= token.start && token.end <= span.end)
                || is_alone(token) && is_listed(word)
                || word.parse::<f64>().is_ok_and(|own| {
                    numbers
                        .iter()
                        .any(|number| (number - own).abs() < f64::EPSILON)
                });
            let is_day = is_day_asked && (is_day(word) || l::number(word).is_some());
            any |= inside || is_day;
            let leads = matches!(
                word,
                "to" | "of"
                    | "for"
                    | "at"
                    | "in"
                    | "on"
                    | "from"
                    | "by"
                    | "the"
                    | "a"
                    | "an"
                    | "my"
                    | "der"
                    | "die"
                    | "das"
                    | "von"
                    | "um"
                    | "für"
            );
            if !(inside || is_day || leads && !tells(word)) {
                return false;
            }
        }
        any
    }
}

/// The part of an expression that picks the element, before a field of it is taken; all of it where it picks none.
fn element(expression: &str) -> String {
    match expression.rfind("| only") {
        Some(at) => expression[..at].trim_start_matches('(').to_owned(),
        None => expression.to_owned(),
    }
}

/// Whether a word names a day or a time.
fn is_day(word: &str) -> bool {
    l::is_weekday(word)
        || matches!(
            word,
            "today" | "tomorrow" | "tonight" | "heute" | "morgen" | "übermorgen" | "noon"
        )
        || word
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '-' | '/'))
}

/// Whether what begins at a word is what somebody is told: `tell Anna that her parcel is on the way`. A word about what
/// they have stands right behind such a `that`, and a verb behind one that says which are meant.
fn is_content(sentence: &Sentence, at: usize) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let begins = matches!(word(at), "that" | "dass")
        && (l::is_determiner(word(at + 1)) || l::is_subject(word(at + 1)));
    begins
        && sentence[..at].iter().any(|token| {
            matches!(
                token.word.as_str(),
                "tell"
                    | "inform"
                    | "notify"
                    | "remind"
                    | "mail"
                    | "email"
                    | "message"
                    | "write"
                    | "let"
                    | "text"
                    | "sag"
                    | "sage"
                    | "informiere"
                    | "schreib"
                    | "schreibe"
            )
        })
}
