//! The laws of loops: their passes, and what they give.

use super::{Broken, Law, Looked};
use crate::Json;
use crate::event::{RunEvent, Status, StepPath};
use crate::plan::{Plan, RepeatPlan, Times};
use crate::run::StepView;
use crate::testing::HANDED_ON;
use std::collections::BTreeMap;

/// How a pass ended.
#[derive(Debug, Clone)]
struct PassEnd {
    status: Status,
    /// What it gave by itself, not by its last step.
    output: Option<Json>,
    /// Whether a step of it is why.
    by_step: bool,
    /// Whether `until` held.
    done: bool,
    /// How many passes of its loop had ended before; nothing for one that was kept.
    after: Option<usize>,
}

/// Reads along how passes end.
#[derive(Debug, Default, Clone)]
pub(super) struct Passes(BTreeMap<StepPath, PassEnd>);

impl Passes {
    /// Reads one fact.
    pub(super) fn see(&mut self, step: &StepPath, event: &RunEvent) {
        let end = match event {
            RunEvent::PassFinished {
                status,
                output,
                failure,
                done,
                ..
            } => PassEnd {
                status: *status,
                output: output.clone(),
                by_step: failure.is_none(),
                done: *done,
                after: Some(self.ended_of(step)),
            },
            // It is over as soon as its loop comes to it.
            RunEvent::PassKept {
                output: Some(output),
                done,
                ..
            } => PassEnd {
                status: Status::Succeeded,
                output: Some(output.clone()),
                by_step: false,
                done: *done,
                after: None,
            },
            _ => return,
        };
        self.0.insert(step.clone(), end);
    }

    /// How many passes of the same loop have ended by facts of their own.
    fn ended_of(&self, pass: &StepPath) -> usize {
        let of = |path: &StepPath| path.0.rsplit_once('[').map(|(of, _)| of.to_owned());
        let (own, ends) = (of(pass), self.0.iter());
        ends.filter(|(path, end)| end.after.is_some() && of(path) == own)
            .count()
    }

    /// What runs again has no passes yet.
    pub(super) fn forget(&mut self, gone: impl Fn(&StepPath) -> bool) {
        self.0.retain(|path, _| !gone(path));
    }

    /// How a pass ended follows from how its steps did.
    pub(super) fn end_of_pass(
        &self,
        pass: &StepPath,
        unhandled: &[Status],
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let Some(end) = self.0.get(pass) else {
            return Law::Outcome.broken(format!("pass {pass} did not end"));
        };
        let (status, by_step) = (end.status, end.by_step);
        let right = match status {
            Status::Succeeded | Status::Canceled => unhandled.is_empty(),
            Status::Failed => !by_step || unhandled.contains(&Status::Failed),
            Status::Rejected => {
                unhandled.contains(&Status::Rejected) && !unhandled.contains(&Status::Failed)
            }
            _ => false,
        };
        looked.hold(Law::Outcome, right, || {
            format!("pass {pass} is {} with {unhandled:?}", status.name())
        })
    }

    /// A loop that is over has made the passes that it had to, and gives what they gave.
    pub(super) fn end_of_loop(
        &self,
        plan: &Plan,
        view: &StepView,
        lists: &BTreeMap<Option<StepPath>, Vec<&StepView>>,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let Some((planned, seen)) = plan
            .find(&view.path)
            .and_then(|planned| Some((planned.work.looped()?, view.passes.as_ref()?)))
        else {
            return Ok(());
        };
        looked.hold(Law::Loops, true, String::new)?;
        let wrong = |what: &str| Law::Loops.broken(format!("loop {}: {what}", view.path));
        let mut ends = Vec::new();
        let mut outputs = Vec::new();
        for number in seen.first..seen.first + seen.begun {
            let path = view.path.pass(number);
            let Some(end) = self.0.get(&path) else {
                return wrong("passes begin in order and all of them end");
            };
            ends.push(end);
            let last = plan.blocks[planned.body].last().and_then(|last| {
                let id = &plan.blocks[planned.body].steps[last].id;
                let steps = lists.get(&Some(path))?;
                steps.iter().find(|step| *step.id == **id)?.output.clone()
            });
            outputs.push(match end.status {
                Status::Succeeded => end.output.clone().or(last).unwrap_or_default(),
                _ => Json::null(),
            });
        }
        let statuses: Vec<Status> = ends.iter().map(|end| end.status).collect();
        let done = ends.iter().position(|end| end.done);
        match &planned.times {
            Times::Repeat(repeat) => {
                if !handed_on(repeat, seen.first, &ends) {
                    return wrong("a pass does not see what the one before it gave");
                }
                let last = done.is_none_or(|done| done + 1 == ends.len());
                if ends.len() > repeat.max as usize || !last {
                    return wrong("it went on when it had to end");
                }
                if view.status == Status::Succeeded && done.is_none() {
                    return wrong("it succeeded and `until` did not hold");
                }
            }
            Times::ForEach(each) => {
                // Those that had begun by then come to their end: as many as had ended, those that were
                // open beside it, and what was kept.
                let kept = ends.iter().filter(|end| end.after.is_none()).count();
                let most = |after: usize| after + each.max_parallel as usize + kept;
                let late = |end: &&PassEnd| {
                    let after = end.after.filter(|_| end.done);
                    after.is_some_and(|after| ends.len() > most(after))
                };
                if ends.iter().any(late) {
                    return wrong("it went on when it had to end");
                }
                let all = Some(seen.begun) == seen.items;
                if view.status == Status::Succeeded && done.is_none() && !all {
                    return wrong("it succeeded before its last item");
                }
            }
        }
        let bad = |status: &Status| matches!(status, Status::Failed | Status::Rejected);
        let (goes_on, expected) = match &planned.times {
            Times::ForEach(each) => {
                let list = outputs
                    .iter()
                    .map(|output| output.value().clone())
                    .collect();
                (each.goes_on, serde_json::Value::Array(list).into())
            }
            Times::Repeat(_) => (false, outputs.pop().unwrap_or_default()),
        };
        match view.status {
            Status::Succeeded if !goes_on && statuses.iter().any(bad) => {
                wrong("it succeeded with a pass that failed")
            }
            Status::Succeeded if view.output.as_ref() != Some(&expected) => {
                wrong(&format!("it gave {:?} for {expected:?}", view.output))
            }
            Status::Rejected if !statuses.contains(&Status::Rejected) => {
                wrong("it was rejected and no pass was")
            }
            Status::Failed if !statuses.iter().any(bad) => {
                let code = view.error.as_ref().map_or("", |error| &error.code);
                match code {
                    "timeout" | "repeat_limit" => Ok(()),
                    _ => wrong("it failed and no pass did"),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Whether each pass of a generated `repeat` saw what the one before it gave: that is what it gives itself. What the
/// first one saw that goes on with an earlier run is not known here.
fn handed_on(repeat: &RepeatPlan, first: u32, ends: &[&PassEnd]) -> bool {
    let is_generated = repeat.output.as_ref().is_some_and(|output| {
        let expressions = output.expressions();
        matches!(expressions.as_slice(), [(_, one)] if HANDED_ON.contains(one.source()))
    });
    if !is_generated {
        return true;
    }
    let mut before = (first == 0).then(Json::null);
    ends.iter().zip(first..).all(|(end, number)| {
        let Some(output) = &end.output else {
            return true;
        };
        let saw = output.value();
        let right = saw[0] == number
            && before
                .as_ref()
                .is_none_or(|before| saw[1] == *before.value());
        before = Some(output.clone());
        right
    })
}
