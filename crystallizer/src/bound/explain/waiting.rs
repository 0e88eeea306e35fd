//! Questions that wait for the answer to another one. Where somebody was asked which element of a list is meant, its other
//! fields and the texts that name it are asked about only if that answer does not settle them, and so is what is inside of
//! calls that may be a loop.

use super::Explained;
use crate::bound::binding::{Frozen, Why};
use crate::bound::decide::Decisions;
use crate::bound::figure;
use crate::bound::information::{STRONG, bits};
use crate::bound::lasting::is_end_of;
use crate::bound::settled::{is_told_again, names_in};
use crate::kept::Kept;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was asked about before.
#[derive(Default)]
struct Before {
    /// The question by the particular value that it is about.
    values: HashMap<String, String>,
    /// The same by names, which only a text tells again.
    names: HashMap<String, String>,
    /// The question by the element that its value is of.
    elements: BTreeMap<String, String>,
}

impl Before {
    /// The question about a particular value that this one is, or about one that a text tells.
    fn of_value(&self, value: &str) -> Option<&String> {
        self.values
            .get(value)
            .or_else(|| self.in_text(value, |name| name != value))
    }

    /// The question about a name or an id that a text tells.
    fn in_text(&self, text: &str, is_meant: impl Fn(&str) -> bool) -> Option<&String> {
        names_in(text)
            .filter(|(_, name)| is_meant(name))
            .find_map(|(_, name)| self.values.get(name).or_else(|| self.names.get(name)))
    }

    fn note(&mut self, id: &str, frozen: &Frozen, elements: &BTreeSet<&str>) {
        if let (Some(value), true) = (frozen.value.as_str(), bits(&frozen.value, &[]) >= STRONG) {
            let known = self.values.entry(value.to_owned());
            known.or_insert_with(|| id.to_owned());
        }
        if let (Some(name), true) = (frozen.value.as_str(), is_told_again(&frozen.value)) {
            let known = self.names.entry(name.to_owned());
            known.or_insert_with(|| id.to_owned());
        }
        let mut elements = elements.iter();
        if let (Some(only), None) = (elements.next(), elements.next()) {
            let known = self.elements.entry((*only).to_owned());
            known.or_insert_with(|| id.to_owned());
        }
    }
}

/// Takes back the questions that wait, and says at each finding of theirs what is to be answered first. Nothing else is
/// changed: what is open stays open.
pub(in crate::bound) fn wait(
    explained: &mut Explained,
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    figures: &[figure::Asked],
) {
    let asked: BTreeSet<&str> = explained
        .questions
        .iter()
        .map(|question| question.id.as_str())
        .collect();
    // What waits, and for which question.
    let mut waiting: BTreeMap<String, String> = BTreeMap::new();
    let mut before = Before::default();
    // They stand in the order of their calls.
    let offer_of = |call: usize| {
        let behind = decisions.offers.partition_point(|offer| offer.call <= call);
        let offer = decisions.offers.get(behind.checked_sub(1)?)?;
        (call <= offer.last && asked.contains(offer.id.as_str())).then_some(&offer.id)
    };
    for (call, (one, decided)) in kept.iter().zip(&decisions.calls).enumerate() {
        for frozen in &decided.frozen {
            let id = frozen.question.clone();
            let id = id.unwrap_or_else(|| super::question_id(one, &frozen.pointer));
            if frozen.why.choices().is_none() || !asked.contains(id.as_str()) {
                continue;
            }
            let elements = elements_of(frozen);
            let begin = || {
                let end = frozen.value.as_str()?;
                let is_begin = |one: &&Frozen| {
                    let begin = one.value.as_str();
                    begin.is_some_and(|begin| is_end_of(&decisions.said, end, begin))
                };
                decided.frozen.iter().find(is_begin)?.question.as_ref()
            };
            let first = offer_of(call)
                .or_else(begin)
                .or_else(|| before.of_value(frozen.value.as_str()?))
                .or_else(|| elements.iter().find_map(|one| before.elements.get(*one)))
                .filter(|first| **first != id);
            match first {
                Some(first) => {
                    waiting.insert(id, first.clone());
                }
                None => before.note(&id, frozen, &elements),
            }
        }
    }
    for figure in figures {
        let first = offer_of(figure.call()).or_else(|| {
            figure
                .shown()
                .find_map(|shown| before.in_text(shown, |_| true))
        });
        if let Some(first) = first.filter(|_| asked.contains(figure.id())) {
            waiting.insert(figure.id().to_owned(), first.clone());
        }
    }
    explained
        .questions
        .retain(|question| !waiting.contains_key(&question.id));
    for (id, first) in &waiting {
        let asks = format!("Answer `{id}` with");
        for finding in &mut explained.findings {
            if finding.help.contains(&asks) {
                finding.help = format!(
                    "Answer `{first}` first. What that leaves open is asked behind it, as `{id}`."
                );
            }
        }
    }
}

/// The elements of lists whose field a value may be, where only its place tells which of them it is: each as it is written,
/// `steps.list.output.tickets[1]` of `steps.list.output.tickets[1].hours`.
fn elements_of(frozen: &Frozen) -> BTreeSet<&str> {
    let Why::Unpicked(choices) = &frozen.why else {
        return BTreeSet::new();
    };
    choices
        .iter()
        .filter_map(|choice| {
            let (element, key) = choice.answer.rsplit_once('.')?;
            let is_key = key.chars().all(|c| c.is_alphanumeric() || c == '_');
            (is_key && element.ends_with([')', ']'])).then_some(element)
        })
        .collect()
}
