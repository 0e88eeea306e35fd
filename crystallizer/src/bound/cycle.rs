//! A loop that recorded calls were folded into: which calls it holds, what it goes over, and when it ends.

use super::answers::WholePlace;
use super::filter::Filter;
use super::turn::Compared;
use crate::kept::Kept;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most calls in one pass.
const WIDEST: usize = 6;
/// The most passes that are folded.
const MOST_PASSES: usize = 10_000;

/// A loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycle {
    /// The id of its step.
    pub(super) id: String,
    /// The first call of the first pass.
    pub(super) first: usize,
    /// How many calls a pass has, without those of the loop inside.
    pub(super) width: usize,
    /// How many passes were recorded.
    pub(super) passes: usize,
    /// The loop inside, where there is one.
    pub(super) inner: Option<Inner>,
    /// The list that it goes over.
    pub(super) list: WholePlace,
    /// The index in the list of the element of each pass.
    pub(super) chosen: Vec<usize>,
    /// The expression of what it goes over.
    pub(super) items: String,
    /// The name of the element in the body.
    pub(super) item: String,
    /// Which elements it takes; none: all of them.
    pub(super) filter: Option<Filter>,
    /// The bare expression that ends it early.
    pub(super) until: Option<String>,
    /// The template of what a pass gives, where it is not what its last step gives.
    pub(super) output: Option<Value>,
    /// What is compared on the way.
    pub(super) compared: Compared,
    /// Whether no call of it changes anything.
    pub(super) harmless: bool,
    /// Why, in words.
    pub(super) because: String,
}

/// A loop inside of the passes of another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    /// The id of its step.
    pub(super) id: String,
    /// How many calls it has, and where they stand.
    pub(super) rounds: Rounds,
    /// Where its list stands.
    pub(super) list: Within,
    /// The index in the list of the element of each round, for each pass around it.
    pub(super) chosen: Vec<Vec<usize>>,
    /// The expression of what it goes over.
    pub(super) items: String,
    /// The name of the element in its body.
    pub(super) item: String,
    /// Which elements it takes; none: all of them.
    pub(super) filter: Option<Filter>,
    /// Whether no call of it changes anything.
    pub(super) harmless: bool,
    /// Why, in words.
    pub(super) because: String,
}

/// How the calls of a loop inside lie in those of the loop around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rounds {
    /// How many calls of a pass stand before it.
    pub(super) at: usize,
    /// How many calls a round has.
    pub(super) width: usize,
    /// How many rounds each pass has.
    pub(super) counts: Vec<usize>,
}

/// A list that each pass has for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Within {
    /// The place of the body whose answer holds it; none: the element of the pass does.
    pub(super) answer: Option<usize>,
    /// The way to it.
    pub(super) path: Vec<String>,
}

/// Where a call stands in a loop: in which pass, in which round of the loop inside, and where in that body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) pass: usize,
    pub(super) round: Option<usize>,
    pub(super) place: usize,
}

impl Cycle {
    /// The call at a place of the body in a pass.
    pub(super) fn call(&self, pass: usize, place: usize) -> usize {
        call(
            self.first,
            self.width,
            self.inner.as_ref().map(|inner| &inner.rounds),
            pass,
            place,
        )
    }

    /// The call at a place of the body of the loop inside.
    pub(super) fn call_inside(&self, pass: usize, round: usize, place: usize) -> usize {
        match &self.inner {
            Some(inner) => call_inside(self.first, self.width, &inner.rounds, pass, round, place),
            None => self.first,
        }
    }

    /// Its last call, which stands for it where its answers are meant.
    pub(super) fn last(&self) -> usize {
        self.first + self.count() - 1
    }

    /// How many calls it was made of.
    pub(super) fn count(&self) -> usize {
        let inside = self.inner.as_ref().map_or(0, |inner| {
            inner.rounds.width * inner.rounds.counts.iter().sum::<usize>()
        });
        self.passes * self.width + inside
    }

    /// Where one of its calls stands.
    pub(super) fn stand(&self, call: usize) -> Option<Stand> {
        let mut offset = call.checked_sub(self.first)?;
        for pass in 0..self.passes {
            let (at, width, count) = match &self.inner {
                Some(inner) => (
                    inner.rounds.at,
                    inner.rounds.width,
                    inner.rounds.counts.get(pass).copied().unwrap_or(0),
                ),
                None => (self.width, 1, 0),
            };
            let inside = width * count;
            if offset < at {
                return Some(Stand {
                    pass,
                    round: None,
                    place: offset,
                });
            }
            if offset < at + inside {
                return Some(Stand {
                    pass,
                    round: Some((offset - at) / width),
                    place: (offset - at) % width,
                });
            }
            if offset < self.width + inside {
                return Some(Stand {
                    pass,
                    round: None,
                    place: offset - inside,
                });
            }
            offset -= self.width + inside;
        }
        None
    }

    /// The calls of the first pass, and of the first round in it: what stands in the bodies was made of them.
    pub(super) fn bodies(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.width).map(|place| self.call(0, place)).collect();
        if let Some(inner) = &self.inner {
            all.extend((0..inner.rounds.width).map(|place| self.call_inside(0, 0, place)));
        }
        all.sort_unstable();
        all
    }

    /// The path in a run of the step that a call became.
    pub(super) fn path_of(&self, stand: Stand, step: &str) -> String {
        match (&self.inner, stand.round) {
            (Some(inner), Some(round)) => self.path(stand.pass, &inner.path(round, step)),
            _ => self.path(stand.pass, step),
        }
    }

    /// Whether a call is one of its.
    pub(super) fn holds(&self, call: usize) -> bool {
        (self.first..=self.last()).contains(&call)
    }

    /// The path of a step of the body in a run.
    pub(super) fn path(&self, pass: usize, step: &str) -> String {
        format!("{}[{pass}].{step}", self.id)
    }
}

impl Inner {
    /// The path of a step of its body, from the body around it.
    pub(super) fn path(&self, round: usize, step: &str) -> String {
        format!("{}[{round}].{step}", self.id)
    }
}

impl Rounds {
    /// How many calls of rounds there are before a pass.
    fn before(&self, pass: usize) -> usize {
        self.width * self.counts.iter().take(pass).sum::<usize>()
    }
}

/// The call at a place of the body in a pass of a loop that begins with a call.
pub(super) fn call(
    first: usize,
    width: usize,
    rounds: Option<&Rounds>,
    pass: usize,
    place: usize,
) -> usize {
    let inside = rounds.map_or(0, |rounds| {
        rounds.before(if place < rounds.at { pass } else { pass + 1 })
    });
    first + pass * width + place + inside
}

/// The same for a place of the body of the loop inside.
pub(super) fn call_inside(
    first: usize,
    width: usize,
    rounds: &Rounds,
    pass: usize,
    round: usize,
    place: usize,
) -> usize {
    first + pass * width + rounds.at + rounds.before(pass) + round * rounds.width + place
}

/// The elements that a loop over a value has: of a map its entries.
pub(super) fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": value }))
            .collect(),
        _ => Vec::new(),
    }
}

/// How many elements a loop over a value has.
pub(super) fn length(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// What makes two calls places of the same step in two passes: the tool and the shape of what it was sent. Lists may be
/// longer or shorter.
fn shape<'k>(kept: &'k Kept<'_>) -> (&'k str, &'k str, BTreeSet<String>) {
    fn walk(value: &Value, pointer: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    walk(inner, &format!("{pointer}/{key}"), found);
                }
            }
            Value::Array(items) => {
                found.insert(pointer.to_owned());
                for inner in items {
                    walk(inner, &format!("{pointer}/*"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                found.insert(pointer.to_owned());
            }
        }
    }
    let mut pointers = BTreeSet::new();
    walk(&kept.call.arguments, "", &mut pointers);
    (&kept.call.name, &kept.target.action, pointers)
}

/// Whether a call can be one of a loop whose body has it where another one is. Nothing is folded over a `cut`, where a
/// person spoke; about a `gated` call one was asked, and then about that in each pass.
pub(super) fn fits(
    kept: &[Kept<'_>],
    index: usize,
    like: usize,
    at: usize,
    cuts: &BTreeSet<usize>,
    gated: &BTreeSet<usize>,
) -> bool {
    kept.get(index).is_some_and(|kept| {
        crate::prune::succeeded(kept.call) && !kept.tolerated && super::slot::any(kept)
    }) && (index == at || !cuts.contains(&index))
        && gated.contains(&index) == gated.contains(&like)
}

/// How calls from this one on may repeat: how many make a pass, and how many passes there are at most. What covers
/// most comes first.
pub(super) fn repeats(
    kept: &[Kept<'_>],
    at: usize,
    cuts: &BTreeSet<usize>,
    gated: &BTreeSet<usize>,
) -> Vec<(usize, usize)> {
    let Some(first) = kept.get(at) else {
        return Vec::new();
    };
    // Nothing repeats whose tool is not called again at once.
    let near = kept.iter().skip(at + 1).take(WIDEST);
    if near
        .into_iter()
        .all(|other| other.call.name != first.call.name)
    {
        return Vec::new();
    }
    let fits = |index: usize, like: usize| fits(kept, index, like, at, cuts, gated);
    let mut found = Vec::new();
    for width in 1..=WIDEST {
        let body = at..at + width;
        if !body.clone().all(|index| fits(index, index)) {
            break;
        }
        let Some(shapes) = kept
            .get(body)
            .map(|body| body.iter().map(shape).collect::<Vec<_>>())
        else {
            break;
        };
        let mut passes = 1;
        while passes < MOST_PASSES
            && shapes.iter().enumerate().all(|(inner, wanted)| {
                let index = at + passes * width + inner;
                fits(index, at + inner)
                    && kept.get(index).is_some_and(|kept| shape(kept) == *wanted)
            })
        {
            passes += 1;
        }
        if passes >= 2 {
            found.push((width, passes));
        }
    }
    found.sort_by_key(|(width, passes)| (std::cmp::Reverse(width * passes), *width));
    found
}

/// The most calls of a pass beside the loop inside.
const WIDEST_AROUND: usize = 4;
/// The most calls of a round.
const WIDEST_INSIDE: usize = 3;

/// How calls may lie in passes with a loop inside.
pub(super) struct Layout {
    /// How many calls a pass has, without those of the loop inside.
    pub(super) width: usize,
    pub(super) rounds: Rounds,
}

impl Layout {
    pub(super) fn passes(&self) -> usize {
        self.rounds.counts.len()
    }

    fn covers(&self) -> usize {
        self.passes() * self.width + self.rounds.before(self.passes())
    }

    /// The same without its last pass.
    pub(super) fn shorter(&self) -> Self {
        let mut counts = self.rounds.counts.clone();
        counts.pop();
        Self {
            width: self.width,
            rounds: Rounds {
                counts,
                ..self.rounds.clone()
            },
        }
    }

    /// Whether it shows that there is a loop inside: several passes, and several rounds in one of them.
    pub(super) fn shows(&self) -> bool {
        let counts = &self.rounds.counts;
        counts.len() >= 2
            && counts.first().is_some_and(|first| *first > 0)
            && counts.iter().any(|count| *count >= 2)
    }
}

/// How calls from this one on may repeat with a loop inside. What covers most comes first.
pub(super) fn layouts(
    kept: &[Kept<'_>],
    at: usize,
    cuts: &BTreeSet<usize>,
    gated: &BTreeSet<usize>,
) -> Vec<Layout> {
    let Some(first) = kept.get(at) else {
        return Vec::new();
    };
    let again = kept
        .iter()
        .skip(at + 1)
        .any(|other| other.call.name == first.call.name);
    if !again {
        return Vec::new();
    }
    let fits = |index: usize, like: usize| {
        fits(kept, index, like, at, cuts, gated)
            && match (kept.get(index), kept.get(like)) {
                (Some(one), Some(other)) => shape(one) == shape(other),
                _ => false,
            }
    };
    let name = |index: usize| kept.get(index).map(|kept| kept.call.name.as_str());
    let mut found = Vec::new();
    for head in 1..=WIDEST_AROUND {
        for width in 1..=WIDEST_INSIDE {
            // What begins a round begins no pass, or it would not be clear where one ends.
            if name(at + head) == name(at) {
                continue;
            }
            for tail in 0..=WIDEST_AROUND - head {
                let rounds_from = at + head;
                let mut counts = Vec::new();
                let mut next = at;
                // The tail of the first pass is only known where its rounds end.
                let mut tail_from = None;
                while counts.len() < MOST_PASSES
                    && (0..head).all(|place| fits(next + place, at + place))
                {
                    let mut end = next + head;
                    let mut count = 0;
                    while (0..width).all(|place| fits(end + place, rounds_from + place)) {
                        end += width;
                        count += 1;
                    }
                    let from = *tail_from.get_or_insert(end);
                    if !(0..tail).all(|place| fits(end + place, from + place)) {
                        break;
                    }
                    counts.push(count);
                    next = end + tail;
                }
                let layout = Layout {
                    width: head + tail,
                    rounds: Rounds {
                        at: head,
                        width,
                        counts,
                    },
                };
                if layout.shows() {
                    found.push(layout);
                }
            }
        }
    }
    found.sort_by_key(|layout| {
        (
            std::cmp::Reverse(layout.covers()),
            layout.width,
            layout.rounds.width,
        )
    });
    found
}
