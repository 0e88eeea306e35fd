//! What is picked for a change although something was left out in so many words: `the delivered one, but not the express
//! order`.

use super::asker::{Asker, Missed, carries, compared, deed};
use super::most::{Carrying, Through};
use super::read::Nouns;
use super::reading::{About, Heard};
use crate::bound::answers::{Hop, Place};
use crate::bound::binding::{Bound, Source};
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use std::collections::{BTreeMap, BTreeSet};

impl Asker<'_> {
    /// What is picked for a change although something was left out in so many words: `the delivered one, but not the
    /// express order`.
    pub(super) fn of_selections(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let mut through: Through<Carrying> = BTreeMap::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call).filter(|kept| kept.changes()) else {
                continue;
            };
            let mut all = Vec::new();
            let mut carried: Option<BTreeSet<String>> = None;
            for binding in decided.bound.iter().flat_map(Bound::bindings) {
                let Source::Output(place) = &binding.source else {
                    continue;
                };
                let picks =
                    !binding.compared.fields.is_empty() || binding.expression.contains("| only");
                if let Some(source) = self.kept.get(place.call).filter(|_| picks) {
                    all.extend(noun(&source.call.name));
                    all.extend(self.keys_to(place));
                    carried
                        .get_or_insert_default()
                        .extend(compared(&binding.compared));
                }
            }
            let Some(carried) = carried else { continue };
            let (heads, deeds): (_, BTreeSet<String>) =
                (heads(all.into_iter()), deed(kept).into_iter().collect());
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            let all = self.decisions.said.about(About::Nouns, &nouns);
            let has = |word: &str| carried.contains(word) || self.was_told(call, word, true);
            let spoken = Carrying {
                heads: heads.clone(),
                deeds: deeds.clone(),
                carried: carried.clone(),
            };
            let from = through.entry(spoken).or_default();
            while let Some(Heard {
                text,
                one,
                excludes,
                ..
            }) = all.all().get(*from)
                && *text < self.heard(call)
                && self.may_look(1)
            {
                *from += 1;
                if *excludes && !carries(one, has, |_| false) {
                    found.push((call, None, *text, one.clone()));
                }
            }
        }
        found
    }

    /// The words of the keys to a value.
    pub(super) fn keys_to(&self, place: &Place) -> Vec<String> {
        let steps = self.decisions.answers.steps_to(place);
        let keys = steps.iter().filter_map(|step| match step.hop {
            Hop::Key(key) => Some(key),
            _ => None,
        });
        keys.flat_map(|key| words(key)).collect()
    }
}
