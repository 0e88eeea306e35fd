//! The records that a change may be about, in what was answered before it: those that have an id which it sends, and
//! those that were asked for by one, or by a text that the change sends under the same key.

use super::answers::is_collection;
use super::binder::{Binder, Sent};
use super::cycle;
use super::key::words;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// How many answers before a call are looked through.
const NEAREST: usize = 12;
/// How many maps of an answer are looked at, and how deep.
const MOST_MAPS: usize = 200;
const DEEPEST: usize = 4;
/// The most fields of a record by which it is known.
const MOST_FIELDS: usize = 500;
/// The longest list that is looked at as an old value.
const LONGEST_LIST: usize = 100;

/// A record of an answer.
pub(super) struct Record<'r> {
    /// The call that answered it.
    pub(super) call: usize,
    /// The keys to it; none where it stands in a list or under a key that is data.
    pub(super) path: Option<Vec<String>>,
    pub(super) map: &'r Map<String, Value>,
    /// Whether the change is about it, as its ids say.
    pub(super) is_about: bool,
}

/// What the record at hand has under the key that is sent.
pub(super) struct Old {
    pub(super) call: usize,
    /// The keys to it, where keys lead there.
    pub(super) path: Option<Vec<String>>,
    pub(super) value: Value,
}

impl Binder<'_, '_> {
    /// The looks before a call whose answers were known, the last first; what is given in loops is none.
    pub(super) fn looks_before(&self, call: usize) -> impl Iterator<Item = usize> {
        let batch = self.kept.get(call).map(|kept| kept.call.batch);
        (0..call).rev().take(NEAREST).filter(move |at| {
            self.kept.get(*at).is_some_and(|look| {
                Some(look.call.batch) != batch
                    && look.looks()
                    && crate::prune::succeeded(look.call)
                    && cycle::of(&self.cycles, *at).is_none()
                    && !self.pages.iter().any(|pages| pages.holds(*at))
            })
        })
    }

    /// The records of the answers before a call, the last answer first, of each what stands less deep first.
    pub(super) fn records_before(&self, sent: &Sent<'_>) -> impl Iterator<Item = Record<'_>> {
        self.looks_before(sent.call)
            .flat_map(|call| self.records_of(call, sent))
    }

    fn records_of(&self, call: usize, sent: &Sent<'_>) -> Vec<Record<'_>> {
        let (Some(root), Some(look)) = (self.answers.root(call), self.kept.get(call)) else {
            return Vec::new();
        };
        let mut is_asked = false;
        crate::leaf::leaves(&look.call.arguments, &mut |_, key, leaf| {
            is_asked |=
                self.strong.contains(&leaf.to_string()) || self.sends_beside(sent, key, leaf);
        });
        let mut found = Vec::new();
        let mut queue = VecDeque::from([(root, Some(Vec::new()), is_asked, 0)]);
        while let Some((value, path, is_asked, depth)) = queue.pop_front() {
            match value {
                Value::Object(map) if found.len() < MOST_MAPS => {
                    let is_about = is_asked
                        || map
                            .values()
                            .take(MOST_FIELDS)
                            .filter(|inner| !inner.is_object() && !inner.is_array())
                            .any(|inner| self.strong.contains(&inner.to_string()));
                    let is_data = is_collection(map);
                    let inside = map.iter().filter(|(_, inner)| {
                        depth < DEEPEST && (inner.is_object() || inner.is_array())
                    });
                    for (key, inner) in inside {
                        let path = path.as_ref().filter(|_| !is_data).map(|path| {
                            let mut path: Vec<String> = Vec::clone(path);
                            path.push(key.clone());
                            path
                        });
                        queue.push_back((inner, path, is_about && !is_data, depth + 1));
                    }
                    found.push(Record {
                        call,
                        path,
                        map,
                        is_about,
                    });
                }
                Value::Array(items) if depth < DEEPEST => {
                    let inside = items.iter().take(MOST_MAPS);
                    queue.extend(inside.map(|inner| (inner, None, false, depth + 1)));
                }
                _ => {}
            }
        }
        found
    }

    /// Whether a call sends this text under this key beside a value: what was looked up by its name is what is changed.
    fn sends_beside(&self, sent: &Sent<'_>, key: &str, text: &Value) -> bool {
        let Some(call) = self.at_hand.filter(|_| text.is_string()) else {
            return false;
        };
        let mut found = false;
        crate::leaf::leaves(&call.arguments, &mut |pointer, other, leaf| {
            found |= other == key && leaf == text && pointer != sent.pointer;
        });
        found
    }

    /// What the record at hand has under the very key of a value that a change sends.
    pub(super) fn old(&self, sent: &Sent<'_>) -> Option<Old> {
        let own = sent.path.last()?;
        let is_own = |key: &String| key == own || words(key) == sent.key.words;
        let mut all = self.records_before(sent).filter(|record| record.is_about);
        all.find_map(|record| {
            let (key, value) = record.map.iter().find(|(key, _)| is_own(key))?;
            let fits = match value {
                Value::Object(_) => false,
                Value::Array(items) => items.len() <= LONGEST_LIST,
                _ => true,
            };
            fits.then(|| Old {
                call: record.call,
                path: record.path.map(|mut path| {
                    path.push(key.clone());
                    path
                }),
                value: value.clone(),
            })
        })
    }
}
