//! What was said and is accounted for by something else of the draft: the words of an input that the call sends, what
//! somebody is told, and what was said of a look that no change reads.

use super::asker::Asker;
use super::lexicon as l;
use super::read::{Qualifier, tells};
use super::sentence::{Sentence, Token};
use crate::bound::binding::{Bound, Source, Why};
use crate::bound::inputs::Found;
use crate::bound::read_by::read_by_changes;
use crate::kept::Kept;
use std::collections::BTreeSet;
use std::ops::Range;

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

    /// Whether a call only looks, and no change behind it is sent anything of its answer.
    fn informs_no_change(&self, call: usize) -> bool {
        let is_look = self.kept.get(call).is_some_and(Kept::is_harmless);
        let behind = self.kept.get(call + 1..).unwrap_or_default();
        is_look
            && behind.iter().any(Kept::changes)
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
        let is_day_asked = decided
            .frozen
            .iter()
            .any(|frozen| matches!(frozen.why, Why::Day(_)));
        let mut any = false;
        for token in own {
            let word = token.word.as_str();
            let inside = spans
                .iter()
                .any(|span| span.start <= token.start && token.end <= span.end);
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
