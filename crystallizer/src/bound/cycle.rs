//! A loop that recorded calls were folded into: which calls it holds, what it goes over, and when it ends.

use super::alike::Alike;
use super::answers::{Answers, WholePlace};
use super::count::Count;
use super::filter::Filter;
use super::turn::Compared;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The most calls in one pass.
pub(super) const WIDEST: usize = 6;
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
    pub(super) list: Over,
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

/// What a loop goes over.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Over {
    /// A list that was answered.
    Answered(WholePlace),
    /// What the person named one by one, each as it was sent: the list of an input.
    Named { input: String, elements: Vec<Value> },
    /// Numbers that grow evenly.
    Counted(Box<Count>),
}

impl Over {
    /// The list that was answered.
    pub(super) fn place(&self) -> Option<WholePlace> {
        match self {
            Self::Answered(place) => Some(*place),
            Self::Named { .. } | Self::Counted(_) => None,
        }
    }

    /// The elements as they were recorded.
    pub(super) fn elements(&self, answers: &Answers<'_>) -> Vec<Value> {
        match self {
            Self::Answered(place) => answers.whole(*place).map(elements).unwrap_or_default(),
            Self::Named { elements, .. } => elements.clone(),
            Self::Counted(count) => count.recorded(),
        }
    }
}

/// A loop inside of the passes of another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    /// The id of its step.
    pub(super) id: String,
    /// How many calls it has, and where they stand.
    pub(super) rounds: Rounds,
    /// What it goes over.
    pub(super) list: RoundsOver,
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

/// What a loop inside goes over in each pass.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RoundsOver {
    /// A list that the pass has for itself.
    Held(Within),
    /// Numbers that grow evenly, the same in all passes.
    Counted(Box<Count>),
}

impl RoundsOver {
    /// The list that each pass has for itself.
    pub(super) fn held(&self) -> Option<&Within> {
        match self {
            Self::Held(list) => Some(list),
            Self::Counted(_) => None,
        }
    }
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

    /// Whether it goes over what the person named one by one, or only counts: what they said of it is said of its calls,
    /// and nothing of it tells which elements of a list are meant.
    pub(super) fn is_named(&self) -> bool {
        matches!(self.list, Over::Named { .. } | Over::Counted(_))
    }

    /// The numbers that it, or the loop inside, goes over.
    pub(super) fn counts(&self) -> impl Iterator<Item = &Count> {
        let own = match &self.list {
            Over::Counted(count) => Some(&**count),
            Over::Answered(_) | Over::Named { .. } => None,
        };
        let inside = self.inner.as_ref().and_then(|inner| match &inner.list {
            RoundsOver::Counted(count) => Some(&**count),
            RoundsOver::Held(_) => None,
        });
        own.into_iter().chain(inside)
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

/// The loop that a call is one of, by its number. They stand one behind the other.
pub(super) fn of(cycles: &[Cycle], call: usize) -> Option<usize> {
    let behind = cycles.partition_point(|cycle| cycle.first <= call);
    let at = behind.checked_sub(1)?;
    cycles
        .get(at)
        .is_some_and(|cycle| cycle.holds(call))
        .then_some(at)
}

/// The loop of which a call is the last, by its number.
pub(super) fn ending(cycles: &[Cycle], call: usize) -> Option<usize> {
    of(cycles, call).filter(|at| cycles.get(*at).is_some_and(|cycle| cycle.last() == call))
}

/// The elements that a loop over a value has, as they stand in it where they do.
pub(super) fn elements_in(value: &Value) -> Cow<'_, [Value]> {
    match value {
        Value::Array(items) => Cow::Borrowed(items),
        other => Cow::Owned(elements(other)),
    }
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

/// How calls from this one on may repeat: how many make a pass, and how many passes there are at most. What covers
/// most comes first.
pub(super) fn repeats(alike: &Alike, at: usize) -> Vec<(usize, usize)> {
    // Nothing repeats whose tool is not called again at once.
    if (1..=WIDEST).all(|further| !alike.same_tool(at, at + further)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for width in 1..=WIDEST {
        if !(at..at + width).all(|index| alike.fits(index, index, at)) {
            break;
        }
        let passes = (1 + alike.repeats_loosely(at, width)).min(MOST_PASSES);
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

    /// How many calls it is made of.
    pub(super) fn covers(&self) -> usize {
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

/// How calls from this one on may repeat with a loop inside, in at most so many passes: longer ones are not followed.
/// What covers most comes first.
pub(super) fn layouts(alike: &Alike, at: usize, most: usize) -> Vec<Layout> {
    if !alike.comes_again(at) {
        return Vec::new();
    }
    let most = most.min(MOST_PASSES);
    let fits = |index: usize, like: usize| alike.fits(index, like, at);
    let mut found = Vec::new();
    for head in 1..=WIDEST_AROUND {
        // What begins a round begins no pass, or it would not be clear where one ends.
        if alike.same_tool(at + head, at) {
            continue;
        }
        for width in 1..=WIDEST_INSIDE {
            for tail in 0..=WIDEST_AROUND - head {
                let rounds_from = at + head;
                let mut counts = Vec::new();
                let mut next = at;
                // The tail of the first pass is only known where its rounds end.
                let mut tail_from = None;
                while counts.len() <= most && (0..head).all(|place| fits(next + place, at + place))
                {
                    let from = next + head;
                    let begins = (0..width).all(|place| fits(from + place, rounds_from + place));
                    let count = match begins {
                        true => 1 + alike.repeats(from, width),
                        false => 0,
                    };
                    let end = from + width * count;
                    let from = *tail_from.get_or_insert(end);
                    if !(0..tail).all(|place| fits(end + place, from + place)) {
                        break;
                    }
                    counts.push(count);
                    next = end + tail;
                    // Without a round in its first pass it shows nothing.
                    if count == 0 && counts.len() == 1 {
                        break;
                    }
                }
                let layout = Layout {
                    width: head + tail,
                    rounds: Rounds {
                        at: head,
                        width,
                        counts,
                    },
                };
                if layout.passes() <= most && layout.shows() {
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
