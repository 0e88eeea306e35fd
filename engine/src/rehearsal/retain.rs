//! What a retry keeps of an ended run, said before it begins: results, judged by what each step asks for.
//!
//! With the inputs and the version of before, whatever succeeded and comes after nothing that runs again is
//! kept ([`Run::kept`]). With others, the new run is rehearsed: a step's result is kept when the step
//! succeeded there and asks for exactly the same here, and everything before it is kept too. An approval
//! is for what it let through, so then every gate asks anew.

use super::answers::{Answer, Answers, Ask, EventAnswer, GateAnswer, Source};
use super::drive::rehearse;
use super::recorded::Recorded;
use crate::event::{ApprovalRequest, Entry, Outcome, SkipReason, Start, Status, StepPath};
use crate::plan::{ActionKind, Plan};
use crate::run::{Kept, Run};
use crate::{Json, Span};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a retry would keep, and what it would run again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retained {
    /// The results, for [`Run::begin_with`].
    pub kept: Vec<Kept>,
    /// The steps of the document's list that run again.
    pub again: Vec<Again>,
}

/// A step that runs again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Again {
    /// Its id.
    pub step: String,
    /// Why, in a few words.
    pub why: String,
}

/// What a new run of this plan with these inputs keeps of an ended one whose journal this is.
///
/// None when the plan has no step `from`.
pub fn retain(
    old: &Run,
    entries: &[Entry],
    plan: &Arc<Plan>,
    inputs: &Json,
    from: Option<&str>,
) -> Option<Retained> {
    let same = *inputs == old.start().inputs && plan.digest == old.plan().digest;
    let before = old.kept(plan, from)?;
    let undone: BTreeSet<StepPath> = before
        .iter()
        .filter_map(|kept| match kept {
            Kept::Undone { step, .. } => Some(step.clone()),
            Kept::Step { .. } | Kept::Pass { .. } => None,
        })
        .collect();
    let (kept, seen) = if same {
        (before, None)
    } else {
        let start = Start {
            inputs: inputs.clone(),
            digest: plan.digest.clone(),
            ..old.start().clone()
        };
        let recorded = Recorded::of(old.plan(), entries);
        let mut answers = Earlier {
            recorded: &recorded,
            undone: &undone,
        };
        let course = rehearse(plan, start, Vec::new(), old.created_at(), &mut answers);
        let marks = before
            .into_iter()
            .filter(|kept| matches!(kept, Kept::Undone { .. }));
        let kept = marks.chain(course.run.kept(plan, from)?).collect();
        (kept, Some(course.run))
    };
    let again = again(
        old,
        seen.as_ref().unwrap_or(old),
        plan,
        &kept,
        &undone,
        from,
    );
    Some(Retained { kept, again })
}

/// The answers of the earlier run to what asks for the same.
struct Earlier<'a> {
    recorded: &'a Recorded,
    undone: &'a BTreeSet<StepPath>,
}

impl Answers for Earlier<'_> {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        if self.undone.contains(ask.step) {
            return Answer::Unknown;
        }
        match self.recorded.success(ask.step, ask.kind, ask.input) {
            Some(output) => Answer::Ends {
                outcome: Outcome::Succeeded {
                    output: output.clone(),
                },
                after: Span::default(),
                source: Source::Recorded,
            },
            None => Answer::Unknown,
        }
    }

    fn gate(&mut self, _: &StepPath, _: &ApprovalRequest) -> GateAnswer {
        GateAnswer::Unknown
    }

    fn event(&mut self, step: &StepPath, _: &str) -> EventAnswer {
        match self.recorded.came(step) {
            Some(events) => EventAnswer::Come(events),
            None => EventAnswer::Unknown,
        }
    }
}

/// The steps of the document's list that run again, with why. `seen` is the run by which that was judged.
fn again(
    old: &Run,
    seen: &Run,
    plan: &Plan,
    kept: &[Kept],
    undone: &BTreeSet<StepPath>,
    from: Option<&str>,
) -> Vec<Again> {
    let kept: BTreeSet<&str> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(&*step.0),
            Kept::Pass { .. } | Kept::Undone { .. } => None,
        })
        .collect();
    let mut found: Vec<(usize, Again)> = Vec::new();
    for (index, step) in plan.steps().iter().enumerate() {
        let id = &*step.id;
        if kept.contains(id) {
            continue;
        }
        let behind = step
            .needs
            .iter()
            .find(|need| found.iter().any(|(again, _)| *again == need.step));
        let status = old.step(id).map(|step| step.status);
        let skipped = seen
            .step(id)
            .and_then(|step| step.skipped)
            .is_some_and(|reason| reason != SkipReason::RunEnding);
        let why = if from == Some(id) {
            "it was chosen".to_owned()
        } else if let Some(need) = behind {
            format!("it comes after {}", plan.steps()[need.step].id)
        } else if skipped {
            continue;
        } else {
            match status {
                None => "it is new".to_owned(),
                Some(Status::Succeeded) if undone.contains(&StepPath::from(id)) => {
                    "it was undone".to_owned()
                }
                Some(Status::Succeeded) if step.work.kind() == Some(ActionKind::ApprovalGate) => {
                    "it asks anew".to_owned()
                }
                Some(Status::Succeeded) => "it asks for something else".to_owned(),
                Some(Status::Failed) => "it failed before".to_owned(),
                Some(status) if status.is_final() => format!("it was {} before", status.name()),
                Some(_) => "it had not ended before".to_owned(),
            }
        };
        let step = id.to_owned();
        found.push((index, Again { step, why }));
    }
    found.into_iter().map(|(_, again)| again).collect()
}
