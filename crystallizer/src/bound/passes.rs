//! The passes of a loop in a changed world: which elements it goes over there, in which order, and what the tools
//! answer in each pass. Elements that the recording did not go over are strangers to the tools.

use super::answers::Answers;
use super::cycle::{Cycle, elements};
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
    pub(super) answers: Vec<Answer>,
    /// The same as data.
    pub(super) data: Vec<Value>,
}

/// The passes of all loops in a world.
pub(super) fn passes(
    cycles: &[Cycle],
    kept: &[Kept<'_>],
    answers: &Answers,
    world: &World,
) -> Vec<Vec<Pass>> {
    let mut all: Vec<Vec<Pass>> = Vec::new();
    for cycle in cycles {
        let before = answers.whole(cycle.list).map(elements).unwrap_or_default();
        let list = over(cycle, cycles, &all, kept, answers, world, before.len());
        let mut passes = Vec::new();
        for (element, index) in list {
            let recorded = index.and_then(|index| before.get(index));
            let taken = cycle
                .filter
                .as_ref()
                .is_none_or(|filter| filter.takes(&element, recorded, &rename::other));
            if !taken {
                continue;
            }
            let pass = index.and_then(|index| cycle.chosen.iter().position(|at| *at == index));
            passes.push(of(cycle, kept, world, element, pass));
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
    cycle: &Cycle,
    cycles: &[Cycle],
    done: &[Vec<Pass>],
    kept: &[Kept<'_>],
    answers: &Answers,
    world: &World,
    count: usize,
) -> Vec<(Value, Option<usize>)> {
    // What an earlier loop gave.
    if let Some(at) = cycles
        .iter()
        .position(|other| other.last() == cycle.list.call)
        && Answers::is_root(cycle.list)
        && let (Some(other), Some(passes)) = (cycles.get(at), done.get(at))
    {
        return gathered(other, kept, passes)
            .into_iter()
            .zip(passes.iter().map(|pass| pass.recorded))
            .collect();
    }
    let key = answers.last_key_of(cycle.list);
    let Some(list) = answers.whole(cycle.list) else {
        return Vec::new();
    };
    elements(&world.value(&key, list, 0))
        .into_iter()
        .enumerate()
        .map(|(index, element)| {
            let before = if world.shuffled {
                count.checked_sub(index).filter(|before| *before < count)
            } else {
                Some(index)
            };
            (element, before)
        })
        .collect()
}

fn of(
    cycle: &Cycle,
    kept: &[Kept<'_>],
    world: &World,
    element: Value,
    recorded: Option<usize>,
) -> Pass {
    let mut answers = Vec::new();
    let mut data = Vec::new();
    for inner in 0..cycle.width {
        let Some(one) = kept.get(cycle.call(recorded.unwrap_or(0), inner)) else {
            continue;
        };
        let answer = if recorded.is_some() {
            world.answer(one)
        } else {
            let all: Vec<Value> = (0..cycle.passes)
                .filter_map(|pass| kept.get(cycle.call(pass, inner)))
                .map(|kept| view::data(kept, &kept.answer))
                .collect();
            world.strange_answer(one, &all)
        };
        data.push(view::data(one, &answer));
        answers.push(answer);
    }
    Pass {
        element,
        recorded,
        answers,
        data,
    }
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
                if let Some(kept) = kept.get(cycle.first + inner) {
                    map.insert(kept.step.clone(), data.clone());
                }
            }
            Value::Object(map)
        })
        .collect()
}
