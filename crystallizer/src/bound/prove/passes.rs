//! What the passes of loops ask for in a changed world, and what they are answered.

use super::{Here, Prover, Scene, missing, stays};
use crate::bound::binding::Bound;
use crate::bound::cycle::{Cycle, Stand};
use crate::bound::pages::{Next, Pages};
use crate::bound::slot;
use crate::compare::{Expected, Known, compare};
use crate::drive::{Driven, outcome, unknown};
use crate::kept::Kept;
use crate::report::Difference;
use druse_engine::event::Outcome;
use serde_json::Value;

impl Prover<'_> {
    /// The same for a call that turned a page.
    pub(super) fn page(
        &self,
        index: usize,
        kept: &Kept<'_>,
        pages: &Pages,
        scene: &Scene<'_>,
        driven: &Driven,
    ) -> Vec<Difference> {
        let Some(made) = driven.requests.get(kept.path()) else {
            return vec![missing(kept, kept.path(), driven)];
        };
        let mut arguments = kept.call.arguments.clone();
        let mut request = kept.target.filled.request.whole().into_owned();
        let mut bounds: Vec<Bound> = self
            .decisions
            .calls
            .get(pages.body)
            .map(|decided| decided.bound.clone())
            .unwrap_or_default();
        let handed = match &pages.next {
            Next::Handed { path, .. } if index > pages.first => {
                let key = path.last().map_or("", String::as_str);
                arguments
                    .pointer(&pages.pointer)
                    .map(|value| scene.world.scalar(key, value))
            }
            _ => None,
        };
        if handed.is_some() {
            bounds.push(Bound {
                pointer: pages.pointer.clone(),
                key: String::new(),
                pieces: Vec::new(),
            });
        }
        let value = |bound: &Bound| {
            if bound.pointer == pages.pointer {
                handed.clone()
            } else {
                self.expected(bound, scene, None)
            }
        };
        for bound in &bounds {
            if let Some(value) = value(bound)
                && let Some(place) = arguments.pointer_mut(&bound.pointer)
            {
                *place = value;
            }
        }
        slot::expect(kept, &mut request, &bounds, &value);
        compare(
            kept,
            &Expected {
                request: &request.into(),
                arguments: &arguments,
                known: Known::Changed,
            },
            made.value(),
        )
    }

    /// Where more pages were turned than there are.
    pub(super) fn further_pages(&self, driven: &Driven) -> Vec<Difference> {
        let further = self.decisions.pages.iter().filter_map(|pages| {
            let kept = self.kept.get(pages.first)?;
            driven
                .requests
                .contains_key(pages.path(pages.passes, &kept.step).as_str())
                .then(|| {
                    let message = format!(
                        "`{}` asks for more than the {} that there are.",
                        pages.id,
                        crate::show::count(pages.passes, "page", "pages")
                    );
                    stays(kept, "", &Value::Null, message)
                })
        });
        further.collect()
    }

    /// The loop of a path, and where in it it stands.
    pub(super) fn inside(&self, path: &str) -> Option<(usize, Stand)> {
        let (id, rest) = path.split_once('[')?;
        let (pass, step) = rest.split_once("].")?;
        let at = self
            .decisions
            .cycles
            .iter()
            .position(|cycle| cycle.id == id)?;
        let cycle = self.decisions.cycles.get(at)?;
        let is_it =
            |call: usize, step: &str| self.kept.get(call).is_some_and(|kept| kept.step == step);
        let pass = pass.parse().ok()?;
        let Some((inside, rest)) = step.split_once('[') else {
            let place = (0..cycle.width).find(|place| is_it(cycle.call(0, *place), step))?;
            return Some((
                at,
                Stand {
                    pass,
                    round: None,
                    place,
                },
            ));
        };
        let inner = cycle.inner.as_ref().filter(|inner| inner.id == inside)?;
        let (round, step) = rest.split_once("].")?;
        let place =
            (0..inner.rounds.width).find(|place| is_it(cycle.call_inside(0, 0, *place), step))?;
        Some((
            at,
            Stand {
                pass,
                round: Some(round.parse().ok()?),
                place,
            },
        ))
    }

    pub(super) fn answer_in_pass(&self, scene: &Scene<'_>, at: usize, stand: Stand) -> Outcome {
        let found = self.decisions.cycles.get(at).and_then(|cycle| {
            let pass = scene.loops.get(at)?.get(stand.pass)?;
            let (call, pass) = match stand.round {
                Some(round) => (
                    cycle.call_inside(0, 0, stand.place),
                    pass.rounds.get(round)?,
                ),
                None => (cycle.call(0, stand.place), pass),
            };
            Some((self.kept.get(call)?, pass.answers.get(stand.place)?))
        });
        match found {
            Some((kept, answer)) => outcome(kept, answer),
            None => unknown(),
        }
    }

    /// Where a loop did not ask in each pass for what it had to, or made more or fewer passes.
    pub(super) fn cycle(
        &self,
        at: usize,
        cycle: &Cycle,
        scene: &Scene<'_>,
        driven: &Driven,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        let Some(passes) = scene.loops.get(at) else {
            return found;
        };
        let mut check = |call: usize, path: &dyn Fn(&str) -> String, here: Here<'_>| {
            if let Some(kept) = self.kept.get(call) {
                let path = path(&kept.step);
                found.extend(self.call(call, kept, &path, scene, Some(here), driven));
            }
        };
        for (number, pass) in passes.iter().enumerate() {
            let here = Here {
                pass,
                number,
                round: None,
            };
            for place in 0..cycle.width {
                let path = |step: &str| cycle.path(number, step);
                check(cycle.call(0, place), &path, here);
            }
            let Some(inner) = &cycle.inner else { continue };
            for (count, round) in pass.rounds.iter().enumerate() {
                let here = Here {
                    pass,
                    number,
                    round: Some(round),
                };
                for place in 0..inner.rounds.width {
                    let path = |step: &str| cycle.path(number, &inner.path(count, step));
                    check(cycle.call_inside(0, 0, place), &path, here);
                }
            }
        }
        let asks = |call: usize, path: &dyn Fn(&str) -> String| {
            self.kept
                .get(call)
                .is_some_and(|kept| driven.requests.contains_key(path(&kept.step).as_str()))
        };
        let mut more = |call: usize, id: &str, count: usize| {
            if let Some(kept) = self.kept.get(call) {
                let message = format!(
                    "`{id}` makes more than the {} that it should.",
                    crate::show::count(count, "pass", "passes")
                );
                found.push(stays(kept, "", &Value::Null, message));
            }
        };
        // A pass may begin with its loop inside.
        let begins = |step: &str| match &cycle.inner {
            Some(inner) if cycle.width == 0 => cycle.path(passes.len(), &inner.path(0, step)),
            _ => cycle.path(passes.len(), step),
        };
        if asks(cycle.first, &begins) {
            more(cycle.first, &cycle.id, passes.len());
        }
        if let Some(inner) = &cycle.inner {
            let first = cycle.call_inside(0, 0, 0);
            for (number, pass) in passes.iter().enumerate() {
                let count = pass.rounds.len();
                if asks(first, &|step| cycle.path(number, &inner.path(count, step))) {
                    more(first, &inner.id, count);
                }
            }
        }
        found
    }
}
