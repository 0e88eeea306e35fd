//! What is picked as the least or the most without what the person named of it.

use super::asker::{Asker, Missed, carries, compared, deed};
use super::mention::Named;
use super::read::{Nouns, Qualifier};
use super::reading::{About, Heard};
use super::told::normal;
use crate::bound::binding::{Bound, Source};
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::kept::Kept;
use std::collections::{BTreeMap, BTreeSet};

/// The nouns that something is spoken of by, the deeds done with it, and the words that are carried of what was said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Carrying {
    pub(super) heads: BTreeSet<String>,
    pub(super) deeds: BTreeSet<String>,
    pub(super) carried: BTreeSet<String>,
}

/// How far something was looked through for calls so far. What was carried before one call is carried before each later
/// one, and what was asked about is not asked about again: each thing is looked at once.
pub(super) type Through<K> = BTreeMap<K, usize>;

impl Asker<'_> {
    /// What was picked as the least or the most.
    pub(super) fn of_extremes(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        let mut fields: BTreeMap<usize, Vec<Named>> = BTreeMap::new();
        let mut fields_through: Through<(usize, Carrying)> = BTreeMap::new();
        let mut through: Through<(bool, Carrying)> = BTreeMap::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = last_change.is_some_and(|change| change >= call);
            let bindings = decided
                .bound
                .iter()
                .flat_map(Bound::bindings)
                .filter(|binding| !binding.compared.extremes.is_empty());
            for binding in bindings {
                if kept.is_harmless() && later && !matches!(binding.source, Source::Output(_)) {
                    continue;
                }
                let mut all = Vec::new();
                if let Source::Output(place) = &binding.source {
                    if let Some(source) = self.kept.get(place.call) {
                        all.extend(noun(&source.call.name));
                    }
                    all.extend(self.keys_to(place));
                }
                let heads = heads(all.into_iter());
                let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
                let nouns = Nouns {
                    heads: &heads,
                    deeds: &deeds,
                };
                let carried: BTreeSet<String> = compared(&binding.compared).into_iter().collect();
                let is_carried = |one: &Qualifier| {
                    carries(
                        one,
                        |word| {
                            carried.contains(word)
                                || self.was_told(call, word, one.negated && !one.loose)
                                || self.names_told(call, word, one)
                        },
                        |word| self.told().up_to(call, word),
                    )
                };
                let spoken = Carrying {
                    heads: heads.clone(),
                    deeds: deeds.clone(),
                    carried: carried.clone(),
                };
                if let Source::Output(place) = &binding.source
                    && let Some(source) = self.kept.get(place.call)
                    && let Some(result) = &source.call.result
                {
                    let has = |word: &str| {
                        normal(word)
                            .iter()
                            .all(|part| carried.contains(part) || self.told().up_to(call, part))
                            || words(word).last().is_some_and(|one| heads.contains(one))
                    };
                    let named = fields
                        .entry(place.call)
                        .or_insert_with(|| self.naming(Some(&result.content)));
                    let from = fields_through
                        .entry((place.call, spoken.clone()))
                        .or_default();
                    let to = self.before(named, self.heard(call)).max(*from);
                    found.extend(
                        self.mentioned(&named[*from..to], &[], has, |_, _| false)
                            .into_iter()
                            .map(|(text, one)| (call, None, text, one)),
                    );
                    *from = to;
                }
                for (_, most) in &binding.compared.extremes {
                    let all = self.decisions.said.about(About::Extreme(*most), &nouns);
                    let from = through.entry((*most, spoken.clone())).or_default();
                    while let Some(Heard { text, one, .. }) = all.all().get(*from)
                        && *text < self.heard(call)
                        && self.may_look(1)
                    {
                        *from += 1;
                        if !is_carried(one) {
                            found.push((call, None, *text, one.clone()));
                        }
                    }
                }
            }
        }
        found
    }
}
