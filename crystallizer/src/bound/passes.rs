//! The passes of a loop in a changed world: which elements it goes over there, in which order, and what the tools
//! answer in each pass. Elements that the recording did not go over are strangers to the tools.

use super::answers::{Answers, WholePlace};
use super::cycle::{self, Cycle, Inner, Over, RoundsOver, elements};
use super::nested::list_at;
use super::pages::Pages;
use super::rename;
use super::view;
use super::world::World;
use crate::answer::Answer;
use crate::kept::Kept;
use serde_json::{Map, Value};

/// One pass.
pub(super) struct Pass {
    /// The element, as it is in that world.
    pub(super) element: Value,
    /// The pass that went over it in the recording.
    pub(super) recorded: Option<usize>,
    /// What the calls of the body answer.
    pub(super) answers: Vec<Answer<'static>>,
    /// The same as data.
    pub(super) data: Vec<Value>,
    /// Those of the loop inside.
    pub(super) rounds: Vec<Pass>,
}

/// The passes of all loops in a world.
pub(super) fn passes(
    (cycles, pages): (&[Cycle], &[Pages]),
    kept: &[Kept<'_>],
    answers: &Answers<'_>,
    world: &World,
) -> Vec<Vec<Pass>> {
    let mut all: Vec<Vec<Pass>> = Vec::new();
    for cycle in cycles {
        let before = cycle.list.elements(answers);
        let list = match &cycle.list {
            Over::Named { elements, .. } => world.named(elements),
            Over::Counted(count) => count.in_world(answers, world),
            Over::Answered(list) => match pages.iter().find(|pages| pages.gives(answers, *list)) {
                Some(pages) => pages.over(kept, world),
                None => over(*list, (cycles, &all), kept, answers, world, before.len()),
            },
        };
        let mut passes = Vec::new();
        let mut list: Vec<(Value, Option<usize>)> = list;
        if let Some(filter) = &cycle.filter {
            list.retain(|(element, index)| {
                let recorded = index.and_then(|index| before.get(index));
                filter.takes(element, recorded, &rename::other)
            });
            list = filter.cut(list, &rename::other);
        }
        for (element, index) in list {
            let recorded = index.and_then(|index| before.get(index));
            let pass = index.and_then(|index| cycle.chosen.binary_search(&index).ok());
            passes.push(of(cycle, (kept, answers), world, (element, recorded), pass));
            if cycle.until.is_some() && pass == cycle.passes.checked_sub(1) {
                break;
            }
        }
        all.push(passes);
    }
    all
}

/// The elements of the list that a loop goes over, each with its index in the recording.
fn over(
    list: WholePlace,
    (cycles, done): (&[Cycle], &[Vec<Pass>]),
    kept: &[Kept<'_>],
    answers: &Answers<'_>,
    world: &World,
    count: usize,
) -> Vec<(Value, Option<usize>)> {
    // What an earlier loop gave.
    if let Some(at) = cycle::ending(cycles, list.call)
        && Answers::is_root(list)
        && let (Some(other), Some(passes)) = (cycles.get(at), done.get(at))
    {
        return gathered(other, kept, passes)
            .into_iter()
            .zip(passes.iter().map(|pass| pass.recorded))
            .collect();
    }
    let key = answers.last_key_of(list);
    let Some(list) = answers.whole(list) else {
        return Vec::new();
    };
    elements(&world.value(&key, list, 0))
        .into_iter()
        .enumerate()
        .map(|(index, element)| (element, before(index, count, world)))
        .collect()
}

/// The index that an element of a list had in the recording.
pub(super) fn before(index: usize, count: usize, world: &World) -> Option<usize> {
    if world.shuffled {
        count.checked_sub(index).filter(|before| *before < count)
    } else {
        Some(index)
    }
}

fn of(
    cycle: &Cycle,
    (kept, answers): (&[Kept<'_>], &Answers<'_>),
    world: &World,
    (element, old): (Value, Option<&Value>),
    recorded: Option<usize>,
) -> Pass {
    let mut pass = Pass {
        element,
        recorded,
        answers: Vec::new(),
        data: Vec::new(),
        rounds: Vec::new(),
    };
    for place in 0..cycle.width {
        let like: Vec<usize> = (0..cycle.passes)
            .map(|pass| cycle.call(pass, place))
            .collect();
        pass.answered(kept, world, recorded, &like);
    }
    if let Some(inner) = &cycle.inner {
        pass.rounds = rounds(cycle, inner, (kept, answers), world, &pass, old);
    }
    pass
}

impl Pass {
    /// Takes in what a call of the body answers: what the recorded one did, or like one of these.
    fn answered(
        &mut self,
        kept: &[Kept<'_>],
        world: &World,
        recorded: Option<usize>,
        like: &[usize],
    ) {
        let Some(one) = like
            .get(recorded.unwrap_or(0))
            .and_then(|call| kept.get(*call))
        else {
            return;
        };
        let answer = if recorded.is_some() {
            world.answer(one)
        } else {
            let all: Vec<Value> = like
                .iter()
                .filter_map(|call| kept.get(*call))
                .map(|kept| view::data(kept, &kept.answer))
                .collect();
            world.strange_answer(one, &all)
        };
        self.data.push(view::data(one, &answer));
        self.answers.push(answer);
    }
}

/// The rounds of the loop inside of a pass. `old` is the element of the pass as it was recorded.
fn rounds(
    cycle: &Cycle,
    inner: &Inner,
    (kept, answers): (&[Kept<'_>], &Answers<'_>),
    world: &World,
    around: &Pass,
    old: Option<&Value>,
) -> Vec<Pass> {
    let list = match &inner.list {
        RoundsOver::Held(list) => list,
        RoundsOver::Counted(count) => {
            let numbers = count.in_world(answers, world).into_iter();
            let rounds = numbers.map(|(number, round)| {
                let round = around.recorded.and(round);
                round_of(cycle, inner, kept, world, around, (number, round))
            });
            return rounds.collect();
        }
    };
    let held = match list.answer {
        Some(place) => around.data.get(place),
        None => Some(&around.element),
    };
    let now = held
        .and_then(|value| list_at(value, &list.path))
        .map(elements)
        .unwrap_or_default();
    let then: Vec<Value> = match (list.answer, around.recorded) {
        (Some(place), Some(pass)) => kept
            .get(cycle.call(pass, place))
            .map(|kept| view::data(kept, &kept.answer)),
        (None, Some(_)) => old.cloned(),
        (_, None) => None,
    }
    .as_ref()
    .and_then(|value| list_at(value, &list.path))
    .map(elements)
    .unwrap_or_default();
    let mut all = Vec::new();
    for (index, element) in now.into_iter().enumerate() {
        let at = around
            .recorded
            .and_then(|_| before(index, then.len(), world));
        let recorded = at.and_then(|at| then.get(at));
        let taken = inner
            .filter
            .as_ref()
            .is_none_or(|filter| filter.takes(&element, recorded, &rename::other));
        if !taken {
            continue;
        }
        let round = around.recorded.zip(at).and_then(|(pass, at)| {
            let chosen = inner.chosen.get(pass)?;
            chosen.iter().position(|one| *one == at)
        });
        all.push(round_of(
            cycle,
            inner,
            kept,
            world,
            around,
            (element, round),
        ));
    }
    all
}

/// A round with its element, and the one of the recording that had it.
fn round_of(
    cycle: &Cycle,
    inner: &Inner,
    kept: &[Kept<'_>],
    world: &World,
    around: &Pass,
    (element, recorded): (Value, Option<usize>),
) -> Pass {
    // All calls of the rounds at one place, those of the pass at hand first to last among them.
    let like = |place: usize| -> Vec<usize> {
        let mut all = Vec::new();
        for (pass, count) in inner.rounds.counts.iter().enumerate() {
            all.extend((0..*count).map(|round| cycle.call_inside(pass, round, place)));
        }
        all
    };
    let offset: usize = around
        .recorded
        .map_or(0, |pass| inner.rounds.counts.iter().take(pass).sum());
    let mut round = Pass {
        element,
        recorded,
        answers: Vec::new(),
        data: Vec::new(),
        rounds: Vec::new(),
    };
    for place in 0..inner.rounds.width {
        let like = like(place);
        round.answered(kept, world, recorded.map(|round| offset + round), &like);
    }
    round
}

/// What a loop gives.
pub(super) fn gathered(cycle: &Cycle, kept: &[Kept<'_>], passes: &[Pass]) -> Vec<Value> {
    passes
        .iter()
        .map(|pass| {
            if !matches!(cycle.output, Some(Value::Object(_))) {
                return pass.data.last().cloned().unwrap_or_default();
            }
            let mut map = Map::new();
            map.insert("item".to_owned(), pass.element.clone());
            for (inner, data) in pass.data.iter().enumerate() {
                if let Some(kept) = kept.get(cycle.call(0, inner)) {
                    map.insert(kept.step.clone(), data.clone());
                }
            }
            Value::Object(map)
        })
        .collect()
}
