//! Calls that count: `create seat 1, 2, 3, 4, 5` where the person asked for five. They are a loop over a range of numbers
//! whose end or length the person said, or an answer holds.

pub(super) mod counting;
mod fold;
mod grid;

use super::answers::{Answers, Place};
use super::binding::{Binding, Source};
use super::rename;
use super::world::World;
use serde_json::Value;

/// The numbers that a loop goes over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    pub(super) first: Edge,
    pub(super) last: Last,
    pub(super) step: i64,
    /// How many numbers there were in the recording.
    pub(super) passes: usize,
    /// Why, in words.
    pub(super) because: String,
}

/// A number that says where counting begins, or how far it goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edge {
    Fixed(i64),
    /// What an input or an answer gives, and what the input had in the recording.
    Given {
        binding: Box<Binding>,
        input: Value,
    },
}

/// How far counting goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Last {
    /// So many times.
    Times(Edge),
    /// Up to this number, and with it.
    To(Edge),
}

impl Edge {
    /// What it is in the recording.
    fn recorded(&self) -> i64 {
        match self {
            Self::Fixed(number) => *number,
            Self::Given { binding, .. } => binding.value.as_i64().unwrap_or(0),
        }
    }

    /// What it is in a changed world.
    fn in_world(&self, answers: &Answers<'_>, world: &World) -> Option<i64> {
        let Self::Given { binding, input } = self else {
            return Some(self.recorded());
        };
        let value = match &binding.source {
            Source::Output(place) => world.scalar(&answers.last_key(place), answers.scalar(place)?),
            _ => rename::other(input),
        };
        binding.transform.apply(&value)?.as_i64()
    }

    /// The expression; a pipe in it in brackets.
    fn written(&self) -> String {
        match self {
            Self::Fixed(number) => number.to_string(),
            Self::Given { binding, .. } => match binding.expression.contains(['|', ' ']) {
                true => format!("({})", binding.expression),
                false => binding.expression.clone(),
            },
        }
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::Given { binding, .. } => match &binding.source {
                Source::Output(place) => Some(place),
                _ => None,
            },
            Self::Fixed(_) => None,
        }
    }
}

impl Last {
    fn edge(&self) -> &Edge {
        match self {
            Self::Times(edge) | Self::To(edge) => edge,
        }
    }
}

impl Count {
    /// The numbers as they were recorded.
    pub(super) fn recorded(&self) -> Vec<Value> {
        let times = i64::try_from(self.passes).unwrap_or(0);
        let all = (0..times).map(|pass| Value::from(self.first.recorded() + self.step * pass));
        all.collect()
    }

    /// The numbers in a changed world, each with the pass of the recording that has its place.
    pub(super) fn in_world(
        &self,
        answers: &Answers<'_>,
        world: &World,
    ) -> Vec<(Value, Option<usize>)> {
        let number = |edge: &Edge| edge.in_world(answers, world);
        let (Some(first), Some(last)) = (number(&self.first), number(self.last.edge())) else {
            return Vec::new();
        };
        let times = match self.last {
            Last::Times(_) => last,
            Last::To(_) => (last - first).div_euclid(self.step) + 1,
        };
        (0..times)
            .map(|pass| {
                let recorded = usize::try_from(pass)
                    .ok()
                    .filter(|pass| *pass < self.passes);
                (Value::from(first + self.step * pass), recorded)
            })
            .collect()
    }

    /// The places of answers that say where it begins, or how far it goes.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        [&self.first, self.last.edge()]
            .into_iter()
            .filter_map(Edge::place)
    }

    /// The numbers in the recording that say where it begins, and how far it goes.
    pub(super) fn ends(&self) -> impl Iterator<Item = i64> {
        [self.first.recorded(), self.last.edge().recorded()].into_iter()
    }

    /// The expression of what the loop goes over.
    pub(super) fn written(&self) -> String {
        let first = self.first.written();
        let step = self.step;
        let end = match (&self.last, &self.first) {
            (Last::To(edge), _) => format!("{} + 1", edge.written()),
            (Last::Times(edge), Edge::Fixed(0)) if step == 1 => edge.written(),
            (Last::Times(edge), Edge::Fixed(from)) if step == 1 => {
                format!("{} + {from}", edge.written())
            }
            (Last::Times(edge), _) if step == 1 => format!("{first} + {}", edge.written()),
            (Last::Times(edge), Edge::Fixed(0)) => format!("{} * {step}", edge.written()),
            (Last::Times(edge), _) => format!("{first} + {} * {step}", edge.written()),
        };
        match step {
            1 => format!("range({first}, {end})"),
            step => format!("range({first}, {end}, {step})"),
        }
    }
}
